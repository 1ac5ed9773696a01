/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and times as people type and read them. */
#include "config.h"

#include "units.h"

/* Digits of a fraction that are worth reading; the rest is less than a byte for any unit up to T.
 */
#define FRACTION_DIGITS 12

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

/* The shift that the unit at *@text stands for, or -1. */
static int
take_unit (const char *text)
{
  static const char letters[] = "KMGT";
  const char *letter;

  if (*text == '\0' || g_ascii_strcasecmp (text, "B") == 0)
    return 0;
  for (letter = letters; *letter != '\0'; letter++)
    {
      if (g_ascii_toupper (*text) != *letter)
        continue;
      if (text[1] == '\0' || g_ascii_strcasecmp (text + 1, "B") == 0
          || g_ascii_strcasecmp (text + 1, "iB") == 0)
        return (int)(letter - letters + 1) * 10;
    }
  return -1;
}

/* The fraction behind a point, in units of 2^-@shift, rounded down. */
static guint64
take_fraction (const char **text, int shift)
{
  guint64 digits = 0, scale = 1;
  int taken = 0;

  for (; g_ascii_isdigit (**text); (*text)++)
    {
      if (taken++ >= FRACTION_DIGITS)
        continue;
      digits = digits * 10 + (guint64)g_ascii_digit_value (**text);
      scale *= 10;
    }
  return (guint64)((long double)digits / (long double)scale * (long double)((guint64)1 << shift));
}

gboolean
mc_units_parse_size (const char *text, guint64 *bytes)
{
  guint64 whole;
  const char *point;
  int shift;

  if (!take_digits (&text, &whole))
    return FALSE;
  point = *text == '.' && g_ascii_isdigit (text[1]) ? text : NULL;
  for (text += point != NULL; point != NULL && g_ascii_isdigit (*text);)
    text++;
  if (*text == ' ' && text[1] != '\0')
    text++;
  shift = take_unit (text);
  if (shift < 0 || (point != NULL && shift == 0) || whole > (G_MAXUINT64 - 1) >> shift)
    return FALSE;
  whole <<= shift;
  if (point != NULL)
    {
      point++;
      whole += take_fraction (&point, shift);
    }
  *bytes = whole;
  return TRUE;
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
mc_units_format_size (guint64 bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
  double value = (double)bytes;
  guint unit = 0;

  /* 1023.96 would be rounded to "1024.0": the next unit begins where rounding does. */
  while (value >= 1023.95 && unit + 1 < G_N_ELEMENTS (units))
    {
      value /= 1024;
      unit++;
    }
  if (unit == 0 || (guint64)(value * 10 + 0.5) % 10 == 0)
    return g_strdup_printf ("%.0f %s", value, units[unit]);
  return g_strdup_printf ("%.1f %s", value, units[unit]);
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
