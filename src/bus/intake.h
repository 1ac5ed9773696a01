/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service's connection to the bus, with a bound on what comes in. GDBus takes whatever the bus
 * brings and keeps it until the main loop gets to it, and keeps what is sent until the bus takes
 * it; and it reads more slowly than a bus can write. So one client that calls without end and reads
 * nothing would make the service grow, and everybody else wait behind its calls.
 *
 * Here a thread of its own stands between the two. A call is under way from when it comes in to
 * when its answer is taken; one too many (see ledger.h) is answered with
 * org.freedesktop.DBus.Error.LimitsExceeded, a thousand in a second at the most, or dropped where
 * no answer is wanted, and GDBus never hears of it. A call that only looks and wants no answer is
 * dropped, and so are signals of others than the bus: this connection listens to none. Descriptors
 * that come with a call are closed: no method takes any.
 *
 * On the way out it puts in place what goes past GDBus: see bypass.h.
 */
#pragma once

#include "bypass.h"

G_BEGIN_DECLS

/* Returns: (transfer full): a connection that nobody else has. */
GDBusConnection *mc_intake_connect (GBusType type, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none): for what goes past GDBus, until the connection is closed. */
McBypass *mc_intake_get_bypass (GDBusConnection *connection);

/* Closes it; what was sent before has reached the bus then. */
void mc_intake_close (GDBusConnection *connection);

G_END_DECLS
