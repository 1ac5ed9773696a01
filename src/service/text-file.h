/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A text that is read whole, from a file that somebody else may have made: only from a regular
 * file, so that no pipe or device is waited for, and only up to a bound. Any thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Returns: (transfer full): the text. Fails with G_FILE_ERROR, or with G_IO_ERROR where it is no
 * regular file, or more than @most_bytes; each names @path. That it is UTF-8 is not looked at, that
 * it has no NUL is.
 */
char *
mc_text_file_read (const char *path, gsize most_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
