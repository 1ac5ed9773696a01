/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is counted, kept over a restart of the service, by type: the one place that knows what is in
 * the file "counters" of the state directory. Each release reads what earlier ones wrote. Nothing
 * but mc_counters_file_save() writes it. Main thread.
 *
 *   [Counters]
 *   since=1790000000000000   wall clock, µs since the epoch: nothing is counted from before
 *   total=12;0;4096;8192;… of all VMs and the host, as counters.h has them
 *   need=0;0;2000000;…       µs in need, of all VMs, minute by minute of the hour before …
 *   written=1790000000000000 … this: wall clock, µs since the epoch
 *   [Host]
 *   boot-id=UUID             of the host, under which VMs were noted
 *   [VMs]
 *   UUID=7;3;0;4096;0;0;0    libvirt's id, of that life of the VM which is counted, and its
 * counters
 */
#pragma once

#include "counters.h"
#include "domain.h"
#include "last-hour.h"
#include "store.h"

G_BEGIN_DECLS

/* Judges the whole file: what passes can be read. */
extern const McStoreKind mc_counters_file_kind;

/* Returns: since when, in µs since the epoch; 0 = nothing is kept, and @total and @need stay as
 * they are. @now_us, @wall_us: now, by both clocks */
guint64 mc_counters_file_get_total (
    McStore *store, McCounters *total, McLastHour *need, gint64 now_us, gint64 wall_us);
void mc_counters_file_set_total (McStore *store,
                                 guint64 since_us,
                                 const McCounters *total,
                                 const McLastHour *need,
                                 gint64 now_us,
                                 gint64 wall_us);

/* Of this life of the VM; *@counters stays as it is where nothing is kept of that. */
void mc_counters_file_get_vm (McStore *store, const McDomain *domain, McCounters *counters);
void mc_counters_file_set_vm (McStore *store, const McDomain *domain, const McCounters *counters);

/* Drops a VM; those that are not there. @present: (set of uuid) */
void mc_counters_file_forget_vm (McStore *store, const McDomain *domain);
void mc_counters_file_sweep_vms (McStore *store, GHashTable *present);

/* At the start, where VMs run on this host: drops those of another boot. */
void mc_counters_file_begin_boot (McStore *store);

G_END_DECLS
