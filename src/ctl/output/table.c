/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows and columns of text, as wide as what is in them. */
#include "config.h"

#include "table.h"

#include "paragraph.h"
#include "size.h"

#define GAP 2

/* What does not fit beside the rest goes below it, by so much to the right. */
#define INDENT 4

/* A text in less than this is hard to read: then rather below. */
#define LAST_COLUMN_LEAST 28

/* A name that is longer is broken, and one in less is hard to read. */
#define NAME_MOST  32
#define NAME_LEAST 16

typedef struct
{
  char *text;
  McStyle style;
} Cell;

/* A line of a row, of those that its columns are on, and the part of their texts. */
typedef struct
{
  guint line, part;
  gboolean colored;
} Position;

struct _McTable
{
  guint n_columns;
  gboolean *figures; /* by column: aligned to the right */
  gboolean *names;   /* by column: may be broken */
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
  self->names = g_new0 (gboolean, n_columns);
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
      self->names[i] = layout[i] == 'n';
      mc_table_add (self, titles[i], MC_STYLE_STRONG);
    }
  return self;
}

McTable *
mc_table_new_labels (void)
{
  McTable *self = table_new (2);

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

/* How it is laid out. Where not all columns fit beside each other, the others follow below,
 * indented, so that nothing is cut. */
typedef struct
{
  guint *widths;
  guint *lines; /* by column: the line of the row that it is on */
  guint *lefts; /* by column: where it begins */
} Layout;

static void
layout_clear (Layout *layout)
{
  g_free (layout->widths);
  g_free (layout->lines);
  g_free (layout->lefts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Layout, layout_clear)

static void
measure (McTable *self, guint *widths)
{
  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, mc_text_width (g_array_index (self->cells, Cell, i).text));
    }
}

/* What is left for the last column beside the others. */
static gint64
left_for_last (const McTable *self, const guint *widths, guint columns)
{
  gint64 left = columns;

  for (guint i = 0; i + 1 < self->n_columns; i++)
    left -= widths[i] + GAP;
  return left;
}

/* Names take what they need, as far as they may, and give up what the last column lacks. */
static void
fit_names (const McTable *self, guint *widths, guint columns)
{
  guint last_least = MIN (widths[self->n_columns - 1], LAST_COLUMN_LEAST);

  for (guint i = 0; i < self->n_columns; i++)
    {
      guint least = MIN (widths[i], NAME_LEAST);
      gint64 missing;

      if (!self->names[i])
        continue;
      widths[i] = MIN (widths[i], MIN (NAME_MOST, columns));
      missing = last_least - left_for_last (self, widths, columns);
      if (missing > 0 && widths[i] >= least + missing)
        widths[i] -= (guint)missing;
    }
}

static void
place (const McTable *self, Layout *layout, guint columns)
{
  guint left = 0, line = 0;

  for (guint i = 0; i < self->n_columns; i++)
    {
      gboolean last = i + 1 == self->n_columns;
      guint *width = &layout->widths[i];
      guint needed = last ? MIN (*width, LAST_COLUMN_LEAST) : *width;

      if (columns > 0 && left > INDENT && left + needed > columns)
        {
          left = INDENT;
          line++;
        }
      if (last && columns > 0)
        *width = MIN (*width, columns > left ? columns - left : 1);
      layout->lines[i] = line;
      layout->lefts[i] = left;
      left += *width + GAP;
    }
}

static void
lay_out (McTable *self, Layout *layout, guint columns)
{
  *layout = (Layout){ g_new0 (guint, self->n_columns), g_new0 (guint, self->n_columns),
                      g_new0 (guint, self->n_columns) };
  measure (self, layout->widths);
  if (columns > 0)
    fit_names (self, layout->widths, columns);
  place (self, layout, columns);
}

static void
append_blanks (GString *lines, guint number)
{
  g_string_append_printf (lines, "%*s", (int)number, "");
}

/* Returns: (transfer full): the lines of each cell of a row */
static GPtrArray *
wrap_row (McTable *self, const Layout *layout, guint row)
{
  GPtrArray *wrapped = g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);

  for (guint i = 0; i < self->n_columns; i++)
    {
      const char *text = g_array_index (self->cells, Cell, row * self->n_columns + i).text;

      g_ptr_array_add (wrapped, mc_paragraph_wrap (text, layout->widths[i], layout->widths[i]));
    }
  return wrapped;
}

/* Returns: whether there was anything. */
static gboolean
append_line (
    McTable *self, const Layout *layout, GPtrArray *wrapped, guint row, Position at, GString *lines)
{
  guint width = 0;
  gboolean any = FALSE;

  for (guint i = 0; i < self->n_columns; i++)
    {
      const GPtrArray *texts = wrapped->pdata[i];
      McStyle style = g_array_index (self->cells, Cell, row * self->n_columns + i).style;
      const char *text = at.part < texts->len ? texts->pdata[at.part] : "";
      guint own = mc_text_width (text), left = layout->lefts[i];

      any |= layout->lines[i] == at.line && (*text != '\0' || (at.line == 0 && at.part == 0));
      if (layout->lines[i] != at.line || *text == '\0')
        continue;
      if (self->figures[i] && own < layout->widths[i])
        left += layout->widths[i] - own;
      append_blanks (lines, left - MIN (left, width));
      g_string_append_printf (lines, "%s%s%s", mc_text_begin (at.colored, style), text,
                              mc_text_end (at.colored, style));
      width = MAX (left, width) + own;
    }
  return any;
}

static void
append_row (McTable *self, const Layout *layout, guint row, gboolean colored, GString *lines)
{
  g_autoptr (GPtrArray) wrapped = wrap_row (self, layout, row);
  guint last = layout->lines[self->n_columns - 1];

  for (guint line = 0; line <= last; line++)
    for (guint part = 0;
         append_line (self, layout, wrapped, row, (Position){ line, part, colored }, lines); part++)
      g_string_append_c (lines, '\n');
}

char *
mc_table_format (McTable *self, gboolean colored, guint columns)
{
  g_auto (Layout) layout = { 0 };
  GString *lines = g_string_new (NULL);

  lay_out (self, &layout, columns);
  for (guint row = 0; row < self->cells->len / self->n_columns; row++)
    append_row (self, &layout, row, colored, lines);
  return g_string_free (lines, FALSE);
}

void
mc_table_print (McTable *self, const McClient *client)
{
  g_autofree char *lines = mc_table_format (self, mc_text_colored (client), mc_text_columns ());

  g_print ("%s", lines);
}

void
mc_table_free (McTable *self)
{
  g_array_unref (self->cells);
  g_free (self->figures);
  g_free (self->names);
  g_free (self);
}
