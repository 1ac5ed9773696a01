/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the service writes into the log: one function for each kind of event, each with its
 * MESSAGE_ID (texts for them are in data/memcoord.catalog) and its figures as fields: MEMCOORD_VM,
 * MEMCOORD_UUID, MEMCOORD_FROM, MEMCOORD_TO (bytes), MEMCOORD_REASON, … At rest none of them is
 * called. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void mc_event_started (const char *version, const char *uri);
void mc_event_stopped (void);

void mc_event_vm_appeared (const char *name, const char *uuid);
void mc_event_vm_vanished (const char *name, const char *uuid);
void mc_event_vm_status (const char *name,
                         const char *uuid,
                         const char *before,
                         const char *after,
                         guint left_out); /* changes between, which were not logged */
void mc_event_vm_foreign (const char *name, const char *uuid);
void mc_event_left_out (const char *name, const char *uuid, guint entries);

/* Periods in seconds. */
void mc_event_period_changed (const char *name, const char *uuid, guint found, guint wanted);

/* @what: "read its description" */
void mc_event_vm_refused (const char *name, const char *uuid, const char *what, const char *why);

void mc_event_memory_moved (const char *name,
                            const char *uuid,
                            guint64 from,
                            guint64 to,
                            const char *reason,
                            const char *sentence);
void mc_event_memory_would_move (const char *name,
                                 const char *uuid,
                                 guint64 from,
                                 guint64 to,
                                 const char *reason,
                                 const char *sentence);
void mc_event_target_failed (const char *name, const char *uuid, guint64 to, const char *message);

/* @name, @uuid: (nullable): of the VM that it is about; NULL for the host's. @before, @after: as on
 * the bus. */
void mc_event_policy_changed (const char *name,
                              const char *uuid,
                              const char *setting,
                              GVariant *before,
                              GVariant *after,
                              const char *origin);
void mc_event_inhibited (const char *who, const char *why, guint uid, guint pid);
void mc_event_uninhibited (const char *who);

/* @bytes: held now, or until now. */
void mc_event_reserved (const char *id, guint64 bytes);
void mc_event_reservation_ended (const char *id, guint64 bytes);

void mc_event_hypervisor_lost (const char *uri, const char *why);
void mc_event_hypervisor_back (const char *uri);
void mc_event_host_unreadable (const char *why);
void mc_event_reserve_too_large (const char *why);
void mc_event_reserve_fits (void);
void mc_event_host_readable (void);
void mc_event_host_condition (const char *before, const char *after, guint64 available);

/* @aside: (nullable): what the file is called now */
void mc_event_history_set_aside (const char *path, const char *aside, const char *why);
void mc_event_history_not_kept (const char *why);

void mc_event_entries_lost (guint64 n_entries);
void mc_event_configuration_refused (const char *message);
void mc_event_metadata_refused (const char *name, const char *uuid, const char *message);

G_END_DECLS
