/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world does what was measured of real ones: kernels, other hands, and what a coordinator is
 * told of it. */
#include "config.h"

#include "parts.h"
#include "world.h"

typedef struct
{
  SimLoad *load;
  SimWorld world;
  McVmFacts facts[4];
} Stage;

/* One host with @n guests of @capacity that use 100 MiB each and have all their memory. */
static Stage *
stage_new (guint n, double capacity, SimKernel kernel)
{
  Stage *stage = g_new0 (Stage, 1);

  g_assert_cmpuint (n, <=, G_N_ELEMENTS (stage->facts));
  stage->load = g_new0 (SimLoad, 1);
  stage->load->seconds = 300;
  stage->load->total = 65536;
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = sim_part_vm (stage->load, capacity);

      plan->kernel = kernel;
      plan->begins = capacity;
      plan->minimum = 64;
      sim_part_constant (stage->load, plan, 100);
    }
  return stage;
}

static void
stage_free (Stage *stage)
{
  g_free (stage->load);
  g_free (stage);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stage, stage_free)

static void
begin (Stage *stage)
{
  sim_world_init (&stage->world, stage->load);
}

/* Lets time pass until the end of second @second. */
static const McVmFacts *
pass (Stage *stage, guint second)
{
  for (; stage->world.t <= second; stage->world.t++)
    sim_world_tick (&stage->world);
  sim_world_facts (&stage->world, stage->facts);
  return stage->facts;
}

static double
mib (guint64 bytes)
{
  return (double)bytes / MC_MIB;
}

static void
assert_about (double is, double measured, double tolerance)
{
  g_assert_cmpfloat (is, >=, measured - tolerance);
  g_assert_cmpfloat (is, <=, measured + tolerance);
}

/* Kernels */

static void
test_kernel_figures (void)
{
  assert_about (sim_kernel_outside (SIM_KERNEL_6_1, 128), 36, 2);
  assert_about (sim_kernel_outside (SIM_KERNEL_6_1, 512), 42, 2);
  assert_about (sim_kernel_outside (SIM_KERNEL_6_1, 1024), 51, 2);
  assert_about (sim_kernel_outside (SIM_KERNEL_6_1, 4096), 168, 6);
  assert_about (sim_kernel_outside (SIM_KERNEL_6_12, 4096), 173, 6);
  assert_about (sim_kernel_bias (SIM_KERNEL_6_1, 512), 1, 1);
  assert_about (sim_kernel_bias (SIM_KERNEL_6_1, 2048), 69, 2);
  assert_about (sim_kernel_stops_at (SIM_KERNEL_6_12, 1024), 129, 4);
  assert_about (sim_kernel_stops_at (SIM_KERNEL_6_12, 2048), 148, 4);
  assert_about (sim_kernel_dies_at (SIM_KERNEL_6_1, 1024), 112, 8);
  assert_about (sim_kernel_dies_at (SIM_KERNEL_6_1, 2048), 144, 8);
  g_assert_cmpfloat (sim_kernel_dies_at (SIM_KERNEL_6_1, 1024), <, 132);
  g_assert_cmpfloat (sim_kernel_dies_at (SIM_KERNEL_6_12, 1024), ==, 0);
}

/* Returns: what is neither free nor used right after a guest was given @given. */
static double
hidden_after (SimKernel kernel, double capacity, double given, guint seconds)
{
  g_autoptr (Stage) stage = stage_new (1, capacity, kernel);
  double seen;

  stage->load->vms[0].begins = capacity - given;
  begin (stage);
  pass (stage, 5);
  seen = stage->world.guests[0].usable;
  sim_world_tell (&stage->world, 0, capacity);
  pass (stage, 6 + seconds);
  return seen + given - stage->world.guests[0].usable;
}

