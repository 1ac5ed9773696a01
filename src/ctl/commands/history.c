/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl history: what the host or a VM had, over restarts. */
#include "config.h"

#include "command.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "output/plot.h"
#include "output/table.h"
#include "output/times.h"
#include "past.h"
#include "replay-csv.h"
#include "size.h"
#include "span.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#define USUAL_SPAN    "1h"
#define PLOT_ROWS     8
#define COLUMNS_USUAL 80
#define COLUMNS_LEAST 40
#define COLUMNS_MOST  200
#define MOVES_SHOWN   10

typedef struct
{
  char *since_text;
  gboolean csv;
  guint64 since, until; /* µs since the epoch */
} Options;

/* What is shown of it. */
typedef struct
{
  const char *column;
  const char *title; /* translatable */
  const char *unit;  /* of what is no size: after the size */
} Figure;

static const Figure vm_figures[] = {
  { "Balloon", N_ ("Balloon"), "" },
  { "Used", N_ ("Used"), "" },
  { "Unused", N_ ("Unused"), "" },
  { "Usable", N_ ("Usable"), "" },
  { "Resident", N_ ("Resident"), "" },
  { "SwapInRate", N_ ("Swapped in"), "/s" },
  { "SwapOutRate", N_ ("Swapped out"), "/s" },
  { NULL },
};

static const Figure host_figures[] = {
  { "Available", N_ ("Available"), "" },
  { "Promised", N_ ("Promised"), "" },
  { "Reclaimed", N_ ("Reclaimed"), "" },
  { NULL },
};

/* The plot */

static McPlotPoint
point_of (const McPast *past, gsize row, gboolean of_host)
{
  double total = mc_past_get (past, row, "Total");

  if (of_host)
    return (McPlotPoint){ total, total - mc_past_get (past, row, "Available") };
  return (McPlotPoint){ mc_past_get (past, row, "Balloon"), mc_past_get (past, row, "Used") };
}

static guint64
find_most (const McPast *past, gboolean of_host)
{
  double most = 0;

  for (gsize i = 0; i < past->n_rows; i++)
    most = fmax (most, mc_past_get (past, i, of_host ? "Total" : "Maximum"));
  return (guint64)most;
}

/* The shortest time from one row to the next: as long as the last one is. */
static guint64
find_step (const McPast *past)
{
  guint64 step = G_MAXUINT64;

  for (gsize i = 1; i < past->n_rows; i++)
    step = MIN (step, mc_past_get_time (past, i) - mc_past_get_time (past, i - 1));
  return step;
}

/* The clock of another host may be ahead of this one's. */
static guint64
find_end (const McPast *past, const Options *options)
{
  guint64 last = past->n_rows > 0 ? mc_past_get_time (past, past->n_rows - 1) : 0;

  return MAX (MAX (options->until, last), options->since + 1);
}

/* Each row holds until the next. */
static void
fill_points (
    const McPast *past, const Options *options, gboolean of_host, guint n, McPlotPoint *points)
{
  guint64 step = find_step (past), span = find_end (past, options) - options->since;
  gsize row = 0;

  for (guint i = 0; i < n; i++)
    {
      guint64 at = options->since + (guint64)(((double)i + 0.5) / n * (double)span);

      points[i] = (McPlotPoint){ NAN, NAN };
      while (row + 1 < past->n_rows && mc_past_get_time (past, row + 1) <= at)
        row++;
      if (row < past->n_rows && mc_past_get_time (past, row) <= at
          && (row + 1 < past->n_rows || step == G_MAXUINT64
              || at - mc_past_get_time (past, row) < step))
        points[i] = point_of (past, row, of_host);
    }
}

static guint
find_width (void)
{
  guint columns = mc_text_columns ();

  return CLAMP (columns > 0 ? columns : COLUMNS_USUAL, COLUMNS_LEAST, COLUMNS_MOST) - MC_PLOT_MARGIN
         - 1;
}

static void
print_plot (const McPast *past, const Options *options, gboolean of_host)
{
  guint n = find_width ();
  g_autofree McPlotPoint *points = g_new (McPlotPoint, n);
  McPlot plot = {
    .points = points,
    .n_points = n,
    .rows = PLOT_ROWS,
    .most = find_most (past, of_host),
    .since = options->since,
    .until = find_end (past, options),
    .utf8 = mc_text_is_utf8 (),
  };
  g_autofree char *lines = NULL;

  fill_points (past, options, of_host, n, points);
  lines = mc_plot_format (&plot);
  g_print ("%s", lines);
  if (of_host)
    g_print (_ ("%*s%s used, %s available\n"), MC_PLOT_MARGIN, "", plot.utf8 ? "█" : "#",
             plot.utf8 ? "░" : ".");
  else
    g_print (_ ("%*s%s used, %s unused in its balloon; the top is its maximum\n"), MC_PLOT_MARGIN,
             "", plot.utf8 ? "█" : "#", plot.utf8 ? "░" : ".");
}

