/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The coordinator: it owns the parts of the service, starts and stops them, and publishes what they
 * have changed. Main thread; nothing here waits.
 *
 * Signals:
 *   "vm-added"       (McVm)
 *   "vm-removed"     (McVm)
 *   "published"      ()        views have changed: the host's, and any VM's
 *   "vm-published"   (McVm)    that one's alone
 *   "policy-changed" (uuid or NULL for the host, setting, GVariant old, GVariant new, origin)
 *   "memory-moved"   (McVm, from, to, sentence)
 *
 * For origins see context.h.
 */
#pragma once

#include "cycle.h"
#include "views.h"

G_BEGIN_DECLS

#define MC_TYPE_COORDINATOR (mc_coordinator_get_type ())
G_DECLARE_FINAL_TYPE (McCoordinator, mc_coordinator, MC, COORDINATOR, GObject)

/*
 * Returns: (transfer full): a coordinator that does nothing until mc_coordinator_start().
 * @config: (transfer full): what the configuration says
 * @state_dir: (nullable): where runtime settings are kept; NULL keeps none
 */
McCoordinator *mc_coordinator_new (McHypervisor *hypervisor,
                                   McHost *host,
                                   McClock *clock,
                                   McConfig *config,
                                   const char *state_dir);

void mc_coordinator_start (McCoordinator *self);

/* FALSE when no cycle began for much longer than the interval: the loop turns, and the service does
 * not live. */
gboolean mc_coordinator_is_alive (McCoordinator *self);

/*
 * Stops cycles and ends cleanly, see shutdown.h: calls back after 14 s at most.
 * @for_good: nobody is about to start the service again: VMs are first given back what was taken
 * from them, where the configuration says so, for 3 s at most
 */
void mc_coordinator_stop_async (McCoordinator *self,
                                gboolean for_good,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
void mc_coordinator_stop_finish (McCoordinator *self, GAsyncResult *result);

/* Returns: (transfer none): its parts, as long as it is not disposed of */
McHostParts *mc_coordinator_get_parts (McCoordinator *self);

/* Returns: (transfer none): one line for people, how it is doing; valid until the main loop runs
 * on. */
const char *mc_coordinator_get_status (McCoordinator *self);

/* Calls back when every change of a setting so far is on the disk, or has failed to get there and
 * was taken back. Returns: whether it is there. */
void
mc_coordinator_sync_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean mc_coordinator_sync_finish (McCoordinator *self, GAsyncResult *result, GError **error);

/* Returns: (transfer none): valid until the main loop runs on. */
const McHostView *mc_coordinator_get_view (McCoordinator *self);

/* Returns: (transfer container) (element-type McVm): every VM that is active, and can be shown. */
GPtrArray *mc_coordinator_list_vms (McCoordinator *self);

G_END_DECLS
