/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM needs and should have, from one report and what is remembered; and what it has from the
 * host. Sizes in the rows are MiB. */
#include "config.h"

#include "demand.h"

#include "backing.h"
#include "remember.h"

#define S G_USEC_PER_SEC

static const McPolicySettings settings
    = { .interval_us = 2 * S, .stats_period_us = 1 * S, .step_limit = 20 };

static McPolicyCycle
cycle_at (gint64 now_us)
{
  return (McPolicyCycle){ .settings = &settings, .tuning = &mc_tuning_default, .now_us = now_us };
}

/* A VM of 1000 MiB with a balloon of 600, of which its guest uses 400. */
static McVmFacts
some_vm (void)
{
  return (McVmFacts){
    .running = TRUE,
    .has_balloon = TRUE,
    .capacity = 1000 * MC_MIB,
    .balloon = 600 * MC_MIB,
    .target = 600 * MC_MIB,
    .resident = 664 * MC_MIB,
    .unused = 180 * MC_MIB,
    .usable = 200 * MC_MIB,
    .available = 560 * MC_MIB,
    .maximum = 1000 * MC_MIB,
    .low_watermark = 100 * MC_MIB,
    .high_watermark = 150 * MC_MIB,
    .weight = 100,
  };
}

static McVmHistory
some_history (void)
{
  return (McVmHistory){ .looked = TRUE,
                        .fresh = TRUE,
                        .stats_seen_us = 100 * S,
                        .balloon_before = 600 * MC_MIB,
                        .balloon_at_stats = 600 * MC_MIB,
                        .used = 400 * MC_MIB,
                        .peak = 400 * MC_MIB };
}

static McDemand
demand_of (const McVmFacts *facts, const McVmHistory *history)
{
  McPolicyCycle cycle = cycle_at (100 * S);

  return mc_demand_of (&cycle, facts, history);
}

static void
test_at_rest (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();
  McDemand demand = demand_of (&facts, &history);

  g_assert_cmpuint (demand.used / MC_MIB, ==, 400);
  g_assert_cmpuint (demand.need / MC_MIB, ==, 400);
  g_assert_cmpuint (demand.floor / MC_MIB, ==, 400 + 30);              /* of the low watermark */
  g_assert_cmpuint (demand.desired_now / MC_MIB, ==, 400 + 150 + 200); /* high, a fifth */
  g_assert_cmpuint (demand.desired, ==, demand.desired_now);
  g_assert_cmpuint (demand.guess, ==, 0);
  g_assert_cmpint (demand.headroom / (gint64)MC_MIB, ==, 200);
  g_assert_cmpuint (demand.step / MC_MIB, ==, 200);
  g_assert_cmpuint (mc_demand_judged (&demand) / MC_MIB, ==, 180);
  g_assert_false (demand.in_need || demand.thrashing || demand.cache_pressure || demand.growing
                  || demand.bursty);
}

