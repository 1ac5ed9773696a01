/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a new report of a guest says. */
#include "config.h"

#include "report.h"

#include "arithmetic.h"
#include "asked.h"
#include "backing.h"

#define SWAPPING_BYTES         (1 * MC_MIB)
#define THRASHING_REPORTS_MOST 3

/* Of what is swapped out, so much is forgotten with each report of a guest that does not swap. */
#define FORGOTTEN_DIVISOR 8

/* Part of the low watermark below which a guest has as good as nothing: in guests of 1 GiB and more
 * the kernel keeps the rest to itself, and they are soon silent. */
#define THRASHING_PERCENT 30

/* Of what is unused, a kernel keeps some to itself: 1, 65 and 69 MiB in guests of 512, 1024 and
 * 2048 MiB were not usable. */
#define KEPT_FROM    (1000 * MC_MIB)
#define KEPT_BASE    (64 * MC_MIB)
#define KEPT_DIVISOR 400

/* Use that turns by this part of the capacity, so soon after it last did, so many times, goes up
 * and down faster than a balloon can follow to any use; forgotten when it has not for as long. */
#define TURN_DIVISOR      20
#define TURN_AGAIN_US     (10 * G_USEC_PER_SEC)
#define TURNS_MOST        4
#define TURN_FORGOTTEN_US (60 * G_USEC_PER_SEC)

/* A MemTotal that is further from the balloon than this does not follow it (autodeflate). */
#define OUTSIDE_TOLERANCE (32 * MC_MIB)

/* A balloon that has not moved for so long is at rest, wherever its target is; the hypervisor's
 * figure of it is a second old at most. */
#define REST_US (5 * G_USEC_PER_SEC)

/* Figures that all stay as they are, to the last byte, while the balloon moves this much do not
 * come from a guest that is alive. */
#define ANSWERABLE  (16 * MC_MIB)
#define ANSWERED_US (3 * G_USEC_PER_SEC)

/* Counters start again when the guest reboots. */
static guint64
grown (guint64 now, guint64 before)
{
  if (now == MC_UNKNOWN || before == MC_UNKNOWN || now < before)
    return 0;
  return now - before;
}

static guint64
halved (guint64 value, gint64 elapsed_us, gint64 half_life_us)
{
  double x = (double)elapsed_us / half_life_us, rest = value;

  for (; x >= 1 && rest >= 1; x--)
    rest /= 2;
  /* 2^-x by its series: the same on every machine, and exact enough for an estimate */
  return (guint64)(rest * (1 - x * (0.6931 - x * (0.2402 - x * (0.0555 - x * 0.0096)))));
}

/* The largest that something was, which decays towards @floor after a while. */
static void
remember_most (const McPolicyCycle *cycle,
               gint64 elapsed_us,
               guint64 now,
               guint64 floor,
               guint64 trifle,
               guint64 *most,
               gint64 *most_us)
{
  guint64 above;

  if (now + trifle >= *most)
    {
      *most = MAX (now, *most);
      *most_us = cycle->now_us;
      return;
    }
  if (cycle->now_us - *most_us < cycle->tuning->hold_s * G_USEC_PER_SEC)
    return;
  above = halved (*most - floor, elapsed_us, cycle->tuning->half_life_s * G_USEC_PER_SEC);
  /* What only fades away for ever would move a balloon that is long at rest. */
  *most = above <= trifle ? now : floor + above;
}

static gboolean
is_at_rest (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  if (history->balloon_before != 0 && history->balloon_before != facts->balloon)
    return FALSE;
  if (facts->target == MC_UNKNOWN || facts->target == facts->balloon)
    return TRUE;
  return facts->target == history->target_before && now_us - history->target_since_us >= REST_US
         && now_us - history->balloon_since_us >= REST_US;
}

/*
 * The balloon at the time of the report: MemTotal and a constant part of the guest that is not
 * counted in it. The constant is learned while the balloon is at rest, and not believed beyond
 * where the balloon has been since, or was sent: the hypervisor's figure of it may be a second
 * older than the report.
 */
