/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "top" shows: a model as lines of text, with a bar for each VM. */
#include "config.h"

#include "screen.h"

#include "output/table.h"
#include "size.h"

#include <glib/gi18n.h>

/* Lines above and below the VMs: three of the host's, a blank one, the titles, and the notice. */
#define LINES_AROUND  6
#define BAR_LEAST     8
#define BAR_MOST      60
#define HOST_BAR_MOST 100
#define BRACKETS      2

/* From this many columns on, names may be longer. */
#define WIDE        100
#define NAME_NARROW 16
#define NAME_WIDE   24
#define NAME_LEAST  8

/* Between two columns. */
#define GAP 2

static guint64
used_of (GVariant *vm)
{
  return saturating_sub (mc_properties_number (vm, "Balloon"), mc_properties_number (vm, "Unused"));
}

static guint64
figure_of (GVariant *vm, McOrder order)
{
  switch (order)
    {
    case MC_ORDER_BALLOON:
      return mc_properties_number (vm, "Balloon");
    case MC_ORDER_USED:
      return used_of (vm);
    case MC_ORDER_UNUSED:
      return mc_properties_number (vm, "Unused");
    case MC_ORDER_NAME:
    default:
      return 0;
    }
}

static int
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const McModelVm *left = *(McModelVm *const *)a;
  const McModelVm *right = *(McModelVm *const *)b;
  const McView *view = user_data;
  guint64 left_figure = figure_of (left->properties, view->order);
  guint64 right_figure = figure_of (right->properties, view->order);
  int order = (left_figure < right_figure) - (left_figure > right_figure);

  if (order == 0)
    order = g_utf8_collate (left->name, right->name);
  return view->reversed ? -order : order;
}

void
mc_screen_sort (McModel *model, const McView *view)
{
  g_ptr_array_sort_with_data (model->vms, compare, (gpointer)view);
}

static void
append_repeated (GString *text, const char *what, guint times)
{
  while (times-- > 0)
    g_string_append (text, what);
}

static const char *
mark_of_used (void)
{
  return mc_text_is_utf8 () ? "█" : "#";
}

static const char *
mark_of_unused (void)
{
  return mc_text_is_utf8 () ? "░" : "=";
}

/* @used of @total in full marks, the rest up to @taken in light ones. */
static char *
format_bar (guint64 used, guint64 taken, guint64 total, guint width)
{
  double scale = (double)width / (double)MAX (total, 1);
  guint light = MIN ((guint)((double)taken * scale + 0.5), width);
  guint full = MIN ((guint)((double)used * scale + 0.5), light);
  GString *bar = g_string_new ("[");

  append_repeated (bar, mark_of_used (), full);
  append_repeated (bar, mark_of_unused (), light - full);
  append_repeated (bar, " ", width - light);
  g_string_append_c (bar, ']');
  return g_string_free (bar, FALSE);
}

/* The VM's range: what it uses, what it has and does not use, and what it could have. */
static char *
format_vm_bar (GVariant *vm, guint width)
{
  guint64 balloon = mc_properties_number (vm, "Balloon");

  return format_bar (used_of (vm), balloon, MAX (mc_properties_number (vm, "Maximum"), balloon),
                     width);
}

/* The host's memory: what is used, what was promised and not touched yet, and what is left. */
static char *
format_host_bar (GVariant *host, guint columns)
{
  guint64 total = mc_properties_number (host, "HostTotal");
  guint64 used = saturating_sub (total, mc_properties_number (host, "HostAvailable"));

  if (columns < BAR_LEAST + BRACKETS)
    return g_strdup ("");
  return format_bar (used, used + mc_properties_number (host, "HostPromised"), total,
                     MIN (columns - BRACKETS, HOST_BAR_MOST));
}

static char *
format_host (GVariant *host, const McView *view)
{
  const char *state = mc_properties_text (host, "State");
  const char *condition = mc_properties_text (host, "HostCondition");
  McStyle style = mc_text_style_of_state (g_strcmp0 (state, "running") == 0 ? condition : state);
  g_autofree char *available = mc_size_format (mc_properties_number (host, "HostAvailable"));
  g_autofree char *total = mc_size_format (mc_properties_number (host, "HostTotal"));
  g_autofree char *promised = mc_size_format (mc_properties_number (host, "HostPromised"));
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *first_cut = NULL;
  g_autofree char *second_cut = NULL;
  g_autofree char *bar = format_host_bar (host, view->columns);

  first = g_strdup_printf ("MemCoord: %s, %s%s", state, condition,
                           mc_properties_flag (host, "DryRun") ? _ (", dry run") : "");
  second = g_strdup_printf (_ ("Host: %.1f %% used, %s of %s available, %s promised"),
                            mc_properties_double (host, "HostUsedPercent"), available, total,
                            promised);
  first_cut = mc_text_ellipsize (first, view->columns);
  second_cut = mc_text_ellipsize (second, view->columns);
  return g_strdup_printf ("%s%s%s\n%s\n%s%s%s\n\n", mc_text_begin (view->colored, style), first_cut,
                          mc_text_end (view->colored, style), second_cut,
                          mc_text_begin (view->colored, style), bar,
                          mc_text_end (view->colored, style));
}

