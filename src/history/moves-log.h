/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The moves of a VM in a file: a line for each, oldest first, which grows to a limit, at which its
 * older half is dropped.
 *
 *   1790000000000000 1073741824 943718400 surplus
 *
 * is the time (µs since the epoch), the target before and after (bytes) and the reason's code. Any
 * thread, one at a time for a file. All of it waits for the disk.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_MOVES_LOG_CODE_MOST 40

typedef struct
{
  guint64 time_us;
  guint64 from, to;
  char code[MC_MOVES_LOG_CODE_MOST];
} McLoggedMove;

/* Reads what mc_moves_log_write() has written. Returns: (transfer full) (element-type
 * McLoggedMove). *@damaged: how many of the lines are none of its. @length: of @text, in bytes; it
 * need not end with 0 */
GArray *mc_moves_log_parse (const char *text, gsize length, guint *damaged);

/*
 * Adds moves. Fails with G_FILE_ERROR.
 * @code of a move: lower-case letters, digits and "-"
 */
gboolean mc_moves_log_write (const char *path,
                             const McLoggedMove *moves,
                             gsize n_moves,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (element-type McLoggedMove): all that are there, oldest first; NULL with
 * MC_DISK_FILE_ERROR_DAMAGED where it is no such file, or with G_FILE_ERROR. */
GArray *mc_moves_log_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
