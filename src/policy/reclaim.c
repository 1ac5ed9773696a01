/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From shares to moves.
 *
 * Taking goes first and on its own: what is given is paid from memory that is free now, never from
 * memory that somebody was asked to give. Only as much is taken as is lacking, from those who have
 * most beyond their share, so that few balloons move, and far enough to be worth it.
 *
 * There are three duties, each with its own sum: whoever is in need, the pool for whoever is next,
 * and a host that is used above its limit. None of them waits for another; what one has taken
 * counts for the next.
 */
#include "config.h"

#include "reclaim.h"

#include "arithmetic.h"
#include "eligibility.h"
#include "share.h"

/* More than a guest was seen to need from one report to the next. */
#define BURST (1 * MC_GIB)

/* What has to be taken at once for the host to be seen to get it, of a VM's capacity. */
#define PROOF_PERCENT 4

/* A guest that is at rest to the last byte is believed again after this long. */
#define ANSWERS_WITHIN_US ((gint64)30 * G_USEC_PER_SEC)

/* Whoever has waited this long for others to give is not left waiting for the sake of small moves.
 */
#define UNMET_LONG_US (20 * G_USEC_PER_SEC)

/* Whoever has waited this long is given of what others have beyond the middle between their
 * watermarks, also where their share is more. */
#define UNMET_TOO_LONG_US (40 * G_USEC_PER_SEC)

/* What each may keep as not worth a move: of what is missing, all together keep no more than a
 * quarter for that. */
#define FORGONE_DIVISOR 4

/* What it was given is left with it for a while: taken back at once, it would be asked for again.
 */
static gboolean
keeps (const McPolicyCycle *cycle, const McCandidate *candidate, guint seconds)
{
  return within (cycle->now_us, candidate->history->granted_us, seconds * G_USEC_PER_SEC);
}

/* What runs in a guest reads at its start how much there is, and sizes itself by that. */
static gboolean
has_just_started (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  return within (cycle->now_us, candidate->facts->started_us,
                 cycle->tuning->keep_after_start_s * G_USEC_PER_SEC);
}

/* Returns: for how long it has lacked memory. */
static gint64
remember_waiting (const McPolicyCycle *cycle, McCandidate *candidate)
{
  if (candidate->lacks == 0)
    candidate->history->unmet_since_us = 0;
  else if (candidate->history->unmet_since_us == 0)
    candidate->history->unmet_since_us = cycle->now_us;
  return candidate->lacks == 0 ? 0 : cycle->now_us - candidate->history->unmet_since_us;
}

/* Figures that have not changed since the last taking may be those of a guest that is gone. */
static gboolean
waits_for_an_answer (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  const McVmHistory *history = candidate->history;

  return cycle->condition != MC_HOST_CRITICAL && history->reclaimed_us > 0
         && history->answered_us <= history->reclaimed_us
         && within (cycle->now_us, history->reclaimed_us, ANSWERS_WITHIN_US);
}

static guint64
can_spare (const McPolicyCycle *cycle, const McCandidate *candidate, guint64 down_to)
{
  const McDemand *demand = &candidate->demand;
  const McVmHistory *history = candidate->history;
  guint64 step = demand->step;

  if (candidate->decision->status != MC_VM_MANAGED || candidate->decision->move
      || candidate->lacks > 0 || history->disagrees || !mc_eligibility_may_reclaim (history)
      || waits_for_an_answer (cycle, candidate))
    return 0;
  step = mc_candidate_probe (candidate, step);
  if (history->stuck_times == 0 && history->ineffective_times > 0 && !history->effective)
    step = MIN (step, percent (candidate->facts->capacity, PROOF_PERCENT));

  if (demand->thrashing && cycle->lambda >= 0)
    return 0;
  /* Also where its share is cut off at its maximum, and it uses more. */
  if (cycle->lambda >= 0 && cycle->condition != MC_HOST_CRITICAL)
    down_to = MAX (down_to, mc_demand_bare_size (demand));
  return MIN (saturating_sub (demand->target, MAX (down_to, demand->least)), step);
}

/* What is kept back of grants is shared out all the same: no headroom beyond the middle between
 * watermarks comes before somebody's low watermark for that. */
static guint64
left_to_those_who_wait (const McPolicyCycle *cycle, const McCandidate *candidate, gint64 waited_us)
{
  if (waited_us < UNMET_TOO_LONG_US || cycle->lambda < 0)
    return candidate->share;
  return MIN (candidate->share, mc_demand_fair_size (&candidate->demand));
}

