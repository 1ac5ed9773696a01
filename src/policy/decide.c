/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: who needs, who can spare, and what the host can pay for.
 *
 * Need is read from the smaller of unused and usable: a guest of 1 GiB and more can have no usable memory
 * left while 66 MB still look unused. Grants are paid only from memory that is free now.
 */
#include "config.h"

#include "policy.h"
#include "triage.h"

/* Kept beside the reserve for what grows between two cycles without being managed. */
#define MARGIN (64 * MC_MIB)

/* Below this capacity the watermarks would be most of the VM. */
#define SMALL_CAPACITY (500 * MC_MIB)

/* A VM that was just given memory keeps it this long; one just taken from is given again after a cycle. */
#define KEEP_AFTER_GRANT_US (30 * G_USEC_PER_SEC)

#define COMFORT_STEP_PERCENT 5

typedef struct
{
  const McPolicySettings *settings;
  gint64 now_us;
  guint64 total;
  guint64 available;
  guint64 free;
  McHostCondition condition;
} Cycle;

typedef struct
{
  guint64 low, high, middle;
  guint64 step;
  guint64 told;      /* its target, or its balloon when it has none */
  guint64 headroom;  /* the smaller of unused and usable, with what is still on its way */
  guint64 wants;     /* bytes that it lacks */
  guint64 spare;     /* bytes that it could give */
  gboolean hard;
} Need;

static guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

static guint64
promised (const McVmFacts *facts)
{
  guint64 most = facts->target == MC_UNKNOWN ? facts->balloon : MAX (facts->balloon, facts->target);

  if (most == MC_UNKNOWN)
    return 0;
  if (facts->resident == MC_UNKNOWN)
    return most - MIN (most, facts->balloon);
  return most - MIN (most, facts->resident);
}

static Need
assess (const Cycle *cycle, const McVmFacts *facts, const McVmMemory *memory)
{
  Need need = { 0 };
  gboolean small = facts->capacity < SMALL_CAPACITY;
  guint64 headroom = MIN (facts->unused, facts->usable);
  guint64 told = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;

  need.low = small ? MIN (facts->low_watermark, percent (facts->capacity, 20)) : facts->low_watermark;
  need.high = small ? MIN (facts->high_watermark, percent (facts->capacity, 30)) : facts->high_watermark;
  need.middle = need.low + (need.high - need.low) / 2;
  need.step = percent (facts->capacity, cycle->settings->step_limit);
  need.told = told;

  /* What was told since the report is already on its way. */
  if (told > memory->balloon_at_stats)
    headroom += told - memory->balloon_at_stats;
  else
    headroom -= MIN (headroom, memory->balloon_at_stats - told);
  need.headroom = headroom;

  need.hard = memory->hot > 0 || (facts->usable == MC_UNKNOWN ? facts->unused : facts->usable) <= need.low;
  if (memory->hot > 0)
    need.wants = need.step;
  else if (headroom <= need.low)
    need.wants = need.middle - headroom;
  else if (headroom >= need.high)
    need.spare = headroom - need.middle;
  need.wants = MIN (need.wants, need.step);
  need.wants = MIN (need.wants, facts->maximum - MIN (facts->maximum, told));
  need.spare = MIN (need.spare, told - MIN (told, facts->minimum));
  return need;
}

McHostCondition
mc_policy_host_condition (const McPolicySettings *settings, const McHostFigures *host)
{
  if (host->available <= settings->host_reserve)
    return MC_HOST_CRITICAL;
  if (host->total - MIN (host->total, host->available) > percent (host->total, settings->host_usage_limit))
    return MC_HOST_TIGHT;
  return MC_HOST_COMFORTABLE;
}

static void
leave (McVmDecision *decision, const Need *need, McReason reason)
{
  decision->reason = reason;
  decision->figure = need->headroom;
}

static void
take (const Cycle *cycle, const McVmFacts *facts, McVmMemory *memory, McVmDecision *decision, const Need *need,
      gboolean others_need)
{
  gboolean presses = cycle->condition != MC_HOST_COMFORTABLE || others_need;
  guint64 most = presses ? need->step : percent (facts->capacity, COMFORT_STEP_PERCENT);
  guint64 amount = MIN (need->spare, most);

  if (!presses && memory->given_us > 0 && cycle->now_us - memory->given_us < KEEP_AFTER_GRANT_US)
    {
      leave (decision, need, MC_REASON_COOLING_DOWN);
      return;
    }
  if (amount < facts->capacity / 100)
    {
      leave (decision, need, MC_REASON_ENOUGH);
      return;
    }
  decision->reason = cycle->condition == MC_HOST_CRITICAL ? MC_REASON_EMERGENCY
                     : others_need                        ? MC_REASON_FUNDS_OTHERS
                     : presses                            ? MC_REASON_HOST_TIGHT
                                                          : MC_REASON_RELEASES;
  decision->figure = need->headroom;
  decision->limit = need->high;
  decision->target = need->told - amount;
  decision->move = TRUE;
  memory->taken_us = cycle->now_us;
}

