/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for a terminal or a pipe. */
#include "config.h"

#include "text.h"

#include "size.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

gboolean
mc_text_colored (const McClient *client)
{
  const char *no_color = g_getenv ("NO_COLOR");

  if (client->color != MC_COLOR_AUTO)
    return client->color == MC_COLOR_ALWAYS;
  if (no_color != NULL && *no_color != '\0')
    return FALSE;
  return isatty (STDOUT_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

const char *
mc_text_begin (gboolean colored, McStyle style)
{
  static const char *const sequences[] = {
    [MC_STYLE_PLAIN] = "",        [MC_STYLE_STRONG] = "\033[1m", [MC_STYLE_FAINT] = "\033[2m",
    [MC_STYLE_GOOD] = "\033[32m", [MC_STYLE_WARN] = "\033[33m",  [MC_STYLE_BAD] = "\033[1;31m",
  };

  return colored ? sequences[style] : "";
}

const char *
mc_text_end (gboolean colored, McStyle style)
{
  return colored && style != MC_STYLE_PLAIN ? "\033[0m" : "";
}

McStyle
mc_text_style_of_state (const char *state)
{
  static const struct
  {
    const char *state;
    McStyle style;
  } styles[] = {
    { "running", MC_STYLE_GOOD },     { "managed", MC_STYLE_GOOD },
    { "comfortable", MC_STYLE_GOOD }, { "tight", MC_STYLE_WARN },
    { "paused", MC_STYLE_WARN },      { "starting", MC_STYLE_WARN },
    { "booting", MC_STYLE_WARN },     { "busy", MC_STYLE_WARN },
    { "stale", MC_STYLE_WARN },       { "no-stats", MC_STYLE_WARN },
    { "ineffective", MC_STYLE_WARN }, { "foreign", MC_STYLE_WARN },
    { "critical", MC_STYLE_BAD },     { "degraded", MC_STYLE_BAD },
    { "stuck", MC_STYLE_BAD },        { "suspended", MC_STYLE_FAINT },
    { "opted-out", MC_STYLE_FAINT },  { "unsupported", MC_STYLE_FAINT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      if (g_strcmp0 (styles[i].state, state) == 0)
        return styles[i].style;
    }
  return MC_STYLE_PLAIN;
}

guint
mc_text_columns (void)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0 };
  guint64 wanted;

  if (!isatty (STDOUT_FILENO))
    return 0;
  if (columns != NULL && g_ascii_string_to_unsigned (columns, 10, 1, G_MAXUSHORT, &wanted, NULL))
    return (guint)wanted;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return size.ws_col;
}

gboolean
mc_text_is_utf8 (void)
{
  const char *charset;

  return g_get_charset (&charset);
}

guint
mc_text_width_of (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
mc_text_width (const char *text)
{
  guint width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += mc_text_width_of (g_utf8_get_char (text));
  return width;
}

char *
mc_text_ellipsize (const char *text, guint columns)
{
  const char *mark = mc_text_is_utf8 () ? "…" : "~";
  guint width = 0;
  const char *p;

  if (mc_text_width (text) <= columns)
    return g_strdup (text);
  if (columns == 0)
    return g_strdup ("");
  for (p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      width += mc_text_width_of (g_utf8_get_char (p));
      if (width > columns - 1)
        break;
    }
  return g_strdup_printf ("%.*s%s", (int)(p - text), text, mark);
}

char *
mc_text_shorten (const char *text, guint columns)
{
  guint tail_columns = columns > 0 ? (columns - 1) / 2 : 0;
  const char *tail = text + strlen (text);
  g_autofree char *head = NULL;

  if (mc_text_width (text) <= columns)
    return g_strdup (text);
  while (tail > text && mc_text_width (g_utf8_prev_char (tail)) <= tail_columns)
    tail = g_utf8_prev_char (tail);
  head = mc_text_ellipsize (text, columns - MIN (columns, mc_text_width (tail)));
  return g_strconcat (head, tail, NULL);
}

char *
mc_text_move (guint64 from, guint64 to)
{
  g_autofree char *before = mc_size_format (from);
  g_autofree char *after = mc_size_format (to);

  return g_strdup_printf ("%s %s %s", before, mc_text_is_utf8 () ? "→" : "->", after);
}
