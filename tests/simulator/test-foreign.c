/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other hands in random worlds: a VM that somebody sets again and again is theirs, and never moved
 * while it is; and no driver, kernel, restart, late set or guest of any kind is ever taken for a
 * hand.
 */
#include "config.h"

#include <string.h>

#include "classes.h"
#include "policy-settings.h"
#include "world.h"

#define WORLDS     60
#define FIRST_SEED G_GUINT64_CONSTANT (0x68616e6473000000)
#define EACH_CLASS 4
#define BEGINS     100 /* second from which others set balloons */
#define SOON       300 /* … seconds after which theirs are known */

typedef struct
{
  SimLoad *load;
  SimWorld world;
  SimRandom random;
  McPolicySettings settings;
  McVmFacts facts[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  guint foreign[SIM_VMS_MOST]; /* cycles in which it was so */
} Run;

static Run *
run_new (SimLoad *load, guint64 seed)
{
  Run *run = g_new0 (Run, 1);

  run->load = load;
  run->random.state = seed;
  run->settings = mc_policy_settings_default ();
  sim_world_init (&run->world, load);
  return run;
}

static void
run_free (Run *run)
{
  g_free (run->load);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* One second, and a cycle. */
static void
pass (Run *run)
{
  McVmHistory *histories[SIM_VMS_MOST];
  McHostDecision decision;
  McHostFigures figures;

  if (run->load->restarts_at > 0 && run->world.t == run->load->restarts_at)
    {
      sim_world_forget (&run->world, run->world.t);
      memset (run->history, 0, sizeof run->history);
    }
  sim_world_tick (&run->world);
  figures = sim_world_host (&run->world);
  sim_world_facts (&run->world, run->facts);
  for (guint i = 0; i < run->load->n; i++)
    histories[i] = &run->history[i];
  mc_policy_decide (&run->settings, &figures, (gint64)(run->world.t + 1) * G_USEC_PER_SEC,
                    run->load->n, run->facts, histories, run->decisions, &decision);
  for (guint i = 0; i < run->load->n; i++)
    {
      if (run->decisions[i].status == MC_VM_FOREIGN)
        {
          g_assert_false (run->decisions[i].move);
          run->foreign[i]++;
        }
      if (run->decisions[i].move)
        sim_world_tell (&run->world, i, (double)run->decisions[i].target / MC_MIB);
    }
  run->world.t++;
}

/* Somebody sets the first VM's balloon to any size every @every seconds. */
static void
set_by_somebody (Run *run, guint every)
{
  SimGuest *guest = &run->world.guests[0];

  if (run->world.t >= BEGINS && run->world.t % every == 0)
    guest->target = guest->plan->capacity * sim_random_between (&run->random, 0.5, 1);
}

static void
test_never_moved_while_it_is_theirs (void)
{
  guint known = 0, cycles = 0;

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run
          = run_new (sim_load_random (SIM_TUNING, 3000 + number), FIRST_SEED + number);
      guint every = 5 + sim_random_below (&run->random, 20);

      run->load->vms[0].kind &= SIM_NO_SWAP | SIM_REPORTING;
      run->load->vms[0].reboot_every = 0;
      while (run->world.t < run->load->seconds && run->world.t < BEGINS + 2 * SOON)
        {
          set_by_somebody (run, every);
          pass (run);
          if (run->world.t == BEGINS + SOON)
            known += run->decisions[0].status == MC_VM_FOREIGN;
        }
      cycles += run->foreign[0];
      for (guint i = 1; i < run->load->n; i++)
        g_assert_cmpuint (run->foreign[i], ==, 0);
    }
  g_test_message ("known in %u of %u worlds, for %u cycles", known, WORLDS, cycles);
  g_assert_cmpuint (known, >, WORLDS * 3 / 4);
}

static gboolean
is_set_by_somebody (const SimPlan *plan)
{
  guint times = (plan->kind & SIM_FOREIGN) != 0;

  for (guint i = 0; i < plan->n_events; i++)
    times += plan->events[i].what == SIM_IS_SET || plan->events[i].what == SIM_IS_SET_ON_GRANT;
  return times >= MC_FOREIGN_SETS;
}

static void
test_nothing_else_is_a_hand (void)
{
  for (guint load_class = 0; sim_class_names[load_class] != NULL; load_class++)
    for (guint number = 0; number < EACH_CLASS; number++)
      {
        SimLoad *load = sim_load_of_class (SIM_TUNING, load_class, number);
        g_autoptr (Run) run = run_new (load, FIRST_SEED + number);

        g_test_message ("%s", load->name);
        while (run->world.t < load->seconds)
          pass (run);
        for (guint i = 0; i < load->n; i++)
          if (!is_set_by_somebody (&load->vms[i]))
            g_assert_cmpuint (run->foreign[i], ==, 0);
      }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/foreign/never-moved-while-it-is-theirs",
                   test_never_moved_while_it_is_theirs);
  g_test_add_func ("/policy/foreign/nothing-else-is-a-hand", test_nothing_else_is_a_hand);
  return g_test_run ();
}
