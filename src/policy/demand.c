/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM wants.
 *
 * usable is what counts, not unused: unused shrinks with every file that is read, and flatters a
 * squeezed guest. The guest's report and the balloon's size are read at different moments;
 * MemTotal, which comes with the report, tells how large the balloon was then.
 */
#include "config.h"

#include "arithmetic.h"
#include "demand.h"
#include "eligibility.h"

/* Below this capacity the watermarks would be most of the VM. */
#define SMALL_CAPACITY (500 * MC_MIB)

#define SWAPPING_BYTES         (1 * MC_MIB)
#define SWAPS_MOST             (2 * MC_GIB) /* more than a guest brings back from one report to the next */
#define THRASHING_REPORTS_MOST 3

/* Part of the low watermark below which a guest has as good as nothing: in guests of 1 GiB and more
 * the kernel keeps the rest to itself, and they are soon silent. */
#define THRASHING_PERCENT 30

/* Of what is unused, a kernel keeps some to itself: 1, 65 and 69 MiB in guests of 512, 1024 and
 * 2048 MiB were not usable. */
#define KEPT_FROM    (1000 * MC_MIB)
#define KEPT_BASE    (64 * MC_MIB)
#define KEPT_DIVISOR 400

/* Beyond what it leaves out of its MemTotal: guests of 1 and 2 GiB fell silent for good 61 and 75
 * MiB above that. */
#define KERNEL_LIVES (100 * MC_MIB)

/* Use that turns by this part of the capacity, so soon after it last did, so many times, goes up
 * and down faster than a balloon can follow to any use; forgotten when it has not for as long. */
#define TURN_DIVISOR      20
#define TURN_AGAIN_US     (10 * G_USEC_PER_SEC)
#define TURNS_MOST        4
#define TURN_FORGOTTEN_US (60 * G_USEC_PER_SEC)

/* Growth of this part of a VM's capacity between two reports is noise. */
#define TRIFLE_PERCENT 2

/* Of a capacity: what is so much below what it was comes back, rather than grows. */
#define RETURN_PERCENT 1

/* A report that is so many periods late, of a guest that was swapping, is late because it swaps. */
#define OVERDUE_PERIODS 2
#define OVERDUE_STEPS   2 /* so much of what it was given since is taken for used up, at most */

/* A MemTotal that is further from the balloon than this does not follow it (autodeflate). */
#define OUTSIDE_TOLERANCE (32 * MC_MIB)

/* A balloon that has not moved for so long is at rest, wherever it was told to go; the hypervisor's
 * figure of it is a second old at most. */
#define REST_US (5 * G_USEC_PER_SEC)

/* Figures that all stay as they are, to the last byte, while the balloon moves this much do not
 * come from a guest that is alive. */
#define ANSWERABLE  (16 * MC_MIB)
#define ANSWERED_US (3 * G_USEC_PER_SEC)

/*
 * Of what a balloon gives back, the guest's kernel keeps some in its per-CPU lists, where it is
 * neither free nor used until it is allocated. Measured: 38 to 53 MiB in guests of 1 GiB with Linux
 * 6.1, whatever was given; with 6.12 84 of 312 MiB given to a guest of 1 GiB, and 214 of 820 given
 * to one of 4 GiB.
 */
#define HIDDEN_LEAST   (48 * MC_MIB)
#define HIDDEN_BASE    (36 * MC_MIB)
#define HIDDEN_PERCENT 5                             /* of the guest's capacity */
#define HIDDEN_DIVISOR 3                             /* of what was given */
#define HIDDEN_US      ((gint64)60 * G_USEC_PER_SEC) /* they drain at 8 MiB/s and more */

/*
 * A process was seen to occupy 30 to 300 MiB beside its guest's memory. Where it is not known yet
 * the worst is assumed for what is granted, and the usual for what is taken: nobody loses memory
 * for the sake of what may well not be.
 */
#define OVERHEAD_LEAST (30 * MC_MIB)
#define OVERHEAD_USUAL (64 * MC_MIB)
#define OVERHEAD_MOST  (300 * MC_MIB)

/* When so much less is resident than was, and the balloon did not take it, the host did. */
#define HOST_RECLAIMED (16 * MC_MIB)

/* What a process comes to occupy between a report and the look at it, the other way round. */
#define UNBACKED_SLACK (64 * MC_MIB)

/* What a kernel takes for itself before MemTotal: 42, 51 and 168 MiB in guests of 512, 1024 and
 * 4096, all of it touched. What is missing beyond that (a crash kernel's memory) may never be. */
