/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One VM as the service knows it: what was read of it, the policy in force for it, what was decided
 * last, and the copy of all that which is published. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "policy.h"

G_BEGIN_DECLS

/* What the bus shows of a VM; a figure that is not known is 0. Sizes in bytes, times in µs since
 * the epoch. */
typedef struct
{
  guint revision; /* another when anything has changed but the guest's figures and stats_time */
  char *name;
  int id;
  gboolean persistent;
  McVmStatus status;
  char *status_detail;
  McVmPolicy policy; /* that is in force */
  guint64 balloon, target;
  guint64 unused, usable, available, resident;
  guint64 swap_in_rate, swap_out_rate;
  guint64 stats_time;
  char **overridden; /* the thresholds of its own, by the bus's names */
  char *pause_reason;
  guint64 paused_until;
  char *last_reason;
  guint64 last_change;
} McVmView;

/* One target that was set, or would have been in a dry run. */
typedef struct
{
  guint64 time; /* µs since the epoch */
  guint64 from;
  guint64 to;
  char *sentence;
} McVmMove;

#define MC_TYPE_VM (mc_vm_get_type ())
G_DECLARE_FINAL_TYPE (McVm, mc_vm, MC, VM, GObject)

const char *mc_vm_get_uuid (McVm *self);

/* Returns: (transfer none): valid until the main loop runs on. */
const McVmView *mc_vm_get_view (McVm *self);

/* Returns: (transfer none) (element-type McVmMove): the last moves, newest last. */
GPtrArray *mc_vm_get_moves (McVm *self);

G_END_DECLS
