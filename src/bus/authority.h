/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what. polkit decides, and is asked without waiting for it: a check that takes its
 * time, or never ends, delays nobody but who it is about. Root may everything, and is not asked
 * about, so that polkit is not needed to repair a host. Where polkit does not decide about the bus
 * that the service is on, only root and the service's own user may. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "caller.h"

G_BEGIN_DECLS

#define MC_TYPE_AUTHORITY (mc_authority_get_type ())
G_DECLARE_FINAL_TYPE (McAuthority, mc_authority, MC, AUTHORITY, GObject)

/* @connection: where callers are */
McAuthority *mc_authority_new (GDBusConnection *connection);

/*
 * Asks whether @caller may do @action. @interactive: polkit may ask somebody for a password
 * meanwhile. The answer is FALSE with G_DBUS_ERROR_ACCESS_DENIED where not, and where there is no
 * answer in time.
 */
void mc_authority_check_async (McAuthority *self,
                               const McCaller *caller,
                               const char *action,
                               gboolean interactive,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean mc_authority_check_finish (McAuthority *self,
                                    GAsyncResult *result,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
