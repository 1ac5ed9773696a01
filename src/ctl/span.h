/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moment in the past as people type it. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Reads @text: how long ago ("2h", "1d"), or a local time ("2026-01-31", "2026-01-31 12:00",
 * "2026-01-31 12:00:00", and "T" for the blank). FALSE, with *@us untouched, for all else, and for
 * what is after @now_us. µs since the epoch.
 */
gboolean
mc_span_parse_since (const char *text, gint64 now_us, guint64 *us) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
