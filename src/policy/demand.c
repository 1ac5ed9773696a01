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
#include "triage.h"

/* Below this capacity the watermarks would be most of the VM. */
#define SMALL_CAPACITY (500 * MC_MIB)

#define SWAPPING_BYTES (1 * MC_MIB)
#define SWAPS_MOST     (2 * MC_GIB) /* more than a guest brings back from one report to the next */
#define HOT_MOST       3

/* Part of the low watermark below which a guest has as good as nothing: in guests of 1 GiB and more
 * the kernel keeps the rest to itself, and they are soon silent. */
#define HOT_PERCENT 30

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
#define RECLAIMED (16 * MC_MIB)

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
is_at_rest (gint64 now_us, const McVmFacts *facts, const McVmMemory *memory)
{
  if (memory->balloon_before != 0 && memory->balloon_before != facts->balloon)
    return FALSE;
  if (facts->target == MC_UNKNOWN || facts->target == facts->balloon)
    return TRUE;
  return facts->target == memory->target_before && now_us - memory->target_since_us >= REST_US
         && now_us - memory->balloon_since_us >= REST_US;
}

/*
 * The balloon at the time of the report: MemTotal and a constant part of the guest that is not
 * counted in it. The constant is learned while the balloon is at rest, and not believed beyond
 * where the balloon has been since, or was told to go: the hypervisor's figure of it may be a
 * second older than the report.
 */
static guint64
balloon_at_report (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 before = memory->balloon_before > 0 ? memory->balloon_before : facts->balloon;
  guint64 target
      = facts->target == MC_UNKNOWN ? facts->balloon : MIN (facts->target, facts->capacity);
  guint64 least = MIN (MIN (before, facts->balloon), target),
          most = MAX (MAX (before, facts->balloon), target), was;

  memory->disagrees = FALSE;
  if (facts->available == MC_UNKNOWN)
    return facts->balloon;
  /* It sees no more than its balloon had: the hypervisor's figure is the older one. */
  if (facts->available > facts->balloon && !memory->outside_known)
    return MIN (facts->available, most);
  if (is_at_rest (now_us, facts, memory) && facts->available <= facts->balloon)
    {
      memory->outside_available = facts->balloon - facts->available;
      memory->outside_known = TRUE;
      return facts->balloon;
    }
  if (!memory->outside_known)
    return facts->balloon;
  was = facts->available + memory->outside_available;
  memory->disagrees = was + OUTSIDE_TOLERANCE < least || was > most + OUTSIDE_TOLERANCE;
  if (memory->disagrees)
    memory->outside_known = FALSE;
  return CLAMP (was, least, most);
}

guint64
mc_demand_reserved (const McVmFacts *facts)
{
  return RESERVED_BASE + facts->capacity / RESERVED_DIVISOR;
}

guint64
mc_demand_kernel (const McVmFacts *facts, const McVmMemory *memory)
{
  guint64 outside = memory->outside_known ? memory->outside_available : mc_demand_reserved (facts);

  return MIN (outside, mc_demand_reserved (facts)) + KERNEL_LIVES;
}

static guint64
worst_overhead (const McVmMemory *memory)
{
  return MAX (memory->overhead_least,
              memory->overhead_most == 0 ? OVERHEAD_MOST : memory->overhead_most);
}

static guint64
likely_overhead (const McVmMemory *memory)
{
  return MAX (memory->overhead_least, MIN (worst_overhead (memory), OVERHEAD_USUAL));
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
         && headroom
                < percent (MIN (facts->low_watermark, percent (facts->capacity, 20)), HOT_PERCENT);
}

