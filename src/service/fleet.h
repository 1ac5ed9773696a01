/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs, by UUID: those that appeared, vanished, or restarted, by what samples and the
 * hypervisor's events say. Main thread.
 */
#pragma once

#include "vm.h"

G_BEGIN_DECLS

/* To be read by others. */
typedef struct
{
  McContext *context;
  GPtrArray *vms;      /* (element-type McVm) owned, in the order they appeared */
  GHashTable *by_uuid; /* uuid → McVm, of the same */
  GHashTable *starts;  /* uuid → gint64*: started, and not sampled yet */
  GHashTable *gone; /* uuid → gint64*: when it stopped: a sample begun before may still have it */
  gboolean synced;  /* FALSE until a sample came over the present connection */
  guint64 n_samples;
  guint next_reread; /* of the round that reads all of them again */
  gint64 reread_us;  /* what was due until then was read */
} McFleet;

void mc_fleet_init (McFleet *self, McContext *context);

/* Nothing that waits for a VM goes on; who waits is answered with @why. */
void mc_fleet_clear (McFleet *self, const GError *why);

/* The hypervisor's events mean nothing any more. */
void mc_fleet_stop_listening (McFleet *self);

/* What waits for a VM that is busy ends with @why. */
void mc_fleet_abandon_changes (McFleet *self, const GError *why);

/* A sample came; what stopped since it was begun does not come back with it. Returns: the bytes
 * that VMs have which started since the last one. */
guint64 mc_fleet_reconcile (McFleet *self, const McSample *sample);

/* The connection was lost; it was made. */
void mc_fleet_lose (McFleet *self);
void mc_fleet_catch_up (McFleet *self);

/* Announces those that can be shown by now. */
void mc_fleet_announce (McFleet *self);

/* Reads what the VMs are made of: all of them, or those that could not be read or whose guests do
 * not report as was set, and each once a minute. */
void mc_fleet_refresh_all (McFleet *self);
void mc_fleet_refresh_due (McFleet *self);

/* What is wanted of @domain has changed, or of all (NULL): it is asked in the next sample. */
void mc_fleet_stir (McFleet *self, McDomain *domain);

/* Returns: (transfer full): the UUIDs of those that need not be asked in the next sample */
GHashTable *mc_fleet_list_asleep (McFleet *self, gboolean all_awake);

/* Pauses last as long as they were meant to; see mc_pause_follow_clock(). */
void mc_fleet_follow_clock (McFleet *self);

/* Brings all views up to date; see mc_vm_update_view(). */
void mc_fleet_update_views (const McFleet *self, const char *all_paused, const char *degraded);

G_END_DECLS
