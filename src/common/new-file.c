/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is called while it is written. */
#include "config.h"

#include "new-file.h"

#include <string.h>

#define MARK    ".memcoord-"
#define LETTERS "XXXXXX"

char *
mc_new_file_name (const char *path)
{
  return g_strconcat (path, MARK LETTERS, NULL);
}

gboolean
mc_new_file_is_unfinished (const char *name, const char *final)
{
  gsize length = strlen (final);

  return g_str_has_prefix (name, final) && g_str_has_prefix (name + length, MARK)
         && strlen (name + length) == strlen (MARK LETTERS);
}
