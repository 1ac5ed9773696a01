/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of VMs as CSV for the simulator. */
#include "config.h"

#include "replay-csv.h"

#include <math.h>

#include "plain-text.h"

/* Of the CSV and of GetHistory(): sizes in bytes. */
static const struct
{
  const char *name, *column;
} figures[] = {
  { "balloon", "Balloon" },     { "unused", "Unused" },     { "usable", "Usable" },
  { "available", "Available" }, { "resident", "Resident" }, { "maximum", "Maximum" },
  { "target", "Target" },
};

/* Of one VM, as far as it was written. */
typedef struct
{
  char *name;
  const McPast *past;
  gsize next; /* row */
  double swapped_in, swapped_out;
  guint64 before; /* when the row before that was; 0 = there was none */
} Cursor;

static void
cursor_clear (gpointer data)
{
  g_free (((Cursor *)data)->name);
}

/* A name with a comma would be two fields. */
static char *
name_as_field (const char *name)
{
  return g_strdelimit (mc_plain_text (name), ",\"", '_');
}

static gboolean
has_name (const GArray *cursors, const char *name)
{
  for (guint i = 0; i < cursors->len; i++)
    if (g_str_equal (g_array_index (cursors, Cursor, i).name, name))
      return TRUE;
  return FALSE;
}

/* Returns: (transfer full): a name that none of @cursors has. */
static char *
make_name (const GArray *cursors, const char *of)
{
  char *name = name_as_field (of);

  while (has_name (cursors, name))
    {
      g_autofree char *taken = name;

      name = g_strconcat (taken, "_", NULL);
    }
  return name;
}

static void
append_figure (GString *text, double figure)
{
  if (isnan (figure))
    g_string_append_c (text, ',');
  else
    g_string_append_printf (text, ",%.0f", figure);
}

static double
known_or_nothing (double figure)
{
  return isnan (figure) ? 0 : figure;
}

/* What was swapped since the row before, also over a gap: who divides it by that time gets the rate
 * of this row. */
static void
sum_up (Cursor *self, guint64 now)
{
  double seconds = self->before > 0 ? (double)(now - self->before) / G_USEC_PER_SEC : 0;

  self->swapped_in
      += seconds * known_or_nothing (mc_past_get (self->past, self->next, "SwapInRate"));
  self->swapped_out
      += seconds * known_or_nothing (mc_past_get (self->past, self->next, "SwapOutRate"));
  self->before = now;
}

static void
append_row (GString *text, Cursor *self, guint64 begin, const McPast *host, gsize host_row)
{
  guint64 now = mc_past_get_time (self->past, self->next);

  sum_up (self, now);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT ",%s", (now - begin) / G_USEC_PER_SEC,
                          self->name);
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    append_figure (text, mc_past_get (self->past, self->next, figures[i].column));
  append_figure (text, self->swapped_in);
  append_figure (text, self->swapped_out);
  append_figure (text, mc_past_get (host, host_row, "Available"));
  append_figure (text, mc_past_get (host, host_row, "Total"));
  g_string_append_c (text, '\n');
}

/* Goes on to that time. Returns: whether there is a row of that, in which its balloon is known */
static gboolean
find_row (Cursor *self, guint64 time)
{
  while (self->next < self->past->n_rows && mc_past_get_time (self->past, self->next) < time)
    self->next++;
  return self->next < self->past->n_rows && mc_past_get_time (self->past, self->next) == time
         && !isnan (mc_past_get (self->past, self->next, "Balloon"));
}

static GArray *
begin_all (const GPtrArray *names, const GPtrArray *pasts)
{
  GArray *cursors = g_array_new (FALSE, TRUE, sizeof (Cursor));

  g_array_set_clear_func (cursors, cursor_clear);
  for (guint i = 0; i < names->len; i++)
    {
      Cursor cursor = { .name = make_name (cursors, names->pdata[i]), .past = pasts->pdata[i] };

      g_array_append_val (cursors, cursor);
    }
  return cursors;
}

char *
mc_replay_csv_format (const McPast *host, const GPtrArray *names, const GPtrArray *pasts)
{
  GString *text = g_string_new ("t,guest");
  g_autoptr (GArray) cursors = begin_all (names, pasts);
  guint64 begin = 0;

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    g_string_append_printf (text, ",%s", figures[i].name);
  g_string_append (text, ",swap_in,swap_out,host_available,host_total\n");
  for (gsize row = 0; row < host->n_rows; row++)
    {
      guint64 time = mc_past_get_time (host, row);

      if (isnan (mc_past_get (host, row, "Available")))
        continue;
      begin = begin == 0 ? time : begin;
      for (guint i = 0; i < cursors->len; i++)
        if (find_row (&g_array_index (cursors, Cursor, i), time))
          append_row (text, &g_array_index (cursors, Cursor, i), begin, host, row);
    }
  return g_string_free (text, FALSE);
}
