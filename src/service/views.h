/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that is published, brought up to date together: the host's view and those of the VMs,
 * and the line that the service manager shows. Nothing is decided here, and nothing is kept on the
 * disk. Main thread.
 */
#pragma once

#include "host-parts.h"

G_BEGIN_DECLS

/* What the bus shows of the host. */
typedef struct
{
  McState state;
  guint64 state_since; /* µs since the epoch */
  gboolean dry_run;
  gboolean dry_run_configured; /* what the configuration says */
  const char *hypervisor_uri;
  gboolean hypervisor_connected;
  guint64 host_total, host_available, host_promised;
  double host_used_percent;
  McHostCondition host_condition;
  guint64 host_condition_since; /* µs since the epoch */
  McHostThresholds thresholds;
  const char *pause_reason;
  guint64 paused_until; /* µs since the epoch, 0 = until Resume */
  gboolean inhibited;
  guint64 reserved;
  guint64 free_for_new_vm;
  guint64
      reclaimed; /* what managed VMs have less than their maximum; while degraded, what it was */
  McCounters counted;
  guint64 counted_since; /* µs since the epoch */
  guint64 need_of_last_hour_us;
  char **overridden;        /* the thresholds that were set at run time, by the bus's names */
  const char *reload_error; /* why the last reload was refused, or "" */
} McHostView;

/* Zero-initialised: nothing was published. */
typedef struct
{
  McHostView host;
  McHostCondition condition; /* that was logged */
  char *status;              /* that the service manager was notified of, or NULL */
} McViews;

void mc_views_update (McViews *self, const McHostParts *host);

/* The host's alone, before anybody looks. */
void mc_views_update_host (McViews *self, const McHostParts *host);

/* That of one VM alone. */
void mc_views_update_vm (const McHostParts *host, McVm *vm);
void mc_views_clear (McViews *self);

G_END_DECLS
