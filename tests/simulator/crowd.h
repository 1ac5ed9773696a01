/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any number of VMs whose figures move a little from cycle to cycle, without a world behind them:
 * for measuring what a decision costs.
 */
#pragma once

#include "policy.h"
#include "random.h"

typedef struct
{
  guint n;
  gint64 now_us;
  SimRandom random;
  McPolicySettings settings;
  McHostFigures host;
  McVmFacts *facts;
  McVmHistory *history;
  McVmHistory **histories;
  McVmDecision *decisions;
} SimCrowd;

SimCrowd *sim_crowd_new (guint n);
void sim_crowd_free (SimCrowd *crowd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimCrowd, sim_crowd_free)

/* What was decided is done, two seconds pass, and every VM reports: in need, at rest or with
 * plenty. */
void sim_crowd_report (SimCrowd *crowd);

/* Decides on what was reported. */
void sim_crowd_decide (SimCrowd *crowd);