static guint64
balloon_at_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 before = history->balloon_before > 0 ? history->balloon_before : facts->balloon;
  guint64 target
      = facts->target == MC_UNKNOWN ? facts->balloon : MIN (facts->target, facts->capacity);
  guint64 least = MIN (MIN (before, facts->balloon), target),
          most = MAX (MAX (before, facts->balloon), target), was;

  history->disagrees = FALSE;
  if (facts->available == MC_UNKNOWN)
    return facts->balloon;
  /* It sees no more than its balloon had: the hypervisor's figure is the older one. */
  if (facts->available > facts->balloon && !history->outside_known)
    return MIN (facts->available, most);
  if (is_at_rest (now_us, facts, history) && facts->available <= facts->balloon)
    {
      history->outside_available = facts->balloon - facts->available;
      history->outside_known = TRUE;
      return facts->balloon;
    }
  if (!history->outside_known)
    return facts->balloon;
  was = facts->available + history->outside_available;
  history->disagrees = was + OUTSIDE_TOLERANCE < least || was > most + OUTSIDE_TOLERANCE;
  if (history->disagrees)
    history->outside_known = FALSE;
  return CLAMP (was, least, most);
}

gboolean
mc_report_is_blind (const McVmFacts *facts)
{
  return facts->usable == MC_UNKNOWN;
}

/* What its kernel lets its programs have. */
static guint64
headroom_of (const McVmFacts *facts)
{
  guint64 kept = facts->capacity < KEPT_FROM ? 0 : KEPT_BASE + facts->capacity / KEPT_DIVISOR;

  return mc_report_is_blind (facts) ? saturating_sub (facts->unused, kept) : facts->usable;
}

static gboolean
has_as_good_as_nothing (const McVmFacts *facts, guint64 headroom)
{
  return !mc_report_is_blind (facts)
         && headroom < percent (
                MIN (facts->policy.low_watermark, percent (facts->capacity, MC_SMALL_LOW_PERCENT)),
                THRASHING_PERCENT);
}

/* What came together while it was not asked is not of one report. */
static guint64
of_one_report (guint64 amount, gint64 elapsed_us, const McVmHistory *history)
{
  return history->slept ? MIN (amount, per_second (amount, elapsed_us)) : amount;
}

static void
remember_swapping (const McVmFacts *facts,
                   McVmHistory *history,
                   gint64 elapsed_us,
                   guint64 headroom)
{
  guint64 in = grown (facts->swap_in, history->swap_in),
          out = grown (facts->swap_out, history->swap_out);

  history->swap_in_rate = per_second (in, elapsed_us);
  history->swap_out_rate = per_second (out, elapsed_us);
  history->swapped
      = MIN (saturating_sub (history->swapped + MIN (out, facts->capacity), in), facts->capacity);
  if (of_one_report (in, elapsed_us, history) > SWAPPING_BYTES
      || of_one_report (out, elapsed_us, history) > SWAPPING_BYTES
      || has_as_good_as_nothing (facts, headroom))
    history->thrashing_reports = MIN (history->thrashing_reports + 1, THRASHING_REPORTS_MOST);
  else
    history->thrashing_reports = 0;
  /* What stays out although there is room is not missed. */
  if (history->thrashing_reports == 0)
    history->swapped -= history->swapped / FORGOTTEN_DIVISOR;
}

gboolean
mc_report_toggles (const McVmHistory *history)
{
  return history->turns >= TURNS_MOST;
}

