/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the policy has reached, so that nobody loses it again: on the hold-out set, and on the named
 * loads that show what peers do well.
 *
 * Each figure stands below as it was measured, with the day and why it is as it is. It may be worse
 * by SLACK; a reached 0 stays 0. Whoever changes the policy or the world measures again, by
 *
 *   build/tests/simulator/test-figures --verbose
 *
 * writes the new figure with the day of it here, a better one too, and tells in the commit what
 * moved it.
 */
#include "config.h"

#include <string.h>

#include "measure.h"

/* Nothing here is random: this is room for a compiler's floating point and for a change that is
 * about something else, and no more. */
#define SLACK 0.05

/* The hold-out set, 200 loads. All on 2026-11-28. */

/* MB. The same of the best peer, qmemman scaled, are 181,058: the two together tell whether the
 * policy or the world has changed. */
#define REACHED_SWAP_IN 113620.0

/* Of the best peer's. The bound was 0.70 until 2026-11-26, when peers came to read one report
 * instead of a balloon of now beside a use of a second ago: that made qmemman up to 5 % better, and
 * MemCoord no worse. */
#define REACHED_SWAP_IN_OF_BEST_PEER 0.628

/* Loads in which no peer stalls guests for fewer seconds. */
#define REACHED_BEST_OR_TIED 165.0

/* Stalled VM-seconds in the 111 loads that fit. 855 on 2026-11-27, with a law that swapped 8 % more
 * in all of them: since then a first report is not believed, and what a process may occupy is kept
 * back from grants until it is known, but for what is lent of it to those who swap, which keeps the
 * host's floor with QEMUs of 300 MiB. */
#define REACHED_STALLED 873.0

/* Of the oracle's. The bound was 1.5 until 2026-11-26, when guests came to hide what their balloons
 * gave back, as Linux does, and the set came to have 200 loads instead of 40. Who does not see the
 * future cannot be below 1.28, and who has the daemon's reports and steps not below 2.13: so much
 * of it is the world's. */
#define REACHED_STALLED_OF_ORACLE 2.930

/* Of the same of the oracle that has the daemon's reports and steps: what the policy itself loses.
 */
#define REACHED_STALLED_OF_BOUND_ORACLE 1.375

/* The named loads. On 2026-11-28. */

/* MB. All of it fits: nobody has to swap. The prototype swapped 8,300; without a coordinator, or by
 * Proxmox VE's law, the host is below zero. */
#define REACHED_BOOT_STORM_SWAP_IN 0.0

/* MB and VM-seconds, as Proxmox VE's: two balloons that do not move are nobody's loss. */
#define REACHED_STUCK_SWAP_IN 0.0
#define REACHED_STUCK_STALLED 0.0

/* MB and VM-seconds. No worse than qmemman, which gives most at once. */
#define REACHED_SPIKE_SWAP_IN 0.0
#define REACHED_SPIKE_STALLED 3.0

/* In 900 seconds: it looks every other second at what is at rest. */
#define REACHED_REST_CYCLES 451.0

/* VM-seconds: looking again at once where somebody may grow, against 50 where it looks every other
 * second whatever happens. */
#define REACHED_ATTENTIVE_STALLED 30.0

static void
assert_most (const char *what, double is, double reached)
{
  g_test_message ("%s: %g, reached %g", what, is, reached);
  g_assert_cmpfloat (is, <=, reached * (1 + SLACK));
}

static void
assert_least (const char *what, double is, double reached)
{
  g_test_message ("%s: %g, reached %g", what, is, reached);
  g_assert_cmpfloat (is, >=, reached * (1 - SLACK));
}

static const SimCoordinator *
find (const char *name)
{
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (strcmp (sim_coordinators[c].name, name) == 0)
      return &sim_coordinators[c];
  g_assert_not_reached ();
}

/* Returns: (transfer full): free with g_free(). */
static SimResult *
run_named (const char *load_name, const char *coordinator)
{
  g_autofree SimLoad *load = sim_load_named (load_name);
  SimResult *result = g_new (SimResult, 1);

  sim_run (load, find (coordinator), result, NULL);
  return result;
}

/* The hold-out set */

typedef struct
{
  double swap_in, best_peer_swap_in;
  guint stalled_fitting, oracle_stalled_fitting, bound_oracle_stalled_fitting;
  guint below_reserve, best_or_tied;
} HoldOut;

static gboolean
is_peer (const char *name)
{
  return !g_str_has_prefix (name, "MemCoord") && !g_str_has_prefix (name, "oracle");
}

