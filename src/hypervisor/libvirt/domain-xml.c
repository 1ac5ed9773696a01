/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include "domain-xml.h"

#include "pinned-memory.h"
#include "xml-node.h"

static void
read_balloon (McXmlNode *devices, McVmDescription *description)
{
  McXmlNode *balloon = mc_xml_node_child (devices, "memballoon");
  McXmlNode *stats = mc_xml_node_child (balloon, "stats");

  description->has_balloon = balloon != NULL && !mc_xml_node_has (balloon, "model", "none");
  if (balloon == NULL)
    return;
  description->autodeflate = mc_xml_node_has (balloon, "autodeflate", "on");
  description->free_page_reporting = mc_xml_node_has (balloon, "freePageReporting", "on");
  if (stats != NULL)
    description->stats_period_s = (guint)MIN (mc_xml_node_get_number (stats, "period"), G_MAXINT);
}

static void
read_memory (McXmlNode *domain, McMemoryDevices *memory)
{
  McXmlNode *devices = mc_xml_node_child (domain, "devices");

  *memory = (McMemoryDevices){
    .total = mc_xml_node_get_size (mc_xml_node_child (domain, "memory"), NULL),
    .current = mc_xml_node_get_size (mc_xml_node_child (domain, "currentMemory"), NULL),
  };
  for (McXmlNode *device = mc_xml_node_child (devices, "memory"); device != NULL;
       device = mc_xml_node_next (device, "memory"))
    {
      McXmlNode *target = mc_xml_node_child (device, "target");
      guint64 bytes = mc_xml_node_get_size (mc_xml_node_child (target, "size"), NULL);

      if (mc_xml_node_has (device, "model", "virtio-mem"))
        {
          memory->resizable += bytes;
          memory->plugged += mc_xml_node_get_size (mc_xml_node_child (target, "current"), NULL);
        }
      else if (mc_xml_node_has (device, "model", "nvdimm")
               || mc_xml_node_has (device, "model", "virtio-pmem"))
        {
          memory->apart += bytes;
          memory->mapped += bytes;
        }
      else if (mc_xml_node_has (device, "model", "sgx-epc"))
        {
          memory->apart += bytes;
        }
    }
}

static char *
find_metadata (McXmlNode *domain)
{
  McXmlNode *element
      = mc_xml_node_child_in (mc_xml_node_child (domain, "metadata"), MC_METADATA_NAMESPACE);

  return element != NULL ? mc_xml_node_dump (element) : NULL;
}

/* Returns: (nullable) */
static McXmlNode *
get_domain (McXmlDocument *document, GError **error)
{
  McXmlNode *domain = document != NULL ? mc_xml_document_get_root (document, "domain") : NULL;

  if (domain == NULL)
    g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED,
                 "the description is not a domain's XML");
  return domain;
}

gboolean
mc_domain_xml_parse (const char *xml,
                     McVmDescription *description,
                     McMemoryDevices *devices,
                     GError **error)
{
  g_autoptr (McXmlDocument) document = mc_xml_document_parse (xml);
  McXmlNode *domain = get_domain (document, error);

  if (domain == NULL)
    return FALSE;
  read_balloon (mc_xml_node_child (domain, "devices"), description);
  description->immovable = mc_pinned_memory_explain (domain);
  description->min_guarantee = mc_xml_node_get_size (
      mc_xml_node_child (mc_xml_node_child (domain, "memtune"), "min_guarantee"), NULL);
  description->metadata = find_metadata (domain);
  read_memory (domain, devices);
  return TRUE;
}

gboolean
mc_domain_xml_parse_devices (const char *xml, McMemoryDevices *devices, GError **error)
{
  g_autoptr (McXmlDocument) document = mc_xml_document_parse (xml);
  McXmlNode *domain = get_domain (document, error);

  if (domain == NULL)
    return FALSE;
  read_memory (domain, devices);
  return TRUE;
}

McMemoryLimits *
mc_domain_xml_parse_limits (const char *xml)
{
  g_autoptr (McXmlDocument) document = mc_xml_document_parse (xml);
  McXmlNode *domain = get_domain (document, NULL);

  return domain != NULL ? mc_memory_limits_new (domain) : NULL;
}
