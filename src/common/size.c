/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as people write and read them. */
#include "config.h"

#include "size.h"

#include <math.h>
#include <string.h>

static const char units[] = "BKMGT";
/* Twelve digits of a fraction are less than a byte for any unit. */
#define FRACTION_MOST G_GUINT64_CONSTANT (1000000000000)

static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };

/* Reads a unit to the end of @text: "", "B", "M", "MB", "MiB", in either case; -1 if it is none. */
static int
parse_exponent (const char *text)
{
  const char *unit;

  if (*text == '\0')
    return 0;
  unit = strchr (units, g_ascii_toupper (*text++));
  if (unit == NULL)
    return -1;
  if (*text == '\0'
      || (unit != units
          && (g_ascii_strcasecmp (text, "B") == 0 || g_ascii_strcasecmp (text, "iB") == 0)))
    return (int)(unit - units);
  return -1;
}

static gboolean
parse_digits (const char **text, guint64 *number)
{
  const char *p = *text;

  *number = 0;
  for (; g_ascii_isdigit (*p); p++)
    if (!g_uint64_checked_mul (number, *number, 10)
        || !g_uint64_checked_add (number, *number, (guint64)(*p - '0')))
      return FALSE;
  if (p == *text)
    return FALSE;
  *text = p;
  return TRUE;
}

/* Reads the digits behind a point: their part of a whole in units of 2^-@shift, rounded down. */
static guint64
parse_fraction (const char **text, int shift)
{
  guint64 digits = 0, scale = 1;

  for (; g_ascii_isdigit (**text); (*text)++)
    if (scale < FRACTION_MOST)
      {
        digits = digits * 10 + (guint64)g_ascii_digit_value (**text);
        scale *= 10;
      }
  return (guint64)((long double)digits / (long double)scale * (long double)((guint64)1 << shift));
}

gboolean
mc_size_parse (const char *text, guint64 *bytes)
{
  const char *point = NULL, *unit;
  guint64 size;
  int exponent;

  g_return_val_if_fail (text != NULL, FALSE);

  if (!parse_digits (&text, &size))
    return FALSE;
  if (*text == '.')
    {
      point = ++text;
      text += strspn (text, "0123456789");
    }
  unit = text + strspn (text, " ");
  exponent = parse_exponent (unit);
  /* A point stands between digits, and a space before a unit. */
  if (exponent < 0 || text == point || (point != NULL && exponent == 0)
      || (unit != text && *unit == '\0'))
    return FALSE;
  if (!g_uint64_checked_mul (&size, size, (guint64)1 << (10 * exponent)))
    return FALSE;
  if (point != NULL)
    size += parse_fraction (&point, 10 * exponent); /* less than a unit, so it fits */
  if (size == G_MAXUINT64)
    return FALSE;
  *bytes = size;
  return TRUE;
}

char *
mc_size_format_exact (guint64 bytes)
{
  guint exponent = 0;

  while (bytes > 0 && bytes % 1024 == 0 && exponent < strlen (units) - 1)
    {
      bytes /= 1024;
      exponent++;
    }
  if (exponent == 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%c", bytes, units[exponent]);
}

/* From this unit on, tenths are worth reading. */
#define TENTHS_FROM 3

char *
mc_size_format (guint64 bytes)
{
  double value = (double)bytes, last = 1023.5;
  guint exponent = 0;

  /* The next unit begins where rounding would say 1024. */
  while (value >= last && exponent < strlen (units) - 1)
    {
      value /= 1024;
      exponent++;
      last = exponent < TENTHS_FROM ? 1023.5 : 1023.95;
    }
  if (exponent < TENTHS_FROM)
    return g_strdup_printf ("%.0f %s", floor (value + 0.5), names[exponent]);
  value = floor (value * 10 + 0.5) / 10;
  return g_strdup_printf ("%.*f %s", value == floor (value) ? 0 : 1, value, names[exponent]);
}
