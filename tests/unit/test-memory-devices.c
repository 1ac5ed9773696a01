/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that a VM has beside what its balloon can reach. Sizes in MiB. */
#include "config.h"

#include "libvirt/memory-devices.h"

#define MIB     ((guint64)1 << 20)
#define UNKNOWN (-1)

typedef struct
{
  gint64 balloon, capacity, resident, unused, usable, available;
} Figures;

static guint64
bytes (gint64 mib)
{
  return mib == UNKNOWN ? MC_UNKNOWN : (guint64)mib * MIB;
}

static gint64
mib (guint64 bytes)
{
  return bytes == MC_UNKNOWN ? UNKNOWN : (gint64)(bytes / MIB);
}

static McMemoryDevices
devices_of (guint64 total, guint64 resizable, guint64 plugged, guint64 apart, guint64 mapped)
{
  return (McMemoryDevices){
    .total = total * MIB,
    .resizable = resizable * MIB,
    .plugged = plugged * MIB,
    .apart = apart * MIB,
    .mapped = mapped * MIB,
  };
}

/* As libvirt tells it in; as the balloon has it out. */
static void
check (McMemoryDevices devices, Figures in, Figures out, gboolean fits)
{
  McVmSample *sample = mc_vm_sample_new ("c0ffee00-0000-4000-8000-000000000001", "vm");

  sample->balloon = bytes (in.balloon);
  sample->capacity = bytes (in.capacity);
  sample->resident = bytes (in.resident);
  sample->unused = bytes (in.unused);
  sample->usable = bytes (in.usable);
  sample->available = bytes (in.available);
  g_assert_true (mc_memory_devices_apply (&devices, sample) == fits);
  g_assert_cmpint (mib (sample->balloon), ==, out.balloon);
  g_assert_cmpint (mib (sample->capacity), ==, out.capacity);
  g_assert_cmpint (mib (sample->resident), ==, out.resident);
  g_assert_cmpint (mib (sample->unused), ==, out.unused);
  g_assert_cmpint (mib (sample->usable), ==, out.usable);
  g_assert_cmpint (mib (sample->available), ==, out.available);
  mc_vm_sample_free (sample);
}

static const McMemoryDevices none = { .total = 512 * MIB };

static void
test_none (void)
{
  Figures figures = { 400, 512, 450, 100, 200, 470 };

  check (none, figures, figures, TRUE);
}

/* Booted with 512 and a device of 512 of which 256 are plugged. */
static void
test_virtio_mem (void)
{
  McMemoryDevices devices = devices_of (1024, 512, 256, 0, 0);

  check (devices, (Figures){ 768, 1024, 700, 300, 310, 726 },
         (Figures){ 512, 512, 444, 300, 310, 512 }, TRUE);
  check (devices, (Figures){ 656, 1024, 700, 300, 310, 726 },
         (Figures){ 400, 512, 444, 300, 310, 400 }, TRUE);
}

static void
test_guest_has_more_than_the_balloon_can_reach (void)
{
  check (devices_of (1024, 512, 512, 0, 0), (Figures){ 1024, 1024, 300, 900, 910, 980 },
         (Figures){ 512, 512, 0, 512, 512, 512 }, TRUE);
  /* Just unplugged: the guest's last report is older. */
  check (devices_of (1024, 512, 0, 0, 0), (Figures){ 512, 1024, 300, 900, 910, 980 },
         (Figures){ 512, 512, 300, 512, 512, 512 }, TRUE);
  /* Nothing that it has explains this one. */
  check (devices_of (1024, 512, 512, 0, 0), (Figures){ 1024, 1024, 300, 1025, 5000, 980 },
         (Figures){ 512, 512, 0, 1025, 5000, 512 }, TRUE);
}

/* Memory that is plugged and not online, as a distribution may leave it for ever. */
static void
test_guest_does_not_use_what_is_plugged (void)
{
  check (devices_of (1024, 512, 512, 0, 0), (Figures){ 768, 1024, 300, 100, 110, 214 },
         (Figures){ 256, 512, 0, 100, 110, 214 }, TRUE);
}

static void
test_unknown_stays_unknown (void)
{
  Figures nothing = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };

  check (devices_of (2048, 512, 256, 512, 512), nothing, nothing, TRUE);
}

/* A file of 64 GiB behind a guest of 2 GiB: its pages are nobody's promise, and hide nothing. */
static void
test_files (void)
{
  McMemoryDevices devices = devices_of (2048 + 65536, 0, 0, 65536, 65536);

  /* none of it resident */
  check (devices, (Figures){ 2048, 2048 + 65536, 1900, 300, 400, 1980 },
         (Figures){ 2048, 2048, 1680, 300, 400, 1980 }, TRUE);
  /* all of it */
  check (devices, (Figures){ 2048, 2048 + 65536, 1900 + 65536, 300, 400, 1980 },
         (Figures){ 2048, 2048, 1900, 300, 400, 1980 }, TRUE);
  /* a guest that reports nothing */
  check (devices, (Figures){ 2048, 2048 + 65536, 1900, UNKNOWN, UNKNOWN, UNKNOWN },
         (Figures){ 2048, 2048, 0, UNKNOWN, UNKNOWN, UNKNOWN }, TRUE);
  /* before QEMU's first word, libvirt has all memory for the balloon */
  check (devices, (Figures){ 2048 + 65536, 2048 + 65536, 90, UNKNOWN, UNKNOWN, UNKNOWN },
         (Figures){ 2048, 2048, 0, UNKNOWN, UNKNOWN, UNKNOWN }, TRUE);
}

static void
test_enclave (void)
{
  Figures in = { 1024, 1024 + 64, 900, 300, 400, 980 }, out = in;

  out.capacity = 1024;
  check (devices_of (1024 + 64, 0, 0, 64, 0), in, out, TRUE);
}

/* What came or went before it was described is nobody's yet. */
static void
test_description_is_out_of_date (void)
{
  Figures in = { 512, 1024, 450, 100, 200, 470 }, out = in;

  out.capacity = 512;
  check (none, in, out, FALSE);
  in.capacity = out.capacity = 256;
  in.balloon = out.balloon = 256;
  check (none, in, out, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-devices/none", test_none);
  g_test_add_func ("/memory-devices/virtio-mem", test_virtio_mem);
  g_test_add_func ("/memory-devices/guest-has-more",
                   test_guest_has_more_than_the_balloon_can_reach);
  g_test_add_func ("/memory-devices/offline", test_guest_does_not_use_what_is_plugged);
  g_test_add_func ("/memory-devices/unknown", test_unknown_stays_unknown);
  g_test_add_func ("/memory-devices/files", test_files);
  g_test_add_func ("/memory-devices/enclave", test_enclave);
  g_test_add_func ("/memory-devices/out-of-date", test_description_is_out_of_date);
  return g_test_run ();
}
