/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: remember what is seen of each VM (remember.c), correct what went wrong
 * (correction.c), share out what there is (share.c), reclaim, grant, give back where somebody asked
 * for it.
 *
 * The budget is what all managed VMs hold, and what the host can still give beside everything that
 * it has promised. One number, λ, squeezes everyone's headroom alike when the budget does not cover
 * all that is desired.
 */
#include "config.h"

#include "arithmetic.h"
#include "backing.h"
#include "candidate.h"
#include "correction.h"
#include "eligibility.h"
#include "give-back.h"
#include "grant.h"
#include "group.h"
#include "headroom.h"
#include "policy.h"
#include "promises.h"
#include "reclaim.h"
#include "remember.h"
#include "share.h"
#include "sleep.h"

/* Page cache grows up to a little below the usage limit, so that taking and giving do not follow
 * each other. */
#define COMFORT_GAP_PERCENT 2

/* Of the host: the most that is kept free for whoever needs it next. */
#define POOL_PART 8

/* Of guesses, the part that is left where not all can survive: tried on the tuning set with all of
 * them (73,955 stalled seconds), two thirds (73,736), half (73,006), a third (73,696) and none
 * (73,103; the largest VMs of unequal hosts stall half as long again). */
#define GUESS_DIVISOR 2

typedef struct
{
  McCandidates candidates;
  McClaim *claims; /* one for each, and the pool's */
  guint64 largest; /* capacity of a candidate */
  McPromises promises;
  McGroupBooks groups;
} Scratch;

static guint64
used_of (const McHostFigures *host)
{
  return saturating_sub (host->total, host->available);
}

McHostCondition
mc_policy_host_condition (const McPolicySettings *settings, const McHostFigures *host)
{
  if (host->available <= settings->thresholds.host_reserve)
    return MC_HOST_CRITICAL;
  if (used_of (host) > percent (host->total, settings->thresholds.host_usage_limit))
    return MC_HOST_TIGHT;
  return MC_HOST_COMFORTABLE;
}

static double
ease_of (const McPolicySettings *settings, const McHostFigures *host)
{
  guint64 at_limit
      = saturating_sub (host->total, percent (host->total, settings->thresholds.host_usage_limit));
  guint64 room = saturating_sub (at_limit, settings->thresholds.host_reserve);

  if (room == 0)
    return 1;
  return MIN (1, (double)saturating_sub (host->available, settings->thresholds.host_reserve)
                     / (double)room);
}

static void
leave_alone (const McVmFacts *facts, McVmStatus status, McBacking *backing, McVmDecision *decision)
{
  *decision = (McVmDecision){ .status = status, .reason = MC_REASON_LEFT_ALONE };
  decision->before = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;
  decision->target = decision->before;
  /* Memory that cannot be moved is the host's no longer, touched or not: it is pinned, or comes
   * from a pool of huge pages. */
  if (facts->immovable != NULL)
    backing->promise = backing->doubt = 0;
  decision->promise = backing->promise;
}

static void
add_candidate (const McPolicyCycle *cycle,
               const McVmFacts *facts,
               const McBacking *backing,
               McVmHistory *history,
               McVmDecision *decision,
               Scratch *scratch)
{
  McCandidate *candidate = &scratch->candidates.items[scratch->candidates.n];
  McClaim *claim = &scratch->claims[scratch->candidates.n++];
  McDemand demand = mc_demand_of (cycle, facts, history);
  guint64 least = demand.least;
  *candidate = (McCandidate){
    .facts = facts,
    .history = history,
    .decision = decision,
    .demand = demand,
    .backing = *backing,
    .room = MC_CAPACITY_MOST,
    .budget = MC_CAPACITY_MOST,
  };
  /* What cannot be taken is not shared out either. */
  if (decision->status != MC_VM_MANAGED)
    least = MAX (least, demand.committed);
  least = MAX (least, MIN (MIN (demand.floor, demand.target), mc_backing_kernel (facts, history)));
  /* What it has of its minimum is not taken from it; for what it lacks of that nobody is made to
   * swap. */
  if (demand.target < least)
    {
      least = demand.target;
      demand.floor = MAX (least, MIN (demand.floor, demand.need + demand.bare));
      candidate->demand.guess = 0;
    }
  candidate->floor = MAX (demand.floor, least);
  candidate->demand.guess = MIN (candidate->demand.guess, candidate->floor - least);
  *claim = (McClaim){
    .least = least,
    .floor = candidate->floor,
    .fair = MAX (MIN (MAX (mc_demand_fair_size (&demand), demand.least), demand.desired),
                 candidate->floor),
    .desired = MAX (demand.desired, least),
    .weight = (guint)MAX (facts->policy.weight, 1),
  };
  decision->reason = MC_REASON_ENOUGH;
  decision->figure = mc_demand_judged (&demand);
  decision->in_need = demand.in_need && demand.target < demand.most;
  decision->pressing = demand.growing && demand.target < demand.most;
  scratch->largest = MAX (scratch->largest, facts->capacity);
}

