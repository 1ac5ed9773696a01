/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs loads under coordinators and prints the tables; writes what the plots are drawn from. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "knobs.h"
#include "report.h"

static guint
n_coordinators (void)
{
  guint n = 0;

  while (sim_coordinators[n].name != NULL)
    n++;
  return n;
}

gboolean
sim_report_wants (const SimReport *report, const SimCoordinator *coordinator)
{
  const char *pattern = report->only;

  /* Commas divide patterns, but those within names, which spaces follow. */
  while (pattern != NULL)
    {
      const char *comma = strchr (pattern, ',');
      g_autofree char *one = NULL;

      while (comma != NULL && comma[1] == ' ')
        comma = strchr (comma + 1, ',');
      one = comma != NULL ? g_strndup (pattern, (gsize)(comma - pattern)) : g_strdup (pattern);
      if (g_pattern_match_simple (one, coordinator->name))
        return TRUE;
      pattern = comma != NULL ? comma + 1 : NULL;
    }
  return report->only == NULL;
}

/* Tables */

static void
print_head (const char *title, const char *first)
{
  printf ("\n## %s\n\n", title);
  printf ("| %s | swap-in MB | stalled VM-s | regret | relief p50/p95/worst s | kills "
          "| host <= reserve s | < 0 s | deepest MB | moves | GB moved | reversals | per VM-h "
          "| Jain | by weight | reclaimed MB | slack MB | refaults MB | cycles |\n",
          first);
  printf ("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
}

/* @oracle: (nullable): of the same loads, for the regret. */
static void
print_row (const char *name, SimResult *result, const SimResult *oracle, guint runs)
{
  g_autofree char *regret
      = oracle != NULL ? g_strdup_printf ("%d", (int)result->stalled - (int)oracle->stalled)
                       : g_strdup ("-");

  printf (
      "| %s | %.0f | %u | %s | %.0f / %.0f / %.0f | %u | %u | %u | %.0f | %u | %.0f | %u | %.1f "
      "| %.3f | %.3f | %.0f | %.0f | %.0f | %u |\n",
      name, result->swap_in, result->stalled, regret, sim_result_relief (result, 0.5),
      sim_result_relief (result, 0.95), sim_result_relief (result, 1), result->kills,
      result->below_reserve, result->below_zero, result->deepest, result->moves,
      result->moved / 1024, result->reversals,
      result->vm_hours > 0 ? result->reversals / result->vm_hours : 0, result->jain / runs,
      result->jain_weighted / runs, result->reclaimed / runs, result->slack / runs,
      result->refaults, result->cycles);
}

static const SimCoordinator *
find_oracle (void)
{
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (strcmp (sim_coordinators[c].name, "oracle") == 0)
      return &sim_coordinators[c];
  g_assert_not_reached ();
}

/* Figures for the plots */

static FILE *
open_data (const SimReport *report, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (report->data, name, NULL);
  FILE *file = fopen (path, "w");

  if (file == NULL)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "failed to write %s: %s",
                 path, g_strerror (errno));
  return file;
}

/* "Hyper-V-like, 2 s" → "hyper-v-like-2-s" */
static char *
file_name_of (const char *load, const char *coordinator)
{
  g_autofree char *lower = g_ascii_strdown (coordinator, -1);
  g_autofree char *kept
      = g_strcanon (g_strdup (lower), "abcdefghijklmnopqrstuvwxyz0123456789", '-');
  g_auto (GStrv) words = g_strsplit (kept, "--", -1);
  g_autofree char *name = g_strjoinv ("-", words);

  return g_strdup_printf ("%s.%s.dat", load, name);
}

static gboolean
run_traced (const SimReport *report,
            const SimLoad *load,
            const SimCoordinator *coordinator,
            SimResult *result,
            GError **error)
{
  g_autofree char *name = file_name_of (load->name, coordinator->name);
  FILE *trace = open_data (report, name, error);

  if (trace == NULL)
    return FALSE;
  sim_run (load, coordinator, result, trace);
  fclose (trace);
  return TRUE;
}

/* One load */

gboolean
sim_report_load (const SimReport *report, const char *name, GError **error)
{
  g_autofree SimLoad *load = sim_load_named (name);
  g_autofree SimResult *result = g_new (SimResult, 1);
  g_autofree SimResult *oracle = g_new (SimResult, 1);
  g_autofree char *title = g_strdup_printf ("%s: %u guests, %.0f MiB host, %s", name, load->n,
                                            load->total, load->fits ? "fits" : "does not fit");

  sim_run (load, find_oracle (), oracle, NULL);
  print_head (title, "coordinator");
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    {
      const SimCoordinator *coordinator = &sim_coordinators[c];

      if (!sim_report_wants (report, coordinator))
        continue;
      if (report->data == NULL)
        sim_run (load, coordinator, result, NULL);
      else if (!run_traced (report, load, coordinator, result, error))
        return FALSE;
      print_row (coordinator->name, result, oracle, 1);
    }
  return TRUE;
}

/* A set of loads */

typedef struct
{
  SimResult *all, *fitting; /* sums by coordinator */
  guint *best;              /* loads in which it had the fewest stalled seconds; ties count */
  guint runs, runs_fitting;
} Sums;

static gboolean
is_oracle (const SimCoordinator *coordinator)
{
  return g_str_has_prefix (coordinator->name, "oracle");
}

/* The earlier loads go on beyond the set, for whoever wants fresh ones. */
static guint
n_loads (const SimReport *report)
{
  return report->load_class == 0 ? report->count
                                 : MIN (report->count, sim_class_size (report->load_class));
}

