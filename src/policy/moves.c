/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From shares to moves.
 *
 * Taking goes first and on its own: what is given is paid from memory that is free now, never from
 * memory that somebody was asked to give. Only as much is taken as is lacking, from those who have
 * most beyond their share, so that few balloons move, and far enough to be worth it.
 */
#include "config.h"

#include "moves.h"

/* No grant this soon after a taking. */
#define SETTLE_US (2 * G_USEC_PER_SEC - 1)

/* What is to be taken is expected to be there this long after it was asked for. */
#define TRUSTED_US (5 * G_USEC_PER_SEC)

#define PROBE_STEP_PERCENT 2 /* of a VM that was stuck */

static guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

static guint64
less (guint64 from, guint64 what)
{
  return from - MIN (from, what);
}

static gboolean
within (gint64 now_us, gint64 then_us, gint64 span_us)
{
  return then_us > 0 && now_us - then_us < span_us;
}

/* What it was given is left with it for a while: taken back at once, it would be asked for again.
 */
static gboolean
keeps (const McCycle *cycle, const McCandidate *candidate, guint seconds)
{
  return within (cycle->now_us, candidate->memory->given_us, seconds * G_USEC_PER_SEC);
}

static gboolean
is_trifle (const McCandidate *candidate, guint64 amount, guint trifle_percent)
{
  return amount < percent (candidate->facts->capacity, trifle_percent);
}

static guint64
watched (const McDemand *demand)
{
  return MIN ((guint64)MAX (demand->headroom, 0), demand->unused);
}

static void
explain (McCandidate *candidate, McReason reason)
{
  candidate->decision->reason = reason;
  candidate->decision->figure = watched (&candidate->demand);
}

static void
move_to (McCandidate *candidate, guint64 target, McReason reason, guint64 limit)
{
  McVmDecision *decision = candidate->decision;

  explain (candidate, reason);
  decision->limit = limit;
  decision->target = target;
  decision->move = TRUE;
}

/* Taking */

/* Where even its share leaves a VM at its low watermark, others are not asked for a small
 * difference: memory that goes to and fro helps nobody. */
static gboolean
is_squeezed (const McCycle *cycle, const McCandidate *candidate, guint64 amount)
{
  const McDemand *demand = &candidate->demand;

  return !demand->hot && cycle->lambda < MC_LAMBDA_PLENTY && demand->told >= demand->base
         && candidate->share <= demand->used + demand->low && (gint64)amount > cycle->free
         && is_trifle (candidate, amount, cycle->tuning->squeeze_percent);
}

static guint64
lacking (const McCycle *cycle, const McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 amount = less (MIN (candidate->share, demand->most), demand->told);

  if (!demand->hard || cycle->condition == MC_HOST_CRITICAL
      || within (cycle->now_us, candidate->memory->taken_us, SETTLE_US)
      || is_squeezed (cycle, candidate, amount))
    return 0;
  return MIN (amount, demand->step);
}

/* What a VM that swaps should be given in the cycles to come is freed now: taking is slow. */
static guint64
lacking_ahead (const McCycle *cycle, const McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 missing = less (MIN (candidate->share, demand->most), demand->told);

  if (candidate->lacks == 0 || !demand->hot)
    return 0;
  return MIN (less (missing, candidate->lacks),
              percent (demand->step, cycle->tuning->ahead_percent));
}

static guint64
can_spare (const McCycle *cycle, const McCandidate *candidate, guint64 down_to)
{
  const McDemand *demand = &candidate->demand;
  guint64 step = candidate->memory->stuck_times > 0
                     ? percent (candidate->facts->capacity, PROBE_STEP_PERCENT)
                     : demand->step;

  if (candidate->decision->status != MC_VM_MANAGED || candidate->lacks > 0)
    return 0;
  if (demand->hot && cycle->lambda >= 0)
    return 0;
  return MIN (less (demand->told, MAX (down_to, demand->least)), step);
}

/* For others that are in need now. */
static guint64
can_spare_for_need (const McCycle *cycle, const McCandidate *candidate)
{
  guint64 amount = can_spare (cycle, candidate, candidate->share);

  if (cycle->condition == MC_HOST_CRITICAL || cycle->free < 0)
    return amount;
  if (keeps (cycle, candidate, cycle->tuning->keep_from_need_s)
      || is_trifle (candidate, amount, cycle->tuning->need_trifle_percent))
    return 0;
  return amount;
}

static guint64
on_its_way (const McCycle *cycle, const McCandidate *candidate)
{
  if (candidate->decision->status != MC_VM_MANAGED || candidate->memory->stuck_times > 0
      || !within (cycle->now_us, candidate->memory->taken_us, TRUSTED_US))
    return 0;
  return less (candidate->facts->balloon, candidate->demand.told);
}

static void
take (const McCycle *cycle, McCandidate *candidate, guint64 amount, McReason reason)
{
  const McDemand *demand = &candidate->demand;

  amount = amount / MC_MIB * MC_MIB;
  if (amount == 0 || is_trifle (candidate, amount, cycle->tuning->trifle_percent))
    return;
  move_to (candidate, demand->told - amount, reason, demand->high);
  candidate->memory->taken_us = cycle->now_us;
}

