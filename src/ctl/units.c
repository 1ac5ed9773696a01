/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and times as people type and read them. */
#include "config.h"

#include "units.h"

/* Reads digits from *@text on and moves it past them. FALSE where there are none or they do not
 * fit. */
static gboolean
take_digits (const char **text, guint64 *number)
{
  char *end = NULL;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  *number = g_ascii_strtoull (*text, &end, 10);
  *text = end;
  return *number != G_MAXUINT64;
}

static guint64
seconds_of_unit (char unit)
{
  switch (unit)
    {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 60 * 60;
    case 'd':
      return 24 * 60 * 60;
    default:
      return 0;
    }
}

gboolean
mc_units_parse_seconds (const char *text, guint64 *seconds)
{
  guint64 number, total = 0;

  if (mc_units_parse_number (text, "", seconds))
    return TRUE;
  if (*text == '\0')
    return FALSE;
  while (*text != '\0')
    {
      guint64 unit;

      if (!take_digits (&text, &number))
        return FALSE;
      unit = seconds_of_unit (*text);
      if (unit == 0 || !g_uint64_checked_mul (&number, number, unit)
          || !g_uint64_checked_add (&total, total, number))
        return FALSE;
      text++;
    }
  *seconds = total;
  return TRUE;
}

gboolean
mc_units_parse_number (const char *text, const char *suffix, guint64 *number)
{
  guint64 value;

  if (!take_digits (&text, &value))
    return FALSE;
  while (*text == ' ')
    text++;
  if (*text != '\0' && g_strcmp0 (text, suffix) != 0)
    return FALSE;
  *number = value;
  return TRUE;
}

char *
mc_units_format_seconds (guint64 seconds)
{
  static const char units[] = "dhms";
  GString *text = g_string_new (NULL);
  const char *unit;

  for (unit = units; *unit != '\0'; unit++)
    {
      guint64 count = seconds / seconds_of_unit (*unit);

      seconds %= seconds_of_unit (*unit);
      if (count > 0)
        g_string_append_printf (text, "%s%" G_GUINT64_FORMAT "%c", text->len > 0 ? " " : "", count,
                                *unit);
    }
  if (text->len == 0)
    g_string_append (text, "0s");
  return g_string_free (text, FALSE);
}

char *
mc_units_format_age (guint64 us, guint64 now_us)
{
  static const char units[] = "dhm";
  guint64 seconds = (now_us > us ? now_us - us : 0) / G_USEC_PER_SEC;

  if (us == 0)
    return g_strdup ("-");
  for (const char *unit = units; *unit != '\0'; unit++)
    if (seconds >= seconds_of_unit (*unit))
      return g_strdup_printf ("%" G_GUINT64_FORMAT "%c", seconds / seconds_of_unit (*unit), *unit);
  return g_strdup_printf ("%" G_GUINT64_FORMAT "s", seconds);
}

char *
mc_units_format_time (guint64 us)
{
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) local = NULL;

  if (us == 0)
    return g_strdup ("-");
  utc = g_date_time_new_from_unix_utc ((gint64)(us / G_USEC_PER_SEC));
  local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  return local != NULL ? g_date_time_format (local, "%F %T") : g_strdup ("?");
}
