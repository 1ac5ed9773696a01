/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs loads under coordinators and prints the tables; writes what the plots are drawn from. */
#include "config.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "measure.h"

typedef struct
{
  char *set;     /* "tuning", "hold-out" or "named" */
  char *load;    /* one named load */
  char *only;    /* coordinators whose name begins so */
  char *data;    /* directory for the plots' figures */
  int count;     /* how many loads of a set; 0 = the usual number */
  gboolean each; /* a line for each load and coordinator, nothing else */
} Options;

static guint
n_coordinators (void)
{
  guint n = 0;

  while (sim_coordinators[n].name != NULL)
    n++;
  return n;
}

static gboolean
wanted (const Options *options, guint c)
{
  return options->only == NULL || g_str_has_prefix (sim_coordinators[c].name, options->only);
}

static void
print_head (const char *title)
{
  printf ("\n## %s\n\n", title);
  printf ("| coordinator | swap-in MB | stalled VM-s | relief p50/p95/worst s | kills | host <= "
          "reserve s | < 0 s | deepest MB "
          "| moves | GB moved | reversals per VM-h | Jain | by weight | reclaimed MB | slack MB | "
          "refaults MB | cycles |\n");
  printf ("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void
print_row (const char *name, SimResult *result, guint runs)
{
  printf ("| %s | %.0f | %u | %.0f / %.0f / %.0f | %u | %u | %u | %.0f | %u | %.0f | %.1f (%u) | "
          "%.3f | %.3f | %.0f | %.0f | %.0f | %u "
          "|\n",
          name, result->swap_in, result->stalled, sim_result_relief (result, 0.5),
          sim_result_relief (result, 0.95), sim_result_relief (result, 1), result->kills,
          result->below_reserve, result->below_zero, MAX (0, result->deepest), result->moves,
          result->moved / 1024, result->vm_hours > 0 ? result->reversals / result->vm_hours : 0,
          result->reversals, result->jain / runs, result->jain_weighted / runs,
          result->reclaimed / runs, result->slack / runs, result->refaults, result->cycles);
}

static void
write_trace (const Options *options, const SimLoad *load, guint c)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.%u.dat", options->data, load->name, c);
  FILE *trace = fopen (path, "w");
  g_autofree SimResult *result = g_new (SimResult, 1);

  if (trace == NULL)
    g_error ("failed to write %s", path);
  sim_run (load, &sim_coordinators[c], result, trace);
  fclose (trace);
}

static void
run_named (const Options *options, const char *name)
{
  g_autofree SimLoad *load = sim_load_named (name);
  g_autofree SimResult *result = g_new (SimResult, 1);
  g_autofree char *title = NULL;

  if (load == NULL)
    {
      g_printerr ("There is no load of the name %s.\n", name);
      exit (2);
    }
  title = g_strdup_printf ("%s: %u guests, %.0f MiB host, %s", name, load->n, load->total,
                           load->fits ? "fits" : "does not fit");
  print_head (title);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    {
      if (!wanted (options, c))
        continue;
      sim_run (load, &sim_coordinators[c], result, NULL);
      print_row (sim_coordinators[c].name, result, 1);
      if (options->data != NULL)
        write_trace (options, load, c);
    }
}

typedef struct
{
  SimResult *sums;     /* by coordinator */
  SimResult *sums_fit; /* of the loads that fit */
  guint
      *best; /* loads in which it had the fewest stalled seconds, the oracle left out; ties count */
  guint runs, fitting;
} Sums;

static void
run_one_of_set (const Options *options, const SimLoad *load, Sums *sums)
{
  guint n = n_coordinators (), least = G_MAXUINT;
  g_autofree guint *stalled = g_new0 (guint, n);
  g_autofree SimResult *result = g_new (SimResult, 1);

  for (guint c = 0; c < n; c++)
    {
      if (!wanted (options, c))
        continue;
      sim_run (load, &sim_coordinators[c], result, NULL);
      stalled[c] = result->stalled;
      if (options->each)
        printf ("%s;%s;%d;%.0f;%u;%u;%u;%u;%.0f;%.2f\n", load->name, sim_coordinators[c].name,
                load->fits, result->swap_in, result->stalled, result->moves, result->reversals,
                result->below_reserve, result->slack, result->vm_hours);
      if (strcmp (sim_coordinators[c].name, "oracle") != 0)
        least = MIN (least, result->stalled);
      sim_result_add (&sums->sums[c], result);
      if (load->fits)
        sim_result_add (&sums->sums_fit[c], result);
    }
  for (guint c = 0; c < n; c++)
    sums->best[c] += wanted (options, c) && stalled[c] <= least;
  sums->runs++;
  sums->fitting += load->fits;
}

static void
print_sums (const Options *options, const Sums *sums)
{
  g_autofree char *all = g_strdup_printf ("%s: sums of %u loads", options->set, sums->runs);
  g_autofree char *fit
      = g_strdup_printf ("%s: sums of the %u that fit the host", options->set, sums->fitting);

  print_head (all);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (wanted (options, c))
      print_row (sim_coordinators[c].name, &sums->sums[c], sums->runs);
  print_head (fit);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (wanted (options, c))
      print_row (sim_coordinators[c].name, &sums->sums_fit[c], MAX (sums->fitting, 1));
  printf ("\nFewest stalled seconds, alone or tied, of %u loads:", sums->runs);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (wanted (options, c))
      printf (" %s %u;", sim_coordinators[c].name, sums->best[c]);
  printf ("\n");
}

static void
write_bars (const Options *options, const Sums *sums)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.bars.dat", options->data, options->set);
  FILE *bars = fopen (path, "w");

  if (bars == NULL)
    g_error ("failed to write %s", path);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (wanted (options, c))
      fprintf (bars, "\"%s\" %.3f %u %u %u %u %.1f\n", sim_coordinators[c].name,
               sums->sums[c].swap_in / 1024, sums->sums[c].stalled, sums->sums[c].below_reserve,
               sums->sums[c].reversals, sums->sums[c].moves, sums->sums[c].slack / sums->runs);
  fclose (bars);
}

