/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a VM may be moved, from what is seen and remembered of it, row by row. */
#include "config.h"

#include "eligibility.h"

#include "plausibility.h"
#include "remember.h"

#define S G_USEC_PER_SEC

static const McPolicySettings settings
    = { .thresholds = { .interval_s = 2, .step_limit = 20 }, .stats_period_us = 1 * S };

static McPolicyCycle
cycle_at (gint64 now_us)
{
  return (McPolicyCycle){ .settings = &settings, .tuning = &mc_tuning_default, .now_us = now_us };
}

static McVmFacts
healthy (void)
{
  return (McVmFacts){
    .running = TRUE,
    .has_balloon = TRUE,
    .capacity = 1024 * MC_MIB,
    .balloon = 512 * MC_MIB,
    .target = 512 * MC_MIB,
    .resident = 560 * MC_MIB,
    .unused = 200 * MC_MIB,
    .usable = 250 * MC_MIB,
    .available = 480 * MC_MIB,
    .stats_time_s = 1,
    .policy = {
      .maximum = 1024 * MC_MIB,
      .low_watermark = 100 * MC_MIB,
      .high_watermark = 150 * MC_MIB,
      .weight = 100,
    },
  };
}

static const McVmHistory believed = {
  .looked = TRUE, .looked_us = S, .fresh = TRUE, .stats_time_s = 1, .stats_seen_us = 100 * S
};

/* Lets @seconds pass; the guest reports, each time a little different. */
static void
pass (McVmHistory *history, McVmFacts *facts, gint64 *now_us, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      McPolicyCycle cycle;

      *now_us += S;
      cycle = cycle_at (*now_us);
      facts->stats_time_s++;
      facts->usable ^= 4096;
      mc_remember (&cycle, facts, history);
    }
}

static McVmStatus
status_at (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  McPolicyCycle cycle = cycle_at (now_us);

  return mc_eligibility_status (&cycle, facts, history);
}

static void
test_what_is_seen (void)
{
  struct
  {
    McVmStatus status;
    McVmFacts facts;
  } rows[] = {
    { MC_VM_MANAGED, healthy () },     { MC_VM_UNSUPPORTED, healthy () },
    { MC_VM_UNSUPPORTED, healthy () }, { MC_VM_OPTED_OUT, healthy () },
    { MC_VM_PAUSED, healthy () },      { MC_VM_BUSY, healthy () },
    { MC_VM_SUSPENDED, healthy () },   { MC_VM_NO_STATS, healthy () },
    { MC_VM_NO_STATS, healthy () },    { MC_VM_UNSUPPORTED, healthy () },
  };

  rows[1].facts.has_balloon = FALSE;
  rows[2].facts.immovable = "its memory is locked";
  rows[3].facts.opted_out = rows[3].facts.paused = TRUE; /* who opted out is not paused */
  rows[4].facts.paused = rows[4].facts.busy = TRUE;
  rows[5].facts.busy = TRUE;
  rows[6].facts.running = FALSE;
  rows[7].facts.stats_time_s = 0;
  rows[8].facts.unused = MC_UNKNOWN;
  rows[9].facts.denied = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (status_at (101 * S, &rows[i].facts, &believed), ==, rows[i].status);
}

static void
test_what_is_remembered (void)
{
  struct
  {
    McVmStatus status;
    McVmHistory history;
  } rows[] = {
    { MC_VM_STALE, believed },    { MC_VM_STALE, believed },   { MC_VM_INEFFECTIVE, believed },
    { MC_VM_STUCK, believed },    { MC_VM_STALE, believed },   { MC_VM_INEFFECTIVE, believed },
    { MC_VM_NO_STATS, believed }, { MC_VM_MANAGED, believed },
  };
  McVmFacts facts = healthy ();

  rows[0].history.implausible_until_us = 102 * S;
  rows[1].history.stats_seen_us = 90 * S; /* silent for longer than 10 s */
  rows[2].history.ineffective_until_us = 102 * S;
  rows[3].history.stuck_until_us = 102 * S;
  rows[4].history.stuck_until_us = rows[4].history.implausible_until_us = 102 * S;
  rows[5].history.stuck_until_us = rows[5].history.ineffective_until_us = 102 * S;
  rows[6].history.stats_seen_us = 0; /* its only report may be of any age */
  rows[6].history.looked_us = 95 * S;
  rows[7].history.stats_interval_us = 10 * S; /* four late reports of one that reports seldom */
  rows[7].history.stats_seen_us = 61 * S;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (status_at (101 * S, &facts, &rows[i].history), ==, rows[i].status);
}