static void
run_hold_out (HoldOut *sums)
{
  g_autofree SimResult *result = g_new (SimResult, 1);
  double peers[64] = { 0 };

  *sums = (HoldOut){ .best_peer_swap_in = G_MAXDOUBLE };
  for (guint i = 0; i < SIM_SET_SIZE; i++)
    {
      g_autofree SimLoad *load = sim_load_random (SIM_HOLD_OUT, i);
      guint ours = 0, best_peer = G_MAXUINT;

      for (guint c = 0; sim_coordinators[c].name != NULL; c++)
        {
          const char *name = sim_coordinators[c].name;

          sim_run (load, &sim_coordinators[c], result, NULL);
          peers[c] += result->swap_in;
          if (is_peer (name))
            best_peer = MIN (best_peer, result->stalled);
          if (strcmp (name, "oracle") == 0 && load->fits)
            sums->oracle_stalled_fitting += result->stalled;
          if (strcmp (name, "oracle of reports, in steps") == 0 && load->fits)
            sums->bound_oracle_stalled_fitting += result->stalled;
          if (strcmp (name, "MemCoord") != 0)
            continue;
          ours = result->stalled;
          sums->swap_in += result->swap_in;
          sums->below_reserve += result->below_reserve;
          sums->stalled_fitting += load->fits ? ours : 0;
        }
      sums->best_or_tied += ours <= best_peer;
    }
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (is_peer (sim_coordinators[c].name))
      sums->best_peer_swap_in = MIN (sums->best_peer_swap_in, peers[c]);
}

static void
test_hold_out (void)
{
  HoldOut sums;

  run_hold_out (&sums);
  g_test_message ("best peer's swap-in %.0f MB; stalled where it fits: the oracle's %u s, and %u "
                  "with reports and in steps",
                  sums.best_peer_swap_in, sums.oracle_stalled_fitting,
                  sums.bound_oracle_stalled_fitting);
  g_assert_cmpuint (sums.below_reserve, ==, 0);
  assert_most ("swap-in, MB", sums.swap_in, REACHED_SWAP_IN);
  assert_most ("swap-in of the best peer's", sums.swap_in / sums.best_peer_swap_in,
               REACHED_SWAP_IN_OF_BEST_PEER);
  assert_least ("best or tied", sums.best_or_tied, REACHED_BEST_OR_TIED);
  assert_most ("stalled, s", sums.stalled_fitting, REACHED_STALLED);
  assert_most ("stalled of the oracle's",
               sums.stalled_fitting / (double)sums.oracle_stalled_fitting,
               REACHED_STALLED_OF_ORACLE);
  assert_most ("stalled of that with reports and steps",
               sums.stalled_fitting / (double)sums.bound_oracle_stalled_fitting,
               REACHED_STALLED_OF_BOUND_ORACLE);
}

/* Named loads */

static void
test_boot_storm (void)
{
  g_autofree SimResult *ours = run_named ("boot-storm", "MemCoord");
  g_autofree SimResult *nobody = run_named ("boot-storm", "none (static)");

  g_assert_cmpuint (nobody->below_zero, >, 0); /* it is a storm */
  g_assert_cmpuint (ours->below_reserve, ==, 0);
  assert_most ("swap-in, MB", ours->swap_in, REACHED_BOOT_STORM_SWAP_IN);
}

static void
test_stuck (void)
{
  g_autofree SimResult *ours = run_named ("stuck", "MemCoord");
  g_autofree SimResult *proxmox = run_named ("stuck", "Proxmox VE");

  g_assert_cmpfloat (ours->swap_in, <=, proxmox->swap_in);
  g_assert_cmpuint (ours->stalled, <=, proxmox->stalled);
  assert_most ("swap-in, MB", ours->swap_in, REACHED_STUCK_SWAP_IN);
  assert_most ("stalled, s", ours->stalled, REACHED_STUCK_STALLED);
}

static void
test_spike (void)
{
  g_autofree SimResult *ours = run_named ("spike", "MemCoord");
  g_autofree SimResult *qmemman = run_named ("spike", "qmemman");

  g_assert_cmpfloat (ours->swap_in, <=, qmemman->swap_in);
  g_assert_cmpuint (ours->stalled, <=, qmemman->stalled);
  assert_most ("swap-in, MB", ours->swap_in, REACHED_SPIKE_SWAP_IN);
  assert_most ("stalled, s", ours->stalled, REACHED_SPIKE_STALLED);
}

static void
test_rest (void)
{
  const char *loads[] = { "steady", "idle" };

  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    {
      g_autofree SimResult *ours = run_named (loads[i], "MemCoord");

      g_assert_cmpuint (ours->late_moves, ==, 0);
      g_assert_cmpfloat (ours->swap_in, ==, 0);
      assert_most ("cycles", ours->cycles, REACHED_REST_CYCLES);
    }
}

static void
test_attention_pays (void)
{
  g_autofree SimResult *attentive = run_named ("markov", "MemCoord");
  g_autofree SimResult *even = run_named ("markov", "MemCoord, 2 s");

  g_test_message ("every other second: %u s", even->stalled);
  g_assert_cmpuint (attentive->stalled, <, even->stalled);
  assert_most ("stalled, s", attentive->stalled, REACHED_ATTENTIVE_STALLED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  sim_tuning = mc_tuning_default;
  g_test_add_func ("/policy/figures/hold-out", test_hold_out);
  g_test_add_func ("/policy/figures/boot-storm", test_boot_storm);
  g_test_add_func ("/policy/figures/stuck", test_stuck);
  g_test_add_func ("/policy/figures/spike", test_spike);
  g_test_add_func ("/policy/figures/rest", test_rest);
  g_test_add_func ("/policy/figures/attention", test_attention_pays);
  return g_test_run ();
}
