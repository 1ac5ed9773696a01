/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a failed call about a file is told as. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sets G_FILE_ERROR by errno: "failed to @doing @path: ...". Returns: FALSE */
gboolean mc_file_error_set (GError **error, const char *doing, const char *path);

G_END_DECLS