/* The figures */

typedef struct
{
  double least, most, sum, last;
  gsize n;
} Summary;

static Summary
summarize (const McPast *past, const char *column)
{
  Summary summary = { .least = INFINITY };

  for (gsize i = 0; i < past->n_rows; i++)
    {
      double figure = mc_past_get (past, i, column);

      if (isnan (figure))
        continue;
      summary.least = fmin (summary.least, figure);
      summary.most = fmax (summary.most, figure);
      summary.sum += figure;
      summary.last = figure;
      summary.n++;
    }
  return summary;
}

static void
add_size (McTable *table, double bytes, const char *unit)
{
  g_autofree char *size = mc_size_format ((guint64)bytes);
  g_autofree char *text = g_strconcat (size, unit, NULL);

  mc_table_add (table, text, MC_STYLE_PLAIN);
}

static void
print_figures (const McClient *client, const McPast *past, const Figure *figures)
{
  const char *titles[] = { "", _ ("LAST"), _ ("LEAST"), _ ("MEAN"), _ ("MOST"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "lrrrr");

  for (const Figure *figure = figures; figure->column != NULL; figure++)
    {
      Summary summary = summarize (past, figure->column);

      if (summary.n == 0)
        continue;
      mc_table_add (table, _ (figure->title), MC_STYLE_PLAIN);
      add_size (table, summary.last, figure->unit);
      add_size (table, summary.least, figure->unit);
      add_size (table, summary.sum / (double)summary.n, figure->unit);
      add_size (table, summary.most, figure->unit);
    }
  g_print ("\n");
  mc_table_print (table, client);
}

/* The moves */

static void
print_moves (const McClient *client, const McModel *model, GVariant *moves, gboolean of_host)
{
  const char *of_all[] = { _ ("WHEN"), _ ("VM"), _ ("MOVED"), _ ("WHY"), NULL };
  const char *of_one[] = { _ ("WHEN"), _ ("MOVED"), _ ("WHY"), NULL };
  g_autoptr (McTable) table
      = of_host ? mc_table_new (of_all, "lnll") : mc_table_new (of_one, "lll");
  gsize n = g_variant_n_children (moves);

  for (gsize i = n > MOVES_SHOWN ? n - MOVES_SHOWN : 0; i < n; i++)
    {
      const char *path, *code;
      guint64 time, from, to;
      g_autofree char *when = NULL, *move = NULL;
      const McModelVm *vm;

      g_variant_get_child (moves, i, "(&ottt&s)", &path, &time, &from, &to, &code);
      when = mc_times_format (time);
      move = mc_text_move (from, to);
      vm = mc_model_lookup_path ((McModel *)model, path);
      mc_table_add (table, when, MC_STYLE_PLAIN);
      if (of_host)
        mc_table_add (table, vm != NULL ? vm->name : path + sizeof MC_VM_PATH_PREFIX - 1,
                      MC_STYLE_PLAIN);
      mc_table_add (table, move, MC_STYLE_PLAIN);
      mc_table_add (table, code, MC_STYLE_PLAIN);
    }
  if (n == 0)
    return;
  g_print ("\n");
  mc_table_print (table, client);
}

/* For programs */

static GVariant *
build_row (const McPast *past, gsize row)
{
  GVariantBuilder members;

  g_variant_builder_init (&members, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add_parsed (&members, "{'Time', <%t>}", mc_past_get_time (past, row));
  for (gsize i = 1; i < past->n_columns; i++)
    {
      double figure = mc_past_get (past, row, past->columns[i]);

      if (isnan (figure))
        g_variant_builder_add_parsed (&members, "{%s, <@mt nothing>}", past->columns[i]);
      else
        g_variant_builder_add_parsed (&members, "{%s, <%t>}", past->columns[i], (guint64)figure);
    }
  return g_variant_builder_end (&members);
}

static GVariant *
build_moves (GVariant *moves)
{
  GVariantBuilder list;
  GVariantIter iter;
  const char *path, *code;
  guint64 time, from, to;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, moves);
  while (g_variant_iter_next (&iter, "(&ottt&s)", &path, &time, &from, &to, &code))
    g_variant_builder_add_value (
        &list, g_variant_new_parsed (
                   "{'VM': <%o>, 'Time': <%t>, 'From': <%t>, 'To': <%t>, 'ReasonCode': <%s>}", path,
                   time, from, to, code));
  return g_variant_builder_end (&list);
}

static void
print_json (const char *path, const McPast *past, GVariant *moves)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < past->n_rows; i++)
    g_variant_builder_add_value (&rows, build_row (past, i));
  mc_json_print (g_variant_new_parsed ("{'Object': <%o>, 'Rows': <%@aa{sv}>, 'Moves': <%@aa{sv}>}",
                                       path, g_variant_builder_end (&rows), build_moves (moves)));
}