static void
print_each (const SimLoad *load, const SimCoordinator *coordinator, const SimResult *result)
{
  printf ("%s;%s;%d;%.0f;%u;%u;%u;%u;%.0f;%.2f\n", load->name, coordinator->name, load->fits,
          result->swap_in, result->stalled, result->moves, result->reversals, result->below_reserve,
          result->slack, result->vm_hours);
}

static void
run_one_of_set (const SimReport *report, const SimLoad *load, Sums *sums)
{
  guint n = n_coordinators (), least = G_MAXUINT;
  g_autofree guint *stalled = g_new0 (guint, n);
  g_autofree SimResult *result = g_new (SimResult, 1);

  for (guint c = 0; c < n; c++)
    {
      /* Who is best is judged among all, shown or not. */
      if (report->each && !sim_report_wants (report, &sim_coordinators[c]))
        continue;
      sim_run (load, &sim_coordinators[c], result, NULL);
      stalled[c] = result->stalled;
      if (report->each)
        print_each (load, &sim_coordinators[c], result);
      if (!is_oracle (&sim_coordinators[c]))
        least = MIN (least, result->stalled);
      sim_result_add (&sums->all[c], result);
      if (load->fits)
        sim_result_add (&sums->fitting[c], result);
    }
  for (guint c = 0; c < n; c++)
    sums->best[c] += stalled[c] <= least;
  sums->runs++;
  sums->runs_fitting += load->fits;
}

static void
print_table (const SimReport *report, const char *title, SimResult *sums, guint runs)
{
  const SimResult *oracle = &sums[find_oracle () - sim_coordinators];

  print_head (title, "coordinator");
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (sim_report_wants (report, &sim_coordinators[c]))
      print_row (sim_coordinators[c].name, &sums[c], oracle, MAX (runs, 1));
}

static void
print_sums (const SimReport *report, SimSet set, const Sums *sums)
{
  g_autofree char *all = g_strdup_printf ("%s: sums of %u loads", sim_set_name (set), sums->runs);
  g_autofree char *fitting = g_strdup_printf ("%s: sums of the %u loads that fit the host",
                                              sim_set_name (set), sums->runs_fitting);

  print_table (report, all, sums->all, sums->runs);
  print_table (report, fitting, sums->fitting, sums->runs_fitting);
  printf ("\nFewest stalled seconds of all but the oracles, alone or tied, of %u loads:\n\n",
          sums->runs);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (sim_report_wants (report, &sim_coordinators[c]) && !is_oracle (&sim_coordinators[c]))
      printf ("- %s: %u\n", sim_coordinators[c].name, sums->best[c]);
}

static gboolean
write_bars (const SimReport *report, SimSet set, const Sums *sums, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s.bars.dat", sim_set_name (set));
  FILE *bars = open_data (report, name, error);

  if (bars == NULL)
    return FALSE;
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (sim_report_wants (report, &sim_coordinators[c]))
      fprintf (bars, "\"%s\" %.3f %u %u %.2f %u %.1f\n", sim_coordinators[c].name,
               sums->all[c].swap_in / 1000, sums->all[c].stalled, sums->all[c].below_reserve,
               sums->all[c].reversals / sums->all[c].vm_hours, sums->all[c].moves,
               sums->all[c].slack / sums->runs);
  fclose (bars);
  return TRUE;
}

gboolean
sim_report_set (const SimReport *report, SimSet set, GError **error)
{
  guint n = n_coordinators ();
  g_autofree SimResult *all = g_new0 (SimResult, n);
  g_autofree SimResult *fitting = g_new0 (SimResult, n);
  g_autofree guint *best = g_new0 (guint, n);
  Sums sums = { .all = all, .fitting = fitting, .best = best };

  for (guint i = 0; i < n_loads (report); i++)
    {
      g_autofree SimLoad *load = sim_load_of_class (set, report->load_class, i);

      run_one_of_set (report, load, &sums);
    }
  if (!report->each)
    print_sums (report, set, &sums);
  return report->data == NULL || write_bars (report, set, &sums, error);
}

/* Sweeps */

static void
sum_up (const SimReport *report,
        SimSet set,
        const SimCoordinator *coordinator,
        SimResult *sum,
        guint *stalled_fitting)
{
  g_autofree SimResult *result = g_new (SimResult, 1);

  *sum = (SimResult){ 0 };
  *stalled_fitting = 0;
  for (guint i = 0; i < n_loads (report); i++)
    {
      g_autofree SimLoad *load = sim_load_of_class (set, report->load_class, i);

      sim_run (load, coordinator, result, NULL);
      sim_result_add (sum, result);
      *stalled_fitting += load->fits ? result->stalled : 0;
    }
}

void
sim_report_sweep (
    const SimReport *report, SimSet set, const char *name, const guint *values, guint n_values)
{
  const SimCoordinator *memcoord = sim_coordinators;
  g_autofree SimResult *sum = g_new (SimResult, 1);
  guint *knob = sim_knob_find (&sim_tuning, name), before = *knob, stalled_fitting;

  while (strcmp (memcoord->name, "MemCoord") != 0)
    memcoord++;
  printf ("\n## %s: %s, sums of %u loads; it is %u\n\n", sim_set_name (set), name, n_loads (report),
          before);
  printf ("| %s | swap-in MB | stalled VM-s | in loads that fit | host <= reserve s | moves "
          "| reversals per VM-h | slack MB | cycles |\n",
          name);
  printf ("|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (guint i = 0; i < n_values; i++)
    {
      *knob = values[i];
      sum_up (report, set, memcoord, sum, &stalled_fitting);
      printf ("| %u | %.0f | %u | %u | %u | %u | %.1f | %.0f | %u |\n", values[i], sum->swap_in,
              sum->stalled, stalled_fitting, sum->below_reserve, sum->moves,
              sum->reversals / sum->vm_hours, sum->slack / report->count, sum->cycles);
    }
  *knob = before;
}
