/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the policy has reached on each class of hosts, so that nobody loses it again: on the
 * hold-out loads, beside the best of nobody and the peers.
 */
#include "config.h"

#include <string.h>

#include "report.h"

typedef struct
{
  const char *name;
  double of_best; /* stalled seconds at most, as part of the best peer's: reached, and 5 % more */
  guint reserve;  /* seconds of the host at its reserve, in loads that fit */
  guint killed;   /* guests at most */
} Bound;

/*
 * Aimed at is fewer than the best law of a peer, no second at the reserve, and nobody killed, in
 * each: the first is asserted, and reached in all; the second is not in two. Beside that, what was
 * reached on 2026-11-28, beside the best of nobody at all (who takes the host to its reserve) and
 * of the peers, qmemman made to share evenly (nobody's law) among them.
 *
 * Why those that stand out are no better: pinned, that nobody is the best, who takes nothing, so
 * that nothing is taken in vain (775 seconds at the reserve in loads that do not fit; laws stall
 * guests for 7,110 s and more). idle and failing, that qmemman made to share evenly is as good
 * there, since nobody's balloon is in the way of the one that works. free-only, that what a guest
 * without MemAvailable fills may all be in use: in two loads whose balloons are full at first such
 * guests fill them with page cache in 26 and 17 seconds more than are there; peers that keep the
 * reserve there make guests swap 5 to 19 GB for it, this 158 MB. overhead, one second in which
 * QEMUs of 100 to 300 MiB came to occupy what they had.
 */
static const Bound bounds[] = {
  { "small", 0.73, 0, 0 },   { "mixed", 0.39, 0, 0 },     { "unequal", 0.38, 0, 0 },
  { "huge", 0.39, 0, 0 },    { "crowd", 0.44, 0, 0 },     { "overhead", 0.65, 1, 0 },
  { "slow", 0.81, 0, 0 },    { "cache", 0.37, 0, 0 },     { "kernels", 0.54, 0, 0 },
  { "idle", 1.04, 0, 0 },    { "starts", 0.49, 0, 0 },    { "hands", 0.64, 0, 0 },
  { "drivers", 0.48, 0, 0 }, { "failing", 0.98, 0, 0 },   { "restart", 0.57, 0, 0 },
  { "dead", 0.84, 0, 0 },    { "toggling", 0.77, 0, 0 },  { "free-only", 0.27, 43, 0 },
  { "pools", 0.75, 0, 0 },   { "reclaimed", 0.46, 0, 0 }, { "pinned", 2.12, 0, 0 },
};

typedef struct
{
  guint stalled, best_peer_stalled, reserve_fitting, killed;
  guint best_law_stalled; /* of what somebody has published */
  const char *best_peer;
} Reached;

static guint
find_class (const char *name)
{
  guint load_class = 0;

  while (strcmp (sim_class_names[load_class], name) != 0)
    load_class++;
  return load_class;
}

static void
run_loads (guint load_class, const SimCoordinator *coordinator, Reached *reached)
{
  g_autofree SimResult *result = g_new (SimResult, 1);

  *reached = (Reached){ 0 };
  for (guint i = 0; i < SIM_CLASS_SIZE; i++)
    {
      g_autofree SimLoad *load = sim_load_of_class (SIM_HOLD_OUT, load_class, i);

      sim_run (load, coordinator, result, NULL);
      reached->stalled += result->stalled;
      reached->reserve_fitting += load->fits ? result->below_reserve : 0;
      reached->killed += result->kills;
    }
}

static gboolean
is_law (const char *name)
{
  return !g_str_has_prefix (name, "none") && strstr (name, "scaled") == NULL;
}

static void
run_class (guint load_class, Reached *ours)
{
  SimReport report = { 0 };
  Reached best = { .stalled = G_MAXUINT };
  guint best_law = G_MAXUINT;

  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    {
      const SimCoordinator *coordinator = &sim_coordinators[c];
      Reached reached;

      if (!sim_report_is_of_interest (&report, coordinator)
          || strcmp (coordinator->name, "oracle") == 0)
        continue;
      run_loads (load_class, coordinator, &reached);
      if (strcmp (coordinator->name, "MemCoord") == 0)
        *ours = reached;
      else if (is_law (coordinator->name))
        best_law = MIN (best_law, reached.stalled);
      if (strcmp (coordinator->name, "MemCoord") != 0 && reached.stalled < best.stalled)
        {
          best = reached;
          best.best_peer = coordinator->name;
        }
    }
  ours->best_law_stalled = best_law;
  ours->best_peer = best.best_peer;
  ours->best_peer_stalled = best.stalled;
}

static void
test_class (gconstpointer data)
{
  const Bound *bound = data;
  Reached reached = { 0 };

  run_class (find_class (bound->name), &reached);
  g_test_message ("%s: stalled %u, %s %u; %u s at the reserve where it fits; %u killed",
                  bound->name, reached.stalled, reached.best_peer, reached.best_peer_stalled,
                  reached.reserve_fitting, reached.killed);
  g_assert_cmpuint (reached.stalled, <, reached.best_law_stalled);
  g_assert_cmpfloat (reached.stalled, <=, bound->of_best * reached.best_peer_stalled);
  g_assert_cmpuint (reached.reserve_fitting, <=, bound->reserve);
  g_assert_cmpuint (reached.killed, <=, bound->killed);
}

/* Nobody is without a bound. */
static void
test_all_are_bound (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (bounds) + 1, ==, g_strv_length ((char **)sim_class_names));
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    g_assert_cmpstr (bounds[i].name, ==, sim_class_names[i + 1]);
}

/* A load is the same each time, and no load of one set is in the other. */
static void
test_loads_are_drawn_alike (void)
{
  for (guint load_class = 1; sim_class_names[load_class] != NULL; load_class++)
    {
      g_autofree SimLoad *load = sim_load_of_class (SIM_TUNING, load_class, 1),
                         *again = sim_load_of_class (SIM_TUNING, load_class, 1),
                         *other = sim_load_of_class (SIM_HOLD_OUT, load_class, 1);

      g_assert_cmpmem (load, sizeof *load, again, sizeof *again);
      g_assert_cmpuint (load->seed, !=, other->seed);
      g_assert_cmpuint (load->n, <=, SIM_VMS_MOST);
      g_assert_nonnull (sim_class_about (load_class));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  sim_tuning = mc_tuning_default;
  g_test_add_func ("/policy/classes/all-are-bound", test_all_are_bound);
  g_test_add_func ("/policy/classes/loads", test_loads_are_drawn_alike);
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      g_autofree char *path = g_strconcat ("/policy/classes/", bounds[i].name, NULL);

      g_test_add_data_func (path, &bounds[i], test_class);
    }
  return g_test_run ();
}
