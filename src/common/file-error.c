/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a failed call about a file is told as. */
#include "config.h"

#include "file-error.h"

#include <errno.h>

gboolean
mc_file_error_set (GError **error, const char *doing, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (saved), "failed to %s %s: %s",
               doing, path, g_strerror (saved));
  return FALSE;
}
