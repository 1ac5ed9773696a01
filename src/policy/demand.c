/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM wants.
 *
 * usable is what counts, not unused: unused shrinks with every file that is read, and flatters a
 * squeezed guest. The guest's report and the balloon's size are read at different moments;
 * MemTotal, which comes with the report, tells how large the balloon was then.
 */
#include "config.h"

#include "demand.h"
#include "triage.h"

/* Below this capacity the watermarks would be most of the VM. */
#define SMALL_CAPACITY (500 * MC_MIB)

#define SWAPPING_BYTES (1 * MC_MIB)
#define HOT_MOST       3

/* Part of the low watermark below which a guest has as good as nothing: in guests of 1 GiB and more
 * the kernel keeps the rest to itself, and they are soon silent. */
#define HOT_PERCENT 30

/* Growth of this part of a VM's capacity between two reports is noise. */
#define TRIFLE_PERCENT 2

/* A report that is so many periods late, of a guest that was swapping, is late because it swaps. */
#define OVERDUE_PERIODS 2
#define OVERDUE_STEPS   2 /* so much of what it was given since is taken for used up, at most */

/* A MemTotal that is further from the balloon than this does not follow it (autodeflate). */
#define OUTSIDE_TOLERANCE (32 * MC_MIB)

/* Of what a balloon gives back, the guest's kernel keeps some in its per-CPU lists, where it is
 * neither free nor used until it is allocated: 38 to 53 MiB in guests of 1 GiB, Linux 6.1. */
#define NOT_YET_FREE (48 * MC_MIB)

#define OVERHEAD_MOST (256 * MC_MIB)

static guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

static guint64
less (guint64 from, guint64 what)
{
  return from - MIN (from, what);
}

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

/*
 * The balloon at the time of the report: MemTotal and a constant part of the guest that is not
 * counted in it. The constant is learned while the balloon is at rest, and not believed beyond
 * where the balloon has been since.
 */
static guint64
balloon_at_report (const McVmFacts *facts, McVmMemory *memory)
{
  guint64 before = memory->balloon_before > 0 ? memory->balloon_before : facts->balloon;
  guint64 least = MIN (before, facts->balloon), most = MAX (before, facts->balloon), was;

  if (facts->available > facts->balloon
      && (facts->available == MC_UNKNOWN || !memory->outside_known))
    return facts->balloon;
  if (least == most && facts->available <= facts->balloon)
    {
      memory->outside_available = facts->balloon - facts->available;
      memory->outside_known = TRUE;
      return facts->balloon;
    }
  if (!memory->outside_known)
    return facts->balloon;
  was = facts->available + memory->outside_available;
  if (was + OUTSIDE_TOLERANCE < least || was > most + OUTSIDE_TOLERANCE)
    memory->outside_known = FALSE;
  return CLAMP (was, least, most);
}

static gboolean
has_as_good_as_nothing (const McVmFacts *facts, guint64 headroom)
{
  return headroom
         < percent (MIN (facts->low_watermark, percent (facts->capacity, 20)), HOT_PERCENT);
}

static void
remember_swapping (const McVmFacts *facts, McVmMemory *memory, gint64 elapsed_us, guint64 headroom)
{
  guint64 in = grown (facts->swap_in, memory->swap_in),
          out = grown (facts->swap_out, memory->swap_out);

  memory->swap_in_rate = per_second (in, elapsed_us);
  memory->swap_out_rate = per_second (out, elapsed_us);
  memory->swapped = MIN (less (memory->swapped + MIN (out, facts->capacity), in), facts->capacity);
  if (in > SWAPPING_BYTES || out > SWAPPING_BYTES || has_as_good_as_nothing (facts, headroom))
    memory->hot = MIN (memory->hot + 1, HOT_MOST);
  else
    memory->hot = 0;
  /* What stays out although there is room is not missed. */
  if (memory->hot == 0)
    memory->swapped -= memory->swapped / 8;
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
  guint64 growth = less (less (used, memory->used), MIN (deflated, NOT_YET_FREE));
  guint64 trifle = percent (facts->capacity, TRIFLE_PERCENT);
  gint64 velocity = (gint64)per_second (MAX (growth, less (memory->used, used)), elapsed_us);

  if (used < memory->used)
    velocity = -velocity;
  /* Rises at once, falls slowly: the first report of growth is when something can still be done. */
  memory->velocity = MAX (velocity, memory->velocity / 2 + velocity / 2);
  remember_most (tuning, now_us, elapsed_us, used, used, trifle, &memory->peak, &memory->peak_us);
  remember_most (tuning, now_us, elapsed_us, growth, 0, trifle, &memory->surge, &memory->surge_us);
}

