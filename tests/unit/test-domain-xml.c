/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. */
#include "config.h"

#include <string.h>

#include "hypervisor.h"
#include "libvirt/domain-xml.h"

#define DOMAIN(inside) "<domain type='kvm'><name>vm</name>" inside "</domain>"

static McVmDescription *
parse (const char *xml, McMemoryDevices *devices)
{
  McVmDescription *description = g_new0 (McVmDescription, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (McDomainXml) parsed = mc_domain_xml_new (xml, &error);

  g_assert_no_error (error);
  mc_domain_xml_read (parsed, description);
  *devices = mc_domain_xml_get_devices (parsed);
  return description;
}

static void
test_balloon (void)
{
  McMemoryDevices devices;
  g_autoptr (McVmDescription) with = parse (DOMAIN ("<devices><disk/><memballoon model='virtio'>"
                                                    "<stats period='7'/></memballoon></devices>"),
                                            &devices);
  g_autoptr (McVmDescription) none
      = parse (DOMAIN ("<devices><memballoon model='none'/></devices>"), &devices);
  g_autoptr (McVmDescription) bare = parse (DOMAIN (""), &devices);

  g_assert_true (with->has_balloon);
  g_assert_cmpuint (with->stats_period_s, ==, 7);
  g_assert_null (with->immovable);
  g_assert_null (with->metadata);
  g_assert_false (none->has_balloon);
  g_assert_false (bare->has_balloon);
}

#define DEVICE(inside)  DOMAIN ("<devices><memballoon model='virtio'/>" inside "</devices>")
#define BACKING(inside) DOMAIN ("<memoryBacking>" inside "</memoryBacking>")
#define ARGUMENTS(inside)                                                                          \
  "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline>"  \
  "<qemu:arg value='-name'/>" inside "</qemu:commandline></domain>"
#define ARGUMENT(option, value) "<qemu:arg value='" option "'/><qemu:arg value='" value "'/>"
#define PCI_ADDRESS             "<address type='pci' domain='0x0000' bus='0x3b' slot='0x1f' function='0x2'/>"

static void
test_immovable (void)
{
  const struct
  {
    const char *xml;
    const char *says;
  } cases[] = {
    /* devices that work on the guest's memory by themselves */
    { DEVICE ("<hostdev mode='subsystem' type='usb'/><hostdev mode='subsystem' type='pci' "
              "managed='yes'><driver name='vfio'/><source>" PCI_ADDRESS "</source></hostdev>"),
      "the host's PCI device 0000:3b:1f.2 is passed through to it (VFIO), which pins it" },
    { DEVICE ("<hostdev type='pci'/>"),
      "the host's PCI device is passed through to it (VFIO), which pins it" },
    { DEVICE ("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
              "<address uuid='53764d0e-85a0-42b4-af5c-2046b460b1dc'/></source></hostdev>"),
      "the mediated device 53764d0e-85a0-42b4-af5c-2046b460b1dc is passed through to it (VFIO), "
      "which pins it" },
    { DEVICE ("<interface type='user'/><interface type='hostdev' managed='yes'><mac "
              "address='52:54:00:6d:90:02'/><source>" PCI_ADDRESS "</source></interface>"),
      "its network interface 52:54:00:6d:90:02 is a device of the host (VFIO), which pins it" },
    { DEVICE ("<interface type='network'><mac address='52:54:00:6d:90:03'/><source "
              "network='pool'/><actual type='hostdev'/></interface>"),
      "its network interface 52:54:00:6d:90:03 is a device of the host (VFIO), which pins it" },
    { DEVICE ("<interface type='vdpa'><mac address='52:54:00:95:db:c0'/><source "
              "dev='/dev/vhost-vdpa-0'/></interface>"),
      "its network interface 52:54:00:95:db:c0 is a vDPA device, which pins it" },
    { DEVICE ("<disk type='nvme' device='disk'><source type='pci' managed='yes' namespace='1'>"
              "<address/></source><target dev='vdb'/></disk>"),
      "its disk vdb is an NVMe device of the host (VFIO), which pins it" },
    { DEVICE ("<disk type='file' device='disk'><backingStore type='file'><backingStore "
              "type='nvme'/></backingStore><target dev='vdc'/></disk>"),
      "its disk vdc is an NVMe device of the host (VFIO), which pins it" },
    { DEVICE ("<disk type='file'><mirror type='nvme' job='copy'/><target dev='vdd'/></disk>"),
      "its disk vdd is an NVMe device of the host (VFIO), which pins it" },
    { DEVICE ("<disk type='file' device='disk'><source file='/i'><dataStore type='nvme'/></source>"
              "<target dev='vdf'/></disk>"),
      "its disk vdf is an NVMe device of the host (VFIO), which pins it" },
    { DEVICE ("<disk type='vhostvdpa' device='disk'><source dev='/dev/vhost-vdpa-1'/><target "
              "dev='vde'/></disk>"),
      "its disk vde is a vDPA device, which pins it" },
    /* pages that the host does not take back one by one */
    { BACKING ("<hugepages/>"), "it is made of huge pages, of which the host gets none back" },
    { BACKING ("<hugepages><page size='2048' unit='KiB'/></hugepages>"),
      "it is made of huge pages, of which the host gets none back" },
    { BACKING ("<hugepages><page size='4' nodeset='0'/><page size='1' unit='G' nodeset='1'/>"
               "</hugepages>"),
      "it is made of huge pages, of which the host gets none back" },
    { DEVICE ("<memory model='dimm'><source><pagesize unit='KiB'>2048</pagesize></source><target>"
              "<size unit='KiB'>524288</size></target><alias name='dimm0'/></memory>"),
      "its memory device dimm0 is made of huge pages, of which the host gets none back" },
    { DEVICE ("<memory model='virtio-mem'><source><pagesize unit='MiB'>2</pagesize></source>"
              "<target><requested unit='KiB'>2048</requested></target><alias "
              "name='virtiomem0'/></memory>"),
      "its memory device virtiomem0 is made of huge pages, of which the host gets none back" },
    { BACKING ("<locked/>"), "it is locked in the host's memory" },
    { DOMAIN ("<launchSecurity type='sev'><policy>0x0001</policy></launchSecurity>"),
      "it is encrypted by the processor (sev), which pins it" },
    { DOMAIN ("<launchSecurity type='sev-snp'/>"),
      "it is encrypted by the processor (sev-snp), which pins it" },
    { DOMAIN ("<launchSecurity type='tdx'/>"),
      "it is encrypted by the processor (tdx), which pins it" },
    { DOMAIN ("<launchSecurity type='s390-pv'/>"),
      "it is encrypted by the processor (s390-pv), which pins it" },
    /* past libvirt */
    { ARGUMENTS (ARGUMENT ("-device", "vfio-pci,host=0000:3b:00.0,id=gpu")),
      "its QEMU was given -device with driver=vfio-pci past libvirt, which pins it" },
    { ARGUMENTS (ARGUMENT (
          "--device",
          "{ &quot;id&quot;:&quot;gpu&quot;, &quot;driver&quot;: &quot;vfio-pci&quot; }")),
      "its QEMU was given -device with driver=vfio-pci past libvirt, which pins it" },
    { ARGUMENTS (ARGUMENT ("-device", "vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-0")),
      "driver=vhost-vdpa-device-pci" },
    { ARGUMENTS (ARGUMENT ("-netdev", "type=vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=net1")),
      "-netdev with type=vhost-vdpa" },
    { ARGUMENTS (ARGUMENT ("-netdev", "vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=net1")),
      "-netdev with driver=vhost-vdpa" },
    { ARGUMENTS (ARGUMENT ("-blockdev", "driver=nvme,device=0000:01:00.0,namespace=1")),
      "-blockdev with driver=nvme" },
    { ARGUMENTS (ARGUMENT ("-drive", "if=none,file=nvme://0000:01:00.0/1")), "-drive with file=" },
    { ARGUMENTS (ARGUMENT ("-overcommit", "mem-lock=on")), "-overcommit with mem-lock=on" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McMemoryDevices devices;
      g_autoptr (McVmDescription) description = parse (cases[i].xml, &devices);

      g_test_message ("%s", cases[i].xml);
      g_assert_nonnull (description->immovable);
      if (g_str_has_prefix (cases[i].says, "it"))
        g_assert_cmpstr (description->immovable, ==, cases[i].says);
      else
        g_assert_nonnull (strstr (description->immovable, cases[i].says));
    }
}

static void
test_movable (void)
{
  const char *cases[] = {
    DEVICE ("<hostdev mode='subsystem' type='usb'/>"),
    DEVICE ("<hostdev mode='subsystem' type='scsi'/>"),
    DEVICE ("<hostdev mode='subsystem' type='scsi_host' protocol='vhost'/>"),
    DEVICE ("<hostdev mode='subsystem' type='mdev' model='vfio-ap'/>"),
    DEVICE ("<hostdev mode='subsystem' type='mdev' model='vfio-ccw'/>"),
    DEVICE ("<interface type='network'><source network='default' bridge='virbr0'/></interface>"),
    DEVICE ("<interface type='network'><actual type='bridge'/></interface>"),
    DEVICE ("<interface type='vhostuser'/><interface type='direct'/><interface type='bridge'/>"),
    DEVICE ("<disk type='file'><driver name='qemu'/><target dev='vda'/></disk>"),
    DEVICE ("<disk type='network'><source protocol='nbd'/></disk><disk type='block'/>"),
    DEVICE ("<disk type='file'><source file='/i'><dataStore type='block'/></source></disk>"),
    DEVICE ("<disk type='vhostuser'/><controller type='nvme'/>"),
    BACKING ("<hugepages><page size='4' unit='KiB'/></hugepages>"),
    BACKING ("<source type='memfd'/><access mode='shared'/><allocation mode='immediate'/>"),
    BACKING ("<nosharepages/><discard/>"),
    DEVICE ("<memory model='dimm'><source><pagesize unit='KiB'>4</pagesize></source></memory>"),
    DEVICE ("<memory model='dimm'><target><size unit='KiB'>524288</size></target></memory>"),
    DEVICE ("<memory model='virtio-mem'><source><pagesize unit='KiB'>2048</pagesize></source>"
            "<target><requested unit='KiB'>0</requested><current unit='KiB'>0</current></target>"
            "</memory>"),
    DEVICE ("<memory model='nvdimm'><source><path>/n</path><pagesize unit='KiB'>2048</pagesize>"
            "</source></memory>"),
    ARGUMENTS (ARGUMENT ("-device", "virtio-rng-pci") ARGUMENT ("-device", "nvme,drive=d")),
    ARGUMENTS (ARGUMENT ("-device", "{&quot;driver&quot;:&quot;nvme&quot;}")),
    ARGUMENTS (ARGUMENT ("-device", "vfio-ap") ARGUMENT ("-device", "vfio-user-pci,socket=s")),
    ARGUMENTS (ARGUMENT ("-netdev", "user,id=vhost-vdpa") ARGUMENT ("-name", "vfio-pci")),
    ARGUMENTS (ARGUMENT ("-overcommit", "mem-lock=off") "<qemu:arg value='-device'/>"),
    ARGUMENTS ("<qemu:arg/><qemu:arg value=''/><qemu:arg value='vfio-pci'/>"),
    "<domain xmlns:x='urn:other'><x:commandline><x:arg value='-device'/><x:arg value='vfio-pci'/>"
    "</x:commandline></domain>",
    DOMAIN ("<metadata><o:a xmlns:o='urn:o'><memoryBacking><locked/></memoryBacking></o:a>"
            "</metadata>"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McMemoryDevices devices;
      g_autoptr (McVmDescription) description = parse (cases[i], &devices);

      g_test_message ("%s", cases[i]);
      g_assert_null (description->immovable);
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
      DOMAIN ("<memory unit='KiB'>9437184</memory><currentMemory "
              "unit='KiB'>8388608</currentMemory><devices>" MEMORY ("dimm", "")
                  MEMORY ("virtio-mem", "<requested unit='KiB'>524288</requested>"
                                        "<current unit='KiB'>262144</current>")
                      MEMORY ("virtio-mem", "<current unit='KiB'>0</current>") MEMORY ("nvdimm", "")
                          MEMORY ("virtio-pmem", "") MEMORY ("sgx-epc", "") "</devices>"),
      &devices);

  g_assert_cmpuint (devices.total, ==, 9 * gib);
  g_assert_cmpuint (devices.current, ==, 8 * gib);
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
    { DOMAIN ("<memory unit='mib'>7</memory>"), (guint64)7 << 20 },
    { DOMAIN ("<memory unit='k'>7</memory>"), 7 * 1024 },
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
      g_autoptr (GError) error = NULL;

      g_assert_null (mc_domain_xml_new (cases[i], &error));
      g_assert_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-xml/balloon", test_balloon);
  g_test_add_func ("/domain-xml/immovable", test_immovable);
  g_test_add_func ("/domain-xml/movable", test_movable);
  g_test_add_func ("/domain-xml/memory", test_memory);
  g_test_add_func ("/domain-xml/units", test_units);
  g_test_add_func ("/domain-xml/metadata", test_metadata);
  g_test_add_func ("/domain-xml/refused", test_refused);
  return g_test_run ();
}