/* For others that are in need now, and have waited for @waited_us at most. */
static guint64
can_spare_for_need (const McPolicyCycle *cycle,
                    const McCandidate *candidate,
                    guint64 lacks,
                    gint64 waited_us)
{
  guint64 amount
      = can_spare (cycle, candidate, left_to_those_who_wait (cycle, candidate, waited_us));
  guint64 least = mc_candidate_worth (candidate, cycle->tuning->need_trifle_percent,
                                      waited_us >= UNMET_LONG_US ? 0 : lacks);

  if (cycle->condition == MC_HOST_CRITICAL || cycle->free < 0)
    return amount;
  if (keeps (cycle, candidate, cycle->tuning->keep_from_need_s) || amount < least)
    return 0;
  return amount;
}

static guint64
reclaim_from (const McPolicyCycle *cycle, McCandidate *candidate, guint64 amount, McReason reason)
{
  const McDemand *demand = &candidate->demand;
  McVmHistory *history = candidate->history;

  amount = amount / MC_MIB * MC_MIB;
  if (amount == 0 || amount < mc_candidate_worth (candidate, cycle->tuning->trifle_percent, 0))
    return 0;
  mc_candidate_move_to (candidate, demand->target - amount, reason, demand->high);
  history->reclaimed_us = cycle->now_us;
  history->granted = MIN (history->granted, demand->target - amount);
  if (history->vain_balloon == 0
      && amount + MC_MIB >= percent (candidate->facts->capacity, PROOF_PERCENT))
    history->vain_balloon = candidate->facts->balloon;
  return amount;
}

/* What one gives where those with the most are brought down to @level, if it is worth a move. */
static guint64
portion_above (const McCandidate *candidate, guint64 level, guint64 least)
{
  return MIN (candidate->surplus, MAX (saturating_sub (candidate->surplus, level), least));
}

/*
 * The largest surplus from which on all who have as much bring @total together, each no less than
 * is worth a move (its figure).
 */
static guint64
find_richest (const McCandidates *candidates, guint64 level, guint64 total)
{
  guint64 low = 0, high = 1;

  for (gsize i = 0; i < candidates->n; i++)
    high = MAX (high, candidates->items[i].surplus + 1);
  while (high - low > MC_MIB)
    {
      guint64 middle = low + (high - low) / 2, sum = 0;

      for (gsize i = 0; i < candidates->n; i++)
        if (candidates->items[i].surplus >= middle)
          sum += portion_above (&candidates->items[i], level, candidates->figures[i]);
      if (sum >= total)
        low = middle;
      else
        high = middle;
    }
  return low;
}

/* Sets each one's figure to what is worth a move of it. Returns: whether anybody would give less
 * than that. */
static gboolean
find_least (const McPolicyCycle *cycle, McCandidates *candidates, guint64 level, guint64 total)
{
  gboolean less = FALSE;

  for (gsize i = 0; i < candidates->n; i++)
    {
      guint64 surplus = candidates->items[i].surplus;

      candidates->figures[i]
          = surplus == 0
                ? 0
                : mc_candidate_worth (&candidates->items[i], cycle->tuning->trifle_percent, total);
      less |= surplus > level && surplus - level < candidates->figures[i];
    }
  return less;
}

/* Takes @total in all, from those with the largest surplus first. Returns: what was taken. */
static guint64
reclaim_evenly (const McPolicyCycle *cycle,
                McCandidates *candidates,
                guint64 total,
                McReason reason)
{
  guint64 sum = 0, level = 0, richest, reclaimed = 0;

  for (gsize i = 0; i < candidates->n; i++)
    sum += candidates->figures[i] = candidates->items[i].surplus;
  if (sum > total)
    level = mc_share_level (candidates->figures, candidates->n, sum - total);
  richest = level + 1;
  if (find_least (cycle, candidates, level, total))
    richest = find_richest (candidates, level, total);
  for (gsize i = 0; i < candidates->n; i++)
    if (candidates->items[i].surplus > 0 && candidates->items[i].surplus >= richest)
      reclaimed += reclaim_from (
          cycle, &candidates->items[i],
          portion_above (&candidates->items[i], level, candidates->figures[i]), reason);
  return reclaimed;
}

