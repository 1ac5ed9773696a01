/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include "domain-xml.h"

#include "hypervisor.h"
#include "pinned-memory.h"
#include "xml-node.h"

struct _McDomainXml
{
  McXmlDocument *document;
  McXmlNode *domain; /* its root */
};

static void
read_balloon (McXmlNode *devices, McVmDescription *description)
{
  McXmlNode *balloon = mc_xml_node_child (devices, "memballoon");
  McXmlNode *stats = mc_xml_node_child (balloon, "stats");

  description->has_balloon = balloon != NULL && !mc_xml_node_has (balloon, "model", "none");
  description->autodeflate = mc_xml_node_has (balloon, "autodeflate", "on");
  if (stats != NULL)
    description->stats_period_s = (guint)MIN (mc_xml_node_get_number (stats, "period"), G_MAXINT);
}

static char *
find_metadata (McXmlNode *domain)
{
  McXmlNode *element
      = mc_xml_node_child_in (mc_xml_node_child (domain, "metadata"), MC_METADATA_NAMESPACE);

  return element != NULL ? mc_xml_node_dump (element) : NULL;
}

McDomainXml *
mc_domain_xml_new (const char *xml, GError **error)
{
  g_autoptr (McDomainXml) self = g_new0 (McDomainXml, 1);

  self->document = mc_xml_document_parse (xml);
  if (self->document != NULL)
    self->domain = mc_xml_document_get_root (self->document, "domain");
  if (self->domain != NULL)
    return g_steal_pointer (&self);
  g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED,
               "the description is not a domain's XML");
  return NULL;
}

void
mc_domain_xml_free (McDomainXml *self)
{
  g_clear_pointer (&self->document, mc_xml_document_free);
  g_free (self);
}

void
mc_domain_xml_read (McDomainXml *self, McVmDescription *description)
{
  read_balloon (mc_xml_node_child (self->domain, "devices"), description);
  description->emulated = mc_xml_node_has (self->domain, "type", "qemu");
  description->immovable = mc_pinned_memory_explain (self->domain);
  description->metadata = find_metadata (self->domain);
}

McMemoryDevices
mc_domain_xml_get_devices (McDomainXml *self)
{
  McXmlNode *devices = mc_xml_node_child (self->domain, "devices");
  McMemoryDevices memory = {
    .total = mc_xml_node_get_size (mc_xml_node_child (self->domain, "memory"), NULL),
    .current = mc_xml_node_get_size (mc_xml_node_child (self->domain, "currentMemory"), NULL),
  };

  for (McXmlNode *device = mc_xml_node_child (devices, "memory"); device != NULL;
       device = mc_xml_node_next (device, "memory"))
    {
      McXmlNode *target = mc_xml_node_child (device, "target");
      guint64 bytes = mc_xml_node_get_size (mc_xml_node_child (target, "size"), NULL);

      if (mc_xml_node_has (device, "model", "virtio-mem"))
        {
          memory.resizable += bytes;
          memory.plugged += mc_xml_node_get_size (mc_xml_node_child (target, "current"), NULL);
        }
      else if (mc_xml_node_has (device, "model", "nvdimm")
               || mc_xml_node_has (device, "model", "virtio-pmem"))
        {
          memory.apart += bytes;
          memory.mapped += bytes;
        }
      else if (mc_xml_node_has (device, "model", "sgx-epc"))
        {
          memory.apart += bytes;
        }
    }
  return memory;
}

McMemoryCeilings *
mc_domain_xml_get_ceilings (McDomainXml *self)
{
  return mc_memory_ceilings_new (self->domain);
}
