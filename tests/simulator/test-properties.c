/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold after every cycle, whatever the guests do: random worlds, more than 100,000 cycles
 * in all.
 *
 * The worlds are the simulator's, with guests of every kind, settings that vary, and, in some, a
 * guest whose figures are garbage. Their seeds are neither those of tuning nor those of the
 * hold-out.
 */
#include "config.h"

#include <string.h>

#include "headroom.h"
#include "policy-settings.h"
#include "world.h"

#define WORLDS         120
#define SECONDS        900
#define FIRST_SEED     G_GUINT64_CONSTANT (0x70726f7000000000)
#define CONSTANT_AFTER 300
#define CHANGES_UNTIL  300
#define LEAST_MOVE     (3 * MC_MIB) /* four, in whole MiB */

typedef struct
{
  SimLoad *load;
  SimWorld world;
  SimRandom random;
  McPolicySettings settings;
  McVmFacts facts[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmHistory before[SIM_VMS_MOST]; /* the memory as it was before the cycle */
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  McHostFigures figures;
  gint64 taken_us[SIM_VMS_MOST];
  gint64 now_us, last_us;
  guint n;
  int hostile; /* the guest whose figures are garbage; -1 = none */
  guint cycles, moves;
  guint counts_from, late_moves; /* moves from that second on */
} Run;

static guint64
held (const McVmFacts *facts)
{
  return facts->target == MC_UNKNOWN ? facts->balloon : MAX (facts->balloon, facts->target);
}

static guint64
grant (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 has = held (facts);

  return decision->move && decision->target > has ? decision->target - has : 0;
}

/* Running */

static void
decide (Run *run,
        const McVmFacts *facts,
        McVmHistory *history,
        const guint *order,
        guint n,
        McVmDecision *decisions,
        McHostDecision *host)
{
  McVmHistory *histories[SIM_VMS_MOST + 1];
  McVmFacts ordered[SIM_VMS_MOST + 1] = { 0 };
  McVmDecision results[SIM_VMS_MOST + 1];

  for (guint i = 0; i < n; i++)
    {
      ordered[i] = facts[order[i]];
      histories[i] = &history[order[i]];
    }
  mc_policy_decide (&run->settings, &run->figures, run->now_us, n, ordered, histories, results,
                    host);
  for (guint i = 0; i < n; i++)
    decisions[order[i]] = results[i];
}

static guint64
garbage (SimRandom *random)
{
  const guint64 values[]
      = { 0, 1, 4096, MC_UNKNOWN, MC_UNKNOWN - 1, G_MAXINT64, (guint64)G_MAXINT64 + 1, MC_GIB };

  if (sim_random_below (random, 3) == 0)
    return sim_random_next (random) >> sim_random_below (random, 64);
  return values[sim_random_below (random, G_N_ELEMENTS (values))];
}

static void
spoil (SimRandom *random, McVmFacts *facts)
{
  guint64 *figures[] = { &facts->unused,   &facts->usable,   &facts->available, &facts->swap_in,
                         &facts->swap_out, &facts->resident, &facts->balloon };

  for (guint i = 0; i < G_N_ELEMENTS (figures) - (sim_random_below (random, 4) ? 1 : 0); i++)
    if (sim_random_below (random, 2))
      *figures[i] = garbage (random);
  if (sim_random_below (random, 4) == 0)
    facts->stats_time_s = (gint64)garbage (random);
}

/* Properties */

/* Told what it has, whatever it was told before: nothing is given or taken. */
static gboolean
is_told_what_it_has (const McVmDecision *decision)
{
  return decision->move
         && (decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN
             || decision->reason == MC_REASON_REPEATED);
}

static void
check_limits (const Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      const McVmFacts *facts = &run->facts[i];
      const McVmDecision *decision = &run->decisions[i];

      if (!decision->move)
        {
          g_assert_cmpuint (decision->target, ==, decision->before);
          continue;
        }
      g_assert_cmpuint (decision->target, <=,
                        MAX (facts->policy.maximum, MIN (decision->before, facts->capacity)));
      if (is_told_what_it_has (decision))
        g_assert_cmpuint (decision->target, <=, facts->balloon);
      else
        g_assert_cmpuint (decision->target, >=, MIN (facts->policy.minimum, decision->before));
    }
}

/* What was taken in vain is given back as far as the host backs it: that costs nothing. */
static gboolean
costs_nothing (const McVmFacts *facts, const McVmDecision *decision)
{
  if (!decision->move || decision->reason != MC_REASON_IN_VAIN)
    return FALSE;
  g_assert_cmpuint (decision->target, <=, facts->resident);
  return TRUE;
}

