/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows and columns of text, as wide as what is in them. */
#include "config.h"

#include "table.h"

#include "size.h"

#define GAP 2

/* Less than this is no use to a reader: then rather let the terminal wrap. */
#define LAST_COLUMN_LEAST 12

typedef struct
{
  char *text;
  McStyle style;
} Cell;

struct _McTable
{
  guint n_columns;
  gboolean labels;
  gboolean *figures; /* by column: aligned to the right */
  GArray *cells;     /* of Cell, row by row; the titles first */
};

static void
clear_cell (Cell *cell)
{
  g_free (cell->text);
}

static McTable *
table_new (guint n_columns)
{
  McTable *self = g_new0 (McTable, 1);

  self->n_columns = n_columns;
  self->figures = g_new0 (gboolean, n_columns);
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, (GDestroyNotify)clear_cell);
  return self;
}

McTable *
mc_table_new (const char *const *titles, const char *layout)
{
  McTable *self = table_new (g_strv_length ((char **)titles));

  for (guint i = 0; i < self->n_columns; i++)
    {
      self->figures[i] = layout[i] == 'r';
      mc_table_add (self, titles[i], MC_STYLE_STRONG);
    }
  return self;
}

McTable *
mc_table_new_labels (void)
{
  McTable *self = table_new (2);

  self->labels = TRUE;
  self->figures[0] = TRUE;
  return self;
}

void
mc_table_add (McTable *self, const char *text, McStyle style)
{
  Cell cell = { mc_plain_text (text), style };

  g_array_append_val (self->cells, cell);
}

void
mc_table_add_size (McTable *self, guint64 bytes)
{
  g_autofree char *text = bytes > 0 ? mc_size_format (bytes) : g_strdup ("-");

  mc_table_add (self, text, MC_STYLE_PLAIN);
}

void
mc_table_add_label (McTable *self, const char *label, const char *text, McStyle style)
{
  mc_table_add (self, label, MC_STYLE_STRONG);
  mc_table_add (self, text, style);
}

static guint *
measure (McTable *self)
{
  guint *widths = g_new0 (guint, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, mc_text_width (g_array_index (self->cells, Cell, i).text));
    }
  return widths;
}

static void
append_cell (
    GString *lines, const Cell *cell, guint width, gboolean right, gboolean last, gboolean colored)
{
  guint own = mc_text_width (cell->text);
  guint padding = width > own ? width - own : 0;

  g_string_append_printf (lines, "%*s%s%s%s", right ? (int)padding : 0, "",
                          mc_text_begin (colored, cell->style), cell->text,
                          mc_text_end (colored, cell->style));
  if (last)
    g_string_append_c (lines, '\n');
  else
    g_string_append_printf (lines, "%*s", (int)(right ? 0 : padding) + GAP, "");
}

char *
mc_table_format (McTable *self, gboolean colored, guint columns)
{
  g_autofree guint *widths = measure (self);
  GString *lines = g_string_new (NULL);
  guint last = self->n_columns - 1, taken = 0;

  for (guint i = 0; i < last; i++)
    taken += widths[i] + GAP;
  for (guint i = 0; i < self->cells->len; i++)
    {
      Cell cell = g_array_index (self->cells, Cell, i);
      guint column = i % self->n_columns;
      g_autofree char *cut = NULL;

      if (column == last && columns >= taken + LAST_COLUMN_LEAST)
        cell.text = cut = mc_text_ellipsize (cell.text, columns - taken);
      append_cell (lines, &cell, widths[column], self->figures[column], column == last, colored);
    }
  return g_string_free (lines, FALSE);
}

void
mc_table_print (McTable *self, const McClient *client)
{
  g_autofree char *lines
      = mc_table_format (self, mc_text_colored (client), self->labels ? 0 : mc_text_columns ());

  g_print ("%s", lines);
}

void
mc_table_free (McTable *self)
{
  g_array_unref (self->cells);
  g_free (self->figures);
  g_free (self);
}