static void
remember_report (const McTuning *tuning, gint64 now_us, const McVmFacts *facts, McVmMemory *memory)
{
  gboolean first = memory->stats_seen_us == 0;
  gint64 elapsed_us = MAX (now_us - memory->stats_seen_us, G_USEC_PER_SEC / 10);
  guint64 headroom = facts->usable == MC_UNKNOWN ? facts->unused : facts->usable;
  guint64 balloon_before = memory->balloon_at_stats, used;

  memory->balloon_at_stats = balloon_at_report (facts, memory);
  used = MIN (less (memory->balloon_at_stats, headroom), facts->capacity);
  if (first)
    {
      memory->peak = used;
      memory->peak_us = now_us;
      memory->swap_in_rate = memory->swap_out_rate = 0;
      memory->hot = has_as_good_as_nothing (facts, headroom);
    }
  else
    {
      remember_swapping (facts, memory, elapsed_us, headroom);
      remember_use (tuning, now_us, facts, memory, used,
                    less (memory->balloon_at_stats, balloon_before), elapsed_us);
    }
  memory->used = used;
  memory->stats_interval_us = first ? 0 : elapsed_us;
  memory->swap_in = facts->swap_in;
  memory->swap_out = facts->swap_out;
  memory->stats_seen_us = now_us;
}

/* What a process occupies beyond the largest that its guest can be is not the guest's. */
static void
remember_overhead (const McVmFacts *facts, McVmMemory *memory)
{
  guint64 most = MAX (facts->balloon, memory->balloon_before);

  if (memory->overhead == 0)
    memory->overhead = MC_OVERHEAD_ASSUMED;
  if (facts->resident == MC_UNKNOWN || facts->balloon == MC_UNKNOWN)
    return;
  if (facts->target == MC_UNKNOWN || facts->target >= facts->balloon)
    memory->overhead = CLAMP (less (facts->resident, most), memory->overhead, OVERHEAD_MOST);
}

void
mc_demand_remember (const McPolicySettings *settings,
                    const McTuning *tuning,
                    gint64 now_us,
                    const McVmFacts *facts,
                    McVmMemory *memory)
{
  gboolean sound = facts->capacity <= MC_CAPACITY_MOST && facts->balloon <= facts->capacity
                   && facts->unused <= facts->capacity
                   && (facts->usable <= facts->capacity || facts->usable == MC_UNKNOWN);

  if (facts->started_us != memory->started_us)
    *memory = (McVmMemory){ .started_us = facts->started_us, .stats_time_s = facts->stats_time_s };
  if (facts->stats_time_s > 0 && facts->stats_time_s != memory->stats_time_s)
    {
      /* The boot before may have reported once more since it was last looked at. */
      memory->fresh = facts->started_us == 0 || memory->reported;
      memory->reported = TRUE;
      memory->stats_time_s = facts->stats_time_s;
      if (sound && memory->fresh)
        remember_report (tuning, now_us, facts, memory);
    }
  remember_overhead (facts, memory);
  if (facts->balloon <= facts->capacity && facts->capacity <= MC_CAPACITY_MOST)
    memory->balloon_before = facts->balloon;
}

/* The use of a guest that has nothing usable cannot grow: it asks for what it swapped out, or ever
 * more. */
