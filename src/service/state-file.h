/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept over a restart of the service, by type: the one place that knows what is in the file
 * "settings" of the state directory. Each release reads what earlier ones wrote (0.1.0 had neither
 * boot-id nor reclaimed); a group that is not known stays. What sets something saves it, too. Main
 * thread.
 *
 *   [Thresholds]             those that were set at run time, by the bus's names
 *   LowWatermark=104857600   in its unit
 *   [Settings]
 *   dry-run=true             where it is not as the configuration says
 *   [Pause]                  of everything
 *   pause-reason=update      any text; nothing is paused without it
 *   paused-until=0           wall clock, µs since the epoch; 0 = until it is ended
 *   pause-seconds=0          what it was asked for; 0 = until it is ended
 *   [Host]
 *   boot-id=UUID             of the host, under which the groups of VMs were written
 *   [VM UUID]                its own pause, by the same keys, and
 *   id=7                     libvirt's, of that life of the VM which all of this is about
 *   original-stats-period=0  seconds: what it had before the service changed it
 *   reclaimed=true           memory was taken from it, and it has not had all of it back since
 *
 * What is noted of a VM belongs to one life of it: the next one starts from what its XML says.
 * libvirt's id identifies it until the host boots anew, when ids begin again.
 */
#pragma once

#include "domain.h"
#include "store.h"
#include "threshold.h"

G_BEGIN_DECLS

/* Nothing in it makes it unreadable: what does not fit is dropped. */
extern const McStoreKind mc_state_file_kind;

/* @overrides: MC_UNSET where none was set, or one that does not fit (any more), which is logged.
 * @dry_run: stays where none was set. Returns: whether one was */
gboolean
mc_state_file_get_settings (McStore *store, McHostThresholds *overrides, gboolean *dry_run);

/* @dry_run: (nullable): as the configuration says */
void mc_state_file_set_settings (McStore *store,
                                 const McHostThresholds *overrides,
                                 const gboolean *dry_run);

/* A pause. @domain: (nullable): of everything; @length: in seconds.
 * Returns: (transfer full) (nullable): its reason; NULL: there is none */
char *mc_state_file_get_pause (McStore *store,
                               const McDomain *domain,
                               guint64 *until_us,
                               guint64 *length);
void mc_state_file_set_pause (
    McStore *store, const McDomain *domain, const char *reason, guint64 until_us, guint64 length);
void mc_state_file_unset_pause (McStore *store, const McDomain *domain);

/* FALSE where none is noted. */
gboolean mc_state_file_get_original_period (McStore *store, const McDomain *domain, guint *seconds);
void mc_state_file_set_original_period (McStore *store, const McDomain *domain, guint seconds);
void mc_state_file_unset_original_period (McStore *store, const McDomain *domain);

gboolean mc_state_file_get_reclaimed (McStore *store, const McDomain *domain);
void mc_state_file_set_reclaimed (McStore *store, const McDomain *domain, gboolean reclaimed);

/* Drops what is noted of a VM; of another life of it; of those that are not there.
 * @present: (nullable) (set of uuid): NULL where there is none */
void mc_state_file_forget_vm (McStore *store, const McDomain *domain);
void mc_state_file_begin_vm (McStore *store, const McDomain *domain);
void mc_state_file_sweep_vms (McStore *store, GHashTable *present);

/* At the start, where VMs run on this host: drops what was noted of them under another boot. */
void mc_state_file_begin_boot (McStore *store);

G_END_DECLS