/* That it is asked again since just now is no news of it: sleep explains a report of a turn ago,
 * and none of hours ago, of one that was only shown. */
static void
test_report_of_long_ago_is_not_believed_for_being_asked (void)
{
  const struct
  {
    gint64 seen_s;
    McVmStatus status;
  } rows[]
      = { { 99, MC_VM_MANAGED }, { 69, MC_VM_MANAGED }, { 40, MC_VM_STALE }, { 1, MC_VM_STALE } };
  McVmFacts facts = healthy ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmHistory history = believed;

      history.stats_seen_us = rows[i].seen_s * S;
      history.awake_since_us = 100 * S;
      g_assert_cmpint (status_at (101 * S, &facts, &history), ==, rows[i].status);
    }
}

static void
test_booting_ends_after_a_minute_or_with_a_report (void)
{
  McVmFacts facts = healthy ();
  McVmHistory history = believed;

  facts.started_us = 50 * S;
  g_assert_cmpint (status_at (101 * S, &facts, &history), ==, MC_VM_MANAGED);
  history.fresh = FALSE;
  g_assert_cmpint (status_at (101 * S, &facts, &history), ==, MC_VM_BOOTING);
  g_assert_cmpint (status_at (111 * S, &facts, &history), !=, MC_VM_BOOTING);
}

static void
test_first_report_is_believed_once_it_changes (void)
{
  McVmFacts facts = healthy ();
  McVmHistory history = { 0 };
  McPolicyCycle cycle = cycle_at (S);
  gint64 now_us = S;

  mc_remember (&cycle, &facts, &history);
  g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_NO_STATS);
  pass (&history, &facts, &now_us, 1);
  g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
}

/* A balloon that is to inflate and does not move for 8 s: one minute, then two. */
static void
test_stuck (void)
{
  McVmFacts facts = healthy ();
  McVmHistory history = { 0 };
  gint64 now_us = S;

  pass (&history, &facts, &now_us, 10);
  facts.target = 400 * MC_MIB;
  pass (&history, &facts, &now_us, 8);
  g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
  pass (&history, &facts, &now_us, 1);
  g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_STUCK);
  g_assert_cmpint (history.stuck_until_us - now_us, ==, 60 * S);
  facts.target = facts.balloon; /* withdrawn, as a decision would */
  pass (&history, &facts, &now_us, 60);
  g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
  facts.target = 400 * MC_MIB;
  pass (&history, &facts, &now_us, 9);
  g_assert_cmpint (history.stuck_until_us - now_us, ==, 120 * S);
}

static void
test_slow_is_not_stuck (void)
{
  McVmFacts facts = healthy ();
  McVmHistory history = { 0 };
  gint64 now_us = S;

  pass (&history, &facts, &now_us, 10);
  facts.target = 400 * MC_MIB;
  for (guint i = 0; i < 30; i++)
    {
      facts.balloon -= MC_MIB;
      pass (&history, &facts, &now_us, 1);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
    }
}

/* It reboots on its way to its target. Until its driver is loaded the balloon stands still; then it
 * is seen to be full, and goes on slowly. */
static void
test_booting_is_not_stuck (void)
{
  McVmFacts facts = healthy ();
  McVmHistory history = { 0 };
  gint64 now_us = S;

  pass (&history, &facts, &now_us, 10);
  facts.target = 300 * MC_MIB;
  facts.balloon = 359 * MC_MIB;
  pass (&history, &facts, &now_us, 1);
  facts.started_us = now_us;
  facts.stats_time_s = 0;
  for (guint i = 0; i < 30; i++)
    {
      McPolicyCycle cycle = cycle_at (now_us += S);

      mc_remember (&cycle, &facts, &history);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_BOOTING);
    }
  facts.balloon = 1020 * MC_MIB;
  pass (&history, &facts, &now_us, 1);
  for (guint i = 0; i < 90; i++)
    {
      facts.balloon -= 8 * MC_MIB;
      pass (&history, &facts, &now_us, 1);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
      g_assert_cmpint (history.foreign_until_us, ==, 0);
    }
  g_assert_cmpuint (facts.balloon, ==, facts.target);
}

