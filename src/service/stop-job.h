/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a stop is for good, or the service is about to be started again: what systemd has to say
 * of the job that stops the unit. Main thread; nothing here waits.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Asks on @connection, for a second at most. */
void mc_stop_job_is_for_good_async (GDBusConnection *connection,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);

/* Returns: whether the unit is stopped, is not restarted, and the host goes on. FALSE where nobody
 * can say: also where it was only sent a signal, and where there is no systemd on that bus. */
gboolean mc_stop_job_is_for_good_finish (GAsyncResult *result);

G_END_DECLS
