/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM has from the host: touched, hidden, promised. */
#include "config.h"

#include "backing.h"

#include "arithmetic.h"
#include "asked.h"

/* Beyond what it leaves out of its MemTotal: guests of 1 and 2 GiB fell silent for good 61 and 75
 * MiB above that. */
#define KERNEL_LIVES (100 * MC_MIB)

/*
 * Of what a balloon gives back, the guest's kernel keeps some in its per-CPU lists, where it is
 * neither free nor used until it is allocated. Measured: 38 to 53 MiB in guests of 1 GiB with Linux
 * 6.1, whatever was given; with 6.12 84 of 312 MiB given to a guest of 1 GiB, and 214 of 820 given
 * to one of 4 GiB.
 */
#define HIDDEN_LEAST   (48 * MC_MIB)
#define HIDDEN_BASE    (36 * MC_MIB)
#define HIDDEN_PERCENT 5                             /* of the guest's capacity */
#define HIDDEN_DIVISOR 3                             /* of what was given */
#define HIDDEN_US      ((gint64)60 * G_USEC_PER_SEC) /* they drain at 8 MiB/s and more */

/*
 * A process was seen to occupy 30 to 300 MiB beside its guest's memory. Where it is not known yet
 * the worst is assumed for what is granted, and the usual for what is taken: nobody loses memory
 * for the sake of what may well not be.
 */
#define OVERHEAD_USUAL (64 * MC_MIB)

/* When so much less is resident than was, and the balloon did not take it, the host did. */
#define HOST_RECLAIMED (16 * MC_MIB)

/* What a process comes to occupy between a report and the look at it, the other way round. */
#define UNBACKED_SLACK (64 * MC_MIB)

/* What a kernel takes for itself before MemTotal: 42, 51 and 168 MiB in guests of 512, 1024 and
 * 4096, all of it touched. What is missing beyond that (a crash kernel's memory) may never be. */
#define RESERVED_BASE    (36 * MC_MIB)
#define RESERVED_DIVISOR 28

guint64
mc_backing_reserved (const McVmFacts *facts)
{
  return RESERVED_BASE + facts->capacity / RESERVED_DIVISOR;
}

guint64
mc_backing_kernel (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 outside
      = history->outside_known ? history->outside_available : mc_backing_reserved (facts);

  return MIN (outside, mc_backing_reserved (facts)) + KERNEL_LIVES;
}

static guint64
worst_overhead (const McVmHistory *history)
{
  return MAX (history->overhead_least,
              history->overhead_most == 0 ? MC_OVERHEAD_MOST : history->overhead_most);
}

static guint64
likely_overhead (const McVmHistory *history)
{
  return MAX (history->overhead_least, MIN (worst_overhead (history), OVERHEAD_USUAL));
}

guint64
mc_backing_hidden (guint64 capacity, guint64 deflated)
{
  guint64 by_size
      = MIN (deflated / HIDDEN_DIVISOR, HIDDEN_BASE + percent (capacity, HIDDEN_PERCENT));

  return MIN (deflated, MAX (HIDDEN_LEAST, by_size));
}

/* What its guest has in use was touched, so all that its process occupies beyond is its own, or was
 * in use once. */
void
mc_backing_remember_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 outside = saturating_sub (history->balloon_at_stats, facts->available);
  guint64 reserved = MIN (outside, mc_backing_reserved (facts));
  guint64 in_use = saturating_sub (history->balloon_at_stats - outside, facts->unused) + reserved;
  guint64 most;

  if (facts->resident == MC_UNKNOWN || history->balloon_before != facts->balloon)
    return;
  history->in_use = in_use;
  /* What its kernel hides of what it was given is in nobody's use; some of it stays hidden. */
  if (within (now_us, history->deflating_us, HIDDEN_US))
    {
      history->in_use
          = saturating_sub (in_use, mc_backing_hidden (facts->capacity, history->deflated));
      return;
    }
  if (history->deflating_us > 0)
    in_use = saturating_sub (in_use, HIDDEN_LEAST);
  /* What the host has reclaimed would look as if the process had nothing of its own. */
  if (saturating_sub (facts->resident, likely_overhead (history)) + HOST_RECLAIMED
      < history->touched)
    return;
  most = CLAMP (saturating_sub (facts->resident, in_use), MC_OVERHEAD_LEAST, MC_OVERHEAD_MOST);
  history->overhead_most = history->overhead_most == 0 ? most : MIN (history->overhead_most, most);
}

/* What a guest has in use was touched, and the host backs it, or has. One that claims more is not
 * believed to need more; it may be about memory that was reclaimed before anybody looked, so
 * nothing is taken for that either. */
