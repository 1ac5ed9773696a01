/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs on the bus: an object for each, and org.freedesktop.DBus.ObjectManager, which lists them.
 * Its owner says which there are, when one is to be shown anew, and when all that was said is to be
 * sent: signals are gathered until then, and nothing else may be sent in between. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "authority.h"
#include "coordinator.h"

G_BEGIN_DECLS

typedef struct _McObjectManager McObjectManager;

/* @connection: of mc_intake_connect(). Returns: (transfer full): NULL if MC_ROOT_PATH has one. */
McObjectManager *mc_object_manager_new (GDBusConnection *connection,
                                        McCoordinator *coordinator,
                                        McAuthority *authority,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Unexports all of it, without a signal. */
void mc_object_manager_free (McObjectManager *self);

/* A VM appears with its figures, so its object is there when it is shown first. */
void mc_object_manager_add (McObjectManager *self, McVm *vm);
void mc_object_manager_remove (McObjectManager *self, McVm *vm);

/* Shows its view. Nothing happens for one that was not added. */
void mc_object_manager_show (McObjectManager *self, McVm *vm);
void mc_object_manager_show_all (McObjectManager *self);

void mc_object_manager_send (McObjectManager *self);

G_END_DECLS
