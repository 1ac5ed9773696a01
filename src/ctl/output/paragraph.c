/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is broken at its words to fit the terminal. */
#include "config.h"

#include "paragraph.h"

#include <string.h>

#define INDENT 2

/* Chinese and Japanese have no blanks between words, and no line begins with what closes one. */
static gboolean
is_closing (gunichar c)
{
  return g_unichar_ispunct (c) && g_unichar_type (c) != G_UNICODE_OPEN_PUNCTUATION
         && g_unichar_type (c) != G_UNICODE_INITIAL_PUNCTUATION;
}

static gboolean
may_break_between (gunichar before, gunichar after)
{
  if (before == ' ')
    return TRUE;
  if (!g_unichar_iswide (before) && !g_unichar_iswide (after))
    return FALSE;
  return !is_closing (after) && g_unichar_type (before) != G_UNICODE_OPEN_PUNCTUATION;
}

/* Returns: how many bytes of @text go into a line of @columns: at least one character. */
static gsize
fit (const char *text, guint columns)
{
  const char *at = text, *break_at = NULL;
  guint width = 0;

  while (*at != '\0')
    {
      gunichar c = g_utf8_get_char (at);
      const char *next = g_utf8_next_char (at);

      width += mc_text_width_of (c);
      /* A blank at the end of a line is not shown. */
      if (width > columns && c != ' ')
        break;
      if (*next != '\0' && may_break_between (c, g_utf8_get_char (next)))
        break_at = next;
      at = next;
    }
  if (*at == '\0')
    return (gsize)(at - text);
  if (break_at != NULL)
    return (gsize)(break_at - text);
  return (gsize)((at > text ? at : g_utf8_next_char (text)) - text);
}

GPtrArray *
mc_paragraph_wrap (const char *text, guint first, guint rest)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  guint columns = first;

  do
    {
      gsize taken = fit (text, columns);

      char *line = g_strndup (text, taken);

      text += taken;
      text += strspn (text, " ");
      columns = rest;
      g_ptr_array_add (lines, *text != '\0' ? g_strchomp (line) : line);
    }
  while (*text != '\0');
  return lines;
}

static char *
format_text (const char *text)
{
  guint columns = mc_text_columns ();
  g_autoptr (GPtrArray) lines = NULL;
  GString *paragraph;

  if (columns == 0)
    return g_strdup (text);
  lines = mc_paragraph_wrap (text, columns, columns > INDENT ? columns - INDENT : 1);
  paragraph = g_string_new (lines->pdata[0]);
  for (guint i = 1; i < lines->len; i++)
    g_string_append_printf (paragraph, "\n%*s%s", INDENT, "", (const char *)lines->pdata[i]);
  return g_string_free (paragraph, FALSE);
}

void
mc_paragraph_print (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *paragraph = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  paragraph = format_text (text);
  g_print ("%s\n", paragraph);
}

void
mc_paragraph_print_marked (
    const McClient *client, const char *text, gsize start, gsize length, McStyle style)
{
  g_autofree char *paragraph = format_text (text);
  gboolean whole = strncmp (paragraph, text, start + length) == 0;
  gboolean colored = whole && mc_text_colored (client);

  g_print ("%.*s%s%.*s%s%s\n", (int)start, paragraph, mc_text_begin (colored, style), (int)length,
           paragraph + start, mc_text_end (colored, style), paragraph + start + length);
}
