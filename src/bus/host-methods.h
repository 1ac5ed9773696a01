/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1: the host's skeleton, and the answers to its methods. */
#pragma once

#include "authority.h"
#include "coordinator.h"
#include "mc-dbus.h"

G_BEGIN_DECLS

#define MC_TYPE_HOST_METHODS (mc_host_methods_get_type ())
G_DECLARE_FINAL_TYPE (McHostMethods, mc_host_methods, MC, HOST_METHODS, McDbusMemCoord1Skeleton)

/* Listens to the coordinator's changes of policy and moves, too, and signals them. */
McHostMethods *mc_host_methods_new (McCoordinator *coordinator,
                                    McAuthority *authority,
                                    GDBusConnection *connection);

G_END_DECLS