static void
remember_swapping (const McVmFacts *facts, McVmMemory *memory, gint64 elapsed_us, guint64 headroom)
{
  guint64 in = grown (facts->swap_in, memory->swap_in),
          out = grown (facts->swap_out, memory->swap_out);

  memory->swap_in_rate = per_second (in, elapsed_us);
  memory->swap_out_rate = per_second (out, elapsed_us);
  memory->swapped
      = MIN (saturating_sub (memory->swapped + MIN (out, facts->capacity), in), facts->capacity);
  if (in > SWAPPING_BYTES || out > SWAPPING_BYTES || has_as_good_as_nothing (facts, headroom))
    memory->hot = MIN (memory->hot + 1, HOT_MOST);
  else
    memory->hot = 0;
  /* What stays out although there is room is not missed. */
  if (memory->hot == 0)
    memory->swapped -= memory->swapped / 8;
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
toggles (const McVmMemory *memory)
{
  return memory->turns >= TURNS_MOST;
}

static void
remember_turn (gint64 now_us, const McVmFacts *facts, guint64 used, McVmMemory *memory)
{
  guint64 by = facts->capacity / TURN_DIVISOR;
  gboolean turns = memory->falls ? used > memory->turned_at + by : used + by < memory->turned_at;

  if (memory->turns > 0 && !within (now_us, memory->turned_us, TURN_FORGOTTEN_US))
    memory->turns = 0;
  if (turns)
    {
      if (within (now_us, memory->turned_us, TURN_AGAIN_US))
        memory->turns = MIN (memory->turns + 1, TURNS_MOST);
      memory->falls = !memory->falls;
      memory->turned_us = now_us;
      memory->turned_at = used;
      return;
    }
  memory->turned_at = memory->falls ? MIN (memory->turned_at, used) : MAX (memory->turned_at, used);
}

static void
remember_use (const McTuning *tuning,
              gint64 now_us,
              const McVmFacts *facts,
              McVmMemory *memory,
              guint64 used,
              guint64 deflated,
              gint64 elapsed_us)
{
  guint64 growth
      = saturating_sub (saturating_sub (used, memory->used), hidden (facts->capacity, deflated));
  guint64 trifle = percent (facts->capacity, TRIFLE_PERCENT);
  gint64 velocity
      = (gint64)per_second (MAX (growth, saturating_sub (memory->used, used)), elapsed_us);

  if (used < memory->used)
    velocity = -velocity;
  /* Rises at once, falls slowly: the first report of growth is when something can still be done. */
  memory->velocity = MAX (velocity, memory->velocity / 2 + velocity / 2);
  remember_turn (now_us, facts, used, memory);
  remember_most (tuning, now_us, elapsed_us, used, used, trifle, &memory->peak, &memory->peak_us);
  remember_most (tuning, now_us, elapsed_us, growth, 0, trifle, &memory->surge, &memory->surge_us);
}

static gboolean
is_same_as_before (const McVmFacts *facts, const McVmMemory *memory)
{
  return facts->unused == memory->unused && facts->usable == memory->usable
         && facts->available == memory->available && facts->swap_in == memory->swap_in
         && facts->swap_out == memory->swap_out;
}

/* The hypervisor's figure of the balloon may be older than the figures that answered to it. */
static void
remember_answer (gint64 now_us, gboolean first, const McVmFacts *facts, McVmMemory *memory)
{
  if (first || !is_same_as_before (facts, memory))
    {
      memory->frozen = FALSE;
      memory->answered_us = now_us;
    }
  if (within (now_us, memory->answered_us, ANSWERED_US))
    memory->answered_balloon = facts->balloon;
  else if (distance (memory->answered_balloon, memory->balloon_before) >= ANSWERABLE)
    memory->frozen = TRUE;
}

/* What its guest has in use was touched, so all that its process occupies beyond is its own, or was
 * in use once. */
static void
remember_overhead_at_report (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 outside = saturating_sub (memory->balloon_at_stats, facts->available);
  guint64 reserved = MIN (outside, mc_demand_reserved (facts));
  guint64 in_use = saturating_sub (memory->balloon_at_stats - outside, facts->unused) + reserved;
  guint64 most;

  if (facts->resident == MC_UNKNOWN || memory->balloon_before != facts->balloon)
    return;
  memory->in_use = in_use;
  /* What its kernel hides of what it was given is in nobody's use; some of it stays hidden. */
  if (within (now_us, memory->deflating_us, HIDDEN_US))
    {
      memory->in_use = saturating_sub (in_use, hidden (facts->capacity, memory->deflated));
      return;
    }
  if (memory->deflating_us > 0)
    in_use = saturating_sub (in_use, HIDDEN_LEAST);
  /* What the host has reclaimed would look as if the process had nothing of its own. */
  if (saturating_sub (facts->resident, likely_overhead (memory)) + RECLAIMED < memory->touched)
    return;
  most = CLAMP (saturating_sub (facts->resident, in_use), OVERHEAD_LEAST, OVERHEAD_MOST);
  memory->overhead_most = memory->overhead_most == 0 ? most : MIN (memory->overhead_most, most);
}

/* What a guest has in use was touched, and the host backs it, or has. One that claims more is not
 * believed to need more; it may be told of memory that was reclaimed before anybody looked, so
 * nothing is taken for that either. */
static gboolean
claims_what_is_not_backed (const McVmFacts *facts, const McVmMemory *memory)
{
  guint64 in_use = saturating_sub (memory->balloon_at_stats, facts->unused);
  guint64 outside = saturating_sub (memory->balloon_at_stats, facts->available);
  guint64 backed;

  if (facts->resident == MC_UNKNOWN)
    return FALSE;
  backed = MAX (saturating_sub (facts->resident, OVERHEAD_LEAST), memory->touched);
  return in_use > backed + outside + UNBACKED_SLACK;
}

static void
remember_report (const McTuning *tuning, gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean first = memory->stats_seen_us == 0;
  gint64 elapsed_us = MAX (now_us - memory->stats_seen_us, G_USEC_PER_SEC / 10);
  guint64 headroom = headroom_of (facts);
  guint64 balloon_before = memory->balloon_at_stats, used;

  remember_answer (now_us, first, facts, memory);
  memory->balloon_at_stats = balloon_at_report (now_us, facts, memory);
  memory->unbacked = claims_what_is_not_backed (facts, memory);
  used = MIN (saturating_sub (memory->balloon_at_stats, headroom), facts->capacity);
  if (first)
    {
      memory->peak = used;
      memory->peak_us = now_us;
      memory->swap_in_rate = memory->swap_out_rate = 0;
      memory->hot = !memory->unbacked && has_as_good_as_nothing (facts, headroom);
    }
  else if (memory->unbacked)
    memory->hot = 0;
  else
    {
      remember_swapping (facts, memory, elapsed_us, headroom);
      remember_use (tuning, now_us, facts, memory, used,
                    saturating_sub (memory->balloon_at_stats, balloon_before), elapsed_us);
    }
  remember_overhead_at_report (now_us, facts, memory);
  memory->used = used;
  memory->stats_interval_us = first ? 0 : elapsed_us;
  memory->swap_in = facts->swap_in;
  memory->swap_out = facts->swap_out;
  memory->unused = facts->unused;
  memory->usable = facts->usable;
  memory->available = facts->available;
  memory->stats_seen_us = now_us;
}

static void
remember_deflated (gint64 now_us, guint64 balloon, McVmMemory *memory)
{
  guint64 before = memory->balloon_before;

  if (!within (now_us, memory->deflating_us, HIDDEN_US))
    memory->deflated = 0;
  if (before == 0 || balloon <= before)
    {
      memory->deflated = saturating_sub (memory->deflated, saturating_sub (before, balloon));
      return;
    }
  memory->deflated += balloon - before;
  memory->deflating_us = now_us;
}

void
mc_demand_remember_balloon (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  remember_deflated (now_us, facts->balloon, memory);
  if (facts->balloon != memory->balloon_before)
    memory->balloon_since_us = now_us;
  memory->balloon_before = facts->balloon;
}

static void
remember_touching (gint64 now_us, guint64 resident, McVmMemory *memory)
{
  gint64 elapsed_us = MAX (now_us - memory->resident_us, G_USEC_PER_SEC / 10);
  guint64 rate = 0;

  if (memory->resident_us > 0)
    rate = per_second (saturating_sub (resident, memory->resident), elapsed_us);
  memory->touching = MAX (rate, memory->touching / 2);
  memory->resident = resident;
  memory->resident_us = now_us;
}

/* What a process occupies beyond the largest that its guest can be is not the guest's. */
static void
remember_resident (gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  guint64 most = MAX (facts->balloon, memory->balloon_before), touched;

  if (facts->resident == MC_UNKNOWN || facts->balloon == MC_UNKNOWN)
    return;
  remember_touching (now_us, facts->resident, memory);
  if (facts->target == MC_UNKNOWN || facts->target >= facts->balloon)
    memory->overhead_least
        = CLAMP (saturating_sub (facts->resident, most), memory->overhead_least, OVERHEAD_MOST);
  touched = saturating_sub (facts->resident, likely_overhead (memory));
  memory->touched = MIN (MAX (memory->touched, touched), most);
}

void
mc_demand_remember (const McPolicySettings *settings,
                    const McTuning *tuning,
                    gint64 now_us,
                    const McVmFacts *facts,
                    McVmMemory *memory)
{
  /* Whatever it has reported until now may be of any age, and of a guest that is dead since. */
  if (!memory->looked || facts->started_us != memory->started_us)
    *memory = (McVmMemory){ .looked = TRUE,
                            .looked_us = now_us,
                            .started_us = facts->started_us,
                            .stats_time_s = facts->stats_time_s,
                            .balloon_since_us = now_us };
  if (facts->stats_time_s > 0 && facts->stats_time_s != memory->stats_time_s)
    {
      /* The boot before may have reported once more since it was last looked at. */
      memory->fresh = facts->started_us == 0 || memory->reported;
      memory->reported = TRUE;
      memory->stats_time_s = facts->stats_time_s;
      memory->balloon_reported = memory->balloon_before > 0
                                     ? MIN (memory->balloon_before, facts->balloon)
                                     : facts->balloon;
      if (memory->fresh && !mc_triage_contradicts (facts, memory))
        remember_report (tuning, now_us, facts, memory);
    }
  remember_resident (now_us, facts, memory);
}

/* The use of a guest that has nothing usable cannot grow: it asks for what it swapped out, or ever
 * more. */
static guint64
missing (const McTuning *tuning, const McVmMemory *memory, const McDemand *demand)
{
  guint64 more = percent (demand->step, tuning->swap_percent * memory->hot);

  return MAX (memory->swapped, MIN (more, memory->hot * SWAPS_MOST));
}

static void
set_needs (const McPolicySettings *settings,
           const McTuning *tuning,
           const McVmFacts *facts,
           const McVmMemory *memory,
           McDemand *demand)
{
  gint64 horizon_us = settings->interval_us + settings->stats_period_us;
  guint64 growth = memory->velocity > 0 && !is_blind (facts)
                       ? (guint64)((double)memory->velocity * horizon_us / G_USEC_PER_SEC)
                       : 0;
  guint64 least = percent (demand->low, tuning->base_percent);
  guint64 headroom = percent (facts->capacity, tuning->headroom_percent);
  guint64 known;

  demand->need = demand->used + MIN (growth, facts->capacity / 4);
  /* What comes back is as large as it was, until it is seen to be larger. */
  if (demand->used + percent (facts->capacity, RETURN_PERCENT) < memory->peak)
    demand->need = MIN (demand->need, memory->peak + 2 * demand->high);
  if (toggles (memory))
    demand->need
        = MAX (demand->used, CLAMP (demand->need, saturating_sub (demand->told, demand->high),
                                    saturating_sub (demand->told, demand->low)));
  demand->survives = demand->used + least;
  demand->base = known = demand->need + least;
  demand->well = demand->need + demand->high + headroom;
  demand->want = MAX (demand->need, memory->peak) + demand->high
                 + MAX (tuning->surge_times * memory->surge, headroom);
  /* What it swaps comes and goes like the rest of its use. */
  if (demand->hot && !toggles (memory))
    {
      known = MAX (known, demand->used + memory->swapped + least);
      demand->base = MAX (known, demand->used + missing (tuning, memory, demand) + least);
      demand->want = MAX (demand->want, demand->base + demand->high);
    }
  demand->cache = demand->told
                  + saturating_sub (demand->low + (demand->high - demand->low) / 2, demand->unused);
  demand->base = CLAMP (demand->base, demand->least, demand->most);
  demand->guess = saturating_sub (demand->base, MAX (known, demand->least));
  demand->want = CLAMP (demand->want, demand->base, demand->most);
  /* What it fills may all be page cache, until it swaps. */
  if (is_blind (facts) && !demand->hot)
    demand->base = MIN (demand->base, MAX (demand->told, demand->least));
  demand->well = CLAMP (demand->well, demand->least, demand->most);
  demand->cache = CLAMP (demand->cache, demand->least, demand->most);
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
  guint64 told = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;

  mc_policy_watermarks (facts, &demand->low, &demand->high);
  demand->most = MIN (facts->maximum, facts->capacity);
  demand->least = MIN (facts->minimum, demand->most);
  demand->step = percent (facts->capacity, MIN (settings->step_limit, 100));
  demand->told = MIN (told, facts->capacity);
  demand->held = MAX (demand->told, facts->balloon);
}

static gboolean
is_overdue (const McPolicySettings *settings, gint64 now_us, const McVmMemory *memory)
{
  return now_us - memory->stats_seen_us >= OVERDUE_PERIODS * settings->stats_period_us;
}

McDemand
mc_demand_of (const McPolicySettings *settings,
              const McTuning *tuning,
              gint64 now_us,
              const McVmFacts *facts,
              const McVmMemory *memory)
{
  guint64 on_its_way, gone, watched;
  McDemand demand = { 0 };

  set_range (settings, facts, &demand);
  on_its_way = saturating_sub (demand.told, memory->balloon_at_stats);
  gone = saturating_sub (memory->balloon_at_stats, demand.told);
  demand.used = memory->used;
  if (memory->hot > 0 && is_overdue (settings, now_us, memory))
    demand.used
        = MIN (memory->used + MIN (on_its_way, OVERDUE_STEPS * demand.step), facts->capacity);
  demand.headroom = (gint64)demand.told - (gint64)demand.used;
  demand.unused = saturating_sub (facts->unused + on_its_way, gone);
  watched = MIN ((guint64)MAX (demand.headroom, 0), demand.unused);

  demand.hot = memory->hot > 0 && demand.headroom <= (gint64)demand.high;
  set_needs (settings, tuning, facts, memory, &demand);
  demand.hard
      = demand.hot || demand.base > demand.told
        || (!is_blind (facts) && !memory->unbacked && demand.headroom <= (gint64)demand.low);
  demand.soft = !demand.hard && watched <= demand.low;
  demand.growing = demand.hard || (memory->velocity > 0 && demand.need + demand.low > demand.told);
  demand.restless = memory->surge > percent (facts->capacity, TRIFLE_PERCENT);
  return demand;
}

/* What the host once backed and its guest still uses is no longer resident when the host has
 * swapped or compressed it: that was touched, and comes back page by page, as the rest of the
 * host's load does. */
static guint64
backed_beside (const McVmFacts *facts, const McVmMemory *memory, guint64 overhead)
{
  return MAX (saturating_sub (facts->resident, overhead), MIN (memory->touched, memory->in_use));
}

guint64
mc_demand_backed_least (const McVmFacts *facts, const McVmMemory *memory)
{
  return saturating_sub (facts->resident, worst_overhead (memory));
}

static guint64
held_most (const McVmFacts *facts)
{
  guint64 target = facts->target == MC_UNKNOWN ? 0 : facts->target;
  guint64 balloon = facts->balloon == MC_UNKNOWN ? 0 : facts->balloon;

  return MIN (MAX (target, balloon), MIN (facts->capacity, MC_CAPACITY_MOST));
}

/* A guest touches no more than what it reports free, what its kernel may hide of what it was given,
 * and what is on its way to it. */
static guint64
touchable (const McVmFacts *facts, const McVmMemory *memory, guint64 held)
{
  guint64 coming = saturating_sub (held, memory->balloon_at_stats);

  if (!memory->fresh || memory->unbacked || memory->disagrees || facts->unused == MC_UNKNOWN
      || memory->stats_seen_us == 0)
    return held;
  return MIN (held, coming + facts->unused + hidden (facts->capacity, facts->capacity));
}

McBacking
mc_demand_backing (const McVmFacts *facts, const McVmMemory *memory)
{
  guint64 held = held_most (facts), worst, most;
  McBacking backing = { 0 };

  /* Without the figure, what it has is taken as touched: a VM that is busy was promised nothing
   * since. */
  if (facts->resident == MC_UNKNOWN)
    {
      backing.promise = saturating_sub (held, facts->balloon == MC_UNKNOWN ? 0 : facts->balloon);
      return backing;
    }
  worst = backed_beside (facts, memory, worst_overhead (memory));
  backing.backed = backed_beside (facts, memory, likely_overhead (memory));
  most = touchable (facts, memory, held);
  backing.promise = MIN (saturating_sub (held, backing.backed), most);
  backing.doubt = MIN (saturating_sub (held, worst), most) - backing.promise;
  return backing;
}

guint64
mc_demand_likely_doubt (const McVmMemory *memory)
{
  return likely_overhead (memory) - memory->overhead_least;
}
