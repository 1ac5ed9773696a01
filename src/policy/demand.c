/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM needs, and what it should have where there is enough for all. */
#include "config.h"

#include "demand.h"

#include "arithmetic.h"
#include "report.h"

/* Below this capacity the watermarks would be most of the VM. */
#define SMALL_CAPACITY     (500 * MC_MIB)
#define SMALL_HIGH_PERCENT 30

/* More than a guest brings back from one report to the next. */
#define SWAPS_MOST (2 * MC_GIB)

/* Of a capacity: growth that was seen once is not believed to bring more than that. */
#define GROWTH_MOST_DIVISOR 4

/* Of a capacity: what is so much below what it was comes back, rather than grows. */
#define RETURN_PERCENT 1
/* … and is believed to grow by so many high watermarks beyond. */
#define RETURN_HEADROOMS 2

/* A report that is so many periods late, of a guest that was swapping, is late because it swaps. */
#define OVERDUE_PERIODS 2
#define OVERDUE_STEPS   2 /* so much of what it was given since is taken for used up, at most */

/* The use of a guest that has nothing usable cannot grow: it asks for what it swapped out, or ever
 * more. */
static guint64
missing (const McPolicyCycle *cycle, const McVmHistory *history, const McDemand *demand)
{
  guint64 more = percent (demand->step, cycle->tuning->swap_percent * history->thrashing_reports);

  return MAX (history->swapped, MIN (more, history->thrashing_reports * SWAPS_MOST));
}

static void
set_needs (const McPolicyCycle *cycle,
           const McVmFacts *facts,
           const McVmHistory *history,
           McDemand *demand)
{
  gint64 horizon_us = mc_policy_interval_us (cycle->settings) + cycle->settings->stats_period_us;
  guint64 growth = history->velocity > 0 && !mc_report_is_blind (facts)
                       ? (guint64)((double)history->velocity * horizon_us / G_USEC_PER_SEC)
                       : 0;
  guint64 headroom = percent (facts->capacity, cycle->tuning->headroom_percent);
  guint64 known;

  demand->need = demand->used + MIN (growth, facts->capacity / GROWTH_MOST_DIVISOR);
  /* What comes back is as large as it was, until it is seen to be larger. */
  if (demand->used + percent (facts->capacity, RETURN_PERCENT) < history->peak)
    demand->need = MIN (demand->need, history->peak + RETURN_HEADROOMS * demand->high);
  if (mc_report_toggles (history))
    demand->need
        = MAX (demand->used, CLAMP (demand->need, saturating_sub (demand->target, demand->high),
                                    saturating_sub (demand->target, demand->low)));
  demand->bare = percent (demand->low, cycle->tuning->floor_percent);
  demand->floor = known = demand->need + demand->bare;
  demand->desired_now = demand->need + demand->high + headroom;
  demand->desired = MAX (demand->need, history->peak) + demand->high
                    + MAX (cycle->tuning->surge_times * history->surge, headroom);
  /* What it swaps comes and goes like the rest of its use. */
  if (demand->thrashing && !mc_report_toggles (history))
    {
      known = MAX (known, demand->used + history->swapped + demand->bare);
      demand->floor = MAX (known, demand->used + missing (cycle, history, demand) + demand->bare);
      demand->desired = MAX (demand->desired, demand->floor + demand->high);
    }
  demand->with_cache
      = demand->target
        + saturating_sub (demand->low + (demand->high - demand->low) / 2, demand->unused);
  demand->floor = CLAMP (demand->floor, demand->least, demand->most);
  demand->guess = saturating_sub (demand->floor, MAX (known, demand->least));
  demand->desired = CLAMP (demand->desired, demand->floor, demand->most);
  /* What it fills may all be page cache, until it swaps. */
  if (mc_report_is_blind (facts) && !demand->thrashing)
    demand->floor = MIN (demand->floor, MAX (demand->target, demand->least));
  demand->desired_now = CLAMP (demand->desired_now, demand->least, demand->most);
  demand->with_cache = CLAMP (demand->with_cache, demand->least, demand->most);
}

void
mc_policy_watermarks (const McVmFacts *facts, guint64 *low, guint64 *high)
{
  *low = facts->policy.low_watermark;
  *high = facts->policy.high_watermark;
  if (facts->capacity < SMALL_CAPACITY)
    {
      *low = MIN (*low, percent (facts->capacity, MC_SMALL_LOW_PERCENT));
      *high = MIN (*high, percent (facts->capacity, SMALL_HIGH_PERCENT));
    }
  *low = MIN (*low, facts->capacity);
  *high = CLAMP (*high, *low, facts->capacity);
}

static void
set_range (const McPolicyCycle *cycle, const McVmFacts *facts, McDemand *demand)
{
  guint64 target = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;

  mc_policy_watermarks (facts, &demand->low, &demand->high);
  demand->most = MIN (facts->policy.maximum, facts->capacity);
  demand->least = MIN (facts->policy.minimum, demand->most);
  demand->step = percent (facts->capacity, MIN (cycle->settings->thresholds.step_limit, 100));
  demand->target = MIN (target, facts->capacity);
  demand->committed = MAX (demand->target, facts->balloon);
}

static gboolean
is_overdue (const McPolicyCycle *cycle, const McVmHistory *history)
{
  return cycle->now_us - history->stats_seen_us
         >= OVERDUE_PERIODS * cycle->settings->stats_period_us;
}

McDemand
mc_demand_of (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  guint64 on_its_way, gone;
  McDemand demand = { 0 };

  set_range (cycle, facts, &demand);
  on_its_way = saturating_sub (demand.target, history->balloon_at_stats);
  gone = saturating_sub (history->balloon_at_stats, demand.target);
  demand.used = history->used;
  if (history->thrashing_reports > 0 && is_overdue (cycle, history))
    demand.used
        = MIN (history->used + MIN (on_its_way, OVERDUE_STEPS * demand.step), facts->capacity);
  demand.headroom = (gint64)demand.target - (gint64)demand.used;
  demand.unused = saturating_sub (facts->unused + on_its_way, gone);

  demand.thrashing = history->thrashing_reports > 0 && demand.headroom <= (gint64)demand.high;
  set_needs (cycle, facts, history, &demand);
  demand.in_need = demand.thrashing || demand.floor > demand.target
                   || (!mc_report_is_blind (facts) && !history->unbacked
                       && demand.headroom <= (gint64)demand.low);
  demand.cache_pressure = !demand.in_need && mc_demand_judged (&demand) <= demand.low;
  demand.growing
      = demand.in_need || (history->velocity > 0 && demand.need + demand.low > demand.target);
  demand.bursty = history->surge > percent (facts->capacity, MC_TRIFLE_PERCENT);
  return demand;
}