static void
gather (const McPolicyCycle *cycle,
        gsize n_vms,
        const McVmFacts *facts,
        McVmHistory *histories[],
        McVmDecision *decisions,
        Scratch *scratch)
{
  for (gsize i = 0; i < n_vms; i++)
    {
      gboolean corrected;
      McBacking backing;

      mc_remember (cycle, &facts[i], histories[i]);
      backing = mc_backing_of (&facts[i], histories[i]);
      leave_alone (&facts[i], mc_eligibility_status (cycle, &facts[i], histories[i]), &backing,
                   &decisions[i]);
      corrected
          = mc_correction_decide (cycle, &facts[i], backing.backed, histories[i], &decisions[i]);
      mc_group_books_add (&scratch->groups, i, &backing);
      mc_promises_add (&scratch->promises, histories[i], decisions[i].status, &backing,
                       !corrected && decisions[i].status == MC_VM_MANAGED);
      if (corrected)
        continue;
      scratch->promises.unlikely_promise
          += MIN (backing.promise, mc_backing_likely_doubt (histories[i]));
      mc_group_books_set_candidate (&scratch->groups, i, scratch->candidates.n);
      add_candidate (cycle, &facts[i], &backing, histories[i], &decisions[i], scratch);
    }
}

/*
 * Sets what each claims to survive, and returns the sum. What a guest that swaps may lack, and is
 * not known to have swapped out, is a guess: where not all can survive, it is halved, and where
 * some of the budget is what nobody granted, given up, so that nobody is made to swap for two
 * guesses.
 */
static gint64
set_floors (Scratch *scratch, gint64 budget)
{
  gint64 sum = 0, guesses = 0, cut;

  for (gsize i = 0; i < scratch->candidates.n; i++)
    {
      scratch->claims[i].floor = scratch->candidates.items[i].floor;
      sum += (gint64)scratch->claims[i].floor;
      guesses += (gint64)scratch->candidates.items[i].demand.guess;
    }
  cut = CLAMP (sum - budget, 0,
               scratch->promises.ungranted > 0 ? guesses : guesses / GUESS_DIVISOR);
  if (cut == 0)
    return sum;
  for (gsize i = 0; i < scratch->candidates.n; i++)
    {
      double part = (double)scratch->candidates.items[i].demand.guess / (double)guesses;

      scratch->claims[i].floor -= (guint64)(part * (double)cut);
    }
  return sum - cut;
}

/* Returns: λ. One claim more than candidates: that of the pool. */
static double
share_out_once (const McPolicyCycle *cycle, Scratch *scratch, gint64 budget, guint64 pool)
{
  gint64 more = (gint64)(cycle->margin + scratch->promises.unlikely_promise);
  gint64 floors = set_floors (scratch, budget + more);

  /* Nobody is made to swap for the margin, nor for what a process may occupy and may not. */
  if (floors > budget)
    budget = MIN (floors, budget + more);
  scratch->claims[scratch->candidates.n] = (McClaim){ .desired = pool, .weight = 1 };
  return mc_share_out (scratch->claims, scratch->candidates.n + 1, budget);
}

/*
 * Returns: λ. The pool, to be kept free for whoever needs it next, is a claim like the others'
 * headroom, and shrinks with it.
 *
 * What nobody granted and nobody touched is paid from headroom, never from what anybody uses or
 * needs to stay clear of its low watermark: so it is shared out twice, without such promises and
 * with them.
 */
static double
share_out (McPolicyCycle *cycle, Scratch *scratch)
{
  gint64 budget = cycle->free;
  double lambda, in_full;

  for (gsize i = 0; i < scratch->candidates.n; i++)
    budget += (gint64)scratch->candidates.items[i].demand.committed;
  lambda
      = share_out_once (cycle, scratch, budget + (gint64)scratch->promises.ungranted, cycle->pool);
  for (gsize i = 0; i < scratch->candidates.n; i++)
    scratch->candidates.items[i].share = scratch->claims[i].share;
  if (scratch->promises.ungranted > 0)
    {
      in_full = share_out_once (cycle, scratch, budget, cycle->pool);
      for (gsize i = 0; i < scratch->candidates.n; i++)
        {
          McCandidate *candidate = &scratch->candidates.items[i];
          const McDemand *demand = &candidate->demand;
          guint64 untouchable = mc_demand_fair_size (demand);

          candidate->share = MAX (scratch->claims[i].share, MIN (candidate->share, untouchable));
        }
      lambda = in_full >= 0 ? in_full : MIN (lambda, 0);
    }
  cycle->pool = scratch->claims[scratch->candidates.n].share;
  return lambda;
}

/* Whether the next cycle should come early: somebody lacks something, or may soon where there is
 * not room for everybody's wants. */