static void
check_grants_are_paid (const Run *run)
{
  guint64 granted = 0, promised = 0;

  for (guint i = 0; i < run->n; i++)
    {
      if (!costs_nothing (&run->facts[i], &run->decisions[i]))
        granted += grant (&run->facts[i], &run->decisions[i]);
      promised += run->decisions[i].promise;
    }
  g_assert_cmpuint (granted, <=, run->host.grantable);
  g_assert_cmpuint (promised, ==, run->host.promised);
  if (run->figures.available <= run->settings.thresholds.host_reserve)
    g_assert_cmpuint (granted, ==, 0);
}

/* "+204 MiB of 146 MiB free" is no sentence. */
static gboolean
tells_of_free_memory (McReason reason)
{
  return reason == MC_REASON_NEEDS || reason == MC_REASON_SWAPPING || reason == MC_REASON_GROWS
         || reason == MC_REASON_GIVEN_BACK;
}

static void
check_sentences (const Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      const McVmDecision *decision = &run->decisions[i];

      if (decision->move && tells_of_free_memory (decision->reason))
        g_assert_cmpuint (decision->target - decision->before, <=, decision->budget);
    }
}

static void
check_steps (const Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      const McVmDecision *decision = &run->decisions[i];
      guint64 capacity = run->facts[i].capacity, moved;

      if (!decision->move)
        continue;
      moved = MAX (decision->target, decision->before) - MIN (decision->target, decision->before);
      if (is_told_what_it_has (decision)
          || (decision->reason == MC_REASON_EMERGENCY && decision->target <= run->facts[i].balloon))
        continue;
      g_assert_cmpuint (moved, <=, capacity / 100 * run->settings.thresholds.step_limit);
      g_assert_cmpuint (moved, >=, MIN (capacity / 100, LEAST_MOVE));
    }
}

static void
check_takings (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      const McVmDecision *decision = &run->decisions[i];
      const McVmHistory *history = &run->history[i];

      if (!decision->move || is_told_what_it_has (decision))
        continue;
      if (decision->target > decision->before)
        {
          if (history->started_us == run->before[i].started_us)
            g_assert_false (run->taken_us[i] > 0 && run->taken_us[i] == run->last_us);
          continue;
        }
      run->taken_us[i] = run->now_us;
      if (decision->reason == MC_REASON_RELEASES || decision->reason == MC_REASON_HOST_TIGHT)
        g_assert_cmpuint (decision->target, >, history->used + run->facts[i].policy.low_watermark);
      if (decision->reason == MC_REASON_RELEASES)
        g_assert_cmpuint (decision->figure, >=, decision->limit);
      if (history->thrashing_reports > 0
          && decision->before < history->used + run->facts[i].policy.low_watermark
          && decision->reason != MC_REASON_EMERGENCY && decision->reason != MC_REASON_ABOVE_MAXIMUM)
        g_assert_true (run->host.lambda < 0);
    }
}

static void
check_left_alone (const Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      McVmStatus status = run->decisions[i].status;

      if (status != MC_VM_MANAGED && status != MC_VM_STUCK && status != MC_VM_INEFFECTIVE)
        g_assert_false (run->decisions[i].move);
    }
}

/* A needy guest is helped when the host could help all of them. */
static void
check_need_is_met (const Run *run)
{
  guint64 steps = 0;

  for (guint i = 0; i < run->n; i++)
    steps += run->facts[i].capacity / 100 * run->settings.thresholds.step_limit;
  if (run->host.free < steps || run->host.lambda < 1)
    return;
  for (guint i = 0; i < run->n; i++)
    {
      const McVmFacts *facts = &run->facts[i];
      const McVmDecision *decision = &run->decisions[i];

      if ((int)i == run->hostile || decision->status != MC_VM_MANAGED || decision->move
          || facts->usable == MC_UNKNOWN || decision->reason == MC_REASON_COOLING_DOWN
          || decision->reason == MC_REASON_FOREIGN)
        continue;
      if (decision->before + facts->capacity / 100 > facts->policy.maximum
          || decision->before > run->history[i].balloon_at_stats)
        continue;
      g_assert_cmpuint (facts->usable + facts->capacity / 100, >, facts->policy.low_watermark / 2);
    }
}

