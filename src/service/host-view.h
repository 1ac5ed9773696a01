/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy of the host's state that is published. Main thread. */
#pragma once

#include "host-state.h"
#include "inhibitors.h"
#include "reservations.h"

G_BEGIN_DECLS

/* What the bus shows of the host. */
typedef struct
{
  McState state;
  gboolean dry_run;
  const char *hypervisor_uri;
  gboolean hypervisor_connected;
  guint64 host_total, host_available, host_promised;
  double host_used_percent;
  McHostCondition host_condition;
  McHostThresholds thresholds;
  const char *pause_reason;
  guint64 paused_until; /* µs since the epoch, 0 = until Resume */
  gboolean inhibited;
  guint64 reserved;
  guint64 free_for_new_vm;
  char **overridden; /* the thresholds that were set at run time, by the bus's names */
} McHostView;

/* What it is a copy of. */
typedef struct
{
  McContext *context;
  McFleet *fleet;
  McHostState *state;
  McPause *pause; /* of everything */
  McInhibitors *inhibitors;
  McReservations *reservations;
} McHostParts;

void mc_host_view_update (McHostView *self, const McHostParts *host);
void mc_host_view_clear (McHostView *self);

/* Returns: (transfer full) (nullable): why nothing is balanced, by somebody's wish */
char *mc_host_view_describe_pause (const McHostParts *host);

/* Returns: (transfer full): one line for people, how the service is doing. */
char *mc_host_view_describe (const McHostParts *host);

G_END_DECLS
