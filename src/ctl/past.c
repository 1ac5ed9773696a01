/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host or of a VM. */
#include "config.h"

#include "past.h"

#include <math.h>
#include <string.h>

/* What is kept is sizes and times; a service of another host may say anything. */
#define FIGURE_MOST 9e18

static double
known_figure (double figure)
{
  return figure >= 0 && figure < FIGURE_MOST ? figure : (double)NAN;
}

static void
add_row (McPast *self, gsize at, GVariant *row)
{
  gsize n;
  const double *figures = g_variant_get_fixed_array (row, &n, sizeof (double));

  for (gsize i = 0; i < self->n_columns; i++)
    self->figures[at * self->n_columns + i] = i < n ? known_figure (figures[i]) : (double)NAN;
}

static McPast *
past_new (GVariant *answer)
{
  McPast *self = g_new0 (McPast, 1);
  g_autoptr (GVariant) rows = g_variant_get_child_value (answer, 1);

  g_variant_get_child (answer, 0, "^as", &self->columns);
  self->n_columns = g_strv_length (self->columns);
  self->n_rows = g_variant_n_children (rows);
  self->figures = g_new (double, self->n_rows * self->n_columns + 1);
  for (gsize i = 0; i < self->n_rows; i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      add_row (self, i, row);
    }
  return self;
}

McPast *
mc_past_load (McClient *client, const char *path, guint64 since_us, GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  guint64 until_us = 0;
  guint points = 0; /* all */

  answer = mc_client_read (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "GetHistory",
                           g_variant_new ("(ottu)", path, since_us, until_us, points), "(asaad)",
                           error);

  return answer != NULL ? past_new (answer) : NULL;
}

void
mc_past_free (McPast *self)
{
  g_strfreev (self->columns);
  g_free (self->figures);
  g_free (self);
}

double
mc_past_get (const McPast *self, gsize row, const char *column)
{
  for (gsize i = 0; i < self->n_columns; i++)
    if (g_str_equal (self->columns[i], column))
      return self->figures[row * self->n_columns + i];
  return (double)NAN;
}

guint64
mc_past_get_time (const McPast *self, gsize row)
{
  double us = mc_past_get (self, row, "Time");

  return us >= 0 ? (guint64)us : 0;
}

gboolean
mc_past_is_known (const McPast *self, gsize row)
{
  for (gsize i = 1; i < self->n_columns; i++)
    if (!isnan (self->figures[row * self->n_columns + i]))
      return TRUE;
  return FALSE;
}

GVariant *
mc_past_load_moves (McClient *client, const char *path, guint64 since_us, GError **error)
{
  guint64 until_us = 0;
  g_autoptr (GVariant) answer
      = mc_client_read (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "GetMoves",
                        g_variant_new ("(ott)", path, since_us, until_us), "(a(ottts))", error);

  return answer != NULL ? g_variant_get_child_value (answer, 0) : NULL;
}