static void
give (const Cycle *cycle, const McVmFacts *facts, McVmMemory *memory, McVmDecision *decision, const Need *need,
      guint64 amount)
{
  decision->figure = need->headroom;
  decision->limit = need->low;
  decision->budget = cycle->free;
  decision->pressing = need->hard;
  if (amount < MIN (need->wants, facts->capacity / 100) || amount == 0)
    {
      decision->reason = MC_REASON_NO_FREE_MEMORY;
      return;
    }
  decision->reason = memory->hot > 0 ? MC_REASON_SWAPPING : need->hard ? MC_REASON_NEEDS : MC_REASON_CACHE;
  decision->target = need->told + amount;
  decision->move = TRUE;
  memory->given_us = cycle->now_us;
}

static guint64
soft_budget (const Cycle *cycle, guint64 left)
{
  guint64 used = cycle->total - MIN (cycle->total, cycle->available);
  guint64 limit = percent (cycle->total, cycle->settings->host_usage_limit);

  switch (cycle->settings->cache_growth)
    {
    case MC_CACHE_GROWTH_NEVER:
      return 0;
    case MC_CACHE_GROWTH_ALWAYS:
      return left;
    case MC_CACHE_GROWTH_COMFORTABLE:
    default:
      return MIN (left, limit - MIN (limit, used));
    }
}

/* Every VM of one class gets the same part of what it lacks. */
static guint64
portion (guint64 wants, guint64 budget, guint64 all_want)
{
  if (all_want <= budget)
    return wants;
  return (guint64) ((double) wants * budget / all_want);
}

void
mc_policy_decide (const McPolicySettings *settings,
                  const McHostFigures *host,
                  gint64 now_us,
                  gsize n_vms,
                  const McVmFacts *facts,
                  McVmMemory *memories[],
                  McVmDecision *decisions,
                  McHostDecision *host_decision)
{
  g_autofree Need *needs = g_new0 (Need, n_vms + 1);
  Cycle cycle = { .settings = settings, .now_us = now_us, .total = host->total, .available = host->available };
  guint64 hard = 0, soft = 0, promises = 0, kept = settings->host_reserve + MARGIN, budget;

  for (gsize i = 0; i < n_vms; i++)
    {
      McVmDecision *decision = &decisions[i];

      mc_triage_remember (settings, now_us, &facts[i], memories[i]);
      *decision = (McVmDecision){ .status = mc_triage_status (settings, now_us, &facts[i], memories[i]) };
      decision->before = facts[i].target == MC_UNKNOWN ? facts[i].balloon : facts[i].target;
      decision->target = decision->before;
      decision->reason = MC_REASON_LEFT_ALONE;
      decision->promise = promised (&facts[i]);
      promises += decision->promise;
      if (decision->status != MC_VM_MANAGED)
        continue;
      needs[i] = assess (&cycle, &facts[i], memories[i]);
      *(needs[i].hard ? &hard : &soft) += needs[i].wants;
    }

  cycle.condition = mc_policy_host_condition (settings, host);
  cycle.free = host->available - MIN (host->available, kept);
  cycle.free -= MIN (cycle.free, promises);
  budget = soft_budget (&cycle, cycle.free - MIN (cycle.free, hard));

  for (gsize i = 0; i < n_vms; i++)
    {
      const Need *need = &needs[i];

      if (decisions[i].status != MC_VM_MANAGED)
        continue;
      if (need->wants > 0)
        give (&cycle, &facts[i], memories[i], &decisions[i], need,
              need->hard ? portion (need->wants, cycle.free, hard) : portion (need->wants, budget, soft));
      else if (need->spare > 0)
        take (&cycle, &facts[i], memories[i], &decisions[i], need, hard > cycle.free);
      else
        leave (&decisions[i], need, MC_REASON_ENOUGH);
    }

  *host_decision = (McHostDecision){
    .condition = cycle.condition,
    .promised = promises,
    .free = cycle.free,
    .used_percent = host->total == 0 ? 0 : 100.0 * (host->total - MIN (host->total, host->available)) / host->total,
    .pressing = hard > 0,
  };
}