static void
test_hidden_after_deflate (void)
{
  assert_about (hidden_after (SIM_KERNEL_6_1, 1024, 312, 0), 52, 4);
  assert_about (hidden_after (SIM_KERNEL_6_1, 4096, 820, 0), 72, 4);
  assert_about (hidden_after (SIM_KERNEL_6_1, 4096, 820, 60), 72, 4);
  assert_about (hidden_after (SIM_KERNEL_6_12, 1024, 312, 0), 84, 4);
  assert_about (hidden_after (SIM_KERNEL_6_12, 4096, 820, 0), 214, 6);
  assert_about (hidden_after (SIM_KERNEL_6_12, 4096, 820, 12), 111, 16);
}

static double
squeeze (SimKernel kernel, double to, gboolean *alive)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, kernel);

  sim_part_constant (stage->load, &stage->load->vms[0], 0);
  begin (stage);
  sim_world_tell (&stage->world, 0, to);
  pass (stage, 100);
  *alive = sim_world_is_alive (&stage->world, 0);
  g_assert_cmpint (stage->world.guests[0].stalled, ==, !*alive);
  return stage->world.guests[0].balloon;
}

static void
test_squeezed_too_far (void)
{
  gboolean alive;

  squeeze (SIM_KERNEL_6_1, 132, &alive);
  g_assert_true (alive);
  squeeze (SIM_KERNEL_6_1, 100, &alive);
  g_assert_false (alive);
  assert_about (squeeze (SIM_KERNEL_6_12, 100, &alive), 129, 4);
  g_assert_true (alive);
}

/* Hands */

static void
test_is_set (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);
  const McVmFacts *facts;

  sim_part_event (&stage->load->vms[0], 20, SIM_IS_SET, 700);
  begin (stage);
  sim_world_tell (&stage->world, 0, 900);
  facts = pass (stage, 19);
  assert_about (mib (facts->balloon), 900, 1);
  facts = pass (stage, 25);
  assert_about (mib (facts->balloon), 700, 1);
  assert_about (mib (facts->target), 900, 0); /* nobody tells the coordinator */
}

static void
test_is_set_on_grant (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);

  stage->load->vms[0].begins = 500;
  sim_part_event (&stage->load->vms[0], 5, SIM_IS_SET_ON_GRANT, 400);
  begin (stage);
  pass (stage, 30);
  assert_about (stage->world.guests[0].balloon, 500, 0);
  sim_world_tell (&stage->world, 0, 800);
  pass (stage, 35);
  assert_about (stage->world.guests[0].balloon, 400, 1);
}

static void
test_driver (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);
  const McVmFacts *facts;
  gint64 reported;

  sim_part_event (&stage->load->vms[0], 20, SIM_UNLOADS, 0);
  sim_part_event (&stage->load->vms[0], 40, SIM_LOADS, 0);
  begin (stage);
  sim_world_tell (&stage->world, 0, 600);
  reported = pass (stage, 19)->stats_time_s;
  facts = pass (stage, 39);
  assert_about (mib (facts->balloon), 1024, 0);
  g_assert_cmpint (facts->stats_time_s, ==, reported);
  facts = pass (stage, 60);
  assert_about (mib (facts->balloon), 600, 1);
  g_assert_cmpint (facts->stats_time_s, >, reported);
}