static void
remember_turn (gint64 now_us, const McVmFacts *facts, guint64 used, McVmHistory *history)
{
  guint64 by = facts->capacity / TURN_DIVISOR;
  gboolean turns = history->falls ? used > history->turned_at + by : used + by < history->turned_at;

  if (history->turns > 0 && !within (now_us, history->turned_us, TURN_FORGOTTEN_US))
    history->turns = 0;
  if (turns)
    {
      if (within (now_us, history->turned_us, TURN_AGAIN_US))
        history->turns = MIN (history->turns + 1, TURNS_MOST);
      history->falls = !history->falls;
      history->turned_us = now_us;
      history->turned_at = used;
      return;
    }
  history->turned_at
      = history->falls ? MIN (history->turned_at, used) : MAX (history->turned_at, used);
}

static void
remember_use (const McPolicyCycle *cycle,
              const McVmFacts *facts,
              McVmHistory *history,
              guint64 used,
              guint64 deflated,
              gint64 elapsed_us)
{
  guint64 growth = saturating_sub (saturating_sub (used, history->used),
                                   mc_backing_hidden (facts->capacity, deflated));
  guint64 trifle = percent (facts->capacity, MC_TRIFLE_PERCENT);
  gint64 velocity
      = (gint64)per_second (MAX (growth, saturating_sub (history->used, used)), elapsed_us);

  if (used < history->used)
    velocity = -velocity;
  /* Rises at once, falls slowly: the first report of growth is when something can still be done. */
  history->velocity = MAX (velocity, history->velocity / 2 + velocity / 2);
  remember_turn (cycle->now_us, facts, used, history);
  remember_most (cycle, elapsed_us, used, used, trifle, &history->peak, &history->peak_us);
  remember_most (cycle, elapsed_us, of_one_report (growth, elapsed_us, history), 0, trifle,
                 &history->surge, &history->surge_us);
}

static gboolean
is_same_as_before (const McVmFacts *facts, const McVmHistory *history)
{
  return facts->unused == history->unused && facts->usable == history->usable
         && facts->available == history->available && facts->swap_in == history->swap_in
         && facts->swap_out == history->swap_out;
}

/* The hypervisor's figure of the balloon may be older than the figures that answered to it. */
static void
remember_answer (gint64 now_us, gboolean first, const McVmFacts *facts, McVmHistory *history)
{
  if (first || !is_same_as_before (facts, history))
    {
      history->frozen = FALSE;
      history->answered_us = now_us;
    }
  if (within (now_us, history->answered_us, ANSWERED_US))
    history->answered_balloon = facts->balloon;
  else if (distance (history->answered_balloon, history->balloon_before) >= ANSWERABLE)
    history->frozen = TRUE;
}

void
mc_report_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history)
{
  gint64 now_us = cycle->now_us;
  gboolean first = history->stats_seen_us == 0;
  gint64 elapsed_us = mc_asked_elapsed_us (now_us, history->stats_seen_us, history);
  guint64 headroom = headroom_of (facts);
  guint64 balloon_before = history->balloon_at_stats, used;

  remember_answer (now_us, first, facts, history);
  history->balloon_at_stats = balloon_at_report (now_us, facts, history);
  history->unbacked = mc_backing_is_exceeded (facts, history);
  used = MIN (saturating_sub (history->balloon_at_stats, headroom), facts->capacity);
  if (first)
    {
      history->peak = used;
      history->peak_us = now_us;
      history->swap_in_rate = history->swap_out_rate = 0;
      history->thrashing_reports = !history->unbacked && has_as_good_as_nothing (facts, headroom);
    }
  else if (history->unbacked)
    history->thrashing_reports = 0;
  else
    {
      remember_swapping (facts, history, elapsed_us, headroom);
      remember_use (cycle, facts, history, used,
                    saturating_sub (history->balloon_at_stats, balloon_before), elapsed_us);
    }
  mc_backing_remember_report (now_us, facts, history);
  history->used = used;
  if (first || !history->slept)
    history->stats_interval_us = first ? 0 : elapsed_us;
  history->swap_in = facts->swap_in;
  history->swap_out = facts->swap_out;
  history->unused = facts->unused;
  history->usable = facts->usable;
  history->available = facts->available;
  history->stats_seen_us = now_us;
  mc_asked_remember_report (now_us, facts, history);
}
