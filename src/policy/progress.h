/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a balloon follows its target, and the host gets what it gives: what makes a VM stuck or
 * ineffective, and when a target is to be set again.
 */
#pragma once

#include "arithmetic.h"
#include "policy.h"

G_BEGIN_DECLS

/* So close to its target a balloon is there: a part of its capacity, and no less than this. */
#define MC_PROGRESS_TOLERANCE_PERCENT 1
#define MC_PROGRESS_TOLERANCE_LEAST   (4 * MC_MIB)

static inline guint64
mc_progress_tolerance (const McVmFacts *facts)
{
  return MAX (percent (facts->capacity, MC_PROGRESS_TOLERANCE_PERCENT),
              MC_PROGRESS_TOLERANCE_LEAST);
}

static inline gboolean
mc_progress_is_close (const McVmFacts *facts, guint64 place)
{
  return distance (facts->balloon, place) <= mc_progress_tolerance (facts);
}

/* Takes in where the balloon is now. Call once a cycle, after mc_foreign_remember() and before
 * balloon_before is set. Where the guest cannot be judged by it, call mc_progress_forget()
 * instead. */
void mc_progress_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

void mc_progress_forget (McVmHistory *history);

/* Whether its balloon was set to deflate and does not: its target is to be set again. */
gboolean mc_progress_is_to_repeat (gint64 now_us, const McVmHistory *history);

G_END_DECLS
