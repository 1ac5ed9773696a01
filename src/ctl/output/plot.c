/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures in time as characters. */
#include "config.h"

#include "plot.h"

#include <math.h>
#include <string.h>

#include "size.h"

/* How much of a character's height is filled: eighths. */
#define EIGHTHS 8

static const char *const blocks[]
    = { " ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };

/* How many eighths of row @row, from below, @bytes reach into; -1: not known */
static int
find_eighths (const McPlot *self, double bytes, guint row)
{
  double all, above;

  if (isnan (bytes) || self->most == 0)
    return -1;
  all = bytes / (double)self->most * self->rows * EIGHTHS;
  above = round (all) - (double)row * EIGHTHS;
  return (int)CLAMP (above, 0, EIGHTHS);
}

static const char *
find_cell (const McPlot *self, const McPlotPoint *point, guint row)
{
  int used = find_eighths (self, point->used, row);
  int all = find_eighths (self, point->all, row);

  if (!self->utf8)
    return used >= EIGHTHS / 2 ? "#" : all >= EIGHTHS / 2 ? "." : " ";
  if (used > 0)
    return blocks[used];
  return all >= EIGHTHS / 2 ? "\u2591" : " ";
}

/* The size at the top of a row, of every other one. */
static char *
format_label (const McPlot *self, guint row)
{
  if ((self->rows - 1 - row) % 2 != 0)
    return g_strdup ("");
  return mc_size_format (self->most / self->rows * (row + 1));
}

static char *
format_time (guint64 us, const char *format)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc ((gint64)(us / G_USEC_PER_SEC));
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, format) : g_strdup ("?");
}

static const char *
find_time_format (const McPlot *self)
{
  if (self->until - self->since <= (guint64)24 * 60 * 60 * G_USEC_PER_SEC)
    return "%H:%M";
  return self->n_points > 2 * strlen ("2026-01-31 12:00") ? "%F %H:%M" : "%F";
}

static void
append_times (const McPlot *self, GString *text)
{
  const char *format = find_time_format (self);
  g_autofree char *since = format_time (self->since, format);
  g_autofree char *until = format_time (self->until, format);
  int width = (int)self->n_points - (int)strlen (since);

  g_string_append_printf (text, "%*s%s%*s\n", MC_PLOT_MARGIN, "", since, MAX (width, 0), until);
}

char *
mc_plot_format (const McPlot *self)
{
  GString *text = g_string_new (NULL);

  for (guint row = self->rows; row-- > 0;)
    {
      g_autofree char *label = format_label (self, row);

      g_string_append_printf (text, "%*s %s", MC_PLOT_MARGIN - 2, label,
                              self->utf8 ? "\u2502" : "|");
      for (guint i = 0; i < self->n_points; i++)
        g_string_append (text, find_cell (self, &self->points[i], row));
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  append_times (self, text);
  return g_string_free (text, FALSE);
}
