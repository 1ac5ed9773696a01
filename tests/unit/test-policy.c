/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules, a table for each: what a VM of given figures is told. */
#include "config.h"

#include "policy.h"

static const McPolicySettings defaults = {
  .thresholds = {
    .low_watermark = 100 * MC_MIB,
    .high_watermark = 150 * MC_MIB,
    .host_reserve = 200 * MC_MIB,
    .host_usage_limit = 75,
    .step_limit = 20,
    .interval_s = 2,
  },
  .stats_period_us = 1 * G_USEC_PER_SEC,
  .cache_growth = MC_CACHE_GROWTH_COMFORTABLE,
};

/* A VM that has not reported when it was first looked at: its next report is news. */
static const McVmHistory looked_at = { .looked = TRUE };

/* … and the host was seen to get what it gave. */
static const McVmHistory known_to_give = { .looked = TRUE, .effective = TRUE };

static McVmFacts
vm_with (guint64 balloon_mib, guint64 unused_mib, guint64 usable_mib)
{
  return (McVmFacts){
    .running = TRUE,
    .has_balloon = TRUE,
    .capacity = 1024 * MC_MIB,
    .balloon = balloon_mib * MC_MIB,
    .target = balloon_mib * MC_MIB,
    .resident = balloon_mib * MC_MIB,
    .unused = unused_mib * MC_MIB,
    .usable = usable_mib * MC_MIB,
    .available = balloon_mib * MC_MIB,
    .stats_time_s = 1,
    .policy = {
      .maximum = 1024 * MC_MIB,
      .minimum = 256 * MC_MIB,
      .low_watermark = 100 * MC_MIB,
      .high_watermark = 150 * MC_MIB,
      .weight = 100,
    },
  };
}

static McVmDecision
decide_next (McVmHistory *history,
             const McVmFacts *facts,
             gint64 now_s,
             guint64 total_mib,
             guint64 available_mib)
{
  McVmHistory *histories[] = { history };
  McHostFigures host = { .total = total_mib * MC_MIB, .available = available_mib * MC_MIB };
  McVmDecision decision;
  McHostDecision host_decision;

  mc_policy_decide (&defaults, &host, now_s * G_USEC_PER_SEC, 1, facts, histories, &decision,
                    &host_decision);
  return decision;
}

static McVmDecision
decide_one (const McVmFacts *facts, guint64 total_mib, guint64 available_mib)
{
  McVmHistory history = looked_at;

  return decide_next (&history, facts, 1, total_mib, available_mib);
}

static void
test_running_out_is_given_more (void)
{
  const struct
  {
    guint64 balloon, unused, usable, least, most;
  } rows[] = {
    { 512, 50, 50, 562, 716 },    /* above the low watermark, at most a step beyond what it has */
    { 512, 100, 100, 513, 716 },  /* at the watermark */
    { 512, 150, 90, 523, 716 },   /* usable counts where unused flatters */
    { 512, 66, 0, 612, 716 },     /* nothing usable: up to a whole step */
    { 1000, 50, 50, 1024, 1024 }, /* never beyond its maximum */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = vm_with (rows[i].balloon, rows[i].unused, rows[i].usable);
      McVmDecision decision = decide_one (&facts, 8192, 4096);

      g_assert_true (decision.move);
      g_assert_cmpuint (decision.target / MC_MIB, >=, rows[i].least);
      g_assert_cmpuint (decision.target / MC_MIB, <=, rows[i].most);
    }
}

static void
test_between_the_watermarks_nothing_is_done (void)
{
  const guint64 unused[] = { 101, 125, 149 };

  for (gsize i = 0; i < G_N_ELEMENTS (unused); i++)
    {
      McVmFacts facts = vm_with (512, unused[i], unused[i]);

      g_assert_false (decide_one (&facts, 8192, 4096).move);
    }
}

static void
test_too_much_is_taken_gradually (void)
{
  McVmFacts facts = vm_with (1000, 700, 700);
  McVmDecision comfortable = decide_one (&facts, 8192, 4096);
  McVmDecision tight = decide_one (&facts, 8192, 1024);

  g_assert_cmpint (comfortable.reason, ==, MC_REASON_RELEASES);
  g_assert_cmpuint (comfortable.before - comfortable.target, <=, facts.capacity / 20);
  g_assert_cmpint (tight.reason, ==, MC_REASON_HOST_TIGHT);
  g_assert_cmpuint (tight.before - tight.target, >, comfortable.before - comfortable.target);
  g_assert_cmpuint (tight.before - tight.target, <=, facts.capacity / 5);
}

