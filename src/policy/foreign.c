/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody else sets.
 *
 * A balloon that goes where nobody of ours has sent it is respected at once. It is counted when it
 * is sure that somebody did that: the balloon left a place where it had been put, by us or by
 * somebody else, and rests elsewhere while its guest reports. A driver that is unloaded, loaded
 * again, or emptied by a sleep of its guest does not report meanwhile, or goes back by itself.
 */
#include "config.h"

#include "foreign.h"

#include "arithmetic.h"
#include "progress.h"

/* A balloon's size may be a second old, and its driver a moment behind: until then it may still go
 * where it was sent before. */
#define OBEYS_AFTER_US (3 * G_USEC_PER_SEC)

/* What somebody else has set is respected this long. */
#define RESPECT_US (60 * G_USEC_PER_SEC)

/* Who sets a balloon three times within this time goes on doing so: pvestatd and MOM act every
 * 10 s, libvirt-autoballoon every 5 s, what cron starts every 5 minutes. A person tries a size, or
 * two. */
#define WITHIN_US ((gint64)15 * 60 * G_USEC_PER_SEC)

/* Such a VM is left alone until nobody has set its balloon for this long. */
#define QUIET_US ((gint64)3600 * G_USEC_PER_SEC)

/* So long must a balloon rest, and its guest report, to be sure that somebody has set it, … */
#define SURE_US (2 * G_USEC_PER_SEC)

/* … and a report that is so late is none of a driver that was there all the time. */
#define SILENT_US (5 * G_USEC_PER_SEC)

static void
lose_place (McVmHistory *history)
{
  history->foreign_place = 0;
  history->foreign_left_us = 0;
}

static void
put_at (const McVmFacts *facts, McVmHistory *history, guint64 place)
{
  history->foreign_place = place;
  history->foreign_capacity = facts->capacity;
}

static void
set_counted (McVmHistory *history, guint times, gint64 when_us)
{
  for (guint i = 0; i < MC_FOREIGN_SETS; i++)
    history->foreign_sets_us[i] = i + times < MC_FOREIGN_SETS ? 0 : when_us;
}

/* Its target is no longer true: it is taken over from where it is. */
static void
foreign_end (gint64 now_us, McVmHistory *history)
{
  if (mc_vm_history_is_left_alone (history))
    history->foreign_until_us = now_us;
  lose_place (history);
}

/* Whoever pauses or resumes it, takes it out, or says that it is managed, knows of the others. */
static void
forget (gint64 now_us, McVmHistory *history)
{
  foreign_end (now_us, history);
  set_counted (history, 0, 0);
}

static gboolean
has_nothing_left (const McVmFacts *facts)
{
  return MIN (facts->usable, facts->unused) <= facts->policy.low_watermark;
}

/* Nobody else helps it, or the host, where somebody who acts all the time would have. */
static gboolean
is_distress (const McPolicyCycle *cycle, const McVmFacts *facts, const McVmHistory *history)
{
  gboolean thrashing = history->thrashing_reports > 0 && has_nothing_left (facts)
                       && history->stats_seen_us == cycle->now_us;

  return thrashing || cycle->condition == MC_HOST_CRITICAL;
}

/* Nobody but the others moves its balloon. Who does so again after a distress is known at once. */
static gboolean
ends (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  gint64 now_us = cycle->now_us, quiet_us = now_us - history->balloon_since_us;

  if (quiet_us >= QUIET_US)
    {
      forget (now_us, history);
      return TRUE;
    }
  if (quiet_us < RESPECT_US || !is_distress (cycle, facts, history))
    return FALSE;
  foreign_end (now_us, history);
  set_counted (history, MC_FOREIGN_SETS - 1, now_us);
  return TRUE;
}

static void
count (gint64 now_us, McVmHistory *history)
{
  gint64 *sets_us = history->foreign_sets_us;

  for (guint i = 1; i < MC_FOREIGN_SETS; i++)
    sets_us[i - 1] = sets_us[i];
  sets_us[MC_FOREIGN_SETS - 1] = now_us;
  if (!within (now_us, sets_us[0], WITHIN_US))
    return;
  history->foreign_until_us = G_MAXINT64;
  lose_place (history);
}

/* What may have moved its balloon beside a hand: memory was plugged, or a guest with autodeflate
 * took its own. */
static gboolean
may_be_its_own (const McVmFacts *facts, const McVmHistory *history)
{
  return facts->capacity != history->foreign_capacity
         || (facts->autodeflate && facts->balloon > history->foreign_place);
}

/* Where it was taken over meanwhile, only what took more from it was surely somebody's: a driver
 * that is gone, and comes back, gives. */
static gboolean
is_unsure (gint64 now_us, const McVmFacts *facts, const McVmHistory *history, gboolean taken_over)
{
  gint64 left_us = history->foreign_left_us;
  gint64 silent_us = now_us - MAX (left_us, history->stats_seen_us);

  if (silent_us > SILENT_US + history->stats_interval_us || now_us - left_us > RESPECT_US)
    return TRUE;
  return taken_over ? !history->foreign_takes : may_be_its_own (facts, history);
}

