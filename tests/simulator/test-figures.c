/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the policy has reached, so that nobody loses it again: on the hold-out set, and on the named
 * loads that show what peers do well.
 */
#include "config.h"

#include <string.h>

#include "measure.h"

/* The prototype swapped this much in its boot storm, MiB. */
#define PROTOTYPE_BOOT_STORM 8300.0

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
  g_test_message (
      "swap-in %.0f MB, best peer's %.0f; best or tied in %u; stalled where it fits %u, "
      "the oracle's %u, and %u with reports and in steps",
      sums.swap_in, sums.best_peer_swap_in, sums.best_or_tied, sums.stalled_fitting,
      sums.oracle_stalled_fitting, sums.bound_oracle_stalled_fitting);
  g_assert_cmpfloat (sums.swap_in, <=, 0.75 * sums.best_peer_swap_in);
  g_assert_cmpuint (sums.best_or_tied, >=, 150);
  g_assert_cmpuint (sums.below_reserve, ==, 0);
  g_assert_cmpfloat (sums.stalled_fitting, <=, 3.0 * sums.oracle_stalled_fitting);
  g_assert_cmpfloat (sums.stalled_fitting, <=, 1.4 * sums.bound_oracle_stalled_fitting);
}

/* Named loads */

static void
test_boot_storm (void)
{
  g_autofree SimResult *ours = run_named ("boot-storm", "MemCoord");
  g_autofree SimResult *nobody = run_named ("boot-storm", "none (static)");

  g_assert_cmpuint (nobody->below_zero, >, 0); /* it is a storm */
  g_assert_cmpuint (ours->below_reserve, ==, 0);
  g_assert_cmpfloat (ours->swap_in, <, PROTOTYPE_BOOT_STORM / 4);
}

static void
test_stuck (void)
{
  g_autofree SimResult *ours = run_named ("stuck", "MemCoord");
  g_autofree SimResult *proxmox = run_named ("stuck", "Proxmox VE");

  g_assert_cmpfloat (ours->swap_in, <=, proxmox->swap_in);
  g_assert_cmpuint (ours->stalled, <=, proxmox->stalled);
}

static void
test_spike (void)
{
  g_autofree SimResult *ours = run_named ("spike", "MemCoord");
  g_autofree SimResult *qmemman = run_named ("spike", "qmemman");

  g_assert_cmpfloat (ours->swap_in, <=, qmemman->swap_in);
  g_assert_cmpuint (ours->stalled, <=, qmemman->stalled);
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
      /* It looks every other second at what is at rest. */
      g_assert_cmpuint (ours->cycles, <, 900 / 2 + 30);
    }
}

static void
test_attention_pays (void)
{
  g_autofree SimResult *attentive = run_named ("markov", "MemCoord");
  g_autofree SimResult *even = run_named ("markov", "MemCoord, 2 s");

  g_assert_cmpuint (attentive->stalled, <, even->stalled);
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