#define RESERVED_BASE    (36 * MC_MIB)
#define RESERVED_DIVISOR 28

/* Counters start again when the guest reboots. */
static guint64
grown (guint64 now, guint64 before)
{
  if (now == MC_UNKNOWN || before == MC_UNKNOWN || now < before)
    return 0;
  return now - before;
}

static guint64
per_second (guint64 bytes, gint64 elapsed_us)
{
  return (guint64)((double)MIN (bytes, MC_CAPACITY_MOST) * G_USEC_PER_SEC / elapsed_us);
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
remember_most (const McTuning *tuning,
               gint64 now_us,
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
      *most_us = now_us;
      return;
    }
  if (now_us - *most_us < tuning->hold_s * G_USEC_PER_SEC)
    return;
  above = halved (*most - floor, elapsed_us, tuning->half_life_s * G_USEC_PER_SEC);
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
 * where the balloon has been since, or was told to go: the hypervisor's figure of it may be a
 * second older than the report.
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

guint64
mc_demand_reserved (const McVmFacts *facts)
{
  return RESERVED_BASE + facts->capacity / RESERVED_DIVISOR;
}

guint64
mc_demand_kernel (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 outside
      = history->outside_known ? history->outside_available : mc_demand_reserved (facts);

  return MIN (outside, mc_demand_reserved (facts)) + KERNEL_LIVES;
}

static guint64
worst_overhead (const McVmHistory *history)
{
  return MAX (history->overhead_least,
              history->overhead_most == 0 ? OVERHEAD_MOST : history->overhead_most);
}

static guint64
likely_overhead (const McVmHistory *history)
{
  return MAX (history->overhead_least, MIN (worst_overhead (history), OVERHEAD_USUAL));
}

/* Without MemAvailable nobody can tell page cache from need. */
static gboolean
is_blind (const McVmFacts *facts)
{
  return facts->usable == MC_UNKNOWN;
}

/* What its kernel lets its programs have. */
static guint64
headroom_of (const McVmFacts *facts)
{
  guint64 kept = facts->capacity < KEPT_FROM ? 0 : KEPT_BASE + facts->capacity / KEPT_DIVISOR;

  return is_blind (facts) ? saturating_sub (facts->unused, kept) : facts->usable;
}

static gboolean
has_as_good_as_nothing (const McVmFacts *facts, guint64 headroom)
{
  return !is_blind (facts)
         && headroom < percent (MIN (facts->low_watermark, percent (facts->capacity, 20)),
                                THRASHING_PERCENT);
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
  if (in > SWAPPING_BYTES || out > SWAPPING_BYTES || has_as_good_as_nothing (facts, headroom))
    history->thrashing_reports = MIN (history->thrashing_reports + 1, THRASHING_REPORTS_MOST);
  else
    history->thrashing_reports = 0;
  /* What stays out although there is room is not missed. */
  if (history->thrashing_reports == 0)
    history->swapped -= history->swapped / 8;
}

static guint64
hidden (guint64 capacity, guint64 deflated)
{
  guint64 by_size
      = MIN (deflated / HIDDEN_DIVISOR, HIDDEN_BASE + percent (capacity, HIDDEN_PERCENT));

  return MIN (deflated, MAX (HIDDEN_LEAST, by_size));
}

/*
 * Who uses much, little, and much again, every few seconds, is taken to need what it has, all the
 * time: what it gave up each time would be asked back from the others, and they would have no rest.
 */
static gboolean
toggles (const McVmHistory *history)
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
remember_use (const McTuning *tuning,
              gint64 now_us,
              const McVmFacts *facts,
              McVmHistory *history,
              guint64 used,
              guint64 deflated,
              gint64 elapsed_us)
{
  guint64 growth
      = saturating_sub (saturating_sub (used, history->used), hidden (facts->capacity, deflated));
  guint64 trifle = percent (facts->capacity, TRIFLE_PERCENT);
  gint64 velocity
      = (gint64)per_second (MAX (growth, saturating_sub (history->used, used)), elapsed_us);

  if (used < history->used)
    velocity = -velocity;
  /* Rises at once, falls slowly: the first report of growth is when something can still be done. */
  history->velocity = MAX (velocity, history->velocity / 2 + velocity / 2);
  remember_turn (now_us, facts, used, history);
  remember_most (tuning, now_us, elapsed_us, used, used, trifle, &history->peak, &history->peak_us);
  remember_most (tuning, now_us, elapsed_us, growth, 0, trifle, &history->surge,
                 &history->surge_us);
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

/* What its guest has in use was touched, so all that its process occupies beyond is its own, or was
 * in use once. */
static void
remember_overhead_at_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 outside = saturating_sub (history->balloon_at_stats, facts->available);
  guint64 reserved = MIN (outside, mc_demand_reserved (facts));
  guint64 in_use = saturating_sub (history->balloon_at_stats - outside, facts->unused) + reserved;
  guint64 most;

  if (facts->resident == MC_UNKNOWN || history->balloon_before != facts->balloon)
    return;
  history->in_use = in_use;
  /* What its kernel hides of what it was given is in nobody's use; some of it stays hidden. */
  if (within (now_us, history->deflating_us, HIDDEN_US))
    {
      history->in_use = saturating_sub (in_use, hidden (facts->capacity, history->deflated));
      return;
    }
  if (history->deflating_us > 0)
    in_use = saturating_sub (in_use, HIDDEN_LEAST);
  /* What the host has reclaimed would look as if the process had nothing of its own. */
  if (saturating_sub (facts->resident, likely_overhead (history)) + HOST_RECLAIMED
      < history->touched)
    return;
  most = CLAMP (saturating_sub (facts->resident, in_use), OVERHEAD_LEAST, OVERHEAD_MOST);
  history->overhead_most = history->overhead_most == 0 ? most : MIN (history->overhead_most, most);
}

/* What a guest has in use was touched, and the host backs it, or has. One that claims more is not
 * believed to need more; it may be told of memory that was reclaimed before anybody looked, so
 * nothing is taken for that either. */
static gboolean
claims_what_is_not_backed (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 in_use = saturating_sub (history->balloon_at_stats, facts->unused);
  guint64 outside = saturating_sub (history->balloon_at_stats, facts->available);
  guint64 backed;

  if (facts->resident == MC_UNKNOWN)
    return FALSE;
  backed = MAX (saturating_sub (facts->resident, OVERHEAD_LEAST), history->touched);
  return in_use > backed + outside + UNBACKED_SLACK;
}

static void
remember_report (const McTuning *tuning,
                 gint64 now_us,
                 const McVmFacts *facts,
                 McVmHistory *history)
{
  gboolean first = history->stats_seen_us == 0;
  gint64 elapsed_us = MAX (now_us - history->stats_seen_us, G_USEC_PER_SEC / 10);
  guint64 headroom = headroom_of (facts);
  guint64 balloon_before = history->balloon_at_stats, used;

  remember_answer (now_us, first, facts, history);
  history->balloon_at_stats = balloon_at_report (now_us, facts, history);
  history->unbacked = claims_what_is_not_backed (facts, history);
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
      remember_use (tuning, now_us, facts, history, used,
                    saturating_sub (history->balloon_at_stats, balloon_before), elapsed_us);
    }
  remember_overhead_at_report (now_us, facts, history);
  history->used = used;
  history->stats_interval_us = first ? 0 : elapsed_us;
  history->swap_in = facts->swap_in;
  history->swap_out = facts->swap_out;
  history->unused = facts->unused;
  history->usable = facts->usable;
  history->available = facts->available;
  history->stats_seen_us = now_us;
}

