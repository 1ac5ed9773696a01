/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as people write them. */
#include "config.h"

#include "size.h"

#include <math.h>
#include <string.h>

static const char units[] = "BKMGT";

/* Reads a unit to the end of @text: "", "B", "M", "MB", "MiB", in either case; -1 where it is none.
 */
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

gboolean
mc_size_parse (const char *text, guint64 *bytes)
{
  guint64 whole, size;
  double fraction = 0, scale = 1;
  gboolean has_fraction;
  int exponent;

  g_return_val_if_fail (text != NULL, FALSE);

  if (!parse_digits (&text, &whole))
    return FALSE;
  has_fraction = *text == '.';
  if (has_fraction && !g_ascii_isdigit (*++text))
    return FALSE;
  for (; has_fraction && g_ascii_isdigit (*text); text++)
    fraction += (*text - '0') * (scale /= 10);
  while (*text == ' ')
    text++;
  exponent = parse_exponent (text);
  if (exponent < 0 || (has_fraction && exponent == 0))
    return FALSE;
  if (!g_uint64_checked_mul (&size, whole, G_GUINT64_CONSTANT (1) << (10 * exponent)))
    return FALSE;
  if (!g_uint64_checked_add (&size, size, (guint64)ldexp (fraction, 10 * exponent))
      || size == G_MAXUINT64)
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

char *
mc_size_format (guint64 bytes)
{
  guint exponent = 0;
  double value = (double)bytes;

  while (value >= 1024 && exponent < strlen (units) - 1)
    {
      value /= 1024;
      exponent++;
    }
  if (exponent == 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);
  /* One digit after the point where it says something. */
  if (value < 10 && fabs (value - round (value)) >= 0.05)
    return g_strdup_printf ("%.1f %ciB", value, units[exponent]);
  return g_strdup_printf ("%.0f %ciB", value, units[exponent]);
}
