/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says, and the metadata in it. */
#include "config.h"

#include "fuzz.h"
#include "libvirt/domain-xml.h"
#include "metadata.h"

static void
look_for_limits (McDomainXml *xml)
{
  g_autoptr (McMemoryCeilings) ceilings = mc_domain_xml_get_ceilings (xml);
  guint64 bytes = 0;
  g_autofree char *name = mc_memory_ceilings_find (ceilings, "/nonexistent", 1, &bytes);

  g_assert_true ((name != NULL) == (bytes > 0));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autoptr (McVmDescription) description = g_new0 (McVmDescription, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (McDomainXml) xml = mc_domain_xml_new (text, &error);
  McMetadata metadata;

  if (xml == NULL)
    {
      g_assert_nonnull (error);
      return 0;
    }
  mc_domain_xml_read (xml, description);
  mc_domain_xml_get_devices (xml);
  if (description->immovable != NULL)
    g_assert_true (g_utf8_validate (description->immovable, -1, NULL));
  look_for_limits (xml);
  if (!mc_metadata_parse (description->metadata, &metadata, &error))
    g_assert_nonnull (error);
  return 0;
}
