/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a forecast sees the balloons come to rest is where they do, while guests go on using what
 * they use: random worlds of the simulator, whose guests the forecast knows nothing of.
 */
#include "config.h"

#include <string.h>

#include "dry-run.h"
#include "forecast.h"
#include "parts.h"
#include "policy-settings.h"
#include "world.h"

#define WORLDS     120
#define FIRST_SEED G_GUINT64_CONSTANT (0x666f726563617374)
#define WATCHED    20  /* seconds of dry run, in which the service comes to know the guests */
#define LIVES      900 /* seconds after that */

/* Of a VM's capacity. */
#define NEAR_PERCENT 10
#define FAR_PERCENT  20

#define LONGEST_STEP_US ((gint64)10 * G_USEC_PER_SEC) /* between two cycles of a forecast */

#define SPOILED 12 /* worlds, each several times */

typedef struct
{
  SimLoad *load;
  SimWorld world;
  McPolicySettings settings;
  gboolean dry; /* nothing that is decided is done */
  McVmFacts facts[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  McVmForecast ends[SIM_VMS_MOST];
  McForecast sum;
} Run;

static SimLoad *
load_new (guint number)
{
  SimLoad *load = g_new0 (SimLoad, 1);
  SimRandom random = { .state = FIRST_SEED + number };
  guint n = 2 + sim_random_below (&random, 11);

  load->seed = random.state;
  load->seconds = WATCHED + LIVES;
  g_snprintf (load->name, sizeof load->name, "world %u", number);
  sim_part_host (load, &random, sim_random_between (&random, 400, 1200));
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = sim_part_vm (load, 512.0 * (1 << sim_random_below (&random, 5)));

      plan->kernel = sim_random_below (&random, 3);
      plan->own = sim_random_between (&random, 40, 250);
      sim_part_constant (load, plan, sim_part_most (plan) * sim_random_between (&random, 0.1, 0.9));
      if (sim_random_below (&random, 3) == 0)
        for (guint t = 0; t < load->seconds; t++)
          plan->cold_cache[t] = (float)(plan->capacity / 4);
      if (sim_random_below (&random, 4) == 0)
        plan->kind |= SIM_FREE_ONLY;
      plan->begins
          = MIN (plan->capacity, sim_load_need (load, i, 0)
                                     + plan->capacity * sim_random_between (&random, 0, 0.6));
    }
  sim_part_settle (load,
                   sim_part_peak (load, 0) * sim_random_between (&random, 1, 1.8) + SIM_RESERVE);
  return load;
}

static void
decide (Run *run)
{
  McHostFigures figures = sim_world_host (&run->world);
  McVmHistory *histories[SIM_VMS_MOST], before[SIM_VMS_MOST];

  sim_world_facts (&run->world, run->facts);
  memcpy (before, run->history, sizeof before);
  for (guint i = 0; i < run->load->n; i++)
    histories[i] = &run->history[i];
  mc_policy_decide (&run->settings, &figures, (gint64)(run->world.t + 1) * G_USEC_PER_SEC,
                    run->load->n, run->facts, histories, run->decisions, &run->host);
  for (guint i = 0; run->dry && i < run->load->n; i++)
    mc_dry_run_forget_move (&run->history[i], &before[i]);
}

static gboolean
is_pressing (const Run *run)
{
  gboolean pressing = run->host.pressing;

  for (guint i = 0; i < run->load->n; i++)
    pressing |= run->decisions[i].pressing;
  return pressing;
}

static void
live (Run *run, guint seconds)
{
  guint due = run->world.t;

  for (guint end = due + seconds; run->world.t < end; run->world.t++)
    {
      sim_world_tick (&run->world);
      if (run->world.t < due)
        continue;
      decide (run);
      due = run->world.t + (is_pressing (run) ? 1 : run->settings.thresholds.interval_s);
      for (guint i = 0; i < run->load->n && !run->dry; i++)
        if (run->decisions[i].move)
          sim_world_tell (&run->world, i, (double)run->decisions[i].target / MC_MIB);
    }
}

/* On its facts as they are. */
static void
make (Run *run)
{
  McHostFigures figures = sim_world_host (&run->world);

  run->sum
      = mc_forecast_make (&run->settings, &figures, (gint64)(run->world.t + 1) * G_USEC_PER_SEC,
                          run->load->n, run->facts, run->history, run->ends);
}

static void
forecast (Run *run)
{
  sim_world_facts (&run->world, run->facts);
  make (run);
}

static Run *
run_new (guint number)
{
  Run *run = g_new0 (Run, 1);

  run->load = load_new (number);
  run->settings = mc_policy_settings_default ();
  run->dry = TRUE;
  sim_world_init (&run->world, run->load);
  live (run, WATCHED);
  forecast (run);
  run->dry = FALSE;
  return run;
}

