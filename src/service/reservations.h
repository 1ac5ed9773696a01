/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for VMs about to start: what is reserved adds to the host's floor, so that the policy takes
 * it from the VMs that can spare it and gives it to nobody. A VM that then starts uses it up, the
 * oldest reservation first. Main thread.
 */
#pragma once

#include "context.h"

G_BEGIN_DECLS

/* What a VM about to start could have, if nothing was reserved. */
typedef struct
{
  gboolean known; /* FALSE: no figures, as the hypervisor is lost or does not answer */
  gint64 free;    /* bytes that nobody has a claim to now; see mc_headroom_free() */
  guint64 spare;  /* bytes that VMs can spare */
} McHostHeadroom;

/* To be read by others. */
typedef struct
{
  McContext *context;
  GPtrArray *list; /* (element-type Reservation) the oldest first */
  guint last_id;
  McHostHeadroom headroom; /* as it was set last */
} McReservations;

void mc_reservations_init (McReservations *self, McContext *context);

/* Every reservation ends, and who waits for one is refused. */
void mc_reservations_clear (McReservations *self);

/* What there is to reserve from, as it is now. */
void mc_reservations_set_headroom (McReservations *self, McHostHeadroom headroom);

/* Answers those whose memory is free by now. */
void mc_reservations_answer_due (McReservations *self);

/* A VM started with this much, which was reserved for it. */
void mc_reservations_use (McReservations *self, guint64 bytes);

/* Bytes that are reserved. */
guint64 mc_reservations_get_total (const McReservations *self);

/* Bytes that can still be reserved. */
guint64 mc_reservations_get_free_for_new_vm (const McReservations *self);

/*
 * Frees and holds @bytes for a VM about to start, for @seconds (0 = as long as the caller stays).
 * Ends when as much as can be had is free, with what was granted and the reservation's id; fails
 * with NO_MEMORY where none is. @left: (nullable): cancelled when the caller has left, which ends
 * the reservation; nobody keeps it longer.
 */
void mc_reservations_reserve_async (McReservations *self,
                                    guint64 bytes,
                                    guint seconds,
                                    GCancellable *left,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);

/* Returns: (transfer full): the id */
char *mc_reservations_reserve_finish (GAsyncResult *result,
                                      guint64 *granted,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean mc_reservations_release (McReservations *self, const char *id, GError **error);

G_END_DECLS
