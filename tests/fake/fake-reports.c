/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fake-reports.h"

#define MIB ((guint64)1 << 20)

/* A driver that counts in 32 bits, or a kernel that sees no more. */
#define OF_32_BITS (2047 * MIB)

/* What a dump kernel is given, and leaves. */
#define OF_DUMP      (200 * MIB)
#define LEFT_BY_DUMP (20 * MIB)

/* Files that are read in a second. */
#define READ (50 * MIB)

/* Before MemAvailable. */
static void
report_without_usable (McFakeVm *vm)
{
  vm->figures.usable = MC_UNKNOWN;
}

static void
report_total_and_free (McFakeVm *vm)
{
  vm->figures.usable = MC_UNKNOWN;
  vm->figures.swap_in = vm->figures.swap_out = MC_UNKNOWN;
}

/* Each figure is a query of its own; what failed is unknown by the time it gets here. */
static void
report_failed_queries (McFakeVm *vm)
{
  report_total_and_free (vm);
  vm->figures.unused = vm->figures.available = MC_UNKNOWN;
}

/* What is paged in counts files that are read. */
static void
report_reads_as_swap (McFakeVm *vm)
{
  static guint64 read;

  read += READ;
  vm->figures.usable = MC_UNKNOWN;
  vm->figures.swap_in = read;
}

static void
report_32_bits (McFakeVm *vm)
{
  report_total_and_free (vm);
  vm->figures.available = MIN (vm->figures.available, OF_32_BITS);
  vm->figures.unused = MIN (vm->figures.unused, OF_32_BITS);
}

/* With a new time each. */
static void
report_the_same (McFakeVm *vm)
{
  report_total_and_free (vm);
  vm->figures.available = vm->figures.unused = OF_32_BITS;
}

static void
report_dump (McFakeVm *vm)
{
  vm->figures.available = OF_DUMP;
  vm->figures.unused = vm->figures.usable = LEFT_BY_DUMP;
}

gboolean
mc_fake_reports_set (McFakeVm *vm, const char *kind)
{
  static const struct
  {
    const char *kind;
    void (*report) (McFakeVm *vm);
  } kinds[] = {
    { "without-usable", report_without_usable },
    { "total-and-free", report_total_and_free },
    { "failed-queries", report_failed_queries },
    { "reads-as-swap", report_reads_as_swap },
    { "32-bit", report_32_bits },
    { "the-same", report_the_same },
    { "dump", report_dump },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      {
        vm->report = kinds[i].report;
        return TRUE;
      }
  return FALSE;
}
