/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which guests need not be asked. */
#include "config.h"

#include "sleep.h"

#include "arithmetic.h"
#include "asked.h"
#include "eligibility.h"

/* A balloon that has moved lately is watched; and so is one that is further than this from where it
 * is to be. */
#define REST_US    (5 * G_USEC_PER_SEC)
#define REST_SLACK MC_MIB

/* Turns of VMs that fell asleep together come apart: each is up to so much of a turn earlier. */
#define STAGGER_PERCENT 25
#define STAGGER_STEPS   8

/* One that was woken is waited for this long. */
#define ANSWERS_WITHIN_US (3 * G_USEC_PER_SEC)

/* Returns: what it could come to use before it is at its low watermark. */
static guint64
left_of (const McVmFacts *facts)
{
  guint64 low, high;

  mc_policy_watermarks (facts, &low, &high);
  return saturating_sub (facts->usable != MC_UNKNOWN ? facts->usable : facts->unused, low);
}

/* Nothing of it is on its way, or about to be. A guest that may take back memory by itself is seen
 * to need it by its figures alone. */
static gboolean
is_still (const McPolicyCycle *cycle,
          const McVmFacts *facts,
          const McVmHistory *history,
          const McVmDecision *decision)
{
  return !decision->move && !decision->pressing && !facts->unanswered && !facts->autodeflate
         && !facts->give_back && distance (decision->before, facts->balloon) <= REST_SLACK
         && !within (cycle->now_us, history->balloon_since_us, REST_US);
}

/* Nor is anything of it in doubt. */
static gboolean
is_at_rest (const McVmFacts *facts, const McVmHistory *history, const McVmDecision *decision)
{
  if (decision->status != MC_VM_MANAGED || decision->reason != MC_REASON_ENOUGH
      || decision->before > MIN (facts->policy.maximum, facts->capacity))
    return FALSE;
  if (history->foreign_until_us != 0 || history->foreign_left_us != 0 || history->stuck_times > 0
      || history->idle_since_us != 0 || !mc_eligibility_may_reclaim (history))
    return FALSE;
  return history->thrashing_reports == 0 && !history->unbacked && !history->disagrees
         && !history->frozen;
}

/* What its guest reports is only shown. */
static gboolean
is_only_shown (McVmStatus status)
{
  return status == MC_VM_OPTED_OUT || status == MC_VM_PAUSED || status == MC_VM_SUSPENDED
         || status == MC_VM_UNSUPPORTED;
}

static gint64
turn_of (const McPolicyCycle *cycle, const McVmFacts *facts)
{
  gint64 turn_us = cycle->tuning->sleep_turn_s * G_USEC_PER_SEC;
  guint step = facts->uuid[0] % STAGGER_STEPS;

  return turn_us - turn_us / 100 * STAGGER_PERCENT * step / STAGGER_STEPS;
}

static gboolean
is_its_turn (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  return !within (cycle->now_us + mc_policy_interval_us (cycle->settings), history->asked_us,
                  turn_of (cycle, facts));
}

/* Only a guest that has reported since it was asked goes to sleep, or sleeps on. */
static gboolean
has_answered (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  gint64 expected_us = MAX (cycle->settings->stats_period_us, history->stats_interval_us);

  if (facts->asleep)
    return TRUE;
  return !history->slept
         && within (cycle->now_us, history->stats_seen_us,
                    2 * mc_policy_interval_us (cycle->settings) + expected_us);
}

/* For so long one is asleep or awake at the least: longer than it takes a guest that is asked
 * seldom to report, so that it has whenever it is asked. */
static gint64
least_us (const McPolicyCycle *cycle)
{
  return cycle->tuning->sleep_least_s * G_USEC_PER_SEC;
}

/* How long its CPU time is to allow it to be asleep, as it is while it is awake. It uses less once
 * it is asleep: to report every second is most of what an idle guest does. */
static gint64
ahead_of (const McPolicyCycle *cycle, const McVmFacts *facts)
{
  return facts->asleep ? 0 : least_us (cycle);
}

static McAttention
attention_to_managed (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  guint64 left = left_of (facts);

  if (mc_asked_filled_most (facts, history, ahead_of (cycle, facts)) >= left)
    {
      history->woken |= facts->asleep; /* until it has reported */
      return MC_ATTENTION_AWAKE;
    }
  if (!has_answered (cycle, facts, history)
      || (history->attention == MC_ATTENTION_AWAKE
          && within (cycle->now_us, history->awake_since_us, least_us (cycle))))
    return MC_ATTENTION_AWAKE;
  if (is_its_turn (cycle, facts, history)
      || mc_asked_filled_most (facts, history, 2 * mc_policy_interval_us (cycle->settings)) >= left)
    return MC_ATTENTION_TURN;
  return MC_ATTENTION_ASLEEP;
}

static McAttention
attention_to (const McPolicyCycle *cycle,
              const McVmFacts *facts,
              McVmHistory *history,
              const McVmDecision *decision)
{
  if (facts->cpu_time_us == MC_UNKNOWN || !is_still (cycle, facts, history, decision))
    return MC_ATTENTION_AWAKE;
  if (is_only_shown (decision->status))
    return is_its_turn (cycle, facts, history) ? MC_ATTENTION_TURN : MC_ATTENTION_ASLEEP;
  if (is_at_rest (facts, history, decision))
    return attention_to_managed (cycle, facts, history);
  return MC_ATTENTION_AWAKE;
}

/* One that is woken has something to tell, and is asked again soon. */
static gboolean
is_waited_for (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  if (facts->asleep)
    return TRUE;
  return history->slept && within (cycle->now_us, history->awake_since_us, ANSWERS_WITHIN_US);
}

void
mc_sleep_decide (const McPolicyCycle *cycle,
                 gboolean all_awake,
                 gsize n_vms,
                 const McVmFacts *facts,
                 McVmHistory *histories[],
                 McVmDecision *decisions)
{
  for (gsize i = 0; i < n_vms; i++)
    {
      McVmHistory *history = histories[i];
      McVmDecision *decision = &decisions[i];

      decision->attention
          = all_awake ? MC_ATTENTION_AWAKE : attention_to (cycle, &facts[i], history, decision);
      history->attention = decision->attention;
      if (decision->attention != MC_ATTENTION_AWAKE)
        {
          history->woken = FALSE; /* one that is only shown now may never report again */
          history->calm_us = cycle->now_us;
        }
      else if (decision->status == MC_VM_MANAGED)
        decision->pressing |= is_waited_for (cycle, &facts[i], history);
      decision->woken = history->woken;
    }
}