static void
run_free (Run *run)
{
  g_free (run->load);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* How many balloons end by how much beside the forecast. */
typedef struct
{
  guint n, near_by, far_off;
  double taken, forecast_taken;
} Account;

static void
account_for (const Run *run, const double *from, Account *account)
{
  for (guint i = 0; i < run->load->n; i++)
    {
      double to = run->world.guests[i].balloon, forecast = (double)run->ends[i].to / MC_MIB;
      double off = 100 * ABS (forecast - to) / run->load->vms[i].capacity;

      account->n++;
      account->near_by += off <= NEAR_PERCENT;
      account->far_off += off > FAR_PERCENT;
      account->taken += MAX (0, from[i] - to);
      account->forecast_taken += MAX (0, from[i] - forecast);
      if (off > FAR_PERCENT)
        g_test_message ("%s.%u of %.0f MiB: from %.0f to %.0f MiB, forecast %.0f MiB",
                        run->load->name, i, run->load->vms[i].capacity, from[i], to, forecast);
    }
}

/*
 * No two need be the same: a move below a trifle is not worth one, so where a balloon ends depends
 * on the second in which it begins; and what a guest reads into memory that it is given becomes
 * page cache, for which it may be given more, and of which the forecast knows nothing. Most that
 * are far off are such guests, or share a host with them.
 */
static void
test_end (void)
{
  Account account = { 0 };

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (number);
      double from[SIM_VMS_MOST];

      for (guint i = 0; i < run->load->n; i++)
        from[i] = run->world.guests[i].balloon;
      live (run, LIVES);
      account_for (run, from, &account);
    }
  g_test_message ("%u balloons: %u near by, %u far off; %.0f MiB taken, forecast %.0f MiB",
                  account.n, account.near_by, account.far_off, account.taken,
                  account.forecast_taken);
  g_assert_cmpuint (account.near_by * 100, >=, account.n * 95);
  g_assert_cmpuint (account.far_off * 100, <=, account.n);
  g_assert_cmpfloat (ABS (account.taken - account.forecast_taken), <=, account.taken / 20);
}

/* It ends, nobody is forecast a balloon beyond its limits, nor the host below its reserve, and what
 * it is made of stays as it is, to the last byte. */
static void
test_limits (void)
{
  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (number);
      g_autofree McVmHistory *before = g_memdup2 (run->history, sizeof run->history);
      guint64 available = sim_world_host (&run->world).available;

      forecast (run);
      g_assert_cmpmem (before, sizeof run->history, run->history, sizeof run->history);
      g_assert_true (run->sum.at_rest);
      g_assert_cmpint (run->sum.until_us, <, LIVES * G_USEC_PER_SEC);
      g_assert_cmpuint (run->sum.host_available, >=,
                        MIN (available, run->settings.thresholds.host_reserve));
      for (guint i = 0; i < run->load->n; i++)
        {
          const McVmForecast *end = &run->ends[i];

          g_assert_cmpuint (end->from, ==, run->facts[i].balloon);
          g_assert_cmpuint (end->to, >=, MIN (run->facts[i].policy.minimum, end->from));
          g_assert_cmpuint (end->to, <=, MAX (run->facts[i].policy.maximum, end->from));
        }
    }
}

static void
assert_in_bounds (const McVmFacts *facts, const McVmForecast *end)
{
  g_assert_cmpuint (end->from, ==, facts->balloon == MC_UNKNOWN ? 0 : facts->balloon);
  g_assert_cmpuint (end->to, <=, MAX (end->from, facts->capacity));
}

/* Figures that cannot be: it ends all the same, and no figure of it is wild. */
static void
test_any_figures (void)
{
  SimRandom random = { .state = FIRST_SEED };

  for (guint number = 0; number < WORLDS; number++)
    {
      g_autoptr (Run) run = run_new (number % SPOILED);

      for (guint i = 0; i < run->load->n; i++)
        {
          McVmFacts *facts = &run->facts[i];
          guint64 *figures[] = { &facts->balloon, &facts->target,   &facts->resident,
                                 &facts->unused,  &facts->usable,   &facts->available,
                                 &facts->swap_in, &facts->swap_out, &facts->capacity };

          *figures[sim_random_below (&random, G_N_ELEMENTS (figures))]
              = sim_random_below (&random, 3) == 0
                    ? MC_UNKNOWN
                    : sim_random_next (&random) >> sim_random_below (&random, 64);
        }
      make (run);
      g_assert_cmpuint (run->sum.host_available, <=, sim_world_host (&run->world).total);
      g_assert_cmpint (run->sum.until_us, >=, 0);
      g_assert_cmpint (run->sum.until_us, <=, MC_FORECAST_CYCLES_MOST * LONGEST_STEP_US);
      g_assert_cmpuint (run->sum.taken_from + run->sum.given_to, <=, run->load->n);
      for (guint i = 0; i < run->load->n; i++)
        assert_in_bounds (&run->facts[i], &run->ends[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/end", test_end);
  g_test_add_func ("/forecast/limits", test_limits);
  g_test_add_func ("/forecast/any-figures", test_any_figures);
  return g_test_run ();
}