static void
test_watermarks_and_need (void)
{
  const struct
  {
    guint64 used, unused;
    gboolean in_need, cache_pressure;
  } rows[] = {
    { 490, 110, FALSE, FALSE },
    { 500, 100, TRUE, FALSE }, /* at the low watermark */
    { 400, 100, FALSE, TRUE }, /* only its page cache is */
    { 500, 20, TRUE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = some_history ();
      McDemand demand;

      facts.unused = rows[i].unused * MC_MIB;
      history.used = history.peak = rows[i].used * MC_MIB;
      demand = demand_of (&facts, &history);
      g_assert_cmpint (demand.in_need, ==, rows[i].in_need);
      g_assert_cmpint (demand.cache_pressure, ==, rows[i].cache_pressure);
    }
}

static void
test_range_holds (void)
{
  const struct
  {
    guint64 minimum, maximum, floor, desired;
  } rows[] = {
    { 0, 1000, 430, 750 }, { 500, 1000, 500, 750 }, { 900, 1000, 900, 900 },
    { 0, 600, 430, 600 },  { 0, 300, 300, 300 },    { 800, 700, 700, 700 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = some_history ();
      McDemand demand;

      facts.minimum = rows[i].minimum * MC_MIB;
      facts.maximum = rows[i].maximum * MC_MIB;
      demand = demand_of (&facts, &history);
      g_assert_cmpuint (demand.floor / MC_MIB, ==, rows[i].floor);
      g_assert_cmpuint (demand.desired / MC_MIB, ==, rows[i].desired);
      g_assert_cmpuint (mc_demand_bare_size (&demand) / MC_MIB, ==, 430); /* whatever its range */
    }
}

/* Growth counts until the cycle after the next report: 3 s here, and a quarter of it at most. */
static void
test_growth_is_ahead_of_need (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();

  history.velocity = 20 * (gint64)MC_MIB;
  g_assert_cmpuint (demand_of (&facts, &history).need / MC_MIB, ==, 460);
  g_assert_false (demand_of (&facts, &history).growing);
  history.velocity = 40 * (gint64)MC_MIB;
  g_assert_true (demand_of (&facts, &history).growing);
  history.velocity = 4000 * (gint64)MC_MIB;
  g_assert_cmpuint (demand_of (&facts, &history).need / MC_MIB, ==, 650);
  history.velocity = -4000 * (gint64)MC_MIB;
  g_assert_cmpuint (demand_of (&facts, &history).need / MC_MIB, ==, 400);
}

/* What comes back grows no further than two high watermarks beyond its peak. */
static void
test_past_comes_back (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();
  McDemand demand;

  history.peak = 500 * MC_MIB;
  history.surge = 120 * MC_MIB;
  demand = demand_of (&facts, &history);
  g_assert_cmpuint (demand.need / MC_MIB, ==, 400);
  g_assert_cmpuint (demand.desired / MC_MIB, ==, 1000); /* 500 + 150 + 3 × 120, up to its size */
  g_assert_cmpuint (demand.desired_now / MC_MIB, ==, 750);
  g_assert_true (demand.bursty);
  history.peak = 420 * MC_MIB;
  history.velocity = 4000 * (gint64)MC_MIB;
  facts.high_watermark = 110 * MC_MIB;
  g_assert_cmpuint (demand_of (&facts, &history).need / MC_MIB, ==, 420 + 2 * 110);
}

/* It asks for what it swapped out, or for half a step a report, of which the rest is a guess. */
static void
test_thrashing (void)
{
  const struct
  {
    guint reports;
    guint64 swapped, floor, guess;
  } rows[] = {
    { 1, 0, 690, 100 }, { 2, 0, 790, 200 }, { 3, 0, 890, 300 },
    { 1, 60, 690, 40 }, { 1, 250, 840, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = some_history ();
      McDemand demand;

      history.used = history.peak = 560 * MC_MIB;
      history.thrashing_reports = rows[i].reports;
      history.swapped = rows[i].swapped * MC_MIB;
      demand = demand_of (&facts, &history);
      g_assert_true (demand.thrashing && demand.in_need);
      g_assert_cmpuint (demand.floor / MC_MIB, ==, rows[i].floor);
      g_assert_cmpuint (demand.guess / MC_MIB, ==, rows[i].guess);
    }
}

/* Its target cures it: what was given is on its way. */
static void
test_thrashing_ends_with_a_target_that_cures_it (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();

  history.used = history.peak = 560 * MC_MIB;
  history.thrashing_reports = 1;
  facts.target = 800 * MC_MIB;
  g_assert_false (demand_of (&facts, &history).thrashing);
}

/* Without MemAvailable all that it fills may be page cache, until it swaps. */
static void
test_blind (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();

  facts.usable = MC_UNKNOWN;
  facts.unused = 40 * MC_MIB;
  history.used = history.peak = 590 * MC_MIB;
  history.velocity = 50 * (gint64)MC_MIB;
  g_assert_false (demand_of (&facts, &history).in_need);
  g_assert_true (demand_of (&facts, &history).cache_pressure);
  history.thrashing_reports = 1;
  g_assert_true (demand_of (&facts, &history).in_need);
}

static void
test_small_vm_has_small_watermarks (void)
{
  McVmFacts facts = some_vm ();
  guint64 low, high;

  facts.capacity = 256 * MC_MIB;
  mc_policy_watermarks (&facts, &low, &high);
  g_assert_cmpuint (low, <, 52 * MC_MIB);
  g_assert_cmpuint (high, <, 77 * MC_MIB);
  facts.capacity = 1000 * MC_MIB;
  mc_policy_watermarks (&facts, &low, &high);
  g_assert_cmpuint (low, ==, 100 * MC_MIB);
  g_assert_cmpuint (high, ==, 150 * MC_MIB);
}

/* From reports: use, growth less what a deflated balloon hides, peak and swap. */
static void
test_reports_are_remembered (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = { .looked = TRUE };
  McPolicyCycle cycle = cycle_at (100 * S);

  facts.stats_time_s = 1;
  mc_remember (&cycle, &facts, &history);
  g_assert_cmpuint (history.used / MC_MIB, ==, 400);
  g_assert_cmpint (history.velocity, ==, 0);

  cycle = cycle_at (101 * S);
  facts.stats_time_s = 2;
  facts.usable = 150 * MC_MIB;
  facts.swap_out = 8 * MC_MIB;
  mc_remember (&cycle, &facts, &history);
  g_assert_cmpuint (history.used / MC_MIB, ==, 450);
  g_assert_cmpint (history.velocity, ==, 50 * (gint64)MC_MIB);
  g_assert_cmpuint (history.peak / MC_MIB, ==, 450);
  g_assert_cmpuint (history.surge / MC_MIB, ==, 50);
  g_assert_cmpuint (history.swap_out_rate, ==, 8 * MC_MIB);
  g_assert_cmpuint (history.swapped, ==, 8 * MC_MIB);
  g_assert_cmpuint (history.thrashing_reports, ==, 1);

  /* the same report once more says nothing new */
  cycle = cycle_at (102 * S);
  mc_remember (&cycle, &facts, &history);
  g_assert_cmpuint (history.thrashing_reports, ==, 1);
  g_assert_cmpint (history.stats_seen_us, ==, 101 * S);

  /* a new boot forgets it all */
  facts.started_us = 102 * S;
  mc_remember (&cycle, &facts, &history);
  g_assert_cmpuint (history.used, ==, 0);
}

static void
test_backing (void)
{
  const struct
  {
    guint64 balloon, target, resident, overhead, backed, promise;
  } rows[] = {
    { 600, 600, 664, 64, 600, 0 },   /* all of it is touched */
    { 600, 600, 464, 64, 400, 200 }, /* a third is not */
    { 600, 800, 664, 64, 600, 200 }, /* granted, and on its way */
    { 600, 400, 664, 64, 600, 0 },   /* to be given back */
    { 600, 600, 700, 100, 600, 0 },  /* its process has 100 of its own */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = some_history ();
      McBacking backing;

      facts.balloon = rows[i].balloon * MC_MIB;
      facts.target = rows[i].target * MC_MIB;
      facts.resident = rows[i].resident * MC_MIB;
      facts.unused = 400 * MC_MIB;
      history.overhead_least = history.overhead_most = rows[i].overhead * MC_MIB;
      backing = mc_backing_of (&facts, &history);
      g_assert_cmpuint (backing.backed / MC_MIB, ==, rows[i].backed);
      g_assert_cmpuint (backing.promise / MC_MIB, ==, rows[i].promise);
      g_assert_cmpuint (backing.doubt, ==, 0);
    }
}

/* While it is not known what its process occupies, the usual counts, and the rest is doubt. */
static void
test_backing_of_an_unknown_process (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();
  McBacking backing;

  facts.unused = 500 * MC_MIB;
  backing = mc_backing_of (&facts, &history);
  g_assert_cmpuint (backing.promise, ==, 0);
  g_assert_cmpuint (backing.doubt / MC_MIB, ==, 300 - 64);
  facts.resident = MC_UNKNOWN; /* then what it has counts as touched */
  facts.target = 700 * MC_MIB;
  backing = mc_backing_of (&facts, &history);
  g_assert_cmpuint (backing.promise / MC_MIB, ==, 100);
  g_assert_cmpuint (backing.doubt, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demand/at-rest", test_at_rest);
  g_test_add_func ("/demand/watermarks", test_watermarks_and_need);
  g_test_add_func ("/demand/range", test_range_holds);
  g_test_add_func ("/demand/growth", test_growth_is_ahead_of_need);
  g_test_add_func ("/demand/past", test_past_comes_back);
  g_test_add_func ("/demand/thrashing", test_thrashing);
  g_test_add_func ("/demand/cured", test_thrashing_ends_with_a_target_that_cures_it);
  g_test_add_func ("/demand/blind", test_blind);
  g_test_add_func ("/demand/small", test_small_vm_has_small_watermarks);
  g_test_add_func ("/demand/reports", test_reports_are_remembered);
  g_test_add_func ("/demand/backing", test_backing);
  g_test_add_func ("/demand/backing-unknown", test_backing_of_an_unknown_process);
  return g_test_run ();
}