/* What a host that is used above its limit leaves to everybody: desired_now. Where a part of a
 * capacity is more than any burst, the shorter the host, the less of that. */
static guint64
left_when_tight (const McPolicyCycle *cycle, const McDemand *demand)
{
  guint64 bare = MIN (demand->need + demand->high + BURST, demand->desired_now);

  return bare + (guint64)((double)(demand->desired_now - bare) * cycle->ease);
}

/*
 * From those who have had it for a while. A tight host takes what they once used, too, and may
 * share out again; the pool is filled with what they have beyond their share and their high
 * watermark, however much they once used: whoever is in need next does not wait for it.
 */
static guint64
reclaim_spare (const McPolicyCycle *cycle,
               McCandidates *candidates,
               guint64 total,
               guint keep_s,
               McReason reason)
{
  for (gsize i = 0; i < candidates->n; i++)
    {
      McCandidate *candidate = &candidates->items[i];
      const McDemand *demand = &candidate->demand;
      gboolean for_pool = reason == MC_REASON_RELEASES;
      guint64 down_to = for_pool ? MAX (candidate->share, demand->need + demand->high)
                                 : left_when_tight (cycle, demand);

      candidate->surplus = can_spare (cycle, candidate, down_to);
      if (for_pool)
        candidate->surplus
            = MIN (candidate->surplus, saturating_sub (demand->unused, demand->high));
      if (keeps (cycle, candidate, keep_s) || (for_pool && has_just_started (cycle, candidate))
          || candidate->surplus < mc_candidate_worth (candidate,
                                                      cycle->tuning->tight_trifle_percent,
                                                      total / (FORGONE_DIVISOR * candidates->n)))
        candidate->surplus = 0;
    }
  return reclaim_evenly (cycle, candidates, total, reason);
}

/* Slowly where everybody has all that it wants: nobody waits for it. */
static gboolean
is_paced (const McPolicyCycle *cycle, const McCandidate *candidate)
{
  return cycle->lambda >= MC_LAMBDA_PLENTY
         && within (cycle->now_us, candidate->history->reclaimed_us,
                    cycle->tuning->comfort_pace_s * G_USEC_PER_SEC);
}

static void
release_in_comfort (const McPolicyCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  const McTuning *tuning = cycle->tuning;
  guint64 capacity = candidate->facts->capacity;
  guint64 amount = can_spare (cycle, candidate, demand->desired);

  /* What its page cache fills is not asked back while nobody else could use it. */
  amount = MIN (amount, saturating_sub (demand->unused, demand->high));
  if (mc_demand_judged (demand) < demand->high || has_just_started (cycle, candidate)
      || amount < MIN (percent (capacity, tuning->comfort_trifle_percent), demand->step))
    return;
  if (keeps (cycle, candidate, tuning->keep_in_comfort_s) || is_paced (cycle, candidate))
    {
      mc_candidate_explain (candidate, MC_REASON_COOLING_DOWN);
      return;
    }
  reclaim_from (cycle, candidate, MIN (amount, percent (capacity, tuning->comfort_step_percent)),
                MC_REASON_RELEASES);
}

/* A guest without swap that is taken what it uses meets its OOM killer: a maximum is for what
 * it may get, and what is above that is taken as the guest frees it. */
static void
bring_down_to_maximum (const McPolicyCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 amount
      = saturating_sub (demand->target, MAX (demand->most, mc_demand_bare_size (demand)));

  if (mc_demand_bare_size (demand) > demand->most)
    mc_candidate_explain (candidate, MC_REASON_AT_MAXIMUM);
  reclaim_from (cycle, candidate, MIN (amount, demand->step), MC_REASON_ABOVE_MAXIMUM);
  candidate->decision->limit = demand->most;
}

static void
enforce (const McPolicyCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  const McVmFacts *facts = candidate->facts;

  if (candidate->decision->status != MC_VM_MANAGED || candidate->decision->move)
    return;
  if (demand->target > demand->most)
    bring_down_to_maximum (cycle, candidate);
  else if (cycle->condition == MC_HOST_CRITICAL
           && demand->target > MAX (facts->balloon, demand->least))
    {
      mc_candidate_move_to (candidate, MAX (facts->balloon, demand->least), MC_REASON_EMERGENCY,
                            demand->high);
      candidate->history->reclaimed_us = cycle->now_us;
    }
}

