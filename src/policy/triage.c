/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a VM may be moved at all in this cycle, from what is known and remembered of it.
 *
 * A guest's figures are input from a stranger: what is absent, old or contradictory leads to no
 * action. A target that a guest does not reach is withdrawn: left in force, it would take every
 * page the guest frees.
 */
#include "config.h"

#include "arithmetic.h"
#include "demand.h"
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

/* A balloon's size may be a second old, and its driver a moment behind: until then it may still go
 * where it was told to go before. */
#define OBEYS_AFTER_US (3 * G_USEC_PER_SEC)

/* What somebody else has set is respected this long. */
#define RESPECT_US (60 * G_USEC_PER_SEC)

/* A lost deflation is told again after this long, then after twice as long, up to ten minutes. */
#define REPEAT_US ((gint64)5 * G_USEC_PER_SEC)

/* After figures that cannot be, sound ones are not believed for this long, doubled each time. */
#define DOUBT_US ((gint64)10 * G_USEC_PER_SEC)

/* The host should have what a guest gave soon after it gave. */
#define INEFFECTIVE_AFTER_US (15 * G_USEC_PER_SEC)
#define INEFFECTIVE_SLACK    (64 * MC_MIB)

static guint64
tolerance (const McVmFacts *facts)
{
  return MAX (facts->capacity / 100, 4 * MC_MIB);
}

static gboolean
is_at_target (const McVmFacts *facts)
{
  return distance (facts->balloon, facts->target) <= tolerance (facts);
}

static gint64
back_off (guint times)
{
  return MIN (MC_BACK_OFF_LEAST_US << MIN (times, 8), MC_BACK_OFF_MOST_US);
}