void
mc_demand_remember_balloon (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (!within (now_us, history->deflating_us, HIDDEN_US))
    history->deflated = 0;
  if (history->balloon_before == 0 || facts->balloon <= history->balloon_before)
    {
      history->deflated = saturating_sub (history->deflated,
                                          saturating_sub (history->balloon_before, facts->balloon));
      return;
    }
  history->deflated += facts->balloon - history->balloon_before;
  history->deflating_us = now_us;
}

static void
remember_touching (gint64 now_us, guint64 resident, McVmHistory *history)
{
  gint64 elapsed_us = MAX (now_us - history->resident_us, G_USEC_PER_SEC / 10);
  guint64 rate = 0;

  if (history->resident_us > 0)
    rate = per_second (saturating_sub (resident, history->resident), elapsed_us);
  history->touching = MAX (rate, history->touching / 2);
  history->resident = resident;
  history->resident_us = now_us;
}

/* What a process occupies beyond the largest that its guest can be is not the guest's. */
static void
remember_resident (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  guint64 most = MAX (facts->balloon, history->balloon_before), touched;

  if (facts->resident == MC_UNKNOWN || facts->balloon == MC_UNKNOWN)
    return;
  remember_touching (now_us, facts->resident, history);
  if (facts->target == MC_UNKNOWN || facts->target >= facts->balloon)
    history->overhead_least
        = CLAMP (saturating_sub (facts->resident, most), history->overhead_least, OVERHEAD_MOST);
  touched = saturating_sub (facts->resident, likely_overhead (history));
  history->touched = MIN (MAX (history->touched, touched), most);
}