/* Returns: (transfer full): how many VMs' names look like this in @width. */
static GHashTable *
count_names (const McModel *model, guint width)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      g_autofree char *name = mc_plain_text (vm->name);
      char *shown = mc_text_shorten (name, width);
      guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, shown));

      g_hash_table_replace (counts, shown, GUINT_TO_POINTER (count + 1));
    }
  return counts;
}

/* @counts: count_names(). Returns: (transfer full): the VM's name in @width, and with its id where
 * another's would look the same. */
static char *
shorten_name (GHashTable *counts, const McModelVm *vm, guint width)
{
  g_autofree char *name = mc_plain_text (vm->name);
  g_autofree char *shown = mc_text_shorten (name, width);
  g_autofree char *id = NULL;
  g_autofree char *head = NULL;

  if (g_str_equal (name, shown) || GPOINTER_TO_UINT (g_hash_table_lookup (counts, shown)) == 1)
    return g_steal_pointer (&shown);
  id = g_strdup_printf ("#%u", (guint)mc_properties_number (vm->properties, "Id"));
  head = mc_text_ellipsize (name, width - MIN (width, mc_text_width (id)));
  return g_strconcat (head, id, NULL);
}

static void
add_vm (McTable *table, GHashTable *counts, const McModelVm *vm, guint name_width, guint bar_width)
{
  const char *status = mc_properties_text (vm->properties, "Status");
  guint64 unused = mc_properties_number (vm->properties, "Unused");
  gboolean needy = unused > 0 && unused < mc_properties_number (vm->properties, "LowWatermark");
  g_autofree char *name = shorten_name (counts, vm, name_width);
  g_autofree char *size = mc_size_format (unused);
  g_autofree char *bar = bar_width > 0 ? format_vm_bar (vm->properties, bar_width) : g_strdup ("");

  mc_table_add (table, name, MC_STYLE_PLAIN);
  mc_table_add (table, status, mc_text_style_of_state (status));
  mc_table_add_size (table, mc_properties_number (vm->properties, "Balloon"));
  mc_table_add_size (table, used_of (vm->properties));
  mc_table_add (table, unused > 0 ? size : "-", needy ? MC_STYLE_BAD : MC_STYLE_PLAIN);
  mc_table_add_size (table, mc_properties_number (vm->properties, "Maximum"));
  mc_table_add (table, bar, needy ? MC_STYLE_BAD : mc_text_style_of_state (status));
}

/* What the marks of a bar mean; empty where there is no bar, or no room to say it. */
static char *
format_legend (guint bar_width)
{
  g_autofree char *legend = g_strdup_printf ("%s %s  %s %s", mark_of_used (), _ ("USED"),
                                             mark_of_unused (), _ ("UNUSED"));

  return g_strdup (bar_width > 0 && mc_text_width (legend) <= bar_width + BRACKETS ? legend : "");
}

/* The VMs in view, as a table with names of @name_width and bars of @bar_width; 0 = none. */
static McTable *
new_table (McModel *model, const McView *view, guint shown, guint name_width, guint bar_width)
{
  g_autofree char *legend = format_legend (bar_width);
  const char *titles[] = { _ ("NAME"),   _ ("STATUS"),  _ ("BALLOON"), _ ("USED"),
                           _ ("UNUSED"), _ ("MAXIMUM"), legend,        NULL };
  McTable *table = mc_table_new (titles, "llrrrrl");
  g_autoptr (GHashTable) counts = count_names (model, name_width);

  for (guint i = view->first; i < model->vms->len && i - view->first < shown; i++)
    add_vm (table, counts, g_ptr_array_index (model->vms, i), name_width, bar_width);
  return table;
}

/* How wide it is with names of @name_width, and without bars. */
static guint
measure (McModel *model, const McView *view, guint shown, guint name_width)
{
  g_autoptr (McTable) plain = new_table (model, view, shown, name_width, 0);
  g_autofree char *lines = mc_table_format (plain, FALSE, 0);

  *strchr (lines, '\n') = '\0';
  return mc_text_width (lines);
}

static char *
format_vms (McModel *model, McView *view)
{
  guint shown = view->rows > LINES_AROUND ? view->rows - LINES_AROUND
                : view->rows > 0          ? 1
                                          : G_MAXUINT;
  guint most = model->vms->len > shown ? model->vms->len - shown : 0;
  guint name_width = view->columns < WIDE ? NAME_NARROW : NAME_WIDE;
  g_autoptr (McTable) table = NULL;
  guint width, left;

  view->first = MIN (view->first, most);
  width = measure (model, view, shown, name_width);
  if (width > view->columns)
    name_width -= MIN (width - view->columns, name_width - NAME_LEAST);
  left = view->columns - MIN (view->columns, width + GAP + BRACKETS);
  table = new_table (model, view, shown, name_width, left < BAR_LEAST ? 0 : MIN (left, BAR_MOST));
  return mc_table_format (table, view->colored, 0);
}

char *
mc_screen_format (McModel *model, McView *view)
{
  g_autofree char *host = format_host (model->host, view);
  g_autofree char *vms = NULL;
  g_autofree char *notice
      = mc_text_ellipsize (view->notice != NULL ? view->notice : "", view->columns);

  mc_screen_sort (model, view);
  vms = format_vms (model, view);
  return g_strconcat (host, vms, mc_text_begin (view->colored, MC_STYLE_FAINT), notice,
                      mc_text_end (view->colored, MC_STYLE_FAINT), NULL);
}
