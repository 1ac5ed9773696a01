/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the host and its hypervisor stand: the host's figures, what was decided on it last, and why
 * nothing may be moved. Main thread.
 */
#pragma once

#include "fleet.h"
#include "host.h"
#include "reservations.h"

G_BEGIN_DECLS

typedef enum
{
  MC_STATE_STARTING,
  MC_STATE_RUNNING,
  MC_STATE_PAUSED,
  MC_STATE_DEGRADED,
} McState;

const char *mc_state_nick (McState state);

/* What keeps everything from being moved. */
typedef enum
{
  MC_DEGRADED_NOT,
  MC_DEGRADED_BY_HYPERVISOR,
  MC_DEGRADED_BY_HOST,
  MC_DEGRADED_BY_RESERVE,
} McHostDegradation;

/* To be read by others. */
typedef struct
{
  McContext *context;
  McHost *host;
  const McFleet *fleet;
  gint64 started_us;
  guint late; /* samples in a row that brought nothing */
  McHostDegradation degraded_by;
  guint n_reasons;         /* that were logged since it is degraded */
  McHostFigures figures;   /* without groups */
  GHashTable *group_left;  /* (nullable): of limits that VMs share: name → guint64: bytes */
  McHostDecision decision; /* the last one */
  char *unreadable;        /* why the host's figures are not known, or NULL */
  char *reserve_too_large; /* than what the host has, in words, or NULL */
  char *degraded;          /* why nothing may be moved, in a sentence, or NULL */
} McHostState;

void mc_host_state_init (McHostState *self, McContext *context, McHost *host, const McFleet *fleet);
void mc_host_state_clear (McHostState *self);

/* Reads the host before there is any sample. Returns: whether it can be known yet. */
gboolean mc_host_state_read_host (McHostState *self);

/* The service starts: the first connection takes a moment, which is no reason for alarm. */
void mc_host_state_start (McHostState *self);

/* Each sees again whether anything may be moved. */
void mc_host_state_update (McHostState *self);
void mc_host_state_update_from_sample (McHostState *self, const McSample *sample);
void mc_host_state_miss_sample (McHostState *self);

/* The connection was made: samples that brought nothing over the last one do not count. */
void mc_host_state_catch_up (McHostState *self);

/* Whether a sample came and nothing keeps the service from moving memory. */
gboolean mc_host_state_is_ready (const McHostState *self);

/* Whether the host's figures are those of the last sample. */
gboolean mc_host_state_has_figures (const McHostState *self);

/* Returns: how the host stands, by the last figures and its own reserve: what is reserved for a VM
 * about to start is no reason for alarm. */
McHostCondition mc_host_state_get_condition (const McHostState *self);

/* Returns: what a new VM could have now, by the last figures and the settings in force. */
McHostHeadroom mc_host_state_find_headroom (const McHostState *self);

McState mc_host_state_get_state (const McHostState *self, gboolean paused);

/* Whether the host has more memory than @reserve, as far as its memory is known. */
gboolean mc_host_state_check_reserve (const McHostState *self, guint64 reserve, GError **error);

G_END_DECLS
