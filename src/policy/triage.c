/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a VM may be moved at all in this cycle, from what is known and remembered of it.
 *
 * A guest's figures are input from a stranger: what is absent, old or contradictory leads to no action.
 */
#include "config.h"

#include "triage.h"

/* A guest whose driver is not there yet may take its maximum, whatever it was told. */
#define BOOT_GRACE_US (10 * G_USEC_PER_SEC)

/* Reports come by the guest's own timer, late when it is short of memory. */
#define MISSED_REPORTS    5
#define STALE_AT_LEAST_US (10 * G_USEC_PER_SEC)

/* A guest that moves less than this between two cycles makes no progress. */
#define PROGRESS (1 * MC_MIB)

/* The squeezed of XAPI gives a guest 5 s; drivers retry every 200 ms. */
#define STUCK_AFTER_US (8 * G_USEC_PER_SEC)

#define SWAPPING_BYTES (1 * MC_MIB)

static guint64
rate (guint64 now, guint64 before, gint64 elapsed_us)
{
  if (now == MC_UNKNOWN || before == MC_UNKNOWN || now < before || elapsed_us <= 0)
    return 0;
  return (guint64) ((double) (now - before) * G_USEC_PER_SEC / elapsed_us);
}

static void
remember_report (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gint64 elapsed_us = now_us - memory->stats_seen_us;
  gboolean first = memory->stats_seen_us == 0;
  guint64 before = memory->swap_in;

  memory->swap_in_rate = first ? 0 : rate (facts->swap_in, before, elapsed_us);
  memory->swap_out_rate = first ? 0 : rate (facts->swap_out, memory->swap_out, elapsed_us);
  if (!first && facts->swap_in != MC_UNKNOWN && before != MC_UNKNOWN && facts->swap_in > before
      && facts->swap_in - before > SWAPPING_BYTES)
    memory->hot = MIN (memory->hot + 1, 3);
  else
    memory->hot = 0;
  memory->stats_interval_us = first ? 0 : elapsed_us;
  memory->swap_in = facts->swap_in;
  memory->swap_out = facts->swap_out;
  memory->balloon_at_stats = facts->balloon;
  memory->stats_time_s = facts->stats_time_s;
  memory->stats_seen_us = now_us;
}

static void
remember_progress (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 distance, moved;

  if (facts->target == MC_UNKNOWN || !facts->running)
    {
      memory->stuck_since_us = 0;
      return;
    }
  distance = facts->target > facts->balloon ? 0 : facts->balloon - facts->target;
  moved = MAX (facts->balloon, memory->stuck_balloon) - MIN (facts->balloon, memory->stuck_balloon);
  if (distance <= facts->capacity / 100)
    memory->stuck_since_us = 0;
  else if (memory->stuck_since_us == 0 || moved > PROGRESS)
    memory->stuck_since_us = now_us;
  memory->stuck_balloon = facts->balloon;
}

void
mc_triage_remember (const McPolicySettings *settings,
                    gint64 now_us,
                    const McVmFacts *facts,
                    McVmMemory *memory)
{
  if (facts->stats_time_s > 0 && facts->stats_time_s != memory->stats_time_s)
    remember_report (now_us, facts, memory);
  remember_progress (now_us, facts, memory);
}

static gboolean
figures_contradict (const McVmFacts *facts)
{
  if (facts->unused > facts->capacity)
    return TRUE;
  if (facts->usable != MC_UNKNOWN && facts->usable > facts->capacity)
    return TRUE;
  return facts->balloon == 0 || facts->balloon == MC_UNKNOWN;
}

McVmStatus
mc_triage_status (const McPolicySettings *settings,
                  gint64 now_us,
                  const McVmFacts *facts,
                  const McVmMemory *memory)
{
  gint64 patience_us = MAX (STALE_AT_LEAST_US,
                            MISSED_REPORTS * MAX (settings->stats_period_us,
                                                  memory->stats_interval_us));

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
  if (facts->started_us > 0 && now_us - facts->started_us < BOOT_GRACE_US)
    return MC_VM_BOOTING;
  if (facts->stats_time_s == 0 || memory->stats_seen_us == 0 || facts->unused == MC_UNKNOWN)
    return MC_VM_NO_STATS;
  if (now_us - memory->stats_seen_us > patience_us || figures_contradict (facts))
    return MC_VM_STALE;
  if (memory->stuck_since_us > 0 && now_us - memory->stuck_since_us > STUCK_AFTER_US)
    return MC_VM_STUCK;
  return MC_VM_MANAGED;
}