static void
check_order_does_not_matter (Run *run)
{
  guint order[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;

  memcpy (history, run->before, sizeof history);
  for (guint i = 0; i < run->n; i++)
    order[i] = run->n - 1 - i;
  decide (run, run->facts, history, order, run->n, decisions, &host);
  for (guint i = 0; i < run->n; i++)
    {
      g_assert_cmpuint (decisions[i].target, ==, run->decisions[i].target);
      g_assert_cmpint (decisions[i].reason, ==, run->decisions[i].reason);
      g_assert_cmpmem (&history[i], sizeof history[i], &run->history[i], sizeof history[i]);
    }
}

static void
check_equals_are_treated_alike (Run *run)
{
  guint order[SIM_VMS_MOST + 1];
  McVmFacts facts[SIM_VMS_MOST + 1];
  McVmHistory history[SIM_VMS_MOST + 1];
  McVmDecision decisions[SIM_VMS_MOST + 1];
  McHostDecision host;
  guint twin = sim_random_below (&run->random, run->n);

  memcpy (history, run->before, sizeof run->before);
  memcpy (facts, run->facts, sizeof run->facts);
  history[run->n] = history[twin];
  facts[run->n] = facts[twin];
  facts[run->n].uuid[15] = 1;
  for (guint i = 0; i <= run->n; i++)
    order[i] = i;
  decide (run, facts, history, order, run->n + 1, decisions, &host);
  g_assert_cmpuint (decisions[twin].target, ==, decisions[run->n].target);
}

static gboolean
shares (const Run *run, guint i)
{
  const McVmDecision *decision = &run->decisions[i];

  /* One that somebody else has set, or whose target is withdrawn, set again or given back, is left
   * with what it has. */
  if (decision->reason == MC_REASON_FOREIGN || decision->reason == MC_REASON_UNREACHABLE
      || decision->reason == MC_REASON_REPEATED || decision->reason == MC_REASON_IN_VAIN)
    return FALSE;
  return decision->status == MC_VM_MANAGED || decision->status == MC_VM_STUCK
         || decision->status == MC_VM_INEFFECTIVE;
}

/* From one that is stuck nothing is taken. */
static guint64
least_of (const Run *run, guint i)
{
  if (run->decisions[i].status == MC_VM_MANAGED)
    return run->facts[i].policy.minimum;
  return MAX (run->facts[i].policy.minimum, held (&run->facts[i]));
}

/* What nobody has a claim to; below 0 where more was promised than there is. */
static double
free_of (const Run *run)
{
  return (double)run->figures.available - (double)run->settings.thresholds.host_reserve
         - (double)mc_headroom_margin (&run->settings, run->figures.total)
         - (double)run->host.promised;
}

/* What each could have if all were divided by weight; those whose minimum is more have that. */
static void
find_parts (const Run *run, guint64 *parts)
{
  double budget = free_of (run), weights = 0;
  gboolean settled = FALSE, out[SIM_VMS_MOST] = { FALSE };

  for (guint i = 0; i < run->n; i++)
    if (shares (run, i))
      {
        budget += held (&run->facts[i]);
        weights += run->facts[i].policy.weight;
      }
  while (!settled)
    {
      settled = TRUE;
      for (guint i = 0; i < run->n; i++)
        {
          guint weight = run->facts[i].policy.weight;
          guint64 least = least_of (run, i);

          parts[i] = out[i] ? least : (guint64)(MAX (0, budget) / weights * weight);
          if (out[i] || !shares (run, i) || parts[i] >= least)
            continue;
          settled = FALSE;
          out[i] = TRUE;
          budget -= (double)least;
          weights -= weight;
        }
    }
}

/* Nobody who needs less than its part of all is left with less than that because of what another
 * one claims. */
static void
check_nobody_starves_another (const Run *run)
{
  guint64 parts[SIM_VMS_MOST];

  if (run->hostile < 0 || run->host.condition == MC_HOST_CRITICAL)
    return;
  find_parts (run, parts);
  for (guint i = 0; i < run->n; i++)
    {
      const McVmDecision *decision = &run->decisions[i];

      if (!decision->move || decision->target > decision->before || !shares (run, i))
        continue;
      g_assert_cmpuint (decision->target + 2 * MC_MIB, >=,
                        MIN (decision->before, MIN (parts[i], run->history[i].used)));
    }
}

/* What is told is what is so. */
static void
check_reason (const Run *run, const McVmDecision *decision)
{
  McReason reason = decision->reason;

  if (reason == MC_REASON_NEEDS || reason == MC_REASON_CACHE)
    g_assert_cmpuint (decision->figure, <=, decision->limit);
  if (reason == MC_REASON_RELEASES)
    g_assert_cmpuint (decision->figure, >=, decision->limit);
  if (reason == MC_REASON_HOST_TIGHT)
    g_assert_cmpint (run->host.condition, !=, MC_HOST_COMFORTABLE);
  if (reason == MC_REASON_EMERGENCY)
    g_assert_cmpint (run->host.condition, ==, MC_HOST_CRITICAL);
  if (reason == MC_REASON_OVERCOMMITTED)
    g_assert_cmpuint (run->host.free, ==, 0);
}

static void
check_reasons (const Run *run)
{
  gboolean somebody_lacks = FALSE, somebody_funds = FALSE;

  for (guint i = 0; i < run->n; i++)
    {
      McReason reason = run->decisions[i].reason;

      if (run->decisions[i].move)
        check_reason (run, &run->decisions[i]);
      somebody_funds |= run->decisions[i].move && reason == MC_REASON_FUNDS_OTHERS;
      somebody_lacks |= reason == MC_REASON_NEEDS || reason == MC_REASON_SWAPPING
                        || reason == MC_REASON_GROWS || reason == MC_REASON_BELOW_MINIMUM
                        || reason == MC_REASON_NO_FREE_MEMORY;
    }
  g_assert_true (somebody_lacks || !somebody_funds);
}

static void
check_described (const Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      g_autofree char *sentence = mc_decision_describe (&run->decisions[i]);

      g_assert_cmpstr (sentence, !=, "");
      g_assert_cmpstr (mc_reason_nick (run->decisions[i].reason), !=, "none");
    }
}

