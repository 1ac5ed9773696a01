/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM that takes part in the sharing of one cycle. */
#include "config.h"

#include "candidate.h"

#include "arithmetic.h"
#include "share.h"

/* No grant this soon after a taking. */
#define SETTLE_US (2 * G_USEC_PER_SEC - 1)

#define PROBE_STEP_PERCENT 2 /* of a VM that was stuck */

/* What was asked of a balloon is expected for those in need within this time: in full when it was
 * only just asked, by the speed at which it was seen to move later. */
#define TRUSTED_US (5 * G_USEC_PER_SEC)

guint64
mc_candidate_small_step (const McCandidate *candidate, guint64 step)
{
  if (candidate->history->stuck_times == 0)
    return step;
  return MIN (step, percent (candidate->facts->capacity, PROBE_STEP_PERCENT));
}

gboolean
mc_candidate_has_just_given (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  return within (cycle->now_us, candidate->history->reclaimed_us, SETTLE_US);
}

guint64
mc_candidate_worth (const McCandidate *candidate, guint percents, guint64 counts)
{
  guint64 of_capacity = percent (candidate->facts->capacity, percents);

  of_capacity = mc_candidate_small_step (candidate, of_capacity);
  return MIN (MIN (of_capacity, candidate->demand.step), MAX (counts, MC_LEAST_MOVE));
}

void
mc_candidate_explain (McCandidate *candidate, McReason reason)
{
  candidate->decision->reason = reason;
  candidate->decision->figure = mc_demand_judged (&candidate->demand);
}

void
mc_candidate_move_to (McCandidate *candidate, guint64 target, McReason reason, guint64 limit)
{
  McVmDecision *decision = candidate->decision;

  mc_candidate_explain (candidate, reason);
  decision->limit = limit;
  decision->target = target;
  decision->move = TRUE;
}

/* Where even its share leaves a VM at its low watermark, others are not asked for a small
 * difference: memory that goes to and fro helps nobody. One that has less than half of the headroom
 * of the others is no small difference. */
static gboolean
is_squeezed (const McPolicyCycle *cycle, const McCandidate *candidate, guint64 amount)
{
  const McDemand *demand = &candidate->demand;
  guint64 has = saturating_sub (demand->target, demand->used);
  guint64 due = saturating_sub (candidate->share, demand->used);

  return !demand->thrashing && cycle->lambda < MC_LAMBDA_PLENTY && demand->target >= demand->floor
         && candidate->share <= demand->used + demand->low && (gint64)amount > cycle->free
         && amount < percent (candidate->facts->capacity, cycle->tuning->squeeze_percent)
         && has >= due / 2;
}

/* It has more than it would be granted, and its balloon last went up: that is a slow driver's, or
 * somebody else has just set it. A grant up to less would take that back, all at once. */
static gboolean
has_more (const McCandidate *candidate, guint64 amount)
{
  const McVmHistory *history = candidate->history;

  return candidate->facts->balloon > candidate->demand.target + MIN (amount, candidate->demand.step)
         && history->deflating_us > 0 && history->deflating_us >= history->balloon_since_us;
}

guint64
mc_candidate_lacking (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 amount = saturating_sub (MIN (candidate->share, demand->most), demand->target);

  if (!demand->in_need || cycle->condition == MC_HOST_CRITICAL
      || mc_candidate_has_just_given (cycle, candidate) || is_squeezed (cycle, candidate, amount)
      || has_more (candidate, amount))
    return 0;
  return MIN (amount, demand->step);
}

/* What a VM that swaps should be given in the cycles to come is freed now: taking is slow. */
guint64
mc_candidate_lacking_ahead (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 missing = saturating_sub (MIN (candidate->share, demand->most), demand->target);

  if (candidate->lacks == 0 || !demand->thrashing)
    return 0;
  return MIN (saturating_sub (missing, candidate->lacks),
              percent (demand->step, cycle->tuning->ahead_percent));
}

static gboolean
is_trusted (const McCandidate *candidate)
{
  return candidate->decision->status == MC_VM_MANAGED && candidate->history->stuck_times == 0;
}

guint64
mc_candidate_coming (const McCandidate *candidate)
{
  if (!is_trusted (candidate))
    return 0;
  return saturating_sub (candidate->facts->balloon, candidate->demand.target);
}

guint64
mc_candidate_coming_soon (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  guint64 missing = mc_candidate_coming (candidate);

  if (within (cycle->now_us, candidate->history->reclaimed_us, TRUSTED_US))
    return missing;
  return MIN (missing, candidate->history->inflating * (TRUSTED_US / G_USEC_PER_SEC));
}

guint64
mc_candidate_coming_to_the_host (const McCandidate *candidate)
{
  guint64 target
      = candidate->decision->move ? candidate->decision->target : candidate->demand.target;

  return is_trusted (candidate) ? saturating_sub (candidate->backing.backed, target) : 0;
}