static void
test_panicked_and_dumping (void)
{
  g_autoptr (Stage) stage = stage_new (2, 1024, SIM_KERNEL_6_12);
  gint64 reported;
  guint64 resident;

  sim_part_event (&stage->load->vms[0], 20, SIM_PANICS, 0);
  sim_part_event (&stage->load->vms[1], 20, SIM_DUMPS, 0);
  sim_part_event (&stage->load->vms[1], 50, SIM_REBOOTS, 0);
  begin (stage);
  pass (stage, 19);
  reported = stage->facts[0].stats_time_s;
  resident = stage->facts[0].resident;
  sim_world_tell (&stage->world, 0, 300);
  pass (stage, 40);
  g_assert_cmpint (stage->facts[0].stats_time_s, <=, reported + 1);
  g_assert_cmpuint (stage->facts[0].resident, ==, resident);
  assert_about (mib (stage->facts[0].balloon), 1024, 0);
  g_assert_false (sim_world_is_alive (&stage->world, 0));
  g_assert_cmpint (stage->facts[1].stats_time_s, >, reported + 15);
  assert_about (mib (stage->facts[1].available), 200, 0);
  pass (stage, 60);
  g_assert_true (sim_world_is_alive (&stage->world, 1));
  assert_about (mib (stage->facts[1].available), 1024 - 56, 2);
  g_assert_cmpint (stage->facts[1].started_us, ==, 50 * G_USEC_PER_SEC);
}

static void
test_frozen (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);
  McVmFacts before;

  for (guint t = 30; t < stage->load->seconds; t++)
    stage->load->vms[0].demand[t] = 500;
  sim_part_event (&stage->load->vms[0], 20, SIM_FREEZES, 0);
  sim_part_event (&stage->load->vms[0], 60, SIM_THAWS, 0);
  begin (stage);
  before = *pass (stage, 21);
  pass (stage, 50);
  g_assert_cmpuint (stage->facts->usable, ==, before.usable);
  g_assert_cmpint (stage->facts->stats_time_s, >, before.stats_time_s);
  pass (stage, 62);
  g_assert_cmpuint (stage->facts->usable, <, before.usable);
}

static void
test_reclaimed (void)
{
  g_autoptr (Stage) stage = stage_new (1, 2048, SIM_KERNEL_6_12);
  double before, lowered;

  sim_part_constant (stage->load, &stage->load->vms[0], 1000);
  sim_part_event (&stage->load->vms[0], 20, SIM_IS_RECLAIMED, 600);
  begin (stage);
  before = mib (pass (stage, 19)->resident);
  lowered = mib (pass (stage, 20)->resident);
  assert_about (lowered, before - 600, 40);
  assert_about (mib (pass (stage, 200)->resident), before, 20);
}

static void
test_late_failure (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);
  const McVmFacts *facts;

  sim_part_event (&stage->load->vms[0], 10, SIM_SETS_FAIL_LATE, 0);
  sim_part_event (&stage->load->vms[0], 90, SIM_SETS_WORK, 0);
  begin (stage);
  sim_world_tell (&stage->world, 0, 900);
  pass (stage, 19);
  sim_world_tell (&stage->world, 0, 500);
  facts = pass (stage, 40);
  g_assert_true (facts->busy);
  assert_about (mib (facts->target), 500, 0);
  assert_about (mib (facts->balloon), 900, 1);
  facts = pass (stage, 55);
  g_assert_false (facts->busy);
  assert_about (mib (facts->target), 900, 0);
  pass (stage, 90);
  sim_world_tell (&stage->world, 0, 500);
  assert_about (mib (pass (stage, 100)->balloon), 500, 1);
}

static void
test_lost_sets (void)
{
  g_autoptr (Stage) stage = stage_new (1, 1024, SIM_KERNEL_6_12);
  const McVmFacts *facts;

  sim_part_event (&stage->load->vms[0], 10, SIM_SETS_ARE_LOST, 0);
  begin (stage);
  pass (stage, 19);
  sim_world_tell (&stage->world, 0, 500);
  facts = pass (stage, 80);
  g_assert_false (facts->busy);
  assert_about (mib (facts->target), 500, 0);
  assert_about (mib (facts->balloon), 1024, 0);
}

