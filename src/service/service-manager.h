/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifies the service manager of readiness, status, and life. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Nothing happens where there is no service manager. @status: one line for people. */
void mc_service_manager_notify_ready (const char *status);
void mc_service_manager_notify_status (const char *status);
void mc_service_manager_notify_reloading (void);
void mc_service_manager_notify_stopping (void);

/* To be called by a timer while the service is alive: a main loop that runs without cycles is not
 * alive. */
void mc_service_manager_notify_alive (void);

/* How often mc_service_manager_notify_alive() is to be called at least, in microseconds; 0: no
 * watchdog. */
gint64 mc_service_manager_get_watchdog_us (void);

G_END_DECLS
