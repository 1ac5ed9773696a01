/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is given back in random worlds. Asked for at any time, for any VMs: no more than is free,
 * never beyond a maximum, and nothing is taken from whoever is asked for. At a stop for good: when
 * every guest then uses all that it was left with, the host still has its reserve, or what it would
 * have had without.
 *
 * The second is judged by what is so in the world, not by what guests report. Sizes are MiB there.
 */
#include "config.h"

#include <string.h>

#include "headroom.h"
#include "policy-settings.h"
#include "world.h"

#define WORLDS     80
#define FIRST_SEED G_GUINT64_CONSTANT (0x6769766562000000)
#define STOPS_FROM 100 /* second */
#define USED_FOR   200 /* seconds after it in which guests come to use all they have */
#define ROUNDING   1.0

typedef struct
{
  SimLoad *load;
  SimWorld world;
  SimRandom random;
  McPolicySettings settings;
  McVmFacts facts[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  guint n;
  guint64 given; /* in all */
} Run;

static Run *
run_new (guint number)
{
  Run *run = g_new0 (Run, 1);

  run->load = sim_load_random (SIM_TUNING, 2000 + number);
  run->n = run->load->n;
  run->random.state = FIRST_SEED + number;
  run->settings = mc_policy_settings_default ();
  sim_world_init (&run->world, run->load);
  return run;
}

static void
run_free (Run *run)
{
  g_free (run->load);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* Who swaps without an end, or is not what it says, is not left out of it. */
static void
vary_guests (Run *run, guint kinds)
{
  for (guint i = 0; i < run->n; i++)
    {
      SimPlan *plan = &run->load->vms[i];

      if (sim_random_below (&run->random, 3) == 0)
        plan->kind = kinds & (1 << sim_random_below (&run->random, 11));
      if (sim_random_below (&run->random, 4) == 0)
        plan->maximum = MAX (plan->minimum, plan->capacity * 0.7);
    }
}

/* One cycle in which it is asked for one VM in @asked; 0 = for none. */
static void
decide (Run *run, guint asked)
{
  McVmHistory *histories[SIM_VMS_MOST];
  McHostFigures figures = sim_world_host (&run->world);

  sim_world_facts (&run->world, run->facts);
  for (guint i = 0; i < run->n; i++)
    {
      histories[i] = &run->history[i];
      run->facts[i].give_back = asked > 0 && sim_random_below (&run->random, asked) == 0;
      if (run->facts[i].give_back && sim_random_below (&run->random, 4) == 0)
        run->facts[i].opted_out = TRUE;
    }
  mc_policy_decide (&run->settings, &figures, (gint64)(run->world.t + 1) * G_USEC_PER_SEC, run->n,
                    run->facts, histories, run->decisions, &run->host);
}

static gboolean
is_told_what_it_has (const McVmDecision *decision)
{
  return decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN
         || decision->reason == MC_REASON_REPEATED;
}

/* Returns: what it is given beyond what it has or may come to have. */
static guint64
check_vm (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 has = facts->target == MC_UNKNOWN ? facts->balloon : MAX (facts->balloon, facts->target);

  if (!decision->move)
    return 0;
  /* A critical host withdraws what it does not have yet. */
  if (facts->give_back && !is_told_what_it_has (decision)
      && decision->reason != MC_REASON_ABOVE_MAXIMUM)
    g_assert_cmpuint (decision->target, >=, MIN (decision->before, facts->balloon));
  if (decision->reason == MC_REASON_GIVEN_BACK)
    {
      g_assert_true (facts->give_back);
      g_assert_cmpuint (decision->target, <=, MIN (facts->policy.maximum, facts->capacity));
      g_assert_cmpuint (decision->target, >=, has);
    }
  return decision->target > has && decision->reason != MC_REASON_IN_VAIN ? decision->target - has
                                                                         : 0;
}

static void
check (Run *run)
{
  guint64 granted = 0, given = 0;

  for (guint i = 0; i < run->n; i++)
    {
      guint64 more = check_vm (&run->facts[i], &run->decisions[i]);

      granted += more;
      given += run->decisions[i].reason == MC_REASON_GIVEN_BACK ? more : 0;
    }
  /* All that was granted comes first, also to those in need who are lent something. */
  if (given > 0)
    g_assert_cmpuint (granted, <=, run->host.free);
  run->given += given;
}

static void
apply (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    if (run->decisions[i].move)
      run->world.guests[i].told = run->world.guests[i].target
          = (double)run->decisions[i].target / MC_MIB;
}

static void
pass (Run *run, guint asked)
{
  sim_world_tick (&run->world);
  decide (run, asked);
  check (run);
  apply (run);
  run->world.t++;
}

static void
test_asked_for_at_any_time (void)
{
  guint64 given = 0;

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (number);

      vary_guests (run, G_MAXUINT);
      while (run->world.t < run->load->seconds)
        pass (run, sim_random_below (&run->random, 30) == 0 ? 1 + number % 3 : 0);
      given += run->given;
    }
  g_assert_cmpuint (given, >, WORLDS * MC_GIB);
  g_test_message ("%" G_GUINT64_FORMAT " GiB were given back", given / MC_GIB);
}

/* At a stop for good */

/* What the host would have if every guest used all that it has and may come to have. */
static double
least_of (const Run *run)
{
  double left = run->world.available;

  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      double told = guest->told < 0 ? guest->target : guest->told;

      if (guest->running)
        left -= MAX (0, MAX (guest->balloon, told) - guest->occupied - guest->out);
    }
  return left;
}

