/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include "domain-xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

static gboolean
named (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *)node->name, name) == 0;
}

static xmlNode *
next_named (xmlNode *node, const char *name)
{
  while (node != NULL && !named (node, name))
    node = node->next;
  return node;
}

static xmlNode *
child (xmlNode *node, const char *name)
{
  return node != NULL ? next_named (node->children, name) : NULL;
}

/* Whether the attribute is there with this value. */
static gboolean
says (xmlNode *node, const char *attribute, const char *value)
{
  g_autofree char *found = NULL;
  xmlChar *text = xmlGetProp (node, (const xmlChar *)attribute);

  found = g_strdup ((const char *)text);
  xmlFree (text);
  return g_strcmp0 (found, value) == 0;
}

static guint64
number (xmlChar *text)
{
  guint64 value = text != NULL ? g_ascii_strtoull ((const char *)text, NULL, 10) : 0;

  xmlFree (text);
  return value;
}

/* libvirt writes KiB, and takes all of these; what does not fit is none. */
static guint64
size (xmlNode *node)
{
  static const struct
  {
    const char *name;
    guint64 bytes;
  } units[] = {
    { "KiB", 1024 },
    { "k", 1024 },
    { "b", 1 },
    { "bytes", 1 },
    { "KB", 1000 },
    { "MB", 1000 * 1000 },
    { "M", (guint64)1 << 20 },
    { "MiB", (guint64)1 << 20 },
    { "GB", 1000 * 1000 * 1000 },
    { "G", (guint64)1 << 30 },
    { "GiB", (guint64)1 << 30 },
    { "TB", (guint64)1000 * 1000 * 1000 * 1000 },
    { "T", (guint64)1 << 40 },
    { "TiB", (guint64)1 << 40 },
  };
  guint64 value = node != NULL ? number (xmlNodeGetContent (node)) : 0, unit = 1024;

  for (guint i = 0; node != NULL && i < G_N_ELEMENTS (units); i++)
    if (says (node, "unit", units[i].name))
      unit = units[i].bytes;
  return value > G_MAXINT64 / unit ? 0 : value * unit;
}

static const char *
why_immovable (xmlNode *domain, xmlNode *devices)
{
  xmlNode *backing = child (domain, "memoryBacking");

  if (child (domain, "launchSecurity") != NULL)
    return "it is encrypted by the processor, which pins it";
  if (child (backing, "hugepages") != NULL)
    return "it is made of huge pages, of which the host gets none back";
  if (child (backing, "locked") != NULL)
    return "it is locked in the host's memory";
  for (xmlNode *device = child (devices, "hostdev"); device != NULL;
       device = next_named (device->next, "hostdev"))
    if (says (device, "type", "pci") || says (device, "type", "mdev"))
      return "a device of the host is passed through to it (VFIO), which pins it";
  return NULL;
}

static void
read_balloon (xmlNode *devices, McVmDescription *description)
{
  xmlNode *balloon = child (devices, "memballoon");
  xmlNode *stats = child (balloon, "stats");

  description->has_balloon = balloon != NULL && !says (balloon, "model", "none");
  if (balloon == NULL)
    return;
  description->autodeflate = says (balloon, "autodeflate", "on");
  description->free_page_reporting = says (balloon, "freePageReporting", "on");
  if (stats != NULL)
    description->stats_period_s
        = (guint)MIN (number (xmlGetProp (stats, (const xmlChar *)"period")), G_MAXINT);
}

static void
read_memory (xmlNode *domain, xmlNode *devices, McMemoryDevices *memory)
{
  *memory = (McMemoryDevices){ .total = size (child (domain, "memory")) };
  for (xmlNode *device = child (devices, "memory"); device != NULL;
       device = next_named (device->next, "memory"))
    {
      xmlNode *target = child (device, "target");
      guint64 bytes = size (child (target, "size"));

      if (says (device, "model", "virtio-mem"))
        {
          memory->resizable += bytes;
          memory->plugged += size (child (target, "current"));
        }
      else if (says (device, "model", "nvdimm") || says (device, "model", "virtio-pmem"))
        {
          memory->apart += bytes;
          memory->mapped += bytes;
        }
      else if (says (device, "model", "sgx-epc"))
        {
          memory->apart += bytes;
        }
    }
}

static char *
find_metadata (xmlNode *domain)
{
  xmlNode *metadata = child (domain, "metadata");

  for (xmlNode *node = metadata != NULL ? metadata->children : NULL; node != NULL;
       node = node->next)
    {
      xmlBuffer *buffer;
      char *text;

      if (node->type != XML_ELEMENT_NODE || node->ns == NULL
          || strcmp ((const char *)node->ns->href, MC_METADATA_NAMESPACE) != 0)
        continue;
      buffer = xmlBufferCreate ();
      xmlNodeDump (buffer, node->doc, node, 0, 0);
      text = g_strdup ((const char *)xmlBufferContent (buffer));
      xmlBufferFree (buffer);
      return text;
    }
  return NULL;
}

gboolean
mc_domain_xml_parse (const char *xml,
                     McVmDescription *description,
                     McMemoryDevices *memory,
                     GError **error)
{
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  gsize length = strlen (xml);
  g_autoptr (xmlDoc) document
      = length <= G_MAXINT ? xmlReadMemory (xml, (int)length, NULL, NULL, options) : NULL;
  xmlNode *domain = document != NULL ? xmlDocGetRootElement (document) : NULL;
  xmlNode *devices;

  if (domain == NULL || !named (domain, "domain"))
    {
      g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED,
                   "the description is not a domain's XML");
      return FALSE;
    }
  devices = child (domain, "devices");
  read_balloon (devices, description);
  description->immovable = g_strdup (why_immovable (domain, devices));
  description->min_guarantee = size (child (child (domain, "memtune"), "min_guarantee"));
  description->metadata = find_metadata (domain);
  read_memory (domain, devices, memory);
  return TRUE;
}