/* Page cache grows to a little below the limit, and not beyond. */
static void
test_page_cache_stops_below_the_limit (void)
{
  const struct
  {
    guint64 available;
    gboolean move;
  } rows[] = { { 3000, TRUE }, { 2300, TRUE }, { 2180, FALSE }, { 2100, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = vm_with (512, 60, 300);
      McVmDecision decision = decide_one (&facts, 8192, rows[i].available);

      g_assert_cmpint (decision.move, ==, rows[i].move);
      if (rows[i].move)
        g_assert_cmpint (decision.reason, ==, MC_REASON_CACHE);
    }
}

static void
test_host_at_its_reserve_gives_nothing (void)
{
  McVmFacts facts = vm_with (512, 10, 10);
  McVmDecision decision = decide_one (&facts, 8192, 200);

  g_assert_false (decision.move);
  g_assert_cmpint (decision.reason, ==, MC_REASON_NO_FREE_MEMORY);
}

static void
test_not_managed_is_left_alone (void)
{
  struct
  {
    McVmStatus status;
    McVmFacts facts;
  } rows[] = {
    { MC_VM_UNSUPPORTED, vm_with (512, 10, 10) }, { MC_VM_OPTED_OUT, vm_with (512, 10, 10) },
    { MC_VM_PAUSED, vm_with (512, 10, 10) },      { MC_VM_BUSY, vm_with (512, 10, 10) },
    { MC_VM_SUSPENDED, vm_with (512, 10, 10) },   { MC_VM_BOOTING, vm_with (512, 10, 10) },
    { MC_VM_NO_STATS, vm_with (512, 10, 10) },    { MC_VM_STALE, vm_with (512, 2048, 2048) },
  };

  rows[0].facts.has_balloon = FALSE;
  rows[1].facts.opted_out = TRUE;
  rows[2].facts.paused = TRUE;
  rows[3].facts.busy = TRUE;
  rows[4].facts.running = FALSE;
  rows[5].facts.started_us = 1;
  rows[6].facts.stats_time_s = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmDecision decision = decide_one (&rows[i].facts, 8192, 4096);

      g_assert_cmpstr (mc_vm_status_nick (decision.status), ==, mc_vm_status_nick (rows[i].status));
      g_assert_false (decision.move);
    }
}

static void
test_host_at_its_reserve_lifts_nobody (void)
{
  McVmFacts facts = vm_with (300, 100, 100);
  McVmDecision decision;

  facts.target = 350 * MC_MIB;
  facts.policy.minimum = 400 * MC_MIB;
  decision = decide_one (&facts, 8192, 150);
  g_assert_cmpuint (decision.target, <=, facts.target);
}

/* Where the host cannot give all that is wanted, it gives what there is. */
static void
test_running_out_on_a_short_host (void)
{
  const guint64 free[] = { 60, 120, 300 };

  for (gsize i = 0; i < G_N_ELEMENTS (free); i++)
    {
      McVmFacts facts = vm_with (512, 40, 40);
      McVmHistory history = looked_at;
      McVmDecision decision;

      facts.resident += 64 * MC_MIB; /* its process, as was learned: nothing is promised */
      history.overhead_most = 64 * MC_MIB;
      decision = decide_next (&history, &facts, 1, 1500, 200 + 64 + free[i]);
      g_assert_true (decision.move);
      g_assert_cmpuint (decision.target, >=,
                        decision.before + MIN (free[i], 204) * MC_MIB * 9 / 10);
      g_assert_cmpuint (decision.target, <=, decision.before + free[i] * MC_MIB);
    }
}

/* A guest that swaps reports late: it is not left waiting for that. */
static void
test_silent_since_it_swapped_is_given_more (void)
{
  McVmHistory history = looked_at;
  McVmFacts facts = vm_with (512, 2, 0);
  McVmDecision first = decide_next (&history, &facts, 10, 8192, 4096), second;

  g_assert_true (first.move);
  facts.target = facts.balloon = first.target;
  second = decide_next (&history, &facts, 11, 8192, 4096);
  g_assert_false (second.move); /* its report may well be on its way */
  second = decide_next (&history, &facts, 12, 8192, 4096);
  g_assert_true (second.move);
  g_assert_cmpuint (second.target, >, first.target);
}