/* From now on nothing else changes, and every guest works on all that it has. */
static void
use_everything (Run *run)
{
  SimLoad *load = run->load;

  for (guint t = run->world.t; t < load->seconds; t++)
    {
      load->base[t] = load->base[run->world.t];
      for (guint i = 0; i < run->n; i++)
        load->vms[i].demand[t] = (float)load->vms[i].capacity;
    }
}

static void
stop_for_good (Run *run)
{
  double reserve = (double)run->settings.thresholds.host_reserve / MC_MIB, before, after;
  guint64 given = run->given;

  sim_world_tick (&run->world);
  before = least_of (run);
  decide (run, 1);
  check (run);
  /* Nothing is taken, and who only needs something is given it as ever. */
  for (guint i = 0; i < run->n; i++)
    if (run->decisions[i].reason != MC_REASON_GIVEN_BACK)
      run->decisions[i].move = FALSE;
  apply (run);
  after = least_of (run);
  if (run->given > given)
    g_assert_cmpfloat (after, >=, MIN (before, reserve) - ROUNDING);
  run->world.t++;
  use_everything (run);
  for (guint s = 0; s < USED_FOR && run->world.t < run->load->seconds; s++, run->world.t++)
    {
      sim_world_tick (&run->world);
      if (run->given > given)
        g_assert_cmpfloat (run->world.available, >=, MIN (before, reserve) - ROUNDING);
    }
}

static void
test_stop_for_good_leaves_the_host_its_reserve (void)
{
  guint gave = 0;

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (WORLDS + number);
      guint stops = STOPS_FROM + sim_random_below (&run->random, run->load->seconds / 2);
      guint64 before;

      vary_guests (run, SIM_REPORTING | SIM_NO_SWAP | SIM_STUCK | SIM_PARTIAL | SIM_SLOW);
      while (run->world.t < stops)
        pass (run, 0);
      before = run->given;
      stop_for_good (run);
      gave += run->given > before;
    }
  g_assert_cmpuint (gave, >, WORLDS / 4);
  g_test_message ("%u of %u stops gave something back", gave, WORLDS);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/given-back/at-any-time", test_asked_for_at_any_time);
  g_test_add_func ("/policy/given-back/stop-for-good",
                   test_stop_for_good_leaves_the_host_its_reserve);
  return g_test_run ();
}
