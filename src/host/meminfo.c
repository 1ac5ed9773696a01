/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/meminfo. */
#include "config.h"

#include "meminfo.h"

#include <string.h>

#define KIB 1024

static gboolean
find (const char *text, const char *key, guint64 *bytes, GError **error)
{
  gsize key_length = strlen (key);
  const char *line = text;
  guint64 kib;
  char *end;

  while (line != NULL && !(strncmp (line, key, key_length) == 0 && line[key_length] == ':'))
    {
      line = strchr (line, '\n');
      line = line == NULL ? NULL : line + 1;
    }
  if (line == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no %s", key);
      return FALSE;
    }
  line += key_length + 1;
  line += strspn (line, " \t");
  kib = g_ascii_strtoull (line, &end, 10);
  if (!g_ascii_isdigit (*line) || !g_str_has_prefix (end, " kB") || kib > G_MAXINT64 / KIB)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not a size in kB", key);
      return FALSE;
    }
  *bytes = kib * KIB;
  return TRUE;
}

gboolean
mc_meminfo_parse (const char *text, guint64 *total, guint64 *available, GError **error)
{
  guint64 all, left;

  if (!find (text, "MemTotal", &all, error) || !find (text, "MemAvailable", &left, error))
    return FALSE;
  if (all == 0 || left > all)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "MemTotal of %" G_GUINT64_FORMAT " and MemAvailable of %" G_GUINT64_FORMAT
                   " bytes cannot be",
                   all, left);
      return FALSE;
    }
  *total = all;
  *available = left;
  return TRUE;
}