void
mc_demand_remember (const McPolicySettings *settings,
                    const McTuning *tuning,
                    gint64 now_us,
                    const McVmFacts *facts,
                    McVmHistory *history)
{
  /* Whatever it has reported until now may be of any age, and of a guest that is dead since. */
  if (!history->looked || facts->started_us != history->started_us)
    *history = (McVmHistory){ .looked = TRUE,
                              .looked_us = now_us,
                              .started_us = facts->started_us,
                              .stats_time_s = facts->stats_time_s,
                              .balloon_since_us = now_us };
  if (facts->stats_time_s > 0 && facts->stats_time_s != history->stats_time_s)
    {
      /* The boot before may have reported once more since it was last looked at. */
      history->fresh = facts->started_us == 0 || history->reported;
      history->reported = TRUE;
      history->stats_time_s = facts->stats_time_s;
      history->balloon_reported = history->balloon_before > 0
                                      ? MIN (history->balloon_before, facts->balloon)
                                      : facts->balloon;
      if (history->fresh && !mc_eligibility_contradicts (facts, history))
        remember_report (tuning, now_us, facts, history);
    }
  remember_resident (now_us, facts, history);
}

/* The use of a guest that has nothing usable cannot grow: it asks for what it swapped out, or ever
 * more. */
static guint64
missing (const McTuning *tuning, const McVmHistory *history, const McDemand *demand)
{
  guint64 more = percent (demand->step, tuning->swap_percent * history->thrashing_reports);

  return MAX (history->swapped, MIN (more, history->thrashing_reports * SWAPS_MOST));
}

static void
set_needs (const McPolicySettings *settings,
           const McTuning *tuning,
           const McVmFacts *facts,
           const McVmHistory *history,
           McDemand *demand)
{
  gint64 horizon_us = settings->interval_us + settings->stats_period_us;
  guint64 growth = history->velocity > 0 && !is_blind (facts)
                       ? (guint64)((double)history->velocity * horizon_us / G_USEC_PER_SEC)
                       : 0;
  guint64 headroom = percent (facts->capacity, tuning->headroom_percent);
  guint64 known;

  demand->need = demand->used + MIN (growth, facts->capacity / 4);
  /* What comes back is as large as it was, until it is seen to be larger. */
  if (demand->used + percent (facts->capacity, RETURN_PERCENT) < history->peak)
    demand->need = MIN (demand->need, history->peak + 2 * demand->high);
  if (toggles (history))
    demand->need
        = MAX (demand->used, CLAMP (demand->need, saturating_sub (demand->target, demand->high),
                                    saturating_sub (demand->target, demand->low)));
  demand->bare = percent (demand->low, tuning->floor_percent);
  demand->floor = known = demand->need + demand->bare;
  demand->desired_now = demand->need + demand->high + headroom;
  demand->desired = MAX (demand->need, history->peak) + demand->high
                    + MAX (tuning->surge_times * history->surge, headroom);
  /* What it swaps comes and goes like the rest of its use. */
  if (demand->thrashing && !toggles (history))
    {
      known = MAX (known, demand->used + history->swapped + demand->bare);
      demand->floor = MAX (known, demand->used + missing (tuning, history, demand) + demand->bare);
      demand->desired = MAX (demand->desired, demand->floor + demand->high);
    }
  demand->with_cache
      = demand->target
        + saturating_sub (demand->low + (demand->high - demand->low) / 2, demand->unused);
  demand->floor = CLAMP (demand->floor, demand->least, demand->most);
  demand->guess = saturating_sub (demand->floor, MAX (known, demand->least));
  demand->desired = CLAMP (demand->desired, demand->floor, demand->most);
  /* What it fills may all be page cache, until it swaps. */
  if (is_blind (facts) && !demand->thrashing)
    demand->floor = MIN (demand->floor, MAX (demand->target, demand->least));
  demand->desired_now = CLAMP (demand->desired_now, demand->least, demand->most);
  demand->with_cache = CLAMP (demand->with_cache, demand->least, demand->most);
}

void
mc_policy_watermarks (const McVmFacts *facts, guint64 *low, guint64 *high)
{
  *low = facts->low_watermark;
  *high = facts->high_watermark;
  if (facts->capacity < SMALL_CAPACITY)
    {
      *low = MIN (*low, percent (facts->capacity, 20));
      *high = MIN (*high, percent (facts->capacity, 30));
    }
  *low = MIN (*low, facts->capacity);
  *high = CLAMP (*high, *low, facts->capacity);
}

