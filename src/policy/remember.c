/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a VM in one cycle, into its history. */
#include "config.h"

#include "remember.h"

#include "arithmetic.h"
#include "asked.h"
#include "backing.h"
#include "eligibility.h"
#include "foreign.h"
#include "plausibility.h"
#include "progress.h"
#include "report.h"

/* Whatever it has reported until now may be of any age, and of a guest that is dead since. */
static void
history_begin (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  *history = mc_foreign_begin (history);
  history->looked = TRUE;
  history->looked_us = cycle->now_us;
  history->started_us = facts->started_us;
  history->stats_time_s = facts->stats_time_s;
  history->balloon_since_us = cycle->now_us;
}

static void
remember_report (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->stats_time_s <= 0 || facts->stats_time_s == history->stats_time_s)
    return;
  /* The boot before may have reported once more since it was last looked at. */
  history->fresh = facts->started_us == 0 || history->reported;
  history->reported = TRUE;
  history->stats_time_s = facts->stats_time_s;
  history->balloon_reported = history->balloon_before > 0
                                  ? MIN (history->balloon_before, facts->balloon)
                                  : facts->balloon;
  if (history->fresh && !mc_plausibility_contradicts (facts, history))
    mc_report_remember (cycle, facts, history);
}

static void
remember_balloon (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->balloon > facts->capacity || facts->capacity > MC_CAPACITY_MOST)
    return;
  mc_backing_remember_balloon (now_us, facts, history);
  if (facts->balloon != history->balloon_before)
    history->balloon_since_us = now_us;
  history->balloon_before = facts->balloon;
}

/* Whether the guest can follow its target, and is seen to. */
static gboolean
can_be_judged (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  return facts->target != MC_UNKNOWN && facts->balloon != MC_UNKNOWN && facts->running
         && !facts->busy && !mc_eligibility_is_booting (now_us, facts, history);
}

void
mc_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  gint64 now_us = cycle->now_us;

  if (!history->looked || facts->started_us != history->started_us)
    history_begin (cycle, facts, history);
  mc_asked_remember (now_us, facts, history);
  remember_report (cycle, facts, history);
  mc_asked_remember_look (now_us, facts, history);
  if (!facts->asleep)
    mc_backing_remember_resident (now_us, facts, history);
  mc_plausibility_remember (now_us, facts, history);
  if (can_be_judged (now_us, facts, history))
    {
      mc_foreign_remember (cycle, facts, history);
      mc_progress_remember (now_us, facts, history);
    }
  else
    {
      mc_foreign_remember_unknown (cycle, facts, history);
      mc_progress_forget (history);
    }
  remember_balloon (now_us, facts, history);
}
