/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/meminfo. */
#include "config.h"

#include "meminfo.h"

#include <string.h>

#define KIB 1024

/* Returns: (nullable): where the line's value begins. */
static const char *
find_value (const char *text, const char *key)
{
  gsize key_length = strlen (key);
  const char *line = text;

  while (line != NULL && !(strncmp (line, key, key_length) == 0 && line[key_length] == ':'))
    {
      line = strchr (line, '\n');
      line = line == NULL ? NULL : line + 1;
    }
  if (line == NULL)
    return NULL;
  line += key_length + 1;
  return line + strspn (line, " \t");
}

static gboolean
find (const char *text, const char *key, guint64 *bytes, GError **error)
{
  const char *value = find_value (text, key);
  guint64 kib;
  char *end;

  if (value == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no %s", key);
      return FALSE;
    }
  kib = g_ascii_strtoull (value, &end, 10);
  if (!g_ascii_isdigit (*value) || !g_str_has_prefix (end, " kB") || kib > G_MAXINT64 / KIB)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not a size in kB", key);
      return FALSE;
    }
  *bytes = kib * KIB;
  return TRUE;
}

/* Kernels before 4.20 do not sum up the pools of all sizes: there it is that of the default one. */
static guint64
find_huge_pages (const char *text)
{
  const char *count = find_value (text, "HugePages_Total");
  guint64 bytes = 0, page = 0, pages;

  if (find (text, "Hugetlb", &bytes, NULL))
    return bytes;
  if (count == NULL || !find (text, "Hugepagesize", &page, NULL))
    return 0;
  pages = g_ascii_strtoull (count, NULL, 10);
  return page > 0 && pages > G_MAXINT64 / page ? 0 : pages * page;
}

gboolean
mc_meminfo_parse (const char *text, guint64 *total, guint64 *available, GError **error)
{
  guint64 all, left, pool = find_huge_pages (text);

  if (!find (text, "MemTotal", &all, error) || !find (text, "MemAvailable", &left, error))
    return FALSE;
  if (all == 0 || left > all || pool >= all)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "MemTotal of %" G_GUINT64_FORMAT ", MemAvailable of %" G_GUINT64_FORMAT
                   " and huge pages of %" G_GUINT64_FORMAT " bytes contradict each other",
                   all, left, pool);
      return FALSE;
    }
  *total = all - pool;
  *available = MIN (left, *total);
  return TRUE;
}