/* The process stays above what is left of its guest, by a quarter or 64 MiB, for 15 s. */
static void
test_ineffective (void)
{
  const struct
  {
    guint64 balloon, beyond;
    gboolean ineffective;
  } rows[] = { { 600, 160, TRUE }, { 600, 140, FALSE }, { 200, 74, TRUE }, { 200, 54, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = healthy ();
      McVmHistory history = { 0 };
      gint64 now_us = S;

      facts.balloon = facts.target = rows[i].balloon * MC_MIB;
      facts.available = facts.balloon - 30 * MC_MIB;
      facts.unused = facts.usable = 150 * MC_MIB;
      facts.resident
          = facts.balloon + (300 + rows[i].beyond) * MC_MIB; /* 300: the most of a process */
      pass (&history, &facts, &now_us, 2);
      history.reclaimed_us = now_us;
      pass (&history, &facts, &now_us, 15);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
      pass (&history, &facts, &now_us, 1);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==,
                       rows[i].ineffective ? MC_VM_INEFFECTIVE : MC_VM_MANAGED);
    }
}

/* A process that hangs gives nothing: what it does after that is what it is judged by, the first
 * time that memory is taken from it, too. */
static void
test_ineffective_after_a_hang (void)
{
  const struct
  {
    guint64 vain_balloon;
    gboolean hangs; /* or it is suspended */
  } rows[] = { { 0, TRUE }, { 0, FALSE }, { 600 * MC_MIB, TRUE }, { 600 * MC_MIB, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = healthy ();
      McVmHistory history = { 0 };
      gint64 now_us = S;

      facts.resident = facts.balloon + 500 * MC_MIB;
      facts.available = facts.balloon - 30 * MC_MIB;
      pass (&history, &facts, &now_us, 2);
      history.reclaimed_us = now_us;
      history.vain_balloon = rows[i].vain_balloon;
      pass (&history, &facts, &now_us, 5);
      facts.busy = rows[i].hangs;
      facts.running = rows[i].hangs;
      pass (&history, &facts, &now_us, 20);
      facts.busy = FALSE;
      facts.running = TRUE;
      pass (&history, &facts, &now_us, 14);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
      pass (&history, &facts, &now_us, 2);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_INEFFECTIVE);
    }
}

/* Each time implausible figures come back, sound ones are believed later. */
static void
test_implausible_figures (void)
{
  const guint64 absurd = 64 * MC_GIB;
  McVmFacts facts = healthy ();
  McVmHistory history = { 0 };
  gint64 now_us = S;

  pass (&history, &facts, &now_us, 5);
  for (guint times = 0; times < 3; times++)
    {
      guint64 sound = facts.unused;

      facts.unused = absurd;
      g_assert_true (mc_plausibility_contradicts (&facts, &history));
      pass (&history, &facts, &now_us, 1);
      facts.unused = sound;
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_STALE);
      pass (&history, &facts, &now_us, (10u << times) - 1);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_STALE);
      pass (&history, &facts, &now_us, 1);
      g_assert_cmpint (status_at (now_us, &facts, &history), ==, MC_VM_MANAGED);
    }
}

static void
test_who_takes_part (void)
{
  McVmHistory history = believed;

  for (McVmStatus status = 0; status < MC_N_VM_STATUSES; status++)
    g_assert_cmpint (mc_eligibility_may_be_moved (status), ==,
                     status == MC_VM_MANAGED || status == MC_VM_STUCK
                         || status == MC_VM_INEFFECTIVE);
  g_assert_true (mc_eligibility_may_reclaim (&history));
  history.vain_balloon = 512 * MC_MIB; /* asked once: the host has to be seen to get it first */
  g_assert_false (mc_eligibility_may_reclaim (&history));
  history.effective = TRUE;
  g_assert_true (mc_eligibility_may_reclaim (&history));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eligibility/seen", test_what_is_seen);
  g_test_add_func ("/eligibility/remembered", test_what_is_remembered);
  g_test_add_func ("/eligibility/long-ago",
                   test_report_of_long_ago_is_not_believed_for_being_asked);
  g_test_add_func ("/eligibility/booting", test_booting_ends_after_a_minute_or_with_a_report);
  g_test_add_func ("/eligibility/first-report", test_first_report_is_believed_once_it_changes);
  g_test_add_func ("/eligibility/stuck", test_stuck);
  g_test_add_func ("/eligibility/slow", test_slow_is_not_stuck);
  g_test_add_func ("/eligibility/booting-on-its-way", test_booting_is_not_stuck);
  g_test_add_func ("/eligibility/ineffective", test_ineffective);
  g_test_add_func ("/eligibility/ineffective-after-a-hang", test_ineffective_after_a_hang);
  g_test_add_func ("/eligibility/implausible", test_implausible_figures);
  g_test_add_func ("/eligibility/takes-part", test_who_takes_part);
  return g_test_run ();
}
