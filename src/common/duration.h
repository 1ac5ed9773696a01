/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lengths of time as people type and read them. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads @text as seconds: "90", "90s", "10m", "1h30m", "2d". FALSE, with *@seconds untouched, for
 * all else. */
gboolean mc_duration_parse (const char *text, guint64 *seconds) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): "1h 30m", "12s". */
char *mc_duration_format (guint64 seconds);

/* Returns: (transfer full): the same in its largest unit alone: "3m", "2h". */
char *mc_duration_format_short (guint64 seconds);

G_END_DECLS
