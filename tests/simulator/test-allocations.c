/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cycle asks the allocator as often for a thousand VMs as for ten: the linker sends every call of
 * the policy's objects through the counters below.
 */
#include "config.h"

#include <stdlib.h>

#include "crowd.h"

static guint calls;

#define COUNTED(type, name, parameters, arguments)                                                 \
  type __real_##name parameters;                                                                   \
  type __wrap_##name parameters;                                                                   \
  type __wrap_##name parameters                                                                    \
  {                                                                                                \
    calls++;                                                                                       \
    return __real_##name arguments;                                                                \
  }

COUNTED (gpointer, g_malloc, (gsize size), (size))
COUNTED (gpointer, g_malloc0, (gsize size), (size))
COUNTED (gpointer, g_malloc_n, (gsize n, gsize size), (n, size))
COUNTED (gpointer, g_malloc0_n, (gsize n, gsize size), (n, size))
COUNTED (gpointer, g_realloc, (gpointer block, gsize size), (block, size))
COUNTED (void *, malloc, (size_t size), (size))
COUNTED (void *, calloc, (size_t n, size_t size), (n, size))
COUNTED (void *, realloc, (void *block, size_t size), (block, size))

static guint
calls_in_a_cycle (guint n_vms)
{
  g_autoptr (SimCrowd) crowd = sim_crowd_new (n_vms);
  guint before;

  for (guint i = 0; i < 5; i++)
    {
      sim_crowd_report (crowd);
      sim_crowd_decide (crowd);
    }
  sim_crowd_report (crowd);
  before = calls;
  sim_crowd_decide (crowd);
  return calls - before;
}

static void
test_steady_cycle (void)
{
  guint ten = calls_in_a_cycle (10);

  g_assert_cmpuint (ten, >, 0); /* the counters are in place */
  g_assert_cmpuint (ten, <=, 4);
  g_assert_cmpuint (calls_in_a_cycle (1000), ==, ten);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/allocations/steady-cycle", test_steady_cycle);
  return g_test_run ();
}
