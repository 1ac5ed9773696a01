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
#include "asked.h"
#include "eligibility.h"
#include "group.h"
#include "reclaim-from.h"

/* More than a guest was seen to need from one report to the next. */
#define BURST (1 * MC_GIB)

/* A guest that is at rest to the last byte is believed again after this long. */
#define ANSWERS_WITHIN_US ((gint64)30 * G_USEC_PER_SEC)

/* Whoever has waited this long for others to give waits no longer for the sake of small moves. */
#define UNMET_LONG_US (20 * G_USEC_PER_SEC)

/* Whoever has waited this long is given of what others have beyond the middle between their
 * watermarks, also where their share is more. */
#define UNMET_TOO_LONG_US (40 * G_USEC_PER_SEC)

/* What each may keep as not worth a move: of what is missing, all together keep no more than a
 * quarter for that. */
#define FORGONE_DIVISOR 4

/* Of those in need on the host, or in a group of it. */
typedef struct
{
  gint64 free;      /* what nobody has a claim to there; negative where more is promised */
  gint64 lacks;     /* in this cycle */
  gint64 ahead;     /* … and in the next ones */
  gint64 coming;    /* on its way from balloons that inflate … */
  gint64 soon;      /* … and here before long */
  gint64 reclaimed; /* in this cycle */
  gint64 waited_us; /* the longest that one of them has lacked memory */
} Sums;

/* What it was given stays for a while: taken back at once, it would be asked for again. */
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

/* Sets what it lacks, and remembers since when it lacks anything. */
static void
find_lacking (const McPolicyCycle *cycle, McCandidate *candidate)
{
  candidate->lacks = mc_candidate_lacking (cycle, candidate);
  if (candidate->lacks == 0)
    candidate->history->unmet_since_us = 0;
  else if (candidate->history->unmet_since_us == 0)
    candidate->history->unmet_since_us = cycle->now_us;
}

static gint64
waited (const McPolicyCycle *cycle, const McCandidate *candidate)
{
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
      || candidate->lacks > 0 || candidate->kept_short || candidate->facts->give_back
      || history->disagrees || !mc_eligibility_may_reclaim (history)
      || waits_for_an_answer (cycle, candidate))
    return 0;
  step = mc_candidate_small_step (candidate, step);
  if (history->stuck_times == 0 && history->ineffective_times > 0 && !history->effective)
    step = MIN (step, percent (candidate->facts->capacity, MC_PROOF_PERCENT));

  if (demand->thrashing && cycle->lambda >= 0)
    return 0;
  /* Also where its share is cut off at its maximum, and it uses more. */
  if (cycle->lambda >= 0 && cycle->condition != MC_HOST_CRITICAL)
    down_to = MAX (down_to, mc_demand_bare_size (demand));
  down_to += mc_asked_filled_meanwhile (candidate->facts, history);
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

/* For others that @sums are of. */
static guint64
can_spare_for_need (const McPolicyCycle *cycle,
                    const McCandidate *candidate,
                    guint64 lacks,
                    const Sums *sums)
{
  guint64 amount
      = can_spare (cycle, candidate, left_to_those_who_wait (cycle, candidate, sums->waited_us));
  guint64 least = mc_candidate_worth (candidate, cycle->tuning->need_trifle_percent,
                                      sums->waited_us >= UNMET_LONG_US ? 0 : lacks);

  if (cycle->condition == MC_HOST_CRITICAL || sums->free < 0)
    return amount;
  if (keeps (cycle, candidate, cycle->tuning->keep_from_need_s) || amount < least)
    return 0;
  return amount;
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
  return mc_reclaim_evenly (cycle, candidates, total, reason);
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
  mc_reclaim_from (cycle, candidate, MIN (amount, percent (capacity, tuning->comfort_step_percent)),
                   MC_REASON_RELEASES);
}

/* A guest without swap that is taken what it uses meets its OOM killer: a maximum is for what it
 * may get, and what is above that is taken as the guest frees it. */
