/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told: readiness, status, and signs of life. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells the service manager, where there is one. @status: one line for people. */
void mc_watchdog_ready (const char *status);
void mc_watchdog_status (const char *status);
void mc_watchdog_reloading (void);
void mc_watchdog_stopping (void);

/* To be called by each cycle that ended, well or not: a loop that turns without cycles is not
 * alive. */
void mc_watchdog_feed (void);

/* How often mc_watchdog_feed() is to be called at least, in microseconds; 0 where nobody waits for
 * it. */
gint64 mc_watchdog_period_us (void);

G_END_DECLS
