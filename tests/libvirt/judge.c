/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says of each file how the reader judges it: "refused", "movable", or why it is pinned. */
#include "config.h"

#include "libvirt/domain-xml.h"

static void
judge (const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (McDomainXml) xml = NULL;
  g_autoptr (McMemoryCeilings) ceilings = NULL;
  g_autoptr (McVmDescription) description = g_new0 (McVmDescription, 1);
  g_autofree char *limit = NULL;
  guint64 bytes;

  if (!g_file_get_contents (path, &text, NULL, &error))
    g_error ("%s", error->message);
  xml = mc_domain_xml_new (text, NULL);
  if (xml == NULL)
    {
      g_print ("%s\trefused\n", path);
      return;
    }
  mc_domain_xml_read (xml, description);
  mc_domain_xml_get_devices (xml);
  ceilings = mc_domain_xml_get_ceilings (xml);
  limit = mc_memory_ceilings_find (ceilings, NULL, 1, &bytes);
  g_print ("%s\t%s\n", path, description->immovable != NULL ? description->immovable : "movable");
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    judge (argv[i]);
  return 0;
}
