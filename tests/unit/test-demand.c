/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM needs and should have, from one report and what is remembered; and what it has from the
 * host. Sizes in the rows are MiB. */
#include "config.h"

#include "demand.h"

#include "backing.h"
#include "remember.h"
#include "report.h"

#define S G_USEC_PER_SEC

static const McPolicySettings settings
    = { .thresholds = { .interval_s = 2, .step_limit = 20 }, .stats_period_us = 1 * S };

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
    .policy = {
      .maximum = 1000 * MC_MIB,
      .low_watermark = 100 * MC_MIB,
      .high_watermark = 150 * MC_MIB,
      .weight = 100,
    },
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

      facts.policy.minimum = rows[i].minimum * MC_MIB;
      facts.policy.maximum = rows[i].maximum * MC_MIB;
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
  facts.policy.high_watermark = 110 * MC_MIB;
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

/* What is a little below its peak grows; what it may lack is no more than it can bring back. */
static void
test_limits_of_need (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();
  McDemand demand;

  history.used = 396 * MC_MIB; /* less than RETURN_PERCENT below its peak */
  history.velocity = 4000 * (gint64)MC_MIB;
  facts.policy.high_watermark = 100 * MC_MIB;
  g_assert_cmpuint (demand_of (&facts, &history).need / MC_MIB, ==, 396 + 250);
  history.surge = 15 * MC_MIB;
  g_assert_false (demand_of (&facts, &history).bursty);

  /* Half a step would be more than SWAPS_MOST. */
  facts.capacity = facts.policy.maximum = 64 * MC_GIB;
  facts.target = facts.balloon = 10 * MC_GIB;
  history = (McVmHistory){ .stats_seen_us = 100 * S,
                           .balloon_at_stats = 10 * MC_GIB,
                           .used = 10 * MC_GIB,
                           .peak = 10 * MC_GIB,
                           .thrashing_reports = 1 };
  demand = demand_of (&facts, &history);
  g_assert_cmpuint (demand.guess, ==, 2 * MC_GIB);
}

static void
report (McVmFacts *facts, McVmHistory *history, gint64 now_us)
{
  McPolicyCycle cycle = cycle_at (now_us);

  facts->stats_time_s++;
  mc_remember (&cycle, facts, history);
}

/* A little swap is none; much is counted for three reports. */
static void
test_swap_is_counted (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = { .looked = TRUE };
  gint64 now_us = 100 * S;

  report (&facts, &history, now_us);
  facts.swap_out += MC_MIB / 2;
  report (&facts, &history, now_us += S);
  g_assert_cmpuint (history.thrashing_reports, ==, 0);
  for (guint i = 1; i <= 5; i++)
    {
      facts.swap_out += 2 * MC_MIB;
      report (&facts, &history, now_us += S);
      g_assert_cmpuint (history.thrashing_reports, ==, MIN (i, 3));
    }
}

/* Use that goes up and down by a twentieth within 10 s, again and again. */
static void
test_use_that_goes_up_and_down (void)
{
  const struct
  {
    guint64 by;
    gint64 every_s;
    gboolean toggles;
  } rows[] = { { 60, 3, TRUE }, { 40, 3, FALSE }, { 60, 15, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = { .looked = TRUE };
      gint64 now_us = 100 * S;

      for (guint times = 0; times < 10; times++)
        {
          facts.usable = (times % 2 == 0 ? 200 : 200 - rows[i].by) * MC_MIB;
          report (&facts, &history, now_us += rows[i].every_s * S);
          if (times < 4)
            g_assert_false (mc_report_toggles (&history));
        }
      g_assert_cmpint (mc_report_toggles (&history), ==, rows[i].toggles);
      for (guint times = 0; times < 61; times++)
        report (&facts, &history, now_us += S);
      g_assert_false (mc_report_toggles (&history));
    }
}

/* A MemTotal that is far from what its balloon was, or was sent to. */
static void
test_report_of_another_balloon (void)
{
  const guint64 available[] = { 500, 540, 560, 680, 720 };
  const gboolean disagrees[] = { TRUE, FALSE, FALSE, FALSE, TRUE };

  for (gsize i = 0; i < G_N_ELEMENTS (available); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = { .looked = TRUE };

      report (&facts, &history, 100 * S); /* 40 MiB are outside of MemTotal */
      facts.target = 700 * MC_MIB;
      facts.available = available[i] * MC_MIB;
      report (&facts, &history, 101 * S);
      g_assert_cmpint (history.disagrees, ==, disagrees[i]);
    }
}

/* Figures that stay the same while the balloon moves are nobody's. */
static void
test_figures_that_do_not_answer (void)
{
  const guint64 moved[] = { 8, 100 };

  for (gsize i = 0; i < G_N_ELEMENTS (moved); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = { .looked = TRUE };

      for (gint64 now_s = 100; now_s <= 103; now_s++)
        report (&facts, &history, now_s * S);
      facts.balloon -= moved[i] * MC_MIB;
      for (gint64 now_s = 104; now_s <= 106; now_s++)
        report (&facts, &history, now_s * S);
      g_assert_cmpint (history.frozen, ==, moved[i] == 100);
    }
}

static void
test_claims_beyond_what_is_backed (void)
{
  McVmFacts facts = some_vm ();
  McVmHistory history = some_history ();

  facts.unused
      = 100 * MC_MIB; /* 500 in use: 40 outside of MemTotal, 30 of its process, 64 of slack */
  facts.resident = 427 * MC_MIB;
  g_assert_false (mc_backing_is_exceeded (&facts, &history));
  facts.resident = 425 * MC_MIB;
  g_assert_true (mc_backing_is_exceeded (&facts, &history));
  history.touched = 500 * MC_MIB; /* the host has reclaimed some since */
  g_assert_false (mc_backing_is_exceeded (&facts, &history));
}

/* What the host has reclaimed says nothing of what the process has of its own. */
static void
test_overhead_is_not_learned_from_what_the_host_reclaimed (void)
{
  const guint64 reclaimed[] = { 0, 10, 30 };
  const gboolean learned[] = { TRUE, TRUE, FALSE };

  for (gsize i = 0; i < G_N_ELEMENTS (reclaimed); i++)
    {
      McVmFacts facts = some_vm ();
      McVmHistory history = some_history ();

      history.touched = 600 * MC_MIB;
      facts.resident -= reclaimed[i] * MC_MIB;
      mc_backing_remember_report (100 * S, &facts, &history);
      g_assert_cmpint (history.overhead_most > 0, ==, learned[i]);
    }
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
  g_test_add_func ("/demand/limits", test_limits_of_need);
  g_test_add_func ("/demand/swap", test_swap_is_counted);
  g_test_add_func ("/demand/up-and-down", test_use_that_goes_up_and_down);
  g_test_add_func ("/demand/another-balloon", test_report_of_another_balloon);
  g_test_add_func ("/demand/no-answer", test_figures_that_do_not_answer);
  g_test_add_func ("/demand/claims", test_claims_beyond_what_is_backed);
  g_test_add_func ("/demand/overhead", test_overhead_is_not_learned_from_what_the_host_reclaimed);
  g_test_add_func ("/demand/backing", test_backing);
  g_test_add_func ("/demand/backing-unknown", test_backing_of_an_unknown_process);
  return g_test_run ();
}