/* @vm: (nullable): NULL = all. Returns: whether it was printed */
static gboolean
print_csv (
    McClient *client, McModel *model, const McModelVm *vm, const Options *options, GError **error)
{
  g_autoptr (McPast) host = mc_past_load (client, MC_ROOT_PATH, options->since, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GPtrArray) pasts = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_past_free);
  g_autofree char *csv = NULL;

  if (host == NULL)
    return FALSE;
  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *one = model->vms->pdata[i];
      McPast *past;

      if (vm != NULL && vm != one)
        continue;
      past = mc_past_load (client, one->path, options->since, 0, error);
      if (past == NULL)
        return FALSE;
      g_ptr_array_add (names, (char *)one->name);
      g_ptr_array_add (pasts, past);
    }
  csv = mc_replay_csv_format (host, names, pasts);
  fputs (csv, stdout);
  return TRUE;
}

/* The whole */

static void
print_history (const McClient *client,
               const McModel *model,
               const McPast *past,
               GVariant *moves,
               const Options *options,
               gboolean of_host)
{
  gboolean known = FALSE;

  for (gsize i = 0; i < past->n_rows && !known; i++)
    known = mc_past_is_known (past, i);
  if (known)
    {
      print_plot (past, options, of_host);
      print_figures (client, past, of_host ? host_figures : vm_figures);
    }
  else
    mc_paragraph_print ("%s", _ ("Nothing was recorded in that time."));
  print_moves (client, model, moves, of_host);
}

static gboolean
show (McClient *client,
      const McModel *model,
      const char *path,
      const Options *options,
      GError **error)
{
  gboolean of_host = g_str_equal (path, MC_ROOT_PATH);
  g_autoptr (McPast) past
      = mc_past_load (client, path, options->since, client->json ? 0 : find_width (), error);
  g_autoptr (GVariant) moves
      = past != NULL ? mc_past_load_moves (client, path, options->since, error) : NULL;

  if (moves == NULL)
    return FALSE;
  if (client->json)
    print_json (path, past, moves);
  else
    print_history (client, model, past, moves, options, of_host);
  return TRUE;
}

/* Returns: (transfer full) (nullable): the object of a VM, also of one that is gone, by its UUID */
static char *
find_path (McModel *model, const char *what, McModelVm **vm, GError **error)
{
  g_autofree char *uuid = g_ascii_strdown (what, -1);

  *vm = mc_model_find_vm (model, what, g_uuid_string_is_valid (uuid) ? NULL : error);
  if (*vm != NULL)
    return g_strdup ((*vm)->path);
  return g_uuid_string_is_valid (uuid) ? mc_vm_path (uuid) : NULL;
}

static int
run (McClient *client, const char *what, const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McModel) model = mc_model_load (client, &error);
  g_autofree char *path = g_strdup (MC_ROOT_PATH);
  McModelVm *vm = NULL;

  if (model != NULL && what != NULL)
    {
      g_free (path);
      path = find_path (model, what, &vm, &error);
    }
  if (model == NULL || path == NULL)
    return mc_client_fail (client, error);
  if (options->csv ? !print_csv (client, model, vm, options, &error)
                   : !show (client, model, path, options, &error))
    return mc_client_fail (client, error);
  return MC_EXIT_OK;
}

int
mc_cmd_history (McClient *client, int argc, char **argv)
{
  Options options = { .until = (guint64)g_get_real_time () };
  const GOptionEntry entries[] = {
    { "since", 's', 0, G_OPTION_ARG_STRING, &options.since_text,
      N_ ("How far back: \"2h\", \"1d\", or a time (default: 1h)"), N_ ("TIME") },
    { "csv", 0, 0, G_OPTION_ARG_NONE, &options.csv,
      N_ ("Print the VMs' figures as CSV, for the simulator"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *since = NULL;

  if (!mc_command_parse (client, entries, (McArity){ 0, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  since = options.since_text != NULL ? options.since_text : g_strdup (USUAL_SPAN);
  if (!mc_span_parse_since (since, (gint64)options.until, &options.since))
    return mc_command_misused (
        "history", _ ("\"%s\" is not a time in the past, such as 2h, 1d or \"2026-01-31 12:00\""),
        since);
  if (options.csv && client->json)
    return mc_command_misused ("history", _ ("--csv and --json cannot be used together"));
  return run (client, argc > 1 ? argv[1] : NULL, &options);
}