static gboolean
rests (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  return facts->balloon == history->balloon_before && now_us - history->balloon_since_us >= SURE_US;
}

/* It has left its place, and is not counted yet. */
static void
judge_move (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gint64 left_us = history->foreign_left_us;
  gboolean taken_over = history->target_since_us > left_us;
  if (!taken_over && mc_progress_is_close (facts, history->foreign_place))
    history->foreign_left_us = 0; /* it came back by itself */
  else if (is_unsure (now_us, facts, history, taken_over))
    lose_place (history);
  else if (history->stats_seen_us - left_us >= SURE_US
           && (taken_over || rests (now_us, facts, history)))
    {
      history->foreign_left_us = 0;
      if (!taken_over)
        put_at (facts, history, facts->balloon);
      count (now_us, history);
    }
}

/* The balloon went away from its target. Where its target is above it, and where a guest with
 * autodeflate has memory, only a person can have done that, or its driver is gone. */
static gboolean
moves_away (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  guint64 before = history->balloon_before, tolerance = mc_progress_tolerance (facts);

  if (before == 0 || now_us - history->target_since_us < OBEYS_AFTER_US)
    return FALSE;
  if (facts->target >= before)
    return facts->balloon + tolerance < before;
  return facts->balloon > before + tolerance;
}

/* A guest with autodeflate takes its memory back by itself when it has none left: that is need, not
 * a person. */
static gboolean
deflates_by_itself (const McVmFacts *facts)
{
  return facts->balloon > facts->target && has_nothing_left (facts);
}

static void
remember_away (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gboolean away = moves_away (now_us, facts, history);

  if (!history->reached && !away)
    return;
  history->reached = FALSE;
  if (!deflates_by_itself (facts))
    history->foreign_until_us = now_us + RESPECT_US;
}

/* Nobody of ours has set its target since its start or the service's: where its balloon deflates
 * from rest, and it is not the guest's own need, somebody has set it. One that inflates may still
 * follow a target that an earlier run of the service has set. */
static void
remember_without_target (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (!history->fresh || history->balloon_before == 0
      || facts->balloon <= history->balloon_before + mc_progress_tolerance (facts)
      || now_us - history->balloon_since_us < OBEYS_AFTER_US || has_nothing_left (facts))
    return;
  history->foreign_until_us = now_us + RESPECT_US;
}

static void
remember_place (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->target != history->target_before)
    {
      history->reached = FALSE;
      history->target_since_us = now_us;
      history->foreign_place = 0;
    }
  if (mc_progress_is_close (facts, facts->target))
    {
      history->foreign_until_us = 0;
      history->reached = TRUE;
      put_at (facts, history, facts->target);
      return;
    }
  remember_away (now_us, facts, history);
  if (history->foreign_left_us > 0)
    return;
  if (history->foreign_place == 0)
    {
      /* It was on its way to us when somebody set it first: that is where the next set begins. */
      if (history->foreign_until_us > 0 && rests (now_us, facts, history)
          && history->stats_seen_us - history->balloon_since_us >= SURE_US)
        put_at (facts, history, facts->balloon);
      return;
    }
  if (mc_progress_is_close (facts, history->foreign_place))
    return;
  history->foreign_left_us = now_us;
  history->foreign_takes = facts->balloon < history->foreign_place;
}

/* Either may be the end of it; asked of every VM in every cycle. */
static inline gboolean
may_be_left_alone (const McVmFacts *facts, const McVmHistory *history)
{
  return facts->paused | facts->opted_out | facts->claimed | mc_vm_history_is_left_alone (history);
}

/* Returns: whether it stays so. */
static gboolean
stays_left_alone (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->paused || facts->opted_out || facts->claimed)
    forget (cycle->now_us, history);
  return mc_vm_history_is_left_alone (history) && !ends (cycle, facts, history);
}

void
mc_foreign_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  if (may_be_left_alone (facts, history) && stays_left_alone (cycle, facts, history))
    {
      history->reached = FALSE;
      return;
    }
  remember_place (cycle->now_us, facts, history);
  if (history->foreign_left_us > 0)
    judge_move (cycle->now_us, facts, history);
}

void
mc_foreign_remember_unknown (const McPolicyCycle *cycle,
                             const McVmFacts *facts,
                             McVmHistory *history)
{
  if (may_be_left_alone (facts, history) && stays_left_alone (cycle, facts, history))
    return;
  lose_place (history);
  if (facts->balloon != MC_UNKNOWN && facts->running && !facts->busy)
    remember_without_target (cycle->now_us, facts, history);
}

McVmHistory
mc_foreign_begin (const McVmHistory *history)
{
  McVmHistory begun = { 0 };

  for (guint i = 0; i < MC_FOREIGN_SETS; i++)
    begun.foreign_sets_us[i] = history->foreign_sets_us[i];
  if (mc_vm_history_is_left_alone (history))
    begun.foreign_until_us = G_MAXINT64;
  return begun;
}