/* But what has fallen silent for good is not fed for ever. */
static void
test_silent_for_good_is_not_fed_for_ever (void)
{
  McVmHistory history = looked_at;
  McVmFacts facts = vm_with (512, 2, 0);

  facts.capacity = facts.policy.maximum = 4096 * MC_MIB;
  for (gint64 now_s = 10; now_s < 19; now_s++)
    facts.target = facts.balloon = decide_next (&history, &facts, now_s, 16384, 12000).target;
  g_assert_cmpuint (facts.target, >, 1500 * MC_MIB);
  g_assert_cmpuint (facts.target, <, 3072 * MC_MIB);
}

/* What a guest once used is left with it, but not on a tight host. */
static void
test_tight_host_takes_what_was_once_used (void)
{
  const struct
  {
    guint64 available;
    gboolean takes;
  } rows[] = { { 4096, FALSE }, { 1024, TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmHistory history = looked_at;
      McVmFacts facts = vm_with (1000, 150, 150);
      McVmDecision decision = decide_next (&history, &facts, 10, 8192, rows[i].available);

      g_assert_false (decision.move);
      facts.unused = facts.usable = 700 * MC_MIB;
      facts.stats_time_s = 2;
      decision = decide_next (&history, &facts, 12, 8192, rows[i].available);
      g_assert_cmpint (decision.move, ==, rows[i].takes);
      if (rows[i].takes)
        g_assert_cmpint (decision.reason, ==, MC_REASON_HOST_TIGHT);
    }
}

/* What a balloon has just given back is neither free nor used at first. */
static void
test_what_a_deflated_balloon_hides_is_no_growth (void)
{
  const struct
  {
    guint64 balloon_before, usable_before;
    gboolean grows;
  } rows[] = { { 657, 120, FALSE }, { 751, 214, TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmHistory history = looked_at;
      McVmFacts facts
          = vm_with (rows[i].balloon_before, rows[i].usable_before, rows[i].usable_before);

      g_assert_false (decide_next (&history, &facts, 10, 8192, 4096).move);
      facts = vm_with (751, 165, 165);
      facts.stats_time_s = 2;
      g_assert_cmpint (decide_next (&history, &facts, 11, 8192, 4096).move, ==, rows[i].grows);
    }
}

/* Where there is not room for everybody's wants, what a guest has freed does not wait with it for
 * its need to come back: it is free for whoever is in need next, and the next look comes early. */
static void
test_what_was_freed_is_there_for_the_next (void)
{
  McVmHistory history[2] = { known_to_give, known_to_give };
  McVmHistory *histories[] = { &history[0], &history[1] };
  McVmFacts facts[] = { vm_with (737, 170, 170), vm_with (316, 163, 163) };
  McHostFigures host = { .total = 2304 * MC_MIB, .available = 290 * MC_MIB };
  const guint64 usable[] = { 170, 120, 544 };
  McPolicySettings settings = defaults;
  McVmDecision decisions[2];
  McHostDecision host_decision;

  settings.thresholds.host_usage_limit = 95;
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    facts[i].resident = facts[i].balloon + 64 * MC_MIB;
  for (guint cycle = 0; cycle < G_N_ELEMENTS (usable); cycle++)
    {
      facts[0].usable = facts[0].unused = usable[cycle] * MC_MIB;
      facts[0].stats_time_s = facts[1].stats_time_s = 1 + cycle;
      mc_policy_decide (&settings, &host, (10 + 10 * cycle) * G_USEC_PER_SEC, 2, facts, histories,
                        decisions, &host_decision);
    }
  g_assert_true (decisions[0].move);
  g_assert_cmpint (decisions[0].reason, ==, MC_REASON_RELEASES);
  g_assert_cmpuint (decisions[0].target / MC_MIB, >=, 737 - 544 + 150);
  g_assert_false (decisions[1].move);
  g_assert_true (host_decision.pressing);
}

/* Every decision tells the figures that it was made of. */
static void
test_sentences (void)
{
  const McVmDecision given = { .before = 512 * MC_MIB,
                               .target = 717 * MC_MIB,
                               .figure = 62 * MC_MIB,
                               .limit = 100 * MC_MIB,
                               .budget = 480 * MC_MIB,
                               .group = "memory.max of prod.slice" };
  const McVmDecision taken = {
    .before = 900 * MC_MIB, .target = 700 * MC_MIB, .figure = 400 * MC_MIB, .limit = 150 * MC_MIB
  };
  const McVmDecision plenty = {
    .target = 1434 * MC_MIB, .figure = 62 * MC_MIB, .limit = 100 * MC_MIB, .budget = 3 * MC_GIB
  };
  const struct
  {
    McReason reason;
    const McVmDecision *decision;
    const char *sentence;
  } rows[] = {
    { MC_REASON_NEEDS, &plenty,
      "headroom of 62 MiB is at or below 100 MiB; +1.4 GiB of 3 GiB free" },
    { MC_REASON_NEEDS, &given,
      "headroom of 62 MiB is at or below 100 MiB; +205 MiB of 480 MiB free" },
    { MC_REASON_SWAPPING, &given, "it swaps with a headroom of 62 MiB; +205 MiB of 480 MiB free" },
    { MC_REASON_GROWS, &given, "it grows with a headroom of 62 MiB; +205 MiB of 480 MiB free" },
    { MC_REASON_CACHE, &given,
      "unused 62 MiB is at or below 100 MiB and the host is comfortable; +205 MiB" },
    { MC_REASON_BELOW_MINIMUM, &given, "below its minimum of 100 MiB; +205 MiB" },
    { MC_REASON_NO_FREE_MEMORY, &given,
      "needs more with a headroom of 62 MiB, and already has its share by weight; the host has 480 "
      "MiB left for all VMs" },
    { MC_REASON_NO_FREE_MEMORY, &taken,
      "needs more with a headroom of 400 MiB, and the host has nothing to give" },
    { MC_REASON_GROUP_FULL, &given,
      "needs more with a headroom of 62 MiB, and nothing is left of memory.max of prod.slice" },
    { MC_REASON_AT_MAXIMUM, &given,
      "headroom of 62 MiB is low, and it has all that it may have, 512 MiB" },
    { MC_REASON_ABOVE_MAXIMUM, &taken, "above its maximum of 150 MiB; -200 MiB" },
    { MC_REASON_RELEASES, &taken, "headroom of 400 MiB is at or above 150 MiB; -200 MiB" },
    { MC_REASON_HOST_TIGHT, &taken,
      "the host is used above its limit and headroom is 400 MiB; -200 MiB" },
    { MC_REASON_OVERCOMMITTED, &taken,
      "guests were promised more than the host has left and headroom is 400 MiB; -200 MiB" },
    { MC_REASON_FUNDS_OTHERS, &taken, "others are in need and headroom is 400 MiB; -200 MiB" },
    { MC_REASON_EMERGENCY, &taken, "the host is at its reserve; -200 MiB" },
    { MC_REASON_ENOUGH, &taken, "headroom of 400 MiB is enough" },
    { MC_REASON_COOLING_DOWN, &taken, "waits after its last move, with a headroom of 400 MiB" },
    { MC_REASON_UNREACHABLE, &taken,
      "it does not reach its target; the target is what it has, 700 MiB" },
    { MC_REASON_LEFT_ALONE, &taken, "not managed: managed" },
    { MC_REASON_NONE, &taken, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmDecision decision = *rows[i].decision;
      g_autofree char *sentence = NULL;

      decision.reason = rows[i].reason;
      sentence = mc_decision_describe (&decision);
      g_assert_cmpstr (sentence, ==, rows[i].sentence);
    }
}

/* Who gives within a limit that is shared with others is not told of the host. */
static void
test_sentences_of_a_group (void)
{
  const struct
  {
    McReason reason;
    const char *sentence;
  } rows[] = {
    { MC_REASON_FUNDS_OTHERS, "others that share memory.max of prod.slice are in need and headroom "
                              "is 400 MiB; -200 MiB" },
    { MC_REASON_OVERCOMMITTED, "guests were promised more than is left of memory.max of prod.slice "
                               "and headroom is 400 MiB; -200 MiB" },
    { MC_REASON_RELEASES, "headroom of 400 MiB is at or above 150 MiB; -200 MiB" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const McVmDecision decision = {
        .reason = rows[i].reason,
        .before = 900 * MC_MIB,
        .target = 700 * MC_MIB,
        .figure = 400 * MC_MIB,
        .limit = 150 * MC_MIB,
        .group = "memory.max of prod.slice",
      };
      g_autofree char *sentence = mc_decision_describe (&decision);

      g_assert_cmpstr (sentence, ==, rows[i].sentence);
    }
}

static void
test_sentence_of_a_maximum_names_it (void)
{
  McVmFacts facts = vm_with (1000, 140, 140);
  McVmDecision decision;
  g_autofree char *sentence = NULL;

  facts.policy.maximum = 900 * MC_MIB;
  decision = decide_one (&facts, 8192, 4096);
  sentence = mc_decision_describe (&decision);
  g_assert_cmpstr (sentence, ==, "above its maximum of 900 MiB; -100 MiB");
}

/* In the first cycle of a service that knows nothing of it but that memory was taken. The host is
 * at its reserve: what is given back is what it backs anyhow. */
static void
test_pinned_is_given_back_what_was_taken (void)
{
  const struct
  {
    gboolean reclaimed, opted_out;
    guint64 balloon, target, resident; /* MiB */
    guint64 given;                     /* 0 = nothing */
  } rows[] = {
    { TRUE, FALSE, 600, MC_UNKNOWN, 1080, 1024 }, { TRUE, FALSE, 600, 600, 1080, 1024 },
    { TRUE, FALSE, 600, MC_UNKNOWN, 620, 0 }, /* the host has not given it so much yet */
    { TRUE, FALSE, 1024, MC_UNKNOWN, 1080, 0 },   { TRUE, TRUE, 600, 600, 1080, 0 },
    { FALSE, FALSE, 600, MC_UNKNOWN, 1080, 0 },   { FALSE, FALSE, 600, 600, 1080, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmHistory history = { 0 };
      McVmFacts facts = vm_with (rows[i].balloon, 100, 100);
      McVmDecision decision;

      facts.immovable = "a device pins it";
      facts.reclaimed = rows[i].reclaimed;
      facts.opted_out = rows[i].opted_out;
      facts.target = rows[i].target == MC_UNKNOWN ? MC_UNKNOWN : rows[i].target * MC_MIB;
      facts.resident = rows[i].resident * MC_MIB;
      decision = decide_next (&history, &facts, 100, 4096, 100);
      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (decision.status, ==, MC_VM_UNSUPPORTED);
      g_assert_cmpint (decision.move, ==, rows[i].given > 0);
      if (decision.move)
        g_assert_cmpuint (decision.target, ==, rows[i].given * MC_MIB);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/running-out", test_running_out_is_given_more);
  g_test_add_func ("/policy/between", test_between_the_watermarks_nothing_is_done);
  g_test_add_func ("/policy/too-much", test_too_much_is_taken_gradually);
  g_test_add_func ("/policy/page-cache", test_page_cache_stops_below_the_limit);
  g_test_add_func ("/policy/host-at-reserve", test_host_at_its_reserve_gives_nothing);
  g_test_add_func ("/policy/left-alone", test_not_managed_is_left_alone);
  g_test_add_func ("/policy/host-at-its-reserve-lifts-nobody",
                   test_host_at_its_reserve_lifts_nobody);
  g_test_add_func ("/policy/running-out-on-a-short-host", test_running_out_on_a_short_host);
  g_test_add_func ("/policy/silent-since-it-swapped", test_silent_since_it_swapped_is_given_more);
  g_test_add_func ("/policy/silent-for-good", test_silent_for_good_is_not_fed_for_ever);
  g_test_add_func ("/policy/tight-host", test_tight_host_takes_what_was_once_used);
  g_test_add_func ("/policy/deflated-is-no-growth",
                   test_what_a_deflated_balloon_hides_is_no_growth);
  g_test_add_func ("/policy/freed-for-the-next", test_what_was_freed_is_there_for_the_next);
  g_test_add_func ("/policy/pinned", test_pinned_is_given_back_what_was_taken);
  g_test_add_func ("/policy/sentences", test_sentences);
  g_test_add_func ("/policy/sentences-of-a-group", test_sentences_of_a_group);
  g_test_add_func ("/policy/sentence-of-a-maximum", test_sentence_of_a_maximum_names_it);
  return g_test_run ();
}
