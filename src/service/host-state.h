/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the host and its hypervisor stand: the host's figures, what was decided on it last, and why
 * nothing may be moved. Main thread.
 */
#pragma once

#include "fleet.h"
#include "host.h"

G_BEGIN_DECLS

typedef enum
{
  MC_STATE_STARTING,
  MC_STATE_RUNNING,
  MC_STATE_PAUSED,
  MC_STATE_DEGRADED,
} McState;

const char *mc_state_nick (McState state);

#define MC_TYPE_HOST_STATE (mc_host_state_get_type ())
G_DECLARE_FINAL_TYPE (McHostState, mc_host_state, MC, HOST_STATE, GObject)

McHostState *mc_host_state_new (McContext *context, McHost *host, McFleet *fleet);

/* Reads the host before there is any sample. Returns: whether it can be known yet. */
gboolean mc_host_state_probe (McHostState *self);

/* The service starts: the first connection takes a moment, which is no reason for alarm. */
void mc_host_state_start (McHostState *self);

/* Each sees again whether anything may be moved. */
void mc_host_state_update (McHostState *self);
void mc_host_state_update_from_sample (McHostState *self, const McSample *sample);
void mc_host_state_miss_sample (McHostState *self);

/* The connection was made: what was missed before counts no more. */
void mc_host_state_forget_missed (McHostState *self);

/* Returns: (transfer none) (nullable): why nothing may be moved, in a sentence */
const char *mc_host_state_get_degraded (McHostState *self);

/* Whether a sample came and nothing keeps the service from moving memory. */
gboolean mc_host_state_is_ready (McHostState *self);

/* Whether the host's figures are those of the last sample. */
gboolean mc_host_state_has_figures (McHostState *self);

/* Returns: (transfer none) */
const McHostFigures *mc_host_state_get_figures (McHostState *self);
const McHostDecision *mc_host_state_get_decision (McHostState *self);
void mc_host_state_store_decision (McHostState *self, const McHostDecision *decision);

McState mc_host_state_get_state (McHostState *self, gboolean paused);

/* Whether the host has more memory than @reserve, as far as its memory is known. */
gboolean mc_host_state_check_reserve (McHostState *self, guint64 reserve, GError **error);

G_END_DECLS
