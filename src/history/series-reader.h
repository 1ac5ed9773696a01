/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a file of the past. Any thread. It waits for the disk. */
#pragma once

#include "history-kind.h"

G_BEGIN_DECLS

#define MC_SERIES_UNKNOWN (-1.0)

/*
 * Reads what there was from @since_s on and before @until_s, in fine steps where all of that is in
 * the hour before @now_s, else in coarse ones.
 * @points: the most rows, for which steps are made into longer ones; 0 = all
 * Returns: (transfer full): floating: aad: rows of the time at which a step began (µs since the
 * epoch) and the figures, oldest first. What is not known is MC_SERIES_UNKNOWN: JSON, as which
 * frontends get it, has no NaN. Several steps without any figure are one such row. NULL with
 * @error: as mc_series_check(); a file that is not there has no rows.
 */
GVariant *mc_series_read (const char *path,
                          const McHistoryKind *kind,
                          gint64 since_s,
                          gint64 until_s,
                          gint64 now_s,
                          guint points,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
