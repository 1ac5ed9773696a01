/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a VM may be moved at all in this cycle.
 *
 * What is absent, old or implausible leads to no action.
 */
#include "config.h"

#include "eligibility.h"

/* Reports come by the guest's own timer, late when it is short of memory. */
#define MISSED_REPORTS    5
#define STALE_AT_LEAST_US (10 * G_USEC_PER_SEC)
#define EXPECTED_MOST_US  (60 * G_USEC_PER_SEC) /* from one to the next */

/* One that is asked now and then reports so seldom at the most, or as often as the service sets. */
#define SELDOM_US (10 * G_USEC_PER_SEC)

/* Returns: since when its silence counts. One that sleeps is not heard until its turn: a report
 * that is older than that is of one that was only shown. */
static gint64
heard_when (const McPolicyCycle *cycle, const McVmHistory *history)
{
  gint64 turn_us = cycle->tuning->sleep_turn_s * G_USEC_PER_SEC;
  gint64 unheard_us = turn_us + MAX (cycle->settings->stats_period_us, SELDOM_US);

  return MAX (history->stats_seen_us,
              MIN (history->awake_since_us, history->stats_seen_us + unheard_us));
}

static gboolean
is_silent (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  gint64 heard_us = heard_when (cycle, history);
  gint64 expected_us = MAX (cycle->settings->stats_period_us, history->stats_interval_us);
  gint64 patience_us
      = MAX (STALE_AT_LEAST_US, MISSED_REPORTS * MIN (expected_us, EXPECTED_MOST_US));

  return !facts->asleep && cycle->now_us - heard_us > patience_us;
}

McVmStatus
mc_eligibility_status (const McPolicyCycle *cycle,
                       const McVmFacts *facts,
                       const McVmHistory *history)
{
  gint64 now_us = cycle->now_us;

  if (!facts->has_balloon || facts->immovable != NULL || facts->denied)
    return MC_VM_UNSUPPORTED;
  if (facts->opted_out)
    return MC_VM_OPTED_OUT;
  if (facts->paused)
    return MC_VM_PAUSED;
  if (facts->busy)
    return MC_VM_BUSY;
  if (!facts->running)
    return MC_VM_SUSPENDED;
  if (mc_eligibility_is_booting (now_us, facts, history))
    return MC_VM_BOOTING;
  if (mc_vm_history_is_left_alone (history))
    return MC_VM_FOREIGN;
  if (facts->stats_time_s == 0 || facts->unused == MC_UNKNOWN)
    return MC_VM_NO_STATS;
  if (now_us < history->implausible_until_us)
    return MC_VM_STALE;
  if (history->stats_seen_us == 0)
    return now_us - history->looked_us < STALE_AT_LEAST_US ? MC_VM_NO_STATS : MC_VM_STALE;
  if (is_silent (cycle, facts, history))
    return MC_VM_STALE;
  if (now_us < history->ineffective_until_us)
    return MC_VM_INEFFECTIVE;
  if (now_us < history->stuck_until_us)
    return MC_VM_STUCK;
  return MC_VM_MANAGED;
}

gboolean
mc_eligibility_may_be_moved (McVmStatus status)
{
  return status == MC_VM_MANAGED || status == MC_VM_STUCK || status == MC_VM_INEFFECTIVE;
}

gboolean
mc_eligibility_may_reclaim (const McVmHistory *history)
{
  return history->vain_balloon == 0 || history->effective;
}
