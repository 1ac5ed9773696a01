/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text that is read or written whole. Both wait for the disk. Any thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Reads from a regular file alone, as somebody else may have made it: no pipe or device is waited
 * for. Returns: (transfer full): the text. Fails with G_FILE_ERROR, or with G_IO_ERROR where it is
 * no regular file, or more than @most_bytes; each names @path. That it is UTF-8 is not looked at,
 * that it has no NUL is.
 */
char *
mc_text_file_read (const char *path, gsize most_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Puts a new file, of mode 0600, in the place of the old one. When it succeeds the new text is on
 * the disk; when it fails the old one stands, or may stand again after a crash. One that is killed
 * leaves an unfinished one behind (new-file.h).
 */
gboolean
mc_text_file_write (const char *path, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
