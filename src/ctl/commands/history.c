/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl history: what the host or a VM had, over restarts. */
#include "config.h"

#include "command.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "output/table.h"
#include "output/times.h"
#include "past-plot.h"
#include "replay-csv.h"
#include "size.h"
#include "span.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#define USUAL_SPAN  "1h"
#define MOVES_SHOWN 10

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

/* Returns: (transfer full): what a VM is called: one that is not active any more, by its UUID */
static char *
name_of (const McModel *model, const char *path)
{
  const McModelVm *vm = mc_model_lookup_path ((McModel *)model, path);
  g_autofree char *uuid = mc_vm_path_get_uuid (path);

  if (vm != NULL)
    return g_strdup (vm->name);
  return uuid != NULL ? g_steal_pointer (&uuid) : g_strdup (path);
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
      g_autofree char *name = NULL, *when = NULL, *move = NULL;

      g_variant_get_child (moves, i, "(&ottt&s)", &path, &time, &from, &to, &code);
      when = mc_times_format (time);
      move = mc_text_move (from, to);
      name = name_of (model, path);
      mc_table_add (table, when, MC_STYLE_PLAIN);
      if (of_host)
        mc_table_add (table, name, MC_STYLE_PLAIN);
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

/* What the CSV has of VMs. */
typedef struct
{
  GPtrArray *names; /* (element-type utf8) */
  GPtrArray *pasts; /* (element-type McPast) of each */
} Pasts;

static gboolean
add_past (Pasts *self,
          McClient *client,
          const McModel *model,
          const char *path,
          const Options *options,
          GError **error)
{
  McPast *past = mc_past_load (client, path, options->since, error);

  if (past == NULL)
    return FALSE;
  g_ptr_array_add (self->names, name_of (model, path));
  g_ptr_array_add (self->pasts, past);
  return TRUE;
}

/* @path: of the host's object: all VMs. Returns: whether all is there */
static gboolean
add_pasts (Pasts *self,
           McClient *client,
           const McModel *model,
           const char *path,
           const Options *options,
           GError **error)
{
  if (!g_str_equal (path, MC_ROOT_PATH))
    return add_past (self, client, model, path, options, error);
  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = model->vms->pdata[i];

      if (!add_past (self, client, model, vm->path, options, error))
        return FALSE;
    }
  return TRUE;
}

/* Returns: whether it was printed */
static gboolean
print_csv (McClient *client,
           const McModel *model,
           const char *path,
           const Options *options,
           GError **error)
{
  g_autoptr (McPast) host = mc_past_load (client, MC_ROOT_PATH, options->since, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) pasts = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_past_free);
  Pasts all = { names, pasts };
  g_autofree char *csv = NULL;

  if (host == NULL || !add_pasts (&all, client, model, path, options, error))
    return FALSE;
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
      mc_past_plot_print (past, of_host, options->since, options->until);
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
  g_autoptr (McPast) past = mc_past_load (client, path, options->since, error);
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
find_path (McModel *model, const char *what, GError **error)
{
  g_autofree char *uuid = g_ascii_strdown (what, -1);
  gboolean is_uuid = g_uuid_string_is_valid (uuid);
  const McModelVm *vm = mc_model_find_vm (model, what, is_uuid ? NULL : error);

  if (vm != NULL)
    return g_strdup (vm->path);
  return is_uuid ? mc_vm_path (uuid) : NULL;
}

static int
run (McClient *client, const char *what, const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McModel) model = mc_model_load (client, &error);
  g_autofree char *path = g_strdup (MC_ROOT_PATH);

  if (model != NULL && what != NULL)
    {
      g_free (path);
      path = find_path (model, what, &error);
    }
  if (model == NULL || path == NULL)
    return mc_client_fail (client, error);
  if (options->csv ? !print_csv (client, model, path, options, &error)
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