static void
apply (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    if (run->decisions[i].move)
      {
        SimGuest *guest = &run->world.guests[i];

        guest->told = guest->target = (double)run->decisions[i].target / MC_MIB;
        run->moves++;
        run->late_moves += run->world.t >= run->counts_from;
      }
}

static void
run_cycle (Run *run)
{
  guint order[SIM_VMS_MOST];

  run->last_us = run->now_us;
  run->now_us = (gint64)(run->world.t + 1) * G_USEC_PER_SEC;
  run->figures = sim_world_host (&run->world);
  sim_world_facts (&run->world, run->facts);
  if (run->hostile >= 0)
    spoil (&run->random, &run->facts[run->hostile]);
  memcpy (run->before, run->history, sizeof run->before);
  for (guint i = 0; i < run->n; i++)
    order[i] = i;
  decide (run, run->facts, run->history, order, run->n, run->decisions, &run->host);
  check_limits (run);
  check_grants_are_paid (run);
  check_steps (run);
  check_sentences (run);
  check_takings (run);
  check_left_alone (run);
  check_need_is_met (run);
  check_order_does_not_matter (run);
  check_equals_are_treated_alike (run);
  check_nobody_starves_another (run);
  check_reasons (run);
  check_described (run);
  apply (run);
  run->cycles++;
}

/* Worlds */

static void
vary_settings (Run *run)
{
  const guint steps[] = { 5, 10, 20, 20, 50 };

  run->settings = mc_policy_settings_default ();
  if (sim_random_below (&run->random, 2))
    return;
  run->settings.thresholds.step_limit
      = steps[sim_random_below (&run->random, G_N_ELEMENTS (steps))];
  run->settings.thresholds.host_usage_limit = 50 + sim_random_below (&run->random, 45);
  run->settings.thresholds.host_reserve = (100 + sim_random_below (&run->random, 400)) * MC_MIB;
  run->settings.cache_growth = (McCacheGrowth)sim_random_below (&run->random, 3);
}

static void
vary_guests (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      SimPlan *plan = &run->load->vms[i];

      if (sim_random_below (&run->random, 3) == 0)
        plan->kind = 1 << sim_random_below (&run->random, 8);
      if (sim_random_below (&run->random, 10) == 0)
        plan->reboot_every = 30 + sim_random_below (&run->random, 300);
      if (sim_random_below (&run->random, 10) == 0)
        plan->start = 1 + sim_random_below (&run->random, 300);
      if (sim_random_below (&run->random, 4) == 0)
        plan->weight = 1 + sim_random_below (&run->random, 1000);
    }
  if (sim_random_below (&run->random, 8) == 0)
    run->load->period_changed_at = 300;
  if (sim_random_below (&run->random, 8) == 0)
    run->load->clock_jumps_at = 300;
}

