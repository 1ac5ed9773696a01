/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service on the bus: the root object, the object manager beside it, and an object for each VM,
 * which come, go and change as the coordinator signals. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "coordinator.h"

G_BEGIN_DECLS

#define MC_TYPE_BUS (mc_bus_get_type ())
G_DECLARE_FINAL_TYPE (McBus, mc_bus, MC, BUS, GObject)

/*
 * @connection: of mc_intake_connect()
 * Returns: (transfer full): with everything exported; to own the name is the caller's. NULL where
 * the paths are taken on this connection.
 */
McBus *mc_bus_new (McCoordinator *coordinator,
                   GDBusConnection *connection,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