static McReason
why_reclaimed (const McPolicyCycle *cycle)
{
  if (cycle->condition == MC_HOST_CRITICAL)
    return MC_REASON_EMERGENCY;
  return cycle->free < 0 ? MC_REASON_OVERCOMMITTED : MC_REASON_FUNDS_OTHERS;
}

typedef struct
{
  gint64 lacks;     /* of those in need, in this cycle */
  gint64 ahead;     /* … and in the next ones */
  gint64 coming;    /* on its way from balloons that inflate … */
  gint64 soon;      /* … and here before long */
  gint64 reclaimed; /* in this cycle */
} Sums;

/* What nobody granted is lent to VMs in need, which can be asked for it; of a VM about to start
 * nobody can ask it back, so what is reserved for it is reclaimed in full. */
static gint64
not_to_be_lent (const McPolicyCycle *cycle)
{
  gint64 unfunded = MIN ((gint64)MIN (cycle->settings->reserved, MC_CAPACITY_MOST), -cycle->free);

  return MIN (cycle->lent, MAX (unfunded, 0));
}

static void
reclaim_for_need (const McPolicyCycle *cycle, McCandidates *candidates, Sums *sums)
{
  gint64 waited_us = 0, short_of;

  for (gsize i = 0; i < candidates->n; i++)
    {
      McCandidate *candidate = &candidates->items[i];

      candidate->lacks = mc_candidate_lacking (cycle, candidate);
      waited_us = MAX (waited_us, remember_waiting (cycle, candidate));
      sums->lacks += (gint64)candidate->lacks;
      sums->ahead += (gint64)mc_candidate_lacking_ahead (cycle, candidate);
      sums->soon += (gint64)mc_candidate_coming_soon (cycle, candidate);
      sums->coming += (gint64)mc_candidate_coming (candidate);
    }
  short_of = sums->lacks + sums->ahead - sums->soon + not_to_be_lent (cycle)
             - (sums->lacks > 0 ? cycle->grantable : cycle->free + cycle->lent);
  if (short_of <= 0)
    return;
  for (gsize i = 0; i < candidates->n; i++)
    candidates->items[i].surplus
        = can_spare_for_need (cycle, &candidates->items[i], (guint64)short_of, waited_us);
  sums->reclaimed
      += (gint64)reclaim_evenly (cycle, candidates, (guint64)short_of, why_reclaimed (cycle));
}

/* Returns: whether anything is missing in it that is worth asking for. */
static gboolean
reclaim_for_pool (const McPolicyCycle *cycle, McCandidates *candidates, Sums *sums)
{
  gint64 missing = (gint64)cycle->pool + sums->lacks + sums->ahead - cycle->free - sums->coming
                   - sums->reclaimed;

  missing = MIN (missing, (gint64)cycle->pool);
  if (missing <= (gint64)percent (cycle->pool, cycle->tuning->pool_slack_percent))
    return FALSE;
  sums->reclaimed += (gint64)reclaim_spare (cycle, candidates, (guint64)missing,
                                            cycle->tuning->keep_for_pool_s, MC_REASON_RELEASES);
  return TRUE;
}

/* What is granted to those in need comes on top of what is used already. */
static void
reclaim_for_host (const McPolicyCycle *cycle, McCandidates *candidates, Sums *sums)
{
  gint64 missing = (gint64)cycle->excess + MIN (sums->lacks, MAX (cycle->grantable, 0));

  if (cycle->excess == 0)
    return;
  for (gsize i = 0; i < candidates->n; i++)
    missing -= (gint64)mc_candidate_coming_to_the_host (&candidates->items[i]);
  if (missing > 0)
    reclaim_spare (cycle, candidates, (guint64)missing, cycle->tuning->keep_when_tight_s,
                   MC_REASON_HOST_TIGHT);
}

void
mc_reclaim (const McPolicyCycle *cycle, McCandidates *candidates)
{
  Sums sums = { 0 };
  gboolean pool_is_low;

  reclaim_for_need (cycle, candidates, &sums);
  pool_is_low = reclaim_for_pool (cycle, candidates, &sums);
  reclaim_for_host (cycle, candidates, &sums);
  if (!pool_is_low && cycle->excess == 0 && sums.reclaimed == 0)
    for (gsize i = 0; i < candidates->n; i++)
      release_in_comfort (cycle, &candidates->items[i]);
  for (gsize i = 0; i < candidates->n; i++)
    enforce (cycle, &candidates->items[i]);
}
