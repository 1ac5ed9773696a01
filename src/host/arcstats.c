/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/spl/kstat/zfs/arcstats: "name type value" on each line. */
#include "config.h"

#include "arcstats.h"

#include "size.h"

#include <string.h>

static gboolean
find (const char *text, const char *key, guint64 *value, GError **error)
{
  gsize key_length = strlen (key);
  const char *line = text;
  char *end;

  while (line != NULL && !(strncmp (line, key, key_length) == 0 && line[key_length] == ' '))
    {
      line = strchr (line, '\n');
      line = line == NULL ? NULL : line + 1;
    }
  if (line == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no %s", key);
      return FALSE;
    }
  line += key_length;
  line += strspn (line, " ");
  line += strspn (line, "0123456789"); /* the type */
  line += strspn (line, " ");
  *value = g_ascii_strtoull (line, &end, 10);
  if (!g_ascii_isdigit (*line) || *end != '\n' || *value > G_MAXINT64)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not a size", key);
      return FALSE;
    }
  return TRUE;
}

gboolean
mc_arcstats_parse (const char *text, guint64 *bytes, GError **error)
{
  guint64 size, least;

  if (!find (text, "size", &size, error) || !find (text, "c_min", &least, error))
    return FALSE;
  *bytes = saturating_sub (size, least);
  return TRUE;
}
