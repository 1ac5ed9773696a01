/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that ask for VMs to be given back what was taken from them. The next cycle decides how much
 * that can be, on figures that are new; a call is answered when the targets are in force. Main
 * thread.
 */
#pragma once

#include "host-state.h"

G_BEGIN_DECLS

/* Clients of D-Bus wait for 25 s. */
#define MC_GIVE_BACK_PATIENCE_US ((gint64)15 * G_USEC_PER_SEC)

typedef struct
{
  McContext *context;
  const McFleet *fleet;
  const McHostState *state;
  GPtrArray *calls;      /* (element-type Call) the oldest first */
  gboolean service_ends; /* for good: nothing is taken from VMs any more */
} McGiveBackCalls;

void mc_give_back_calls_init (McGiveBackCalls *self,
                              McContext *context,
                              const McFleet *fleet,
                              const McHostState *state);
void mc_give_back_calls_clear (McGiveBackCalls *self);

/* Who waits is answered with @why. */
void mc_give_back_calls_abandon (McGiveBackCalls *self, const GError *why);

/*
 * @vms: (nullable) (element-type McVm): each is given what it has less than its maximum, whoever
 * took that. NULL = all from which the service has taken memory; those that cannot be given any are
 * left out then.
 * @paused: (nullable): why nothing is moved, where that is somebody's wish
 * @patience_us: what did not come to an end by then is an error
 *
 * Fails with NOT_CONNECTED while nothing can be moved; with UNKNOWN_VM for one of @vms that is
 * gone; with NO_MEMORY where something is missing and the host has nothing to give; with FAILED for
 * one of @vms that cannot be given any, and where the hypervisor refuses to: what others were given
 * they keep.
 */
void mc_give_back_calls_begin_async (McGiveBackCalls *self,
                                     GPtrArray *vms,
                                     const char *paused,
                                     gint64 patience_us,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);

/* The same for all, before the service stops for good: from then on nothing is taken from VMs. */
void mc_give_back_calls_begin_last_async (McGiveBackCalls *self,
                                          const char *paused,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);

/* @bytes: (out): by how much targets were raised; in a dry run, would have been */
gboolean mc_give_back_calls_begin_finish (GAsyncResult *result,
                                          guint64 *bytes,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A cycle has decided, and set what it decided. */
void mc_give_back_calls_continue (McGiveBackCalls *self);

/* A cycle has decided nothing: there was no sample, or nothing can be moved now. */
void mc_give_back_calls_note_missed (McGiveBackCalls *self);

/* The call that was to set a target has ended. @error: (nullable) */
void mc_give_back_calls_note_ended (McGiveBackCalls *self, McDomain *domain, const GError *error);

G_END_DECLS
