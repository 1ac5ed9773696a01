/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM wants, as the size that its balloon should have.
 *
 * Everything starts from what it uses: its balloon less its usable memory, both as they were when
 * the guest reported. A target can be judged against that at any later time, whatever the balloon
 * does meanwhile.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 low, high;   /* the watermarks in force for its size */
  guint64 least, most; /* the range that its target may have */
  guint64 step;        /* the most that one step moves */
  guint64 told;        /* its target, or its balloon when it has none */
  guint64 held;        /* the larger of the two: what it may come to occupy */

  guint64 used;     /* its present use, as far as can be told */
  guint64 need;     /* that, and what its growth adds until something can be done about it */
  guint64 survives; /* the size to survive with now, whatever its range */
  guint64 base;     /* the size to survive with */
  guint64 guess;    /* of that, what it may lack beyond what it is known to have swapped out */
  guint64 want;     /* the size to be well with whatever of the past comes back */
  guint64 well;     /* the size to be well with if nothing of the past comes back */
  guint64 cache;    /* the size at which its page cache has room, too: soft need */

  gint64 headroom;   /* of its target: what will be usable */
  guint64 unused;    /* of its target: what will be unused */
  gboolean hot;      /* it swaps or has nothing usable, and what it was told does not cure that */
  gboolean hard;     /* it is at its low watermark, or will be before the cycle after the next */
  gboolean soft;     /* its page cache is at the low watermark, nothing else */
  gboolean growing;  /* worth watching closely */
  gboolean restless; /* it has grown fast lately, and may again */
} McDemand;

typedef struct
{
  guint64 backed;  /* of its guest's memory, what the host backs, or has backed and swapped or
                      compressed since; 0 where nothing is known */
  guint64 promise; /* granted and not touched yet: it may, at any time and without asking */
  guint64 doubt;   /* it may touch so much more, at the worst that its process may occupy already */
} McBacking;

/* Takes in the figures of a new report, if there is one. Forgets everything about an earlier boot.
 */
void mc_demand_remember (const McPolicySettings *settings,
                         const McTuning *tuning,
                         gint64 now_us,
                         const McVmFacts *facts,
                         McVmMemory *memory);

/* Takes in what its balloon has, at the end of all that compares it with what it had before. */
void mc_demand_remember_balloon (gint64 now_us, const McVmFacts *facts, McVmMemory *memory);

/* Judges a VM whose figures are sound (mc_triage_status()). */
McDemand mc_demand_of (const McPolicySettings *settings,
                       const McTuning *tuning,
                       gint64 now_us,
                       const McVmFacts *facts,
                       const McVmMemory *memory);

/* What it has from the host, and may come to have. */
McBacking mc_demand_backing (const McVmFacts *facts, const McVmMemory *memory);

/* The most that a guest of this capacity was seen to leave out of its MemTotal. */
guint64 mc_demand_reserved (const McVmFacts *facts);

/* What its kernel cannot live below. */
guint64 mc_demand_kernel (const McVmFacts *facts, const McVmMemory *memory);

/* The least of it that the host can back now, at the worst that its process may occupy. */
guint64 mc_demand_backed_least (const McVmFacts *facts, const McVmMemory *memory);

/* How far its promise may be too large, at the least that its process may occupy. */
guint64 mc_demand_likely_doubt (const McVmMemory *memory);

G_END_DECLS
