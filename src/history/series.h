/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The past of the host or of a VM in one file, whose size never changes: two rings of rows, one for
 * the last hour in fine steps, one for the last week in coarse ones.
 *
 * The file begins with 512 bytes of text that say what is in it, columns included; then the fine
 * ring, then the coarse one. A row is its step since the epoch (4 bytes), a check of the row (4
 * bytes), and a float for each column, all in the byte order of the host. It stands in the place
 * that is its step modulo the size of its ring, so that there is no position that could be wrong: a
 * row is used if its step is the one that is looked for and its check is right, whatever the clock
 * did meanwhile. A coarse row is made anew of the fine ones whenever one of those is written.
 *
 * Any thread, one at a time for a file. All of it waits for the disk.
 */
#pragma once

#include "ring.h"

G_BEGIN_DECLS

/*
 * Whether @path can be used, of which all is read: also where it is not there. A few damaged rows,
 * as a loss of power may leave them, do not matter: they are as if nothing was known. Fails with
 * MC_DISK_FILE_ERROR, or with G_FILE_ERROR where it cannot be read.
 */
gboolean mc_series_check (const char *path,
                          const McHistoryKind *kind,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Writes rows, in the order in which they came, which is not that of their steps where the clock
 * was set back: of two of one step the later one counts. At most as many as the fine ring has.
 * Makes the file where it is not there; then it has its full size at once, or is not there. Fails
 * as mc_series_check() does.
 */
gboolean mc_series_write (const char *path,
                          const McHistoryKind *kind,
                          const McHistoryRow *rows,
                          gsize n_rows,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: a descriptor to be closed, with the two rings, without rows, in their places; -1 with
 * @error, which is G_FILE_ERROR_NOENT where it is not there. @flags: O_RDONLY or O_RDWR */
int mc_series_open (const char *path,
                    const McHistoryKind *kind,
                    int flags,
                    McRing *fine,
                    McRing *coarse,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
