/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs, by UUID: those that appeared, vanished, or started anew, by what samples and the
 * hypervisor's events say. Main thread.
 *
 * Signals:
 *   "vm-added"      (McVm)  it can be shown
 *   "vm-removed"    (McVm)
 *   "cycle-wanted"  ()      something happened that the next cycle should not wait for
 */
#pragma once

#include "vm.h"

G_BEGIN_DECLS

#define MC_TYPE_FLEET (mc_fleet_get_type ())
G_DECLARE_FINAL_TYPE (McFleet, mc_fleet, MC, FLEET, GObject)

McFleet *mc_fleet_new (McContext *context);

/* The hypervisor's events mean nothing any more. */
void mc_fleet_stop_listening (McFleet *self);

/* The service is disposed of: nothing that waits for a VM goes on; who waits is answered with @why.
 */
void mc_fleet_close (McFleet *self, const GError *why);

/* What waits for a VM that is busy ends with @why. */
void mc_fleet_abandon_changes (McFleet *self, const GError *why);

/* Returns: (transfer none) (element-type McVm): in the order they appeared */
GPtrArray *mc_fleet_get_vms (McFleet *self);

/* Returns: (transfer none) (nullable) */
McVm *mc_fleet_lookup (McFleet *self, const char *uuid);

/* A sample came; what stopped since it was begun does not come back with it. Returns: the bytes
 * that VMs have which started since the last one. */
guint64 mc_fleet_reconcile (McFleet *self, const McSample *sample);

/* Samples that came. */
guint64 mc_fleet_count_samples (McFleet *self);

/* FALSE until a sample came over the present connection. */
gboolean mc_fleet_is_synced (McFleet *self);

/* The connection was made, or lost. */
void mc_fleet_catch_up (McFleet *self);
void mc_fleet_set_unsynced (McFleet *self);

/* Emits "vm-added" for those that can be shown by now. */
void mc_fleet_announce (McFleet *self);

/* Reads what the VMs are made of: all of them, or one after the other and those that could not be
 * read. */
void mc_fleet_refresh_all (McFleet *self);
void mc_fleet_refresh_next (McFleet *self);

/* Pauses last as long as they were meant to; see mc_pause_follow_clock(). */
void mc_fleet_follow_clock (McFleet *self);

/* Brings all views up to date; see mc_vm_update_view(). */
void mc_fleet_update_views (McFleet *self, const char *all_paused, const char *degraded);

G_END_DECLS