static gboolean
presses (const McPolicyCycle *cycle, const Scratch *scratch)
{
  gboolean scarce = cycle->condition == MC_HOST_TIGHT || cycle->lambda < MC_LAMBDA_PLENTY;

  if (cycle->condition == MC_HOST_CRITICAL)
    return TRUE;
  for (gsize i = 0; i < scratch->candidates.n; i++)
    {
      const McCandidate *candidate = &scratch->candidates.items[i];

      if (candidate->lacks > 0 || candidate->kept_short
          || ((scarce || candidate->scarce) && candidate->demand.bursty))
        return TRUE;
    }
  return FALSE;
}

/* Whether all VMs are asked in every cycle: memory may be wanted of them at any time, or none
 * sleeps. */
static gboolean
watches_all (const McPolicyCycle *cycle)
{
  return cycle->condition != MC_HOST_COMFORTABLE || cycle->lambda < MC_LAMBDA_PLENTY
         || cycle->settings->reserved > 0 || cycle->tuning->sleep_turn_s == 0;
}

/* What the host's figures say. */
static McPolicyCycle
cycle_begin (const McPolicySettings *settings, const McHostFigures *host, gint64 now_us)
{
  guint64 limit = percent (host->total, settings->thresholds.host_usage_limit);

  return (McPolicyCycle){
    .settings = settings,
    .tuning = mc_policy_tuning (settings),
    .host = host,
    .now_us = now_us,
    .condition = mc_policy_host_condition (settings, host),
    .ease = ease_of (settings, host),
    .excess = saturating_sub (used_of (host), limit),
    .comfort = saturating_sub (saturating_sub (limit, percent (host->total, COMFORT_GAP_PERCENT)),
                               used_of (host)),
    .margin = mc_headroom_margin (settings, host->total),
  };
}

/* What is left beside the promises to all VMs. */
static void
set_free (McPolicyCycle *cycle, const Scratch *scratch)
{
  const McPromises *promises = &scratch->promises;
  guint64 firm_margin = mc_headroom_firm_margin (cycle->settings);

  cycle->free = mc_headroom_free (cycle->settings, cycle->host, promises->promised);
  cycle->lent = (gint64)promises->lendable;
  cycle->grantable
      = cycle->free + cycle->lent - (gint64)mc_headroom_doubted (cycle->margin, promises->doubt);
  /* What is lent of the margin does not answer for the doubt as well. */
  cycle->grantable_to_thrashing = cycle->free + cycle->lent
                                  + (gint64)promises->lendable_to_thrashing
                                  + (gint64)(cycle->margin - firm_margin)
                                  - (gint64)mc_headroom_doubted (firm_margin, promises->doubt);
  if (scratch->candidates.n > 1) /* one alone has nobody to wait for */
    cycle->pool = MIN (percent (scratch->largest, cycle->tuning->pool_percent),
                       cycle->host->total / POOL_PART);
}

void
mc_policy_decide (const McPolicySettings *settings,
                  const McHostFigures *host,
                  gint64 now_us,
                  gsize n_vms,
                  const McVmFacts *facts,
                  McVmHistory *histories[],
                  McVmDecision *decisions,
                  McHostDecision *host_decision)
{
  g_autofree McCandidate *candidates = g_new (McCandidate, n_vms + 1);
  g_autofree McClaim *claims = g_new (McClaim, n_vms + 1);
  g_autofree guint64 *figures = g_new (guint64, n_vms + 1);
  Scratch scratch = {
    .candidates = { .items = candidates, .figures = figures },
    .claims = claims,
  };
  McPolicyCycle cycle = cycle_begin (settings, host, now_us);
  gboolean all_awake;

  mc_group_books_open (&scratch.groups, host, n_vms);
  gather (&cycle, n_vms, facts, histories, decisions, &scratch);
  set_free (&cycle, &scratch);
  cycle.lambda = share_out (&cycle, &scratch);
  mc_groups_begin (&cycle, &scratch.groups, &scratch.candidates);
  mc_groups_share_out (&scratch.candidates, claims);
  all_awake = mc_reclaim (&cycle, &scratch.candidates) || watches_all (&cycle);
  mc_grant (&cycle, &scratch.candidates);
  mc_give_back (&cycle, &scratch.candidates, n_vms, facts, histories, decisions);
  mc_sleep_decide (&cycle, all_awake, n_vms, facts, histories, decisions);

  *host_decision = (McHostDecision){
    .condition = cycle.condition,
    .promised = scratch.promises.promised,
    .free = (guint64)MAX (cycle.free, 0),
    .grantable = (guint64)MAX (cycle.grantable_to_thrashing, 0),
    .used_percent = host->total == 0 ? 0 : 100.0 * used_of (host) / host->total,
    .pressing = presses (&cycle, &scratch),
    .lambda = cycle.lambda,
  };
  mc_group_books_close (&scratch.groups, &scratch.candidates);
}
