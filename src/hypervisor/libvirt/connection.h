/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection to libvirt as the main thread sees it: made in a thread, watched, and made again
 * when it is lost, later each time. Main thread.
 */
#pragma once

#include "hypervisor.h"
#include "connection-pool.h"

G_BEGIN_DECLS

#define MC_TYPE_CONNECTION (mc_connection_get_type ())
G_DECLARE_FINAL_TYPE (McConnection, mc_connection, MC, CONNECTION, GObject)

/* Returns: (transfer full): not connected until it is started. @hypervisor, which owns it, has the
 * URI and the state of the connection, and emits its events. */
McConnection *mc_connection_new (McHypervisor *hypervisor);
void mc_connection_start (McConnection *self);

/* Connects no more. What is connected stays so for the calls that are in flight, until it is
 * closed. */
void mc_connection_stop (McConnection *self);
void mc_connection_begin_to_close (McConnection *self);

/* Of the present connection: what comes from an older one is not to be believed. */
guint mc_connection_get_generation (McConnection *self);

/* Returns: (transfer none): for worker threads, with a reference of their own. */
McConnectionPool *mc_connection_get_pool (McConnection *self);

G_END_DECLS
