/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is made of libvirt's figures, on a bulk answer of the test's own. */
#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "libvirt/calls.h"

#define TIB ((guint64)1 << 40)

typedef struct
{
  const char *name;
  unsigned long long value;
} Parameter;

static const Parameter *told; /* what the bulk answer has of its only VM; ends with NULL */

/* In place of the library's. */
int
virConnectGetAllDomainStats (virConnectPtr connection,
                             unsigned int stats,
                             virDomainStatsRecordPtr **records,
                             unsigned int flags)
{
  virDomainStatsRecordPtr record = calloc (1, sizeof *record);
  int room = 0;

  record->dom = virDomainLookupByName (connection, "test");
  g_assert_nonnull (record->dom);
  virTypedParamsAddInt (&record->params, &record->nparams, &room, "state.state",
                        VIR_DOMAIN_RUNNING);
  for (const Parameter *each = told; each->name != NULL; each++)
    virTypedParamsAddULLong (&record->params, &record->nparams, &room, each->name, each->value);
  *records = calloc (2, sizeof **records);
  (*records)[0] = record;
  return 1;
}

static McSample *
take_sample (const Parameter *parameters)
{
  virConnectPtr connection = virConnectOpen ("test:///default");
  g_autoptr (GHashTable) devices = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  McSample *sample;

  told = parameters;
  sample = mc_libvirt_sample (connection, (McSubset){ 0, 1 }, NULL, devices, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sample->vms->len, ==, 1);
  virConnectClose (connection);
  return sample;
}

static void
test_figures (void)
{
  const Parameter parameters[] = {
    { "balloon.current", 3 },      { "balloon.maximum", 4 },
    { "balloon.rss", 5 },          { "balloon.unused", 6 },
    { "balloon.usable", 7 },       { "balloon.available", 8 },
    { "balloon.swap_in", 9 },      { "balloon.swap_out", 10 },
    { "balloon.last-update", 12 }, { NULL, 0 },
  };
  g_autoptr (McSample) sample = take_sample (parameters);
  const McVmSample *vm = sample->vms->pdata[0];

  g_assert_true (vm->running);
  g_assert_false (vm->busy);
  g_assert_cmpuint (vm->balloon, ==, 3 * 1024);
  g_assert_cmpuint (vm->capacity, ==, 4 * 1024);
  g_assert_cmpuint (vm->resident, ==, 5 * 1024);
  g_assert_cmpuint (vm->unused, ==, 6 * 1024);
  g_assert_cmpuint (vm->usable, ==, 7 * 1024);
  g_assert_cmpuint (vm->available, ==, 8 * 1024);
  g_assert_cmpuint (vm->swap_in, ==, 9 * 1024);
  g_assert_cmpuint (vm->swap_out, ==, 10 * 1024);
  g_assert_cmpint (vm->stats_time_s, ==, 12);
}

/* Negative numbers of a guest, as they come through QEMU and libvirt; and what is just too large.
 */
static void
test_what_cannot_be_is_unknown (void)
{
  const unsigned long long absurd[] = {
    (G_MAXUINT64 - 4095) / 1024, /* −4096 bytes */
    G_MAXUINT64 / 1024,          /* −1 */
    G_MAXUINT64,
    G_MAXUINT64 - 1,
    (G_GUINT64_CONSTANT (1) << 52) + 1,
    G_GUINT64_CONSTANT (1) << 63,
  };

  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      const Parameter parameters[] = {
        { "balloon.current", 3 },
        { "balloon.maximum", 4 },
        { "balloon.rss", 5 },
        { "balloon.unused", absurd[i] },
        { "balloon.usable", absurd[i] },
        { "balloon.available", absurd[i] },
        { "balloon.swap_in", absurd[i] },
        { "balloon.swap_out", absurd[i] },
        { NULL, 0 },
      };
      g_autoptr (McSample) sample = take_sample (parameters);
      const McVmSample *vm = sample->vms->pdata[0];

      g_assert_cmpuint (vm->unused, ==, MC_UNKNOWN);
      g_assert_cmpuint (vm->usable, ==, MC_UNKNOWN);
      g_assert_cmpuint (vm->available, ==, MC_UNKNOWN);
      g_assert_cmpuint (vm->swap_in, ==, MC_UNKNOWN);
      g_assert_cmpuint (vm->swap_out, ==, MC_UNKNOWN);
      g_assert_cmpuint (vm->balloon, ==, 3 * 1024);
    }
}

static void
test_times_that_cannot_be (void)
{
  const Parameter parameters[] = {
    { "balloon.current", 3 },
    { "balloon.rss", 5 },
    { "balloon.last-update", G_MAXUINT64 - 4095 },
    { NULL, 0 },
  };
  g_autoptr (McSample) sample = take_sample (parameters);
  const McVmSample *vm = sample->vms->pdata[0];

  g_assert_cmpint (vm->stats_time_s, ==, 0);
}

static void
test_large_ones_are_known (void)
{
  const Parameter parameters[] = {
    { "balloon.current", 64 * TIB / 1024 },   { "balloon.maximum", 64 * TIB / 1024 },
    { "balloon.rss", 64 * TIB / 1024 },       { "balloon.unused", 63 * TIB / 1024 },
    { "balloon.swap_in", 1024 * TIB / 1024 }, { NULL, 0 },
  };
  g_autoptr (McSample) sample = take_sample (parameters);
  const McVmSample *vm = sample->vms->pdata[0];

  g_assert_cmpuint (vm->capacity, ==, 64 * TIB);
  g_assert_cmpuint (vm->resident, ==, 64 * TIB);
  g_assert_cmpuint (vm->unused, ==, 63 * TIB);
  g_assert_cmpuint (vm->swap_in, ==, 1024 * TIB);
}

/* Absent: another call waits for its process. */
static void
test_without_the_resident_set_it_is_busy (void)
{
  const Parameter parameters[]
      = { { "balloon.current", 3 }, { "balloon.maximum", 4 }, { NULL, 0 } };
  g_autoptr (McSample) sample = take_sample (parameters);
  const McVmSample *vm = sample->vms->pdata[0];

  g_assert_true (vm->busy);
  g_assert_cmpuint (vm->unused, ==, MC_UNKNOWN);
}

static void
ignore_error (void *data, virErrorPtr error)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  virSetErrorFunc (NULL, ignore_error); /* this driver tells nothing of the host */
  g_test_add_func ("/libvirt-calls/figures", test_figures);
  g_test_add_func ("/libvirt-calls/absurd", test_what_cannot_be_is_unknown);
  g_test_add_func ("/libvirt-calls/absurd-times", test_times_that_cannot_be);
  g_test_add_func ("/libvirt-calls/large", test_large_ones_are_known);
  g_test_add_func ("/libvirt-calls/busy", test_without_the_resident_set_it_is_busy);
  return g_test_run ();
}
