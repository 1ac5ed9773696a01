/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include <string.h>

#include "domain-xml.h"

#define DOMAIN(inside) "<domain type='kvm'><name>vm</name>" inside "</domain>"

static McVmDescription *
parse (const char *xml, McMemoryDevices *devices)
{
  McVmDescription *description = mc_vm_description_new ("c0ffee00-0000-4000-8000-000000000001");
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_domain_xml_parse (xml, description, devices, &error));
  g_assert_no_error (error);
  return description;
}

static void
test_balloon (void)
{
  McMemoryDevices devices;
  g_autoptr (McVmDescription) with
      = parse (DOMAIN ("<devices><disk/><memballoon model='virtio' autodeflate='on' "
                       "freePageReporting='on'><stats period='7'/></memballoon></devices>"),
               &devices);
  g_autoptr (McVmDescription) none
      = parse (DOMAIN ("<devices><memballoon model='none'/></devices>"), &devices);
  g_autoptr (McVmDescription) bare = parse (DOMAIN (""), &devices);

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
  McMemoryDevices devices;
  g_autoptr (McVmDescription) usb
      = parse (DOMAIN ("<devices><hostdev type='usb'/></devices>"), &devices);

  g_assert_null (usb->immovable);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (McVmDescription) description = parse (cases[i].xml, &devices);

      g_assert_nonnull (strstr (description->immovable, cases[i].says));
    }
}

#define MEMORY(model, inside)                                                                      \
  "<memory model='" model "'><target><size unit='KiB'>1048576</size>" inside "</target></memory>"

static void
test_memory (void)
{
  const guint64 gib = (guint64)1 << 30;
  McMemoryDevices devices;
  g_autoptr (McVmDescription) description = parse (
      DOMAIN ("<memory unit='KiB'>9437184</memory><memtune><min_guarantee unit='KiB'>524288"
              "</min_guarantee></memtune><devices>" MEMORY ("dimm", "")
                  MEMORY ("virtio-mem", "<requested unit='KiB'>524288</requested>"
                                        "<current unit='KiB'>262144</current>")
                      MEMORY ("virtio-mem", "<current unit='KiB'>0</current>") MEMORY ("nvdimm", "")
                          MEMORY ("virtio-pmem", "") MEMORY ("sgx-epc", "") "</devices>"),
      &devices);

  g_assert_cmpuint (description->min_guarantee, ==, gib / 2);
  g_assert_cmpuint (devices.total, ==, 9 * gib);
  g_assert_cmpuint (devices.resizable, ==, 2 * gib);
  g_assert_cmpuint (devices.plugged, ==, gib / 4);
  g_assert_cmpuint (devices.apart, ==, 3 * gib);
  g_assert_cmpuint (devices.mapped, ==, 2 * gib);
}

static void
test_units (void)
{
  const struct
  {
    const char *xml;
    guint64 bytes;
  } cases[] = {
    { DOMAIN ("<memory>7</memory>"), 7 * 1024 },
    { DOMAIN ("<memory unit='b'>7</memory>"), 7 },
    { DOMAIN ("<memory unit='KB'>7</memory>"), 7000 },
    { DOMAIN ("<memory unit='M'>7</memory>"), (guint64)7 << 20 },
    { DOMAIN ("<memory unit='GiB'>7</memory>"), (guint64)7 << 30 },
    { DOMAIN ("<memory unit='TiB'>64</memory>"), (guint64)1 << 46 },
    { DOMAIN ("<memory unit='KiB'>68719476736</memory>"), (guint64)1 << 46 },
    { DOMAIN ("<memory unit='KiB'>18446744073709551615</memory>"), 0 },
    { DOMAIN ("<memory unit='TiB'>18446744073709551</memory>"), 0 },
    { DOMAIN ("<memory>much</memory>"), 0 },
    { DOMAIN (""), 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McMemoryDevices devices;
      g_autoptr (McVmDescription) description = parse (cases[i].xml, &devices);

      g_test_message ("%s", cases[i].xml);
      g_assert_cmpuint (devices.total, ==, cases[i].bytes);
    }
}

static void
test_metadata (void)
{
  McMemoryDevices devices;
  g_autoptr (McVmDescription) description = parse (
      DOMAIN ("<metadata><other:thing xmlns:other='urn:other'/><memcoord:policy "
              "xmlns:memcoord='https://example.org/memcoord/1' managed='no'><memcoord:weight>3"
              "</memcoord:weight></memcoord:policy></metadata>"),
      &devices);

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
      McMemoryDevices devices;

      g_assert_false (mc_domain_xml_parse (cases[i], description, &devices, &error));
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
  g_test_add_func ("/domain-xml/units", test_units);
  g_test_add_func ("/domain-xml/metadata", test_metadata);
  g_test_add_func ("/domain-xml/refused", test_refused);
  return g_test_run ();
}
