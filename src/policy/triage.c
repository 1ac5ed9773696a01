/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a VM may be moved at all in this cycle, from what is known and remembered of it.
 *
 * A guest's figures are input from a stranger: what is absent, old or contradictory leads to no
 * action. A target that a guest does not reach is withdrawn: left in force, it would take every
 * page the guest frees.
 */
#include "config.h"

#include "triage.h"

/* Without a report for this long after its start a guest has no driver, or one without statistics.
 */
#define BOOT_GRACE_US (60 * G_USEC_PER_SEC)

/* Reports come by the guest's own timer, late when it is short of memory. */
#define MISSED_REPORTS    5
#define STALE_AT_LEAST_US (10 * G_USEC_PER_SEC)

/* A balloon that moves less than this between two cycles makes no progress. */
#define PROGRESS (1 * MC_MIB)

/* The squeezed of XAPI gives a guest 5 s; drivers retry every 200 ms. */
#define STUCK_AFTER_US (8 * G_USEC_PER_SEC)

/* What somebody else has set is respected this long. */
#define RESPECT_US (60 * G_USEC_PER_SEC)

/* The host should have what a guest gave soon after it gave. */
#define INEFFECTIVE_AFTER_US (15 * G_USEC_PER_SEC)
#define INEFFECTIVE_SLACK    (256 * MC_MIB)

static guint64
distance (guint64 one, guint64 other)
{
  return MAX (one, other) - MIN (one, other);
}

static gboolean
is_at (guint64 balloon, guint64 target, guint64 capacity)
{
  return distance (balloon, target) <= MAX (capacity / 100, 4 * MC_MIB);
}

static gint64
back_off (guint times)
{
  return MIN (MC_BACK_OFF_LEAST_US << MIN (times, 8), MC_BACK_OFF_MOST_US);
}

static void
remember_progress (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean there
      = facts->balloon <= facts->target || is_at (facts->balloon, facts->target, facts->capacity);

  if (there)
    {
      if (memory->progress_us != 0)
        memory->stuck_times = 0;
      memory->progress_us = 0;
      return;
    }
  if (memory->progress_us == 0 || distance (facts->balloon, memory->progress_balloon) > PROGRESS)
    {
      memory->progress_us = now_us;
      memory->progress_balloon = facts->balloon;
      return;
    }
  if (now_us - memory->progress_us < STUCK_AFTER_US)
    return;
  memory->stuck_until_us = now_us + back_off (memory->stuck_times);
  memory->stuck_times = MIN (memory->stuck_times + 1, 8);
  memory->progress_us = 0;
}

/* A guest with autodeflate takes its memory back by itself when it has none left: that is need, not
 * a person. */
static gboolean
deflates_by_itself (const McVmFacts *facts)
{
  return facts->balloon > facts->target
         && MIN (facts->usable, facts->unused) <= facts->low_watermark;
}

static void
remember_foreign (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  if (facts->target != memory->target_before)
    memory->reached = FALSE;
  if (is_at (facts->balloon, facts->target, facts->capacity))
    {
      memory->foreign_until_us = 0;
      memory->reached = TRUE;
      return;
    }
  if (!memory->reached)
    return;
  memory->reached = FALSE;
  if (!deflates_by_itself (facts))
    memory->foreign_until_us = now_us + RESPECT_US;
}

static void
remember_effect (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 expected = facts->balloon + MAX (INEFFECTIVE_SLACK, facts->balloon / 4);
  gboolean gave = memory->taken_us > 0 && memory->taken_us > memory->given_us;

  if (!gave || !memory->reached || facts->resident == MC_UNKNOWN || facts->resident <= expected)
    {
      memory->idle_since_us = 0;
      return;
    }
  if (memory->idle_since_us == 0)
    memory->idle_since_us = now_us;
  if (now_us - memory->idle_since_us < INEFFECTIVE_AFTER_US)
    return;
  memory->ineffective_until_us = now_us + back_off (memory->ineffective_times);
  memory->ineffective_times = MIN (memory->ineffective_times + 1, 8);
  memory->idle_since_us = 0;
}

void
mc_triage_remember (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  if (facts->target == MC_UNKNOWN || facts->balloon == MC_UNKNOWN || !facts->running || facts->busy)
    {
      memory->progress_us = 0;
      return;
    }
  remember_foreign (now_us, facts, memory);
  if (now_us < memory->foreign_until_us)
    memory->progress_us = 0; /* it goes where somebody else has sent it */
  else
    remember_progress (now_us, facts, memory);
  remember_effect (now_us, facts, memory);
  memory->target_before = facts->target;
}

static gboolean
figures_contradict (const McVmFacts *facts)
{
  if (facts->capacity == 0 || facts->capacity > MC_CAPACITY_MOST)
    return TRUE;
  if (facts->balloon == 0 || facts->balloon > facts->capacity)
    return TRUE;
  if (facts->unused > facts->capacity)
    return TRUE;
  return facts->usable != MC_UNKNOWN && facts->usable > facts->capacity;
}

static gboolean
is_silent (const McPolicySettings *settings, gint64 now_us, const McVmMemory *memory)
{
  gint64 expected_us = MAX (settings->stats_period_us, memory->stats_interval_us);
  gint64 patience_us
      = MAX (STALE_AT_LEAST_US, MISSED_REPORTS * MIN (expected_us, 60 * G_USEC_PER_SEC));

  return now_us - memory->stats_seen_us > patience_us;
}

McVmStatus
mc_triage_status (const McPolicySettings *settings,
                  gint64 now_us,
                  const McVmFacts *facts,
                  const McVmMemory *memory)
{
  if (!facts->has_balloon || facts->immovable != NULL)
    return MC_VM_UNSUPPORTED;
  if (facts->opted_out)
    return MC_VM_OPTED_OUT;
  if (facts->paused)
    return MC_VM_PAUSED;
  if (facts->busy)
    return MC_VM_BUSY;
  if (!facts->running)
    return MC_VM_SUSPENDED;
  if (facts->started_us > 0 && !memory->fresh && now_us - facts->started_us < BOOT_GRACE_US)
    return MC_VM_BOOTING;
  if (facts->stats_time_s == 0 || facts->unused == MC_UNKNOWN)
    return MC_VM_NO_STATS;
  if (figures_contradict (facts))
    return MC_VM_STALE;
  if (memory->stats_seen_us == 0)
    return MC_VM_NO_STATS;
  if (is_silent (settings, now_us, memory))
    return MC_VM_STALE;
  if (now_us < memory->ineffective_until_us)
    return MC_VM_INEFFECTIVE;
  if (now_us < memory->stuck_until_us)
    return MC_VM_STUCK;
  return MC_VM_MANAGED;
}
