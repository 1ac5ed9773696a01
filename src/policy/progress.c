/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a balloon follows its target, and the host gets what it gives. */
#include "config.h"

#include "progress.h"

#include "arithmetic.h"
#include "backing.h"

/* A VM that is stuck or ineffective is let go for one minute, doubled each time. */
#define BACK_OFF_US ((gint64)60 * G_USEC_PER_SEC)

/* A balloon that moves less than this between two cycles makes no progress. */
#define PROGRESS (1 * MC_MIB)

/* The squeezed of XAPI gives a guest 5 s; drivers retry every 200 ms. */
#define STUCK_AFTER_US (8 * G_USEC_PER_SEC)

/* A lost deflation is set again after this long, then after twice as long, up to ten minutes. */
#define REPEAT_US ((gint64)5 * G_USEC_PER_SEC)

/* The host should have what a guest gave soon after it gave. */
#define INEFFECTIVE_AFTER_US (15 * G_USEC_PER_SEC)
#define INEFFECTIVE_SLACK    (64 * MC_MIB)
#define INEFFECTIVE_DIVISOR  4 /* of the balloon, if that is more */

static void
remember_progress (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gboolean there = facts->balloon <= facts->target || history->reached;

  if (there)
    {
      if (history->progress_us != 0)
        history->stuck_times = 0;
      history->progress_us = 0;
      return;
    }
  if (history->progress_us == 0 || distance (facts->balloon, history->progress_balloon) > PROGRESS)
    {
      history->progress_us = now_us;
      history->progress_balloon = facts->balloon;
      return;
    }
  if (now_us - history->progress_us < STUCK_AFTER_US)
    return;
  history->stuck_until_us = now_us + back_off (BACK_OFF_US, history->stuck_times);
  history->stuck_times = MIN (history->stuck_times + 1, MC_FAILURES_MOST);
  history->progress_us = 0;
}

static void
remember_speed (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gint64 elapsed_us = now_us - history->speed_us;
  guint64 inflated = saturating_sub (history->balloon_before, facts->balloon);

  if (history->speed_us > 0 && elapsed_us > 0)
    history->inflating
        = MAX ((guint64)((double)inflated * G_USEC_PER_SEC / elapsed_us), history->inflating / 2);
  history->speed_us = now_us;
}

/* What a balloon was set to give back, and does not: the call was lost on its way, or another one
 * came after it. */
static void
remember_deflation (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gboolean there = facts->balloon >= facts->target || history->reached;

  if (there || facts->target != history->target_before
      || distance (facts->balloon, history->deflated_balloon) > PROGRESS)
    {
      if (there)
        history->repeated = 0;
      history->deflated_us = there ? 0 : now_us;
      history->deflated_balloon = facts->balloon;
    }
}

/* Its balloon has inflated since memory was first taken from it, and its process occupies no more
 * than what is left. */
static gboolean
is_seen_to_give (const McVmFacts *facts, const McVmHistory *history)
{
  return history->vain_balloon > 0 && facts->resident != MC_UNKNOWN
         && facts->balloon + mc_progress_tolerance (facts) <= history->vain_balloon
         && mc_backing_least (facts, history) <= facts->balloon + mc_progress_tolerance (facts);
}

static void
remember_effect (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 expected = facts->balloon + MAX (INEFFECTIVE_SLACK, facts->balloon / INEFFECTIVE_DIVISOR);
  guint64 backed = mc_backing_least (facts, history);
  gboolean gave = history->reclaimed_us > 0 && history->reclaimed_us > history->granted_us;
  gboolean unproven;

  if (is_seen_to_give (facts, history))
    history->effective = TRUE;
  unproven = history->vain_balloon > 0 && !history->effective;
  if (!gave || !history->reached || facts->resident == MC_UNKNOWN
      || (!unproven && backed <= expected))
    {
      history->idle_since_us = 0;
      return;
    }
  if (history->idle_since_us == 0)
    history->idle_since_us = now_us;
  if (now_us - history->idle_since_us < INEFFECTIVE_AFTER_US)
    return;
  history->ineffective_until_us = now_us + back_off (BACK_OFF_US, history->ineffective_times);
  history->ineffective_times = MIN (history->ineffective_times + 1, MC_FAILURES_MOST);
  history->idle_since_us = 0;
  history->effective = FALSE;
  history->vain_balloon = 0;
}

static void
forget_way (McVmHistory *history)
{
  history->progress_us = history->deflated_us = 0;
}

void
mc_progress_forget (McVmHistory *history)
{
  forget_way (history);
  history->idle_since_us = 0; /* a process that hangs gives nothing meanwhile */
}

void
mc_progress_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (now_us < history->foreign_until_us)
    forget_way (history); /* it goes where somebody else has sent it */
  else
    {
      remember_speed (now_us, facts, history);
      remember_progress (now_us, facts, history);
      remember_deflation (now_us, facts, history);
    }
  if (!facts->asleep)
    remember_effect (now_us, facts, history);
  history->target_before = facts->target;
}

gboolean
mc_progress_is_to_repeat (gint64 now_us, const McVmHistory *history)
{
  gint64 patience_us = back_off (REPEAT_US, history->repeated);

  return history->deflated_us > 0 && now_us - history->deflated_us >= patience_us;
}