static void
set_range (const McPolicySettings *settings, const McVmFacts *facts, McDemand *demand)
{
  guint64 target = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;

  mc_policy_watermarks (facts, &demand->low, &demand->high);
  demand->most = MIN (facts->maximum, facts->capacity);
  demand->least = MIN (facts->minimum, demand->most);
  demand->step = percent (facts->capacity, MIN (settings->step_limit, 100));
  demand->target = MIN (target, facts->capacity);
  demand->committed = MAX (demand->target, facts->balloon);
}

static gboolean
is_overdue (const McPolicySettings *settings, gint64 now_us, const McVmHistory *history)
{
  return now_us - history->stats_seen_us >= OVERDUE_PERIODS * settings->stats_period_us;
}

McDemand
mc_demand_of (const McPolicySettings *settings,
              const McTuning *tuning,
              gint64 now_us,
              const McVmFacts *facts,
              const McVmHistory *history)
{
  guint64 on_its_way, gone;
  McDemand demand = { 0 };

  set_range (settings, facts, &demand);
  on_its_way = saturating_sub (demand.target, history->balloon_at_stats);
  gone = saturating_sub (history->balloon_at_stats, demand.target);
  demand.used = history->used;
  if (history->thrashing_reports > 0 && is_overdue (settings, now_us, history))
    demand.used
        = MIN (history->used + MIN (on_its_way, OVERDUE_STEPS * demand.step), facts->capacity);
  demand.headroom = (gint64)demand.target - (gint64)demand.used;
  demand.unused = saturating_sub (facts->unused + on_its_way, gone);

  demand.thrashing = history->thrashing_reports > 0 && demand.headroom <= (gint64)demand.high;
  set_needs (settings, tuning, facts, history, &demand);
  demand.in_need
      = demand.thrashing || demand.floor > demand.target
        || (!is_blind (facts) && !history->unbacked && demand.headroom <= (gint64)demand.low);
  demand.cache_pressure = !demand.in_need && mc_demand_judged (&demand) <= demand.low;
  demand.growing
      = demand.in_need || (history->velocity > 0 && demand.need + demand.low > demand.target);
  demand.bursty = history->surge > percent (facts->capacity, TRIFLE_PERCENT);
  return demand;
}

/* What the host once backed and its guest still uses is no longer resident when the host has
 * swapped or compressed it: that was touched, and comes back page by page, as the rest of the
 * host's load does. */
static guint64
backed_beside (const McVmFacts *facts, const McVmHistory *history, guint64 overhead)
{
  return MAX (saturating_sub (facts->resident, overhead), MIN (history->touched, history->in_use));
}

guint64
mc_demand_backed_least (const McVmFacts *facts, const McVmHistory *history)
{
  return saturating_sub (facts->resident, worst_overhead (history));
}

static guint64
committed_most (const McVmFacts *facts)
{
  guint64 target = facts->target == MC_UNKNOWN ? 0 : facts->target;
  guint64 balloon = facts->balloon == MC_UNKNOWN ? 0 : facts->balloon;

  return MIN (MAX (target, balloon), MIN (facts->capacity, MC_CAPACITY_MOST));
}

/* A guest touches no more than what it reports free, what its kernel may hide of what it was given,
 * and what is on its way to it. */
static guint64
touchable (const McVmFacts *facts, const McVmHistory *history, guint64 committed)
{
  guint64 coming = saturating_sub (committed, history->balloon_at_stats);

  if (!history->fresh || history->unbacked || history->disagrees || facts->unused == MC_UNKNOWN
      || history->stats_seen_us == 0)
    return committed;
  return MIN (committed, coming + facts->unused + hidden (facts->capacity, facts->capacity));
}

McBacking
mc_demand_backing (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 committed = committed_most (facts), worst, most;
  McBacking backing = { 0 };

  /* Without the figure, what it has is taken as touched: a VM that is busy was promised nothing
   * since. */
  if (facts->resident == MC_UNKNOWN)
    {
      backing.promise
          = saturating_sub (committed, facts->balloon == MC_UNKNOWN ? 0 : facts->balloon);
      return backing;
    }
  worst = backed_beside (facts, history, worst_overhead (history));
  backing.backed = backed_beside (facts, history, likely_overhead (history));
  most = touchable (facts, history, committed);
  backing.promise = MIN (saturating_sub (committed, backing.backed), most);
  backing.doubt = MIN (saturating_sub (committed, worst), most) - backing.promise;
  return backing;
}

guint64
mc_demand_likely_doubt (const McVmHistory *history)
{
  return likely_overhead (history) - history->overhead_least;
}
