/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy of a VM's state that is published. Main thread. */
#pragma once

#include "counters.h"
#include "policy.h"
#include "vm-detail.h"

G_BEGIN_DECLS

/* What the bus shows of a VM; a figure that is not known is 0. Sizes in bytes, times in µs since
 * the epoch. */
typedef struct
{
  guint revision; /* another when more has changed than figures, stats_time and counters */
  char *name;
  int id;
  gboolean persistent;
  McVmStatus status;
  guint64 status_since;
  char *status_detail;
  const char *status_detail_code; /* (static) */
  McVmPolicy policy;              /* that is in force */
  guint64 balloon, target;
  guint64 unused, usable, available, resident;
  guint64 swap_in_rate, swap_out_rate;
  guint64 stats_time;
  char **overridden; /* the thresholds of its own, by the bus's names */
  char *pause_reason;
  guint64 paused_until;
  McReason last_reason_code; /* MC_REASON_NONE: there was none */
  char *last_reason;
  guint64 last_change;
  guint64 short_since; /* 0 = it is not short of memory that it cannot be given */
  guint64 need_seconds, granted, reclaimed; /* since it started */

  /* while nothing is known of any VM, which is shown as its status meanwhile */
  gboolean lost;
  McVmStatus status_before;
  guint64 status_before_since;
} McVmView;

void mc_vm_view_init (McVmView *self);
void mc_vm_view_clear (McVmView *self);

/* Brings all of it up to date but the last reason. @facts: what the policy is to judge; @detail:
 * the status in words; @wall_us: now */
void mc_vm_view_update (McVmView *self,
                        const McVmParts *vm,
                        const McVmFacts *facts,
                        const McVmHistory *history,
                        McVmStatus status,
                        const McVmDetail *detail,
                        guint64 wall_us);

/* Whether nothing is known of any VM now. What it was before goes on where it is the same again
 * afterwards: a hypervisor that is away for a moment is no news of a VM. */
void mc_vm_view_set_lost (McVmView *self, gboolean lost);

/* @when: µs since the epoch */
void mc_vm_view_set_reason (McVmView *self, guint64 when, McReason reason, const char *sentence);

void mc_vm_view_set_counters (McVmView *self, const McCounters *counters);

/* Whether it is short of memory that it cannot be given now. @wall_us: now */
void mc_vm_view_set_short (McVmView *self, gboolean is_short, guint64 wall_us);

G_END_DECLS
