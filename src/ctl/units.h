/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and times as people type and read them. Pure; main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads @text as seconds: "90", "90s", "10m", "1h30m", "2d". FALSE, with *@seconds untouched, for
 * all else. */
gboolean mc_units_parse_seconds (const char *text, guint64 *seconds) G_GNUC_WARN_UNUSED_RESULT;

/* Reads @text as a number, with @suffix after it or not. FALSE, with *@number untouched, for all
 * else. */
gboolean mc_units_parse_number (const char *text,
                                const char *suffix,
                                guint64 *number) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): "1h 30m", "12s". */
char *mc_units_format_seconds (guint64 seconds);

/* Returns: (transfer full): how long before @now_us that was, in its largest unit: "3m", "2h"; "-"
 * for 0. */
char *mc_units_format_age (guint64 us, guint64 now_us);

/* Returns: (transfer full): the local time of @us since the epoch, "2026-01-31 12:00:00"; "-" for
 * 0. */
char *mc_units_format_time (guint64 us);

G_END_DECLS