static void
remember_progress (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean there = facts->balloon <= facts->target || is_at_target (facts);

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

static void
remember_speed (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gint64 elapsed_us = now_us - memory->speed_us;
  guint64 inflated = saturating_sub (memory->balloon_before, facts->balloon);

  if (memory->speed_us > 0 && elapsed_us > 0)
    memory->inflating
        = MAX ((guint64)((double)inflated * G_USEC_PER_SEC / elapsed_us), memory->inflating / 2);
  memory->speed_us = now_us;
}

static gboolean
has_nothing_left (const McVmFacts *facts)
{
  return MIN (facts->usable, facts->unused) <= facts->low_watermark;
}

/* A guest with autodeflate takes its memory back by itself when it has none left: that is need, not
 * a person. */
static gboolean
deflates_by_itself (const McVmFacts *facts)
{
  return facts->balloon > facts->target && has_nothing_left (facts);
}

/* The balloon went the other way than it was told. Where it was told to deflate, and where a guest
 * with autodeflate has memory, only a person can have done that, or its driver is gone. */
static gboolean
moves_away (gint64 now_us, const McVmFacts *facts, const McVmMemory *memory)
{
  guint64 before = memory->balloon_before;

  if (before == 0 || now_us - memory->target_since_us < OBEYS_AFTER_US)
    return FALSE;
  if (facts->target >= before)
    return facts->balloon + tolerance (facts) < before;
  return facts->balloon > before + tolerance (facts);
}

static void
remember_foreign (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean away = moves_away (now_us, facts, memory);

  if (is_at_target (facts))
    {
      memory->foreign_until_us = 0;
      memory->reached = TRUE;
      return;
    }
  if (!memory->reached && !away)
    return;
  memory->reached = FALSE;
  if (!deflates_by_itself (facts))
    memory->foreign_until_us = now_us + RESPECT_US;
}

/* Nobody of ours has told it anything since its start or the service's: where its balloon gives
 * back from rest, and it is not the guest's own need, somebody has set it. One that takes may still
 * follow what an earlier run of the service has told it. */
static void
remember_foreign_where_nothing_was_told (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  if (!memory->fresh || memory->balloon_before == 0
      || facts->balloon <= memory->balloon_before + tolerance (facts)
      || now_us - memory->balloon_since_us < OBEYS_AFTER_US || has_nothing_left (facts))
    return;
  memory->foreign_until_us = now_us + RESPECT_US;
}

/* What a balloon was told to give back, and does not: the call was lost on its way, or another one
 * came after it. */
static void
remember_deflation (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean there = facts->balloon + tolerance (facts) >= facts->target;

  if (there || facts->target != memory->target_before
      || distance (facts->balloon, memory->deflated_balloon) > PROGRESS)
    {
      if (there)
        memory->repeated = 0;
      memory->deflated_us = there ? 0 : now_us;
      memory->deflated_balloon = facts->balloon;
    }
}

/* Its balloon has inflated since memory was first taken from it, and its process occupies no more
 * than what is left. */
static gboolean
is_seen_to_give (const McVmFacts *facts, const McVmMemory *memory)
{
  return memory->vain_balloon > 0 && facts->resident != MC_UNKNOWN
         && facts->balloon + tolerance (facts) <= memory->vain_balloon
         && mc_demand_backed_least (facts, memory) <= facts->balloon + tolerance (facts);
}

static void
remember_effect (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 expected = facts->balloon + MAX (INEFFECTIVE_SLACK, facts->balloon / 4);
  guint64 backed = mc_demand_backed_least (facts, memory);
  gboolean gave = memory->taken_us > 0 && memory->taken_us > memory->given_us;
  gboolean unproven;

  if (is_seen_to_give (facts, memory))
    memory->effective = TRUE;
  unproven = memory->vain_balloon > 0 && !memory->effective;
  if (!gave || !memory->reached || facts->resident == MC_UNKNOWN
      || (!unproven && backed <= expected))
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
  memory->effective = FALSE;
  memory->vain_balloon = 0;
}

/* A guest sees most of its balloon: a MemTotal far below it is a dump kernel's, or that of a driver
 * that counts in 32 bits. */
static gboolean
sees_too_little (const McVmFacts *facts, const McVmMemory *memory)
{
  return facts->available != MC_UNKNOWN && facts->available > 0
         && facts->available + mc_demand_reserved (facts) < memory->balloon_reported / 2;
}

gboolean
mc_triage_contradicts (const McVmFacts *facts, const McVmMemory *memory)
{
  if (facts->capacity == 0 || facts->capacity > MC_CAPACITY_MOST)
    return TRUE;
  if (facts->balloon == 0 || facts->balloon > facts->capacity)
    return TRUE;
  if (facts->unused > facts->capacity)
    return TRUE;
  if (facts->usable != MC_UNKNOWN && facts->usable > facts->capacity)
    return TRUE;
  return sees_too_little (facts, memory);
}

/* Who alternates between sound figures and absurd ones is believed later each time. */
static void
remember_doubt (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean speaks = facts->stats_time_s != 0 && facts->unused != MC_UNKNOWN;

  if (!speaks || (!mc_triage_contradicts (facts, memory) && !memory->frozen))
    {
      if (memory->doubted_times > 0 && now_us - memory->doubted_until_us > MC_BACK_OFF_MOST_US)
        memory->doubted_times = 0;
      return;
    }
  if (now_us >= memory->doubted_until_us)
    memory->doubted_times = MIN (memory->doubted_times + 1, 8);
  memory->doubted_until_us
      = MAX (memory->doubted_until_us,
             now_us + MIN (DOUBT_US << (memory->doubted_times - 1), MC_BACK_OFF_MOST_US));
}

void
mc_triage_remember (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  if (facts->running && !facts->busy)
    remember_doubt (now_us, facts, memory);
  if (facts->target == MC_UNKNOWN || facts->balloon == MC_UNKNOWN || !facts->running || facts->busy)
    {
      memory->progress_us = memory->deflated_us = 0;
      if (facts->balloon != MC_UNKNOWN && facts->running && !facts->busy)
        remember_foreign_where_nothing_was_told (now_us, facts, memory);
      return;
    }
  if (facts->target != memory->target_before)
    {
      memory->reached = FALSE;
      memory->target_since_us = now_us;
    }
  remember_foreign (now_us, facts, memory);
  if (now_us < memory->foreign_until_us)
    memory->progress_us = memory->deflated_us = 0; /* it goes where somebody else has sent it */
  else
    {
      remember_speed (now_us, facts, memory);
      remember_progress (now_us, facts, memory);
      remember_deflation (now_us, facts, memory);
    }
  remember_effect (now_us, facts, memory);
  memory->target_before = facts->target;
}

gboolean
mc_triage_may_take (const McVmMemory *memory)
{
  return memory->vain_balloon == 0 || memory->effective;
}

gboolean
mc_triage_is_to_repeat (gint64 now_us, const McVmMemory *memory)
{
  gint64 patience_us = MIN (REPEAT_US << MIN (memory->repeated, 8), MC_BACK_OFF_MOST_US);

  return memory->deflated_us > 0 && now_us - memory->deflated_us >= patience_us;
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
  if (now_us < memory->doubted_until_us)
    return MC_VM_STALE;
  if (memory->stats_seen_us == 0)
    return now_us - memory->looked_us < STALE_AT_LEAST_US ? MC_VM_NO_STATS : MC_VM_STALE;
  if (is_silent (settings, now_us, memory))
    return MC_VM_STALE;
  if (now_us < memory->ineffective_until_us)
    return MC_VM_INEFFECTIVE;
  if (now_us < memory->stuck_until_us)
    return MC_VM_STUCK;
  return MC_VM_MANAGED;
}