static void
bring_down_to_maximum (const McPolicyCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 bare = mc_demand_bare_size (demand)
                 + mc_asked_filled_meanwhile (candidate->facts, candidate->history);
  guint64 amount = saturating_sub (demand->target, MAX (demand->most, bare));

  if (mc_demand_bare_size (demand) > demand->most)
    mc_candidate_explain (candidate, MC_REASON_AT_MAXIMUM);
  mc_reclaim_from (cycle, candidate, MIN (amount, demand->step), MC_REASON_ABOVE_MAXIMUM);
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
why_reclaimed (const McPolicyCycle *cycle, const Sums *sums)
{
  if (cycle->condition == MC_HOST_CRITICAL)
    return MC_REASON_EMERGENCY;
  return sums->free < 0 ? MC_REASON_OVERCOMMITTED : MC_REASON_FUNDS_OTHERS;
}

/* What nobody granted is lent to VMs in need, which can be asked for it; of a VM about to start
 * nobody can ask it back, so what is reserved for it is reclaimed in full. */
static gint64
not_to_be_lent (const McPolicyCycle *cycle)
{
  gint64 unfunded = MIN ((gint64)MIN (cycle->settings->reserved, MC_CAPACITY_MOST), -cycle->free);

  return MIN (cycle->lent, MAX (unfunded, 0));
}

static void
add_up (const McPolicyCycle *cycle, const McCandidate *candidate, Sums *sums)
{
  sums->lacks += (gint64)candidate->lacks;
  sums->ahead += (gint64)mc_candidate_lacking_ahead (cycle, candidate);
  sums->soon += (gint64)mc_candidate_coming_soon (cycle, candidate);
  sums->coming += (gint64)mc_candidate_coming (candidate);
  sums->waited_us = MAX (sums->waited_us, waited (cycle, candidate));
}

/* Returns: whether anything is missing. */
static gboolean
reclaim_for_need (const McPolicyCycle *cycle, McCandidates *candidates, Sums *sums)
{
  gint64 short_of;

  for (gsize i = 0; i < candidates->n; i++)
    add_up (cycle, &candidates->items[i], sums);
  short_of = sums->lacks + sums->ahead - sums->soon + not_to_be_lent (cycle)
             - (sums->lacks > 0 ? cycle->grantable : cycle->free + cycle->lent);
  if (short_of <= 0)
    return FALSE;
  for (gsize i = 0; i < candidates->n; i++)
    candidates->items[i].surplus
        = can_spare_for_need (cycle, &candidates->items[i], (guint64)short_of, sums);
  sums->reclaimed += (gint64)mc_reclaim_evenly (cycle, candidates, (guint64)short_of,
                                                why_reclaimed (cycle, sums));
  return TRUE;
}

/* As for the host, from the members alone. */
static gboolean
reclaim_for_group (const McPolicyCycle *cycle,
                   McCandidates *candidates,
                   McGroupCycle *group,
                   gint64 *all_reclaimed)
{
  Sums sums = { .free = group->free };
  gint64 short_of;
  guint64 reclaimed;

  for (gsize i = 0; i < group->n_members; i++)
    add_up (cycle, group->members[i], &sums);
  short_of
      = sums.lacks + sums.ahead - sums.soon - (sums.lacks > 0 ? group->grantable : group->free);
  if (short_of <= 0)
    return FALSE;
  for (gsize i = 0; i < candidates->n; i++)
    candidates->items[i].surplus = 0;
  for (gsize i = 0; i < group->n_members; i++)
    group->members[i]->surplus
        = can_spare_for_need (cycle, group->members[i], (guint64)short_of, &sums);
  reclaimed
      = mc_reclaim_evenly (cycle, candidates, (guint64)short_of, why_reclaimed (cycle, &sums));
  for (gsize i = 0; i < group->n_members; i++)
    if (group->members[i]->decision->move && group->members[i]->surplus > 0)
      group->members[i]->decision->group = group->name;
  *all_reclaimed += (gint64)reclaimed;
  return TRUE;
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

gboolean
mc_reclaim (const McPolicyCycle *cycle, McCandidates *candidates)
{
  Sums sums = { .free = cycle->free };
  gboolean missing = cycle->excess > 0, pool_is_low;

  for (gsize i = 0; i < candidates->n; i++)
    find_lacking (cycle, &candidates->items[i]);
  for (gsize i = 0; i < candidates->n_groups; i++)
    {
      missing |= reclaim_for_group (cycle, candidates, &candidates->groups[i], &sums.reclaimed);
      mc_group_limit (&candidates->groups[i]);
    }
  missing |= reclaim_for_need (cycle, candidates, &sums);
  pool_is_low = reclaim_for_pool (cycle, candidates, &sums);
  reclaim_for_host (cycle, candidates, &sums);
  if (!pool_is_low && cycle->excess == 0 && sums.reclaimed == 0)
    for (gsize i = 0; i < candidates->n; i++)
      release_in_comfort (cycle, &candidates->items[i]);
  for (gsize i = 0; i < candidates->n; i++)
    enforce (cycle, &candidates->items[i]);
  return missing || pool_is_low;
}
