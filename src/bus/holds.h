/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that callers hold for VMs about to start: a reservation ends when its caller leaves the
 * bus, whatever else may end it. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "coordinator.h"

G_BEGIN_DECLS

typedef struct _McHolds McHolds;

McHolds *mc_holds_new (McCoordinator *coordinator, GDBusConnection *connection);
void mc_holds_free (McHolds *self);

/* @sender: the caller's unique name. Ends when the memory is free, and as
 * mc_coordinator_reserve_async() does. */
void mc_holds_add_async (McHolds *self,
                         const char *sender,
                         guint64 bytes,
                         guint seconds,
                         GAsyncReadyCallback callback,
                         gpointer user_data);

/* Returns: (transfer full): the id */
char *mc_holds_add_finish (GAsyncResult *result,
                           guint64 *granted,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean mc_holds_release (McHolds *self, const char *id, GError **error);

G_END_DECLS