static void
run_set (const Options *options, SimSet set)
{
  guint n = n_coordinators ();
  g_autofree SimResult *all = g_new0 (SimResult, n);
  g_autofree SimResult *fit = g_new0 (SimResult, n);
  g_autofree guint *best = g_new0 (guint, n);
  Sums sums = { .sums = all, .sums_fit = fit, .best = best };

  for (guint i = 0; i < (guint)(options->count > 0 ? options->count : SIM_SET_SIZE); i++)
    {
      g_autofree SimLoad *load = sim_load_random (set, i);

      run_one_of_set (options, load, &sums);
    }
  if (!options->each)
    print_sums (options, &sums);
  if (options->data != NULL)
    write_bars (options, &sums);
}

int
main (int argc, char *argv[])
{
  Options options = { 0 };
  const GOptionEntry entries[] = {
    { "set", 's', 0, G_OPTION_ARG_STRING, &options.set, "tuning, hold-out or named", "SET" },
    { "load", 'l', 0, G_OPTION_ARG_STRING, &options.load, "One named load", "NAME" },
    { "only", 'o', 0, G_OPTION_ARG_STRING, &options.only, "Coordinators whose name begins so",
      "NAME" },
    { "data", 'd', 0, G_OPTION_ARG_FILENAME, &options.data, "Writes the plots' figures there",
      "DIR" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &options.count, "How many loads of the set", "N" },
    { "each", 'e', 0, G_OPTION_ARG_NONE, &options.each,
      "One line of figures for each load and coordinator", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context
      = g_option_context_new ("- memory coordinators in a simulated host");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  if (options.load != NULL)
    run_named (&options, options.load);
  else if (g_strcmp0 (options.set, "named") == 0)
    for (guint i = 0; sim_load_names[i] != NULL; i++)
      run_named (&options, sim_load_names[i]);
  else
    run_set (&options, g_strcmp0 (options.set, "hold-out") == 0 ? SIM_HOLD_OUT : SIM_TUNING);
  return 0;
}