static guint64
missing (const McTuning *tuning, const McVmMemory *memory, const McDemand *demand)
{
  return MAX (memory->swapped, percent (demand->step, tuning->swap_percent * memory->hot));
}

static void
set_needs (const McPolicySettings *settings,
           const McTuning *tuning,
           const McVmFacts *facts,
           const McVmMemory *memory,
           McDemand *demand)
{
  gint64 horizon_us = settings->interval_us + settings->stats_period_us;
  guint64 growth = memory->velocity > 0
                       ? (guint64)((double)memory->velocity * horizon_us / G_USEC_PER_SEC)
                       : 0;
  guint64 least = percent (demand->low, tuning->base_percent);
  guint64 headroom = percent (facts->capacity, tuning->headroom_percent);

  demand->need = demand->used + MIN (growth, facts->capacity / 4);
  demand->survives = demand->used + least;
  demand->base = demand->need + least;
  demand->well = demand->need + demand->high + headroom;
  demand->want = MAX (demand->need, memory->peak) + demand->high
                 + MAX (tuning->surge_times * memory->surge, headroom);
  if (demand->hot)
    {
      demand->base = MAX (demand->base, demand->used + missing (tuning, memory, demand) + least);
      demand->want = MAX (demand->want, demand->base + demand->high);
    }
  demand->cache
      = demand->told + less (demand->low + (demand->high - demand->low) / 2, demand->unused);
  demand->base = CLAMP (demand->base, demand->least, demand->most);
  demand->want = CLAMP (demand->want, demand->base, demand->most);
  demand->well = CLAMP (demand->well, demand->least, demand->most);
  demand->cache = CLAMP (demand->cache, demand->least, demand->most);
}

static void
set_range (const McPolicySettings *settings, const McVmFacts *facts, McDemand *demand)
{
  guint64 told = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;

  demand->low = facts->low_watermark;
  demand->high = facts->high_watermark;
  if (facts->capacity < SMALL_CAPACITY)
    {
      demand->low = MIN (demand->low, percent (facts->capacity, 20));
      demand->high = MIN (demand->high, percent (facts->capacity, 30));
    }
  demand->low = MIN (demand->low, facts->capacity);
  demand->high = CLAMP (demand->high, demand->low, facts->capacity);
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
  on_its_way = less (demand.told, memory->balloon_at_stats);
  gone = less (memory->balloon_at_stats, demand.told);
  demand.used = memory->used;
  if (memory->hot > 0 && is_overdue (settings, now_us, memory))
    demand.used
        = MIN (memory->used + MIN (on_its_way, OVERDUE_STEPS * demand.step), facts->capacity);
  demand.headroom = (gint64)demand.told - (gint64)demand.used;
  demand.unused = less (facts->unused + on_its_way, gone);
  watched = MIN ((guint64)MAX (demand.headroom, 0), demand.unused);

  demand.hot = memory->hot > 0 && demand.headroom <= (gint64)demand.high;
  set_needs (settings, tuning, facts, memory, &demand);
  demand.hard = demand.hot || demand.headroom <= (gint64)demand.low || demand.base > demand.told;
  demand.soft = !demand.hard && watched <= demand.low;
  demand.growing = demand.hard || (memory->velocity > 0 && demand.need + demand.low > demand.told);
  demand.restless = memory->surge > percent (facts->capacity, TRIFLE_PERCENT);
  return demand;
}

guint64
mc_demand_promise (const McVmFacts *facts, const McVmMemory *memory)
{
  guint64 told = facts->target == MC_UNKNOWN ? 0 : facts->target;
  guint64 balloon = facts->balloon == MC_UNKNOWN ? 0 : facts->balloon;
  guint64 most = MIN (MAX (told, balloon), MIN (facts->capacity, MC_CAPACITY_MOST));

  /* Without the figure, what it has is taken as touched: a VM that is busy was promised nothing
   * since. */
  if (facts->resident == MC_UNKNOWN)
    return less (most, balloon);
  return less (most, less (facts->resident, memory->overhead));
}
