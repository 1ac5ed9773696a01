/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM needs and should have, as the size that its balloon should have.
 *
 * Everything starts from what it uses: its balloon less its usable memory, both as they were when
 * the guest reported. A target can be judged against that at any later time, whatever the balloon
 * does meanwhile.
 */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 low, high;   /* the watermarks in force for its size */
  guint64 least, most; /* the range that its target may have */
  guint64 step;        /* the most that one step moves */
  guint64 target;      /* its target, or its balloon when it has none */
  guint64 committed;   /* the larger of the two: what it may come to occupy */

  guint64 used;        /* its present use, as far as is known */
  guint64 need;        /* that, and what its growth adds until something can be done about it */
  guint64 bare;        /* the least headroom that a VM is left with: a part of its low watermark */
  guint64 floor;       /* the least size that it needs now: its need, and that */
  guint64 guess;       /* of that, what it may lack beyond what it is known to have swapped out */
  guint64 desired;     /* with all its headroom, if what it used before comes back */
  guint64 desired_now; /* with all its headroom, if it does not */
  guint64 with_cache;  /* the size at which its page cache has room, too */

  gint64 headroom;    /* of its target: what will be usable */
  guint64 unused;     /* of its target: what will be unused */
  gboolean thrashing; /* it swaps or has nothing usable, and its target does not cure that */
  gboolean in_need;   /* it is at its low watermark, or will be before the cycle after the next */
  gboolean cache_pressure; /* its page cache is at the low watermark, nothing else */
  gboolean growing;        /* worth watching closely */
  gboolean bursty;         /* it has grown fast lately, and may again */
} McDemand;

/* What it uses and the least headroom, whatever its range. */
static inline guint64
mc_demand_bare_size (const McDemand *demand)
{
  return demand->used + demand->bare;
}

/* What it needs, and headroom up to the middle between its watermarks, whatever its range. */
static inline guint64
mc_demand_fair_size (const McDemand *demand)
{
  return demand->need + (demand->low + demand->high) / 2;
}

/* What it is judged by: what is usable at its target, or what is unused where that is less. */
static inline guint64
mc_demand_judged (const McDemand *demand)
{
  return MIN ((guint64)MAX (demand->headroom, 0), demand->unused);
}

/* Judges a VM whose figures are sound (mc_eligibility_status()). */
McDemand
mc_demand_of (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history);

G_END_DECLS
