/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lengths of time as people type and read them. */
#include "config.h"

#include "duration.h"

static const struct
{
  char letter;
  guint64 seconds;
} units[] = {
  { 'd', 24 * 60 * 60 },
  { 'h', 60 * 60 },
  { 'm', 60 },
  { 's', 1 },
};

static guint64
seconds_of_unit (char letter)
{
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (units[i].letter == letter)
      return units[i].seconds;
  return 0;
}

gboolean
mc_duration_parse (const char *text, guint64 *seconds)
{
  guint64 total = 0;

  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, seconds, NULL))
    return TRUE;
  if (*text == '\0')
    return FALSE;
  for (; *text != '\0'; text++)
    {
      guint64 number, unit;
      char *end = NULL;

      if (!g_ascii_isdigit (*text))
        return FALSE;
      number = g_ascii_strtoull (text, &end, 10);
      text = end;
      unit = seconds_of_unit (*text);
      if (unit == 0 || number == G_MAXUINT64 || !g_uint64_checked_mul (&number, number, unit)
          || !g_uint64_checked_add (&total, total, number))
        return FALSE;
    }
  *seconds = total;
  return TRUE;
}

char *
mc_duration_format (guint64 seconds)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      guint64 count = seconds / units[i].seconds;

      seconds %= units[i].seconds;
      if (count > 0)
        g_string_append_printf (text, "%s%" G_GUINT64_FORMAT "%c", text->len > 0 ? " " : "", count,
                                units[i].letter);
    }
  if (text->len == 0)
    g_string_append (text, "0s");
  return g_string_free (text, FALSE);
}

char *
mc_duration_format_short (guint64 seconds)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (units) - 1 && seconds < units[i].seconds)
    i++;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%c", seconds / units[i].seconds, units[i].letter);
}
