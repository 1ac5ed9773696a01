/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done with a VM beside the sharing. */
#include "config.h"

#include "correction.h"

#include "arithmetic.h"
#include "demand.h"
#include "eligibility.h"
#include "progress.h"
#include "promises.h"

/* On its way to a target that it does not reach, also where nobody wants it moved any more. */
static gboolean
is_stuck (const McPolicyCycle *cycle,
          const McVmFacts *facts,
          const McVmHistory *history,
          const McVmDecision *decision)
{
  if (decision->status == MC_VM_PAUSED || decision->status == MC_VM_OPTED_OUT)
    return facts->running && !facts->busy && facts->balloon <= facts->capacity
           && cycle->now_us < history->stuck_until_us;
  return decision->status == MC_VM_STUCK;
}

/* A target that is not reached is withdrawn; the guest would go on giving every page it frees. */
static gboolean
withdraw (const McPolicyCycle *cycle,
          const McVmFacts *facts,
          const McVmHistory *history,
          McVmDecision *decision)
{
  if (!is_stuck (cycle, facts, history, decision) || facts->target == MC_UNKNOWN
      || facts->target >= facts->balloon)
    return FALSE;
  decision->target = facts->balloon;
  decision->move = TRUE;
  decision->reason = MC_REASON_UNREACHABLE;
  return TRUE;
}

/* A guest that swaps, or has as good as nothing left, comes before what somebody has set. */
static gboolean
cannot_bear (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  McVmFacts as_it_is = *facts;

  as_it_is.target = facts->balloon;
  return history->stats_seen_us == cycle->now_us
         && mc_demand_of (cycle, &as_it_is, history).thrashing;
}

/* What it is about to touch would take the host to its reserve. */
static gboolean
host_cannot_bear (const McPolicyCycle *cycle, const McVmHistory *history)
{
  guint64 soon = mc_promises_touched_soon (history);

  return cycle->host->available <= cycle->settings->thresholds.host_reserve + cycle->margin + soon;
}

/* After a while it is taken over from where it then is: its target is no longer true.
 * What is beyond its limits is brought back by steps, like everything. */
static gboolean
respect (const McPolicyCycle *cycle,
         const McVmFacts *facts,
         McVmHistory *history,
         McVmDecision *decision)
{
  if (history->foreign_until_us == 0)
    return FALSE;
  decision->reason = MC_REASON_FOREIGN;
  decision->figure = facts->balloon;
  decision->pressing = history->thrashing_reports > 0;
  if (cycle->now_us >= history->foreign_until_us || host_cannot_bear (cycle, history)
      || cannot_bear (cycle, facts, history))
    {
      history->foreign_until_us = 0;
      decision->target = facts->balloon;
      decision->move = TRUE;
      return TRUE;
    }
  decision->limit = (guint64)((history->foreign_until_us - cycle->now_us + G_USEC_PER_SEC - 1)
                              / G_USEC_PER_SEC);
  return TRUE;
}

/* A balloon that does not deflate to its target has its target set again. */
static gboolean
repeat_target (const McPolicyCycle *cycle,
               const McVmFacts *facts,
               McVmHistory *history,
               McVmDecision *decision)
{
  if (decision->target > facts->capacity || !mc_progress_is_to_repeat (cycle->now_us, history))
    return FALSE;
  history->repeated++;
  history->deflated_us = cycle->now_us;
  decision->reason = MC_REASON_REPEATED;
  decision->figure = decision->target;
  decision->move = TRUE;
  return TRUE;
}

/* Of a capacity: less is not worth a move. */
#define GIVE_BACK_PERCENT 1

/* What was taken and brings the host nothing is given back, as far as the host backs it anyhow. */
static gboolean
give_backed (const McVmFacts *facts, guint64 backed, guint64 step, McVmDecision *decision)
{
  guint64 most
      = MIN (MIN (backed, MIN (facts->policy.maximum, facts->capacity)), decision->target + step);

  if (most < decision->target + MAX (percent (facts->capacity, GIVE_BACK_PERCENT), MC_MIB))
    return FALSE;
  decision->target = most / MC_MIB * MC_MIB;
  decision->reason = MC_REASON_IN_VAIN;
  decision->figure = backed;
  decision->move = TRUE;
  return TRUE;
}

static gboolean
give_back (const McPolicyCycle *cycle,
           const McVmFacts *facts,
           guint64 backed,
           McVmDecision *decision)
{
  guint64 step = percent (facts->capacity, MIN (cycle->settings->thresholds.step_limit, 100));

  return decision->status == MC_VM_INEFFECTIVE && give_backed (facts, backed, step, decision);
}

/* A device that came to a squeezed VM has pinned its memory: all of it is the host's no longer, so
 * what was taken is given back at once, by whichever run of the service it was taken. Whose memory
 * was pinned before has nothing taken from it. */
static gboolean
free_pinned (const McVmFacts *facts, guint64 backed, McVmDecision *decision)
{
  if (decision->status != MC_VM_UNSUPPORTED || facts->immovable == NULL || !facts->reclaimed
      || !facts->has_balloon || facts->opted_out || facts->paused || !facts->running || facts->busy
      || facts->balloon > facts->capacity || facts->resident == MC_UNKNOWN)
    return FALSE;
  /* What its process has of its own is part of this, but such a process has all of its guest's. */
  if (facts->resident >= facts->capacity)
    backed = facts->capacity;
  return give_backed (facts, backed, facts->capacity, decision);
}

gboolean
mc_correction_decide (const McPolicyCycle *cycle,
                      const McVmFacts *facts,
                      guint64 backed,
                      McVmHistory *history,
                      McVmDecision *decision)
{
  return withdraw (cycle, facts, history, decision) || free_pinned (facts, backed, decision)
         || !mc_eligibility_may_be_moved (decision->status)
         || respect (cycle, facts, history, decision) || give_back (cycle, facts, backed, decision)
         || repeat_target (cycle, facts, history, decision);
}