gboolean
mc_backing_is_exceeded (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 in_use = saturating_sub (history->balloon_at_stats, facts->unused);
  guint64 outside = saturating_sub (history->balloon_at_stats, facts->available);
  guint64 backed;

  if (facts->resident == MC_UNKNOWN)
    return FALSE;
  backed = MAX (saturating_sub (facts->resident, MC_OVERHEAD_LEAST), history->touched);
  return in_use > backed + outside + UNBACKED_SLACK;
}

void
mc_backing_remember_balloon (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (!within (now_us, history->deflating_us, HIDDEN_US))
    history->deflated = 0;
  if (history->balloon_before == 0 || facts->balloon <= history->balloon_before)
    {
      history->deflated = saturating_sub (history->deflated,
                                          saturating_sub (history->balloon_before, facts->balloon));
      return;
    }
  history->deflated += facts->balloon - history->balloon_before;
  history->deflating_us = now_us;
}

static void
remember_touching (gint64 now_us, guint64 resident, McVmHistory *history)
{
  gint64 elapsed_us = mc_asked_elapsed_us (now_us, history->resident_us, history);
  guint64 rate = 0;

  if (history->resident_us > 0)
    rate = per_second (saturating_sub (resident, history->resident), elapsed_us);
  history->touching = MAX (rate, history->touching / 2);
  history->resident = resident;
  history->resident_us = now_us;
}

/* What a process occupies beyond the largest that its guest can be is not the guest's. */
void
mc_backing_remember_resident (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 most = MAX (facts->balloon, history->balloon_before), touched;

  if (facts->resident == MC_UNKNOWN || facts->balloon == MC_UNKNOWN)
    return;
  remember_touching (now_us, facts->resident, history);
  if (facts->target == MC_UNKNOWN || facts->target >= facts->balloon)
    history->overhead_least
        = CLAMP (saturating_sub (facts->resident, most), history->overhead_least, MC_OVERHEAD_MOST);
  touched = saturating_sub (facts->resident, likely_overhead (history));
  history->touched = MIN (MAX (history->touched, touched), most);
}

/* What the host once backed and its guest still uses is no longer resident when the host has
 * swapped or compressed it: that was touched, and comes back page by page, as the rest of the
 * host's load does. */
static guint64
backed_beside (const McVmFacts *facts, const McVmHistory *history, guint64 overhead)
{
  return MAX (saturating_sub (facts->resident, overhead), MIN (history->touched, history->in_use));
}

guint64
mc_backing_least (const McVmFacts *facts, const McVmHistory *history)
{
  return saturating_sub (facts->resident, worst_overhead (history));
}

static guint64
committed_most (const McVmFacts *facts, const McVmHistory *history)
{
  gboolean is_ours = facts->target != MC_UNKNOWN && !mc_vm_history_is_left_alone (history);
  guint64 target = is_ours ? facts->target : 0;
  guint64 balloon = facts->balloon == MC_UNKNOWN ? 0 : facts->balloon;

  return MIN (MAX (target, balloon), MIN (facts->capacity, MC_CAPACITY_MOST));
}

/* A guest touches no more than what it reports free, what its kernel may hide of what it was given,
 * and what is on its way to it. */
static guint64
touchable (const McVmFacts *facts, const McVmHistory *history, guint64 committed)
{
  guint64 coming = saturating_sub (committed, history->balloon_at_stats);

  if (!history->fresh || history->unbacked || history->disagrees || facts->unused == MC_UNKNOWN
      || history->stats_seen_us == 0)
    return committed;
  return MIN (committed,
              coming + facts->unused + mc_backing_hidden (facts->capacity, facts->capacity));
}

McBacking
mc_backing_of (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 committed = committed_most (facts, history), worst, most;
  McBacking backing = { 0 };

  /* Without the figure, what it has is taken as touched: a VM that is busy was promised nothing
   * since. */
  if (facts->resident == MC_UNKNOWN)
    {
      backing.promise
          = saturating_sub (committed, facts->balloon == MC_UNKNOWN ? 0 : facts->balloon);
      return backing;
    }
  worst = backed_beside (facts, history, worst_overhead (history));
  backing.backed = backed_beside (facts, history, likely_overhead (history));
  most = touchable (facts, history, committed);
  backing.promise = MIN (saturating_sub (committed, backing.backed), most);
  backing.doubt = MIN (saturating_sub (committed, worst), most) - backing.promise;
  return backing;
}

guint64
mc_backing_likely_doubt (const McVmHistory *history)
{
  return likely_overhead (history) - history->overhead_least;
}

guint64
mc_backing_overhead (const McVmHistory *history)
{
  return likely_overhead (history);
}
