/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include <string.h>

#include "domain-xml.h"

#define DOMAIN(inside) "<domain type='kvm'><name>vm</name>" inside "</domain>"

static McVmDescription *
parse (const char *xml, guint64 *hotplugged)
{
  McVmDescription *description = mc_vm_description_new ("c0ffee00-0000-4000-8000-000000000001");
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_domain_xml_parse (xml, description, hotplugged, &error));
  g_assert_no_error (error);
  return description;
}

static void
test_balloon (void)
{
  guint64 hotplugged;
  g_autoptr (McVmDescription) with
      = parse (DOMAIN ("<devices><disk/><memballoon model='virtio' autodeflate='on' "
                       "freePageReporting='on'><stats period='7'/></memballoon></devices>"),
               &hotplugged);
  g_autoptr (McVmDescription) none
      = parse (DOMAIN ("<devices><memballoon model='none'/></devices>"), &hotplugged);
  g_autoptr (McVmDescription) bare = parse (DOMAIN (""), &hotplugged);

  g_assert_true (with->has_balloon && with->autodeflate && with->free_page_reporting);
  g_assert_cmpuint (with->stats_period_s, ==, 7);
  g_assert_null (with->immovable);
  g_assert_null (with->metadata);
  g_assert_false (none->has_balloon);
  g_assert_false (bare->has_balloon);
}

static void
test_immovable (void)
{
  const struct
  {
    const char *xml;
    const char *says;
  } cases[] = {
    { DOMAIN ("<memoryBacking><hugepages/></memoryBacking>"), "huge pages" },
    { DOMAIN ("<memoryBacking><locked/></memoryBacking>"), "locked" },
    { DOMAIN ("<launchSecurity type='sev'/>"), "encrypted" },
    { DOMAIN ("<devices><hostdev mode='subsystem' type='usb'/><hostdev type='pci'/></devices>"),
      "VFIO" },
  };
  guint64 hotplugged;
  g_autoptr (McVmDescription) usb
      = parse (DOMAIN ("<devices><hostdev type='usb'/></devices>"), &hotplugged);

  g_assert_null (usb->immovable);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (McVmDescription) description = parse (cases[i].xml, &hotplugged);

      g_assert_nonnull (strstr (description->immovable, cases[i].says));
    }
}

static void
test_memory (void)
{
  guint64 hotplugged = 1;
  g_autoptr (McVmDescription) description = parse (
      DOMAIN ("<memtune><min_guarantee unit='KiB'>524288</min_guarantee></memtune><devices>"
              "<memory model='dimm'><target><size unit='KiB'>1024</size></target></memory>"
              "<memory model='virtio-mem'><target><size unit='KiB'>2097152</size>"
              "<current unit='KiB'>1048576</current></target></memory></devices>"),
      &hotplugged);

  g_assert_cmpuint (description->min_guarantee, ==, (guint64)512 << 20);
  g_assert_cmpuint (hotplugged, ==, (guint64)1 << 30);
}

static void
test_metadata (void)
{
  guint64 hotplugged;
  g_autoptr (McVmDescription) description = parse (
      DOMAIN ("<metadata><other:thing xmlns:other='urn:other'/><memcoord:policy "
              "xmlns:memcoord='https://example.org/memcoord/1' managed='no'><memcoord:weight>3"
              "</memcoord:weight></memcoord:policy></metadata>"),
      &hotplugged);

  g_assert_nonnull (strstr (description->metadata, "managed=\"no\""));
  g_assert_nonnull (strstr (description->metadata, "weight>3<"));
}

static void
test_refused (void)
{
  const char *cases[] = { "", "nonsense", "<domain>", "<pool/>", "<domain><!DOCTYPE x></domain>" };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (McVmDescription) description
          = mc_vm_description_new ("c0ffee00-0000-4000-8000-000000000001");
      g_autoptr (GError) error = NULL;
      guint64 hotplugged;

      g_assert_false (mc_domain_xml_parse (cases[i], description, &hotplugged, &error));
      g_assert_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-xml/balloon", test_balloon);
  g_test_add_func ("/domain-xml/immovable", test_immovable);
  g_test_add_func ("/domain-xml/memory", test_memory);
  g_test_add_func ("/domain-xml/metadata", test_metadata);
  g_test_add_func ("/domain-xml/refused", test_refused);
  return g_test_run ();
}
