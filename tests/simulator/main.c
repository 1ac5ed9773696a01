/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of the simulator. */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "knobs.h"
#include "replay.h"
#include "report-world.h"

#define COUNT_MOST 10000
#define SEED_MOST  65535
#define NO_SEED    (-1)

#define EXIT_USAGE 2

#define ALL "all"

typedef struct
{
  char *set, *class_name, *load, *only, *data, *sweep, *replay, *world;
  char **tune;
  int count, seed;
  gboolean each, json, list;
} Options;

static void
options_clear (Options *options)
{
  char *const strings[] = { options->set,  options->class_name, options->load,   options->only,
                            options->data, options->sweep,      options->replay, options->world };

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (strings[i]);
  g_strfreev (options->tune);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static const char summary[]
    = "Runs memory coordinators side by side in a simulated host and prints tables of what each\n"
      "made of the same loads. The policy is the daemon's own code. All is deterministic.";

static const char description[]
    = "Examples:\n"
      "  simulate --set tuning                      every coordinator on the tuning loads\n"
      "  simulate --set named --only 'MemCoord*'    MemCoord on each of the named loads\n"
      "  simulate --set tuning --class all          those of interest, by what loads are made of\n"
      "  simulate --set fresh --seed 42             every coordinator on loads that nobody has "
      "seen\n"
      "  simulate --class cache --each              line by line for each load of a class\n"
      "  simulate --load spike --data /tmp/plots    and what plots are drawn from\n"
      "  simulate --sweep headroom_percent=0,10,20  what one of the policy's numbers trades\n"
      "  simulate --world my-host.world             what each would do on the host of that file\n"
      "  simulate --replay recorded.csv             what the policy decides of a recorded run\n"
      "\n"
      "The hold-out set is for the figures that are told: look at the tuning set while you change\n"
      "the policy. See tests/simulator/README.md.\n";

static void
print_list (void)
{
  printf ("Loads:\n");
  for (guint i = 0; sim_load_names[i] != NULL; i++)
    printf ("  %s\n", sim_load_names[i]);
  printf ("Classes of random loads:\n");
  for (guint i = 0; sim_class_names[i] != NULL; i++)
    printf ("  %-10s %s\n", sim_class_names[i], sim_class_about (i));
  printf ("Coordinators:\n");
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    printf ("  %s\n", sim_coordinators[c].name);
  printf ("The policy's numbers, for --tune and --sweep:\n");
  for (guint i = 0; sim_knob_names ()[i] != NULL; i++)
    printf ("  %s=%u\n", sim_knob_names ()[i], *sim_knob_find (&sim_tuning, sim_knob_names ()[i]));
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
check_only (const Options *options, const SimReport *report, GError **error)
{
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (sim_report_wants (report, &sim_coordinators[c]))
      return TRUE;
  return refuse (error, "no coordinator's name fits '%s'; --list shows them", options->only);
}

static gboolean
check (const Options *options, int argc, char *argv[], const SimReport *report, GError **error)
{
  guint ways = (options->set != NULL && options->sweep == NULL) + (options->load != NULL)
               + (options->sweep != NULL) + (options->replay != NULL) + (options->world != NULL);

  if (argc > 1)
    return refuse (error, "unexpected argument '%s'", argv[1]);
  if (ways > 1)
    return refuse (error,
                   "only one of --set, --load, --sweep, --replay and --world can be done at once");
  if (options->json && options->world == NULL)
    return refuse (error, "--json is for --world");
  if (options->world != NULL && (options->each || options->data != NULL))
    return refuse (error, "--each and --data are not for --world");
  if (options->count < 1 || options->count > COUNT_MOST)
    return refuse (error, "--count is 1 to %d, not %d", COUNT_MOST, options->count);
  if (options->load != NULL && !g_strv_contains (sim_load_names, options->load))
    return refuse (error, "there is no load '%s'; --list shows them", options->load);
  if (options->set != NULL && strcmp (options->set, "tuning") != 0
      && strcmp (options->set, "hold-out") != 0 && strcmp (options->set, "fresh") != 0
      && strcmp (options->set, "named") != 0)
    return refuse (error, "--set is tuning, hold-out, fresh or named, not '%s'", options->set);
  if (options->seed != NO_SEED && g_strcmp0 (options->set, "fresh") != 0)
    return refuse (error, "--seed is for --set fresh");
  if (options->seed != NO_SEED && (options->seed < 1 || options->seed > SEED_MOST))
    return refuse (error, "--seed is 1 to %d, not %d", SEED_MOST, options->seed);
  if (options->class_name != NULL && strcmp (options->class_name, ALL) != 0
      && !g_strv_contains (sim_class_names, options->class_name))
    return refuse (error, "there is no class '%s'; --list shows them", options->class_name);
  if (options->class_name != NULL
      && (options->load != NULL || options->replay != NULL || options->world != NULL
          || g_strcmp0 (options->set, "named") == 0))
    return refuse (error, "--class is of the tuning, the hold-out and the fresh sets");
  if (options->class_name != NULL && strcmp (options->class_name, ALL) == 0
      && (options->each || options->sweep != NULL))
    return refuse (error, "--each and --sweep take the loads of one class, not of all");
  if (options->sweep != NULL && g_strcmp0 (options->set, "named") == 0)
    return refuse (error, "--sweep runs on the tuning, the hold-out or a fresh set");
  return check_only (options, report, error);
}

static gboolean
tune (const Options *options, GError **error)
{
  for (guint i = 0; options->tune != NULL && options->tune[i] != NULL; i++)
    if (!sim_knob_set (&sim_tuning, options->tune[i], error))
      return FALSE;
  return TRUE;
}

static SimSet
set_of (const Options *options)
{
  if (g_strcmp0 (options->set, sim_set_name (SIM_FRESH)) == 0)
    return SIM_FRESH;
  return g_strcmp0 (options->set, sim_set_name (SIM_HOLD_OUT)) == 0 ? SIM_HOLD_OUT : SIM_TUNING;
}

static gboolean
sweep (const Options *options, const SimReport *report, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (options->sweep, "=", 2);
  g_auto (GStrv) texts
      = parts[0] != NULL && parts[1] != NULL ? g_strsplit (parts[1], ",", -1) : NULL;
  guint n = texts != NULL ? g_strv_length (texts) : 0;
  g_autofree guint *values = g_new (guint, n + 1);

  if (n == 0)
    return refuse (error, "--sweep is NAME=VALUE,VALUE,…, not '%s'", options->sweep);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *assignment = g_strdup_printf ("%s=%s", parts[0], texts[i]);
      McTuning scratch = sim_tuning;

      if (!sim_knob_set (&scratch, assignment, error))
        return FALSE;
      values[i] = *sim_knob_find (&scratch, parts[0]);
    }
  sim_report_sweep (report, set_of (options), parts[0], values, n);
  return TRUE;
}

static guint
class_of (const Options *options)
{
  for (guint i = 0; sim_class_names[i] != NULL; i++)
    if (g_strcmp0 (options->class_name, sim_class_names[i]) == 0)
      return i;
  return 0;
}

static guint
n_classes (const Options *options)
{
  return strcmp (options->class_name, ALL) == 0 ? g_strv_length ((char **)sim_class_names) : 1;
}

static gboolean
run (const Options *options, const SimReport *report, GError **error)
{
  if (options->replay != NULL)
    return sim_replay (options->replay, stdout, error);
  if (options->world != NULL)
    return sim_report_world (report, options->world, options->json, stdout, error);
  if (options->sweep != NULL)
    return sweep (options, report, error);
  if (options->class_name != NULL && !options->each)
    {
      sim_report_classes (report, set_of (options), report->load_class, n_classes (options));
      return TRUE;
    }
  if (options->load != NULL)
    return sim_report_load (report, options->load, error);
  if (g_strcmp0 (options->set, "named") != 0)
    return sim_report_set (report, set_of (options), error);
  for (guint i = 0; sim_load_names[i] != NULL; i++)
    if (!sim_report_load (report, sim_load_names[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
parse (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "set", 's', 0, G_OPTION_ARG_STRING, &options->set,
      "A set of loads: tuning (the default), hold-out, fresh or named", "SET" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &options->seed,
      "With --set fresh: which of them, so that nobody has seen its loads (1)", "N" },
    { "class", 'c', 0, G_OPTION_ARG_STRING, &options->class_name,
      "The set's loads of one class, or of all: a row for each coordinator of interest", "NAME" },
    { "load", 'l', 0, G_OPTION_ARG_STRING, &options->load, "One named load", "NAME" },
    { "only", 'o', 0, G_OPTION_ARG_STRING, &options->only,
      "Show coordinators whose name fits one of these: 'MemCoord', 'none*,qmemman*'", "NAMES" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &options->count,
      "How many loads of the set (" G_STRINGIFY (SIM_SET_SIZE) ")", "N" },
    { "each", 'e', 0, G_OPTION_ARG_NONE, &options->each,
      "One line of figures for each load and coordinator instead of sums", NULL },
    { "data", 'd', 0, G_OPTION_ARG_FILENAME, &options->data, "Write the plots' figures there",
      "DIR" },
    { "tune", 't', 0, G_OPTION_ARG_STRING_ARRAY, &options->tune,
      "Run MemCoord with another value of one of its numbers; may be given again", "NAME=VALUE" },
    { "sweep", 'w', 0, G_OPTION_ARG_STRING, &options->sweep,
      "Run MemCoord with each of these values, on the tuning set unless --set says otherwise",
      "NAME=V,V,…" },
    { "replay", 'r', 0, G_OPTION_ARG_FILENAME, &options->replay,
      "Decide again on what was recorded, and show it beside what was done", "FILE" },
    { "world", 0, 0, G_OPTION_ARG_FILENAME, &options->world,
      "The host and the VMs of a world file; see tests/simulator/README.md", "FILE" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "With --world: for programs", NULL },
    { "list", 0, 0, G_OPTION_ARG_NONE, &options->list,
      "List the loads, the coordinators and the policy's numbers", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

int
main (int argc, char *argv[])
{
  g_auto (Options) options = { .count = SIM_SET_SIZE, .seed = NO_SEED };
  g_autoptr (GError) error = NULL;
  SimReport report = { 0 };
  gboolean usable;

  setlocale (LC_CTYPE, "");
  sim_tuning = mc_tuning_default;
  usable = parse (&options, &argc, &argv, &error) && tune (&options, &error);
  report = (SimReport){
    .only = options.only,
    .data = options.data,
    .count = (guint)options.count,
    .load_class = class_of (&options),
    .each = options.each,
  };
  if (!usable || !check (&options, argc, argv, &report, &error))
    {
      g_printerr ("simulate: %s\n", error->message);
      return EXIT_USAGE;
    }
  if (options.seed != NO_SEED)
    sim_fresh_number = (guint)options.seed;
  if (options.list)
    print_list ();
  else if (!run (&options, &report, &error))
    {
      g_printerr ("simulate: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