static Run *
run_new (guint number)
{
  Run *run = g_new0 (Run, 1);

  run->load = sim_load_random (SIM_TUNING, 1000 + number);
  run->n = run->load->n;
  run->random.state = FIRST_SEED + number;
  run->hostile = -1;
  return run;
}

static void
run_free (Run *run)
{
  g_free (run->load);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static void
live (Run *run)
{
  sim_world_init (&run->world, run->load);
  for (run->world.t = 0; run->world.t < run->load->seconds; run->world.t++)
    {
      sim_world_tick (&run->world);
      run_cycle (run);
    }
}

static void
test_random_worlds (void)
{
  guint cycles = 0, moves = 0;

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (number);

      vary_settings (run);
      vary_guests (run);
      if (number % 3 == 2)
        run->hostile = (int)sim_random_below (&run->random, run->n);
      live (run);
      cycles += run->cycles;
      moves += run->moves;
    }
  g_assert_cmpuint (cycles, >=, 100000);
  g_assert_cmpuint (moves, >=, 1000);
  g_test_message ("%u cycles, %u moves", cycles, moves);
}

static void
test_constant_demand_comes_to_rest (void)
{
  for (guint number = 0; number < 40; number++)
    {
      g_autoptr (Run) run = run_new (number);

      run->settings = mc_policy_settings_default ();
      for (guint i = 0; i < run->n; i++)
        for (guint t = 0; t < run->load->seconds; t++)
          {
            run->load->vms[i].demand[t] = run->load->vms[i].demand[600];
            run->load->vms[i].reads = 0;
          }
      run->load->total = run->load->total * 1.1;
      run->counts_from = CONSTANT_AFTER;
      live (run);
      g_assert_cmpuint (run->late_moves, ==, 0);
    }
}

/* Whatever was before. */
static void
test_demand_that_has_become_constant (void)
{
  for (guint number = 0; number < 40; number++)
    {
      g_autoptr (Run) run = run_new (100 + number);

      run->settings = mc_policy_settings_default ();
      for (guint i = 0; i < run->n; i++)
        for (guint t = 0; t < run->load->seconds; t++)
          {
            run->load->vms[i].demand[t] = run->load->vms[i].demand[MIN (t, CHANGES_UNTIL)];
            run->load->vms[i].reads = 0;
          }
      run->load->total = run->load->total * 1.1;
      run->counts_from = CHANGES_UNTIL + CONSTANT_AFTER;
      live (run);
      g_assert_cmpuint (run->late_moves, ==, 0);
    }
}

static void
test_any_figures_at_all (void)
{
  SimRandom random = { .state = FIRST_SEED - 1 };
  McPolicySettings settings = mc_policy_settings_default ();
  McVmHistory history[8] = { 0 };
  McVmHistory *histories[8];
  McVmDecision decisions[8];
  McHostDecision host_decision;

  for (guint i = 0; i < G_N_ELEMENTS (histories); i++)
    histories[i] = &history[i];
  for (guint cycle = 0; cycle < 50000; cycle++)
    {
      McVmFacts facts[8] = { 0 };
      McHostFigures host = { garbage (&random), garbage (&random) };

      for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
        {
          guint64 *words = (guint64 *)&facts[i].capacity;

          for (guint w = 0; w < 10; w++)
            words[w] = garbage (&random);
          facts[i].running = facts[i].has_balloon = TRUE;
          facts[i].stats_time_s = (gint64)garbage (&random);
          facts[i].policy.minimum = garbage (&random);
          facts[i].policy.maximum = garbage (&random);
          facts[i].policy.low_watermark = garbage (&random);
          facts[i].policy.high_watermark = garbage (&random);
          facts[i].policy.weight = (guint)garbage (&random);
        }
      mc_policy_decide (&settings, &host, (gint64)(cycle + 1) * G_USEC_PER_SEC,
                        G_N_ELEMENTS (facts), facts, histories, decisions, &host_decision);
      for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
        if (decisions[i].move)
          g_assert_cmpuint (decisions[i].target, <=, facts[i].capacity);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/properties/random-worlds", test_random_worlds);
  g_test_add_func ("/policy/properties/constant-demand", test_constant_demand_comes_to_rest);
  g_test_add_func ("/policy/properties/demand-that-has-become-constant",
                   test_demand_that_has_become_constant);
  g_test_add_func ("/policy/properties/any-figures", test_any_figures_at_all);
  return g_test_run ();
}
