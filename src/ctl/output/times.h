/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments on the bus, µs since the epoch, as people read them. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: (transfer full): how long before @now_us that was, in its largest unit: "3m", "2h"; "-"
 * for 0. */
char *mc_times_format_age (guint64 us, guint64 now_us);

/* Returns: (transfer full): the local time of @us, "2026-01-31 12:00:00"; "-" for 0. */
char *mc_times_format (guint64 us);

G_END_DECLS