/* Takes @total in all, from those with the largest surplus first. */
static void
take_most_from_the_richest (const McCycle *cycle,
                            McCandidate *candidates,
                            gsize n,
                            guint64 *scratch,
                            guint64 total,
                            McReason reason)
{
  guint64 sum = 0, level = 0;

  for (gsize i = 0; i < n; i++)
    sum += scratch[i] = candidates[i].surplus;
  if (sum > total)
    level = mc_share_level (scratch, n, sum - total);
  for (gsize i = 0; i < n; i++)
    take (cycle, &candidates[i], less (candidates[i].surplus, level), reason);
}

/*
 * From those who have had it for a while. A tight host takes what they once used, too, and may
 * share out again; the pool is filled with what they have beyond their share and their high
 * watermark, however much they once used: whoever is in need next does not wait for it.
 */
static void
take_what_is_spare (const McCycle *cycle,
                    McCandidate *candidates,
                    gsize n,
                    guint64 *scratch,
                    guint64 total,
                    guint keep_s,
                    McReason reason)
{
  for (gsize i = 0; i < n; i++)
    {
      McCandidate *candidate = &candidates[i];
      const McDemand *demand = &candidate->demand;
      guint64 down_to = reason == MC_REASON_RELEASES
                            ? MAX (candidate->share, demand->need + demand->high)
                            : demand->well;

      candidate->surplus = can_spare (cycle, candidate, down_to);
      if (reason == MC_REASON_RELEASES)
        candidate->surplus = MIN (candidate->surplus, less (demand->unused, demand->high));
      if (keeps (cycle, candidate, keep_s)
          || is_trifle (candidate, candidate->surplus, cycle->tuning->tight_trifle_percent))
        candidate->surplus = 0;
    }
  take_most_from_the_richest (cycle, candidates, n, scratch, total, reason);
}

static void
release_in_comfort (const McCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 capacity = candidate->facts->capacity;
  guint64 amount = can_spare (cycle, candidate, demand->want);

  /* What its page cache fills is not asked back while nobody else could use it. */
  amount = MIN (amount, less (demand->unused, demand->high));
  if (watched (demand) < demand->high
      || is_trifle (candidate, amount, cycle->tuning->comfort_trifle_percent))
    return;
  if (keeps (cycle, candidate, cycle->tuning->keep_in_comfort_s))
    {
      explain (candidate, MC_REASON_COOLING_DOWN);
      return;
    }
  take (cycle, candidate, MIN (amount, percent (capacity, cycle->tuning->comfort_step_percent)),
        MC_REASON_RELEASES);
}

/* A guest without swap that is taken what it uses meets its OOM killer: a maximum is for what
 * it may get, and what is above that is taken as the guest frees it. */
static void
bring_down_to_maximum (const McCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  guint64 amount = less (demand->told, MAX (demand->most, demand->survives));

  if (demand->survives > demand->most)
    explain (candidate, MC_REASON_AT_MAXIMUM);
  take (cycle, candidate, MIN (amount, demand->step), MC_REASON_ABOVE_MAXIMUM);
  candidate->decision->limit = demand->most;
}

static void
enforce (const McCycle *cycle, McCandidate *candidate)
{
  const McDemand *demand = &candidate->demand;
  const McVmFacts *facts = candidate->facts;

  if (candidate->decision->status != MC_VM_MANAGED || candidate->decision->move)
    return;
  if (demand->told > demand->most)
    bring_down_to_maximum (cycle, candidate);
  else if (cycle->condition == MC_HOST_CRITICAL
           && demand->told > MAX (facts->balloon, demand->least))
    {
      move_to (candidate, MAX (facts->balloon, demand->least), MC_REASON_EMERGENCY, demand->high);
      candidate->memory->taken_us = cycle->now_us;
    }
}

static McReason
why_take (const McCycle *cycle)
{
  if (cycle->condition == MC_HOST_CRITICAL)
    return MC_REASON_EMERGENCY;
  return cycle->free < 0 ? MC_REASON_OVERCOMMITTED : MC_REASON_FUNDS_OTHERS;
}

