/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service consists of, beside what decides when. Main thread. */
#pragma once

#include "counting.h"
#include "give-back-calls.h"
#include "host-limits.h"
#include "inhibitors.h"
#include "pause.h"

G_BEGIN_DECLS

typedef struct
{
  McContext *context;
  McFleet fleet;
  McHostState state;
  McHostLimits limits;
  McPause pause; /* of everything */
  McInhibitors inhibitors;
  McReservations reservations;
  McGiveBackCalls give_back_calls;
  McCounting counting;
} McHostParts;

/* @context: (transfer full) */
void mc_host_parts_init (McHostParts *self, McContext *context, McHost *host);

/* Who waits for anything is answered with @why. */
void mc_host_parts_clear (McHostParts *self, const GError *why);

/* Whether nothing is balanced by somebody's wish. */
static inline gboolean
mc_host_parts_are_paused (const McHostParts *self)
{
  return self->pause.active || self->inhibitors.list->len > 0;
}

/* Returns: (transfer full) (nullable): why nothing is balanced, by somebody's wish, and what ends
 * that: one sentence. */
char *mc_host_parts_describe_pause (const McHostParts *self);

/* Ends @pause, the host's or a VM's, as mc_pause_end() does; where there is nothing to end and
 * everything is paused otherwise, the error says so. */
gboolean mc_host_parts_resume (
    McHostParts *self, McPause *pause, const char *name, const char *origin, GError **error);

G_END_DECLS
