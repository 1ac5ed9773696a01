/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is given now, from memory that is free now: first to those who swap or have nothing left,
 * then to the others in need, and to page cache what a comfortable host has beyond that.
 */
#include "config.h"

#include "grant.h"

#include "arithmetic.h"

/* A grant of this part of the low watermark is worth a move, however large the VM. */
#define GRANT_DIVISOR 4

static guint64
least_grant (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 of_capacity = percent (candidate->facts->capacity, cycle->tuning->trifle_percent);

  if (demand->thrashing) /* each page spares it one that goes out and in */
    of_capacity = MIN (of_capacity, MC_LEAST_MOVE);
  return MIN (MIN (of_capacity, demand->step), demand->low / GRANT_DIVISOR) / MC_MIB * MC_MIB;
}

/* What there was for it, of which its sentence tells. */
static guint64
budget_of (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  gint64 grantable = candidate->demand.thrashing ? cycle->grantable_to_thrashing : cycle->grantable;

  return MIN ((guint64)MAX (grantable, 0), candidate->budget);
}

static guint64
grant_to (const McPolicyCycle *cycle, McCandidate *candidate, guint64 amount, McReason reason)
{
  const McDemand *demand = &candidate->demand;

  if (demand->target + amount < demand->most)
    amount = amount / MC_MIB * MC_MIB;
  if (amount == 0 || amount < least_grant (cycle, candidate))
    return 0;
  mc_candidate_move_to (candidate, demand->target + amount, reason,
                        reason == MC_REASON_BELOW_MINIMUM ? demand->least : demand->low);
  candidate->decision->budget = budget_of (cycle, candidate);
  candidate->history->granted_us = cycle->now_us;
  candidate->history->granted = demand->target + amount;
  candidate->history->vain_balloon = 0; /* what was asked before is no longer to be seen */
  return amount;
}

static McReason
why_granted (const McCandidate *candidate)
{
  if (candidate->demand.target < candidate->demand.least)
    return MC_REASON_BELOW_MINIMUM;
  if (candidate->demand.thrashing && candidate->history->swap_in_rate > 0)
    return MC_REASON_SWAPPING;
  return candidate->demand.headroom > (gint64)candidate->demand.low ? MC_REASON_GROWS
                                                                    : MC_REASON_NEEDS;
}

/* Those who swap or have nothing left come first. */
static guint64
grant_need (const McPolicyCycle *cycle, McCandidates *candidates, gboolean thrashing, guint64 left)
{
  guint64 all = 0, granted = 0;

  for (gsize i = 0; i < candidates->n; i++)
    if (candidates->items[i].demand.thrashing == thrashing)
      all += candidates->items[i].lacks;
  for (gsize i = 0; i < candidates->n; i++)
    if (candidates->items[i].demand.thrashing == thrashing && candidates->items[i].lacks > 0)
      granted += grant_to (cycle, &candidates->items[i],
                           portion (candidates->items[i].lacks, left, all),
                           why_granted (&candidates->items[i]));
  return saturating_sub (left, granted);
}

static void
grant_cache (const McPolicyCycle *cycle, McCandidates *candidates, guint64 left)
{
  guint64 all = 0;

  if (cycle->settings->cache_growth == MC_CACHE_GROWTH_NEVER)
    return;
  if (cycle->settings->cache_growth == MC_CACHE_GROWTH_COMFORTABLE)
    left = MIN (left, cycle->comfort);
  for (gsize i = 0; i < candidates->n; i++)
    {
      const McCandidate *candidate = &candidates->items[i];
      gboolean may = candidate->demand.cache_pressure && !candidate->decision->move
                     && !within (cycle->now_us, candidate->history->reclaimed_us,
                                 cycle->tuning->keep_when_tight_s * G_USEC_PER_SEC);

      candidates->figures[i]
          = may ? MIN (saturating_sub (candidate->demand.with_cache, candidate->demand.target),
                       MIN (candidate->demand.step, candidate->room))
                : 0;
      all += candidates->figures[i];
    }
  for (gsize i = 0; i < candidates->n; i++)
    if (candidates->figures[i] > 0)
      grant_to (cycle, &candidates->items[i], portion (candidates->figures[i], left, all),
                MC_REASON_CACHE);
}

static McReason
why_unmet (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  if (candidate->demand.target >= candidate->demand.most)
    return MC_REASON_AT_MAXIMUM;
  if (mc_candidate_has_just_given (cycle, candidate))
    return MC_REASON_COOLING_DOWN;
  return candidate->group != NULL ? MC_REASON_GROUP_FULL : MC_REASON_NO_FREE_MEMORY;
}

static void
explain_unmet_need (const McPolicyCycle *cycle, McCandidate *candidate)
{
  if (candidate->decision->move || !candidate->demand.in_need)
    return;
  mc_candidate_explain (candidate, why_unmet (cycle, candidate));
  candidate->decision->group = candidate->group;
  candidate->decision->limit = candidate->demand.low;
  candidate->decision->budget = budget_of (cycle, candidate);
}

void
mc_grant (const McPolicyCycle *cycle, McCandidates *candidates)
{
  gboolean critical = cycle->condition == MC_HOST_CRITICAL;
  guint64 to_thrashing = critical ? 0 : (guint64)MAX (cycle->grantable_to_thrashing, 0);
  guint64 grantable = critical ? 0 : (guint64)MAX (cycle->grantable, 0);
  guint64 granted = to_thrashing - grant_need (cycle, candidates, TRUE, to_thrashing);
  guint64 left = grant_need (cycle, candidates, FALSE, saturating_sub (grantable, granted));

  /* What was promised by nobody is lent to need alone. */
  grant_cache (cycle, candidates,
               saturating_sub (MIN ((guint64)MAX (cycle->free, 0), grantable), grantable - left));
  for (gsize i = 0; i < candidates->n; i++)
    explain_unmet_need (cycle, &candidates->items[i]);
}