void
mc_moves_take (const McCycle *cycle, McCandidate *candidates, gsize n, guint64 *scratch)
{
  const McTuning *tuning = cycle->tuning;
  gint64 lacks = 0, coming = 0, short_of, pool_lacks;

  for (gsize i = 0; i < n; i++)
    {
      McCandidate *candidate = &candidates[i];

      candidate->lacks = lacking (cycle, candidate);
      candidate->surplus = can_spare_for_need (cycle, candidate);
      lacks += (gint64)(candidate->lacks + lacking_ahead (cycle, candidate));
      coming += (gint64)on_its_way (cycle, candidate);
    }
  short_of = lacks - cycle->free - coming;
  pool_lacks = short_of + (gint64)cycle->pool;
  if (short_of > 0)
    take_most_from_the_richest (cycle, candidates, n, scratch, (guint64)short_of, why_take (cycle));
  else if (pool_lacks > (gint64)percent (cycle->pool, tuning->pool_slack_percent))
    take_what_is_spare (cycle, candidates, n, scratch, (guint64)pool_lacks, tuning->keep_for_pool_s,
                        MC_REASON_RELEASES);
  else if (cycle->excess > (guint64)coming)
    take_what_is_spare (cycle, candidates, n, scratch, cycle->excess, tuning->keep_when_tight_s,
                        MC_REASON_HOST_TIGHT);
  else if (cycle->excess == 0)
    for (gsize i = 0; i < n; i++)
      release_in_comfort (cycle, &candidates[i]);
  for (gsize i = 0; i < n; i++)
    enforce (cycle, &candidates[i]);
}

/* Giving */

static guint64
portion (guint64 lacks, guint64 left, guint64 all)
{
  return all <= left ? lacks : (guint64)((double)lacks * left / all);
}

static guint64
give (const McCycle *cycle, McCandidate *candidate, guint64 amount, McReason reason)
{
  const McDemand *demand = &candidate->demand;

  if (demand->told + amount < demand->most)
    amount = amount / MC_MIB * MC_MIB;
  if (amount == 0 || is_trifle (candidate, amount, cycle->tuning->trifle_percent))
    return 0;
  move_to (candidate, demand->told + amount, reason,
           reason == MC_REASON_BELOW_MINIMUM ? demand->least : demand->low);
  candidate->decision->budget = (guint64)MAX (cycle->free, 0);
  candidate->memory->given_us = cycle->now_us;
  return amount;
}

static McReason
why_hard (const McCandidate *candidate)
{
  if (candidate->demand.told < candidate->demand.least)
    return MC_REASON_BELOW_MINIMUM;
  if (candidate->demand.hot && candidate->memory->swap_in_rate > 0)
    return MC_REASON_SWAPPING;
  return candidate->demand.headroom > (gint64)candidate->demand.low ? MC_REASON_GROWS
                                                                    : MC_REASON_NEEDS;
}

/* Those who swap or have nothing left come first. */
static guint64
give_hard (const McCycle *cycle, McCandidate *candidates, gsize n, gboolean hot, guint64 left)
{
  guint64 all = 0, given = 0;

  for (gsize i = 0; i < n; i++)
    if (candidates[i].demand.hot == hot)
      all += candidates[i].lacks;
  for (gsize i = 0; i < n; i++)
    if (candidates[i].demand.hot == hot && candidates[i].lacks > 0)
      given += give (cycle, &candidates[i], portion (candidates[i].lacks, left, all),
                     why_hard (&candidates[i]));
  return less (left, given);
}

static void
give_soft (const McCycle *cycle, McCandidate *candidates, gsize n, guint64 *scratch, guint64 left)
{
  guint64 all = 0;

  if (cycle->settings->cache_growth == MC_CACHE_GROWTH_NEVER)
    return;
  if (cycle->settings->cache_growth == MC_CACHE_GROWTH_COMFORTABLE)
    left = MIN (left, cycle->comfort);
  for (gsize i = 0; i < n; i++)
    {
      const McCandidate *candidate = &candidates[i];
      gboolean may = candidate->demand.soft && !candidate->decision->move
                     && !within (cycle->now_us, candidate->memory->taken_us,
                                 cycle->tuning->keep_when_tight_s * G_USEC_PER_SEC);

      scratch[i] = may ? MIN (less (candidate->demand.cache, candidate->demand.told),
                              candidate->demand.step)
                       : 0;
      all += scratch[i];
    }
  for (gsize i = 0; i < n; i++)
    if (scratch[i] > 0)
      give (cycle, &candidates[i], portion (scratch[i], left, all), MC_REASON_CACHE);
}

static void
explain_hard_without_move (const McCycle *cycle, McCandidate *candidate)
{
  if (candidate->decision->move || !candidate->demand.hard)
    return;
  explain (candidate, candidate->demand.told >= candidate->demand.most ? MC_REASON_AT_MAXIMUM
                      : within (cycle->now_us, candidate->memory->taken_us, SETTLE_US)
                          ? MC_REASON_COOLING_DOWN
                          : MC_REASON_NO_FREE_MEMORY);
  candidate->decision->limit = candidate->demand.low;
  candidate->decision->budget = (guint64)MAX (cycle->free, 0);
}

void
mc_moves_give (const McCycle *cycle, McCandidate *candidates, gsize n, guint64 *scratch)
{
  guint64 left = cycle->condition == MC_HOST_CRITICAL ? 0 : (guint64)MAX (cycle->free, 0);

  left = give_hard (cycle, candidates, n, TRUE, left);
  left = give_hard (cycle, candidates, n, FALSE, left);
  give_soft (cycle, candidates, n, scratch, left);
  for (gsize i = 0; i < n; i++)
    explain_hard_without_move (cycle, &candidates[i]);
}