/* Who starts anew knows of no target, and of no start before. */
static void
test_forget (void)
{
  g_autoptr (Stage) stage = stage_new (2, 1024, SIM_KERNEL_6_12);

  stage->load->vms[0].start = 10;
  stage->load->vms[1].start = 60;
  begin (stage);
  pass (stage, 40);
  g_assert_cmpint (stage->facts[0].started_us, ==, 10 * G_USEC_PER_SEC);
  sim_world_tell (&stage->world, 0, 700);
  pass (stage, 45);
  sim_world_forget (&stage->world, 50);
  pass (stage, 70);
  g_assert_cmpuint (stage->facts[0].target, ==, MC_UNKNOWN);
  g_assert_cmpint (stage->facts[0].started_us, ==, 0);
  g_assert_cmpint (stage->facts[1].started_us, ==, 60 * G_USEC_PER_SEC);
  assert_about (stage->world.guests[0].balloon, 700, 1);
}

/* Hosts */

static double
inflated_in_a_second (guint n)
{
  g_autoptr (Stage) stage = stage_new (n, 4096, SIM_KERNEL_6_12);

  stage->load->inflate_at_once = 300;
  begin (stage);
  pass (stage, 1);
  for (guint i = 0; i < n; i++)
    sim_world_tell (&stage->world, i, 1000);
  pass (stage, 2);
  return 4096 - stage->world.guests[0].balloon;
}

static void
test_balloons_share_the_host (void)
{
  assert_about (inflated_in_a_second (1), 250, 1);
  assert_about (inflated_in_a_second (3), 100, 1);
}

static void
test_pool_and_cache (void)
{
  g_autoptr (Stage) stage = stage_new (2, 4096, SIM_KERNEL_6_12);
  double without, cached;

  stage->load->vms[0].kind = SIM_HUGE;
  stage->load->vms[0].own = 80;
  begin (stage);
  pass (stage, 10);
  g_assert_nonnull (stage->facts[0].immovable);
  assert_about (mib (stage->facts[0].resident), 80, 0);
  without = stage->world.available;

  /* What it could give up is available, and fills what is free. */
  stage->load->cache_least = 1000;
  stage->load->cache_most = 3000;
  pass (stage, 100);
  assert_about (stage->world.available, without - 1000, 1);
  cached = stage->world.cache;
  assert_about (cached, 2000, 1);
}

static void
test_late_balloons (void)
{
  g_autoptr (Stage) stage = stage_new (1, 4096, SIM_KERNEL_6_12);
  const McVmFacts *facts;

  stage->load->vms[0].begins = 1000;
  stage->load->vms[0].lags = TRUE;
  begin (stage);
  pass (stage, 10);
  sim_world_tell (&stage->world, 0, 1500);
  facts = pass (stage, 11);
  assert_about (mib (facts->balloon), 1000, 0);
  assert_about (mib (facts->available), 1500 - 173, 6);
  assert_about (mib (pass (stage, 12)->balloon), 1500, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/kernel/figures", test_kernel_figures);
  g_test_add_func ("/simulator/kernel/hides", test_hidden_after_deflate);
  g_test_add_func ("/simulator/kernel/squeezed-too-far", test_squeezed_too_far);
  g_test_add_func ("/simulator/hands/is-set", test_is_set);
  g_test_add_func ("/simulator/hands/is-set-on-grant", test_is_set_on_grant);
  g_test_add_func ("/simulator/hands/driver", test_driver);
  g_test_add_func ("/simulator/hands/panicked-and-dumping", test_panicked_and_dumping);
  g_test_add_func ("/simulator/hands/frozen", test_frozen);
  g_test_add_func ("/simulator/hands/reclaimed", test_reclaimed);
  g_test_add_func ("/simulator/hands/late-failure", test_late_failure);
  g_test_add_func ("/simulator/hands/lost-sets", test_lost_sets);
  g_test_add_func ("/simulator/hands/forget", test_forget);
  g_test_add_func ("/simulator/host/balloons-share-it", test_balloons_share_the_host);
  g_test_add_func ("/simulator/host/pool-and-cache", test_pool_and_cache);
  g_test_add_func ("/simulator/host/late-balloons", test_late_balloons);
  return g_test_run ();
}
