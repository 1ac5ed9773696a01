/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What loads are made of. */
#include "config.h"

#include <math.h>

#include "parts.h"

#define OWN           60.0
#define INFLATE       250.0
#define DEFLATE       1000.0
#define HEADROOM      110.0
#define FITS_HEADROOM 100
#define CACHE_FILLS   100 /* MiB a second */
#define FLOOR_MARGIN  64
#define SMALL_PART    0.3 /* headroom is no more of a capacity */
#define SETS_SECOND   90  /* what somebody else has set may hold so long */

SimPlan *
sim_part_vm (SimLoad *load, double capacity)
{
  SimPlan *plan = &load->vms[load->n++];

  plan->capacity = capacity;
  plan->minimum = capacity / 8;
  plan->maximum = capacity;
  plan->low = 100;
  plan->high = 150;
  plan->own = OWN;
  plan->inflate = INFLATE;
  plan->deflate = DEFLATE;
  plan->weight = 100;
  plan->idle_part = 0.1;
  return plan;
}

double
sim_part_most (const SimPlan *plan)
{
  return plan->capacity - sim_kernel_holds (plan->kernel, plan->capacity)
         - sim_kernel_bias (plan->kernel, plan->capacity)
         - MIN (HEADROOM, SMALL_PART * plan->capacity);
}

void
sim_part_constant (SimLoad *load, SimPlan *plan, double level)
{
  for (guint t = 0; t < load->seconds; t++)
    plan->demand[t] = (float)level;
}

void
sim_part_limit_rate (SimLoad *load, SimPlan *plan, double rate)
{
  for (guint t = 1; t < load->seconds; t++)
    plan->demand[t] = (float)MIN (plan->demand[t], plan->demand[t - 1] + rate);
}

void
sim_part_markov (
    SimLoad *load, SimPlan *plan, SimRandom *random, double low, double high, double stay)
{
  double level = low;

  for (guint t = 0; t < load->seconds; t++)
    {
      if (sim_random_unit (random) < 1 / stay)
        level = sim_random_unit (random) < 0.5 ? low : sim_random_between (random, low, high);
      plan->demand[t] = (float)level;
    }
}

void
sim_part_sawtooth (SimLoad *load, SimPlan *plan, double low, double high, guint period, guint phase)
{
  for (guint t = 0; t < load->seconds; t++)
    plan->demand[t] = (float)(low + (high - low) * ((t + phase) % period) / period);
}

void
sim_part_staircase (
    SimLoad *load, SimPlan *plan, SimRandom *random, double low, double high, guint step_seconds)
{
  double level = low;

  for (guint t = 0; t < load->seconds; t++)
    {
      if (t % step_seconds == 0 && t > 0)
        level = level >= high
                    ? low
                    : MIN (high, level + (high - low) * sim_random_between (random, 0.15, 0.4));
      plan->demand[t] = (float)level;
    }
}

void
sim_part_bursts (SimLoad *load,
                 SimPlan *plan,
                 SimRandom *random,
                 double low,
                 double high,
                 guint every,
                 guint lasts)
{
  guint next = sim_random_below (random, every), end = 0;

  for (guint t = 0; t < load->seconds; t++)
    {
      if (t == next)
        {
          end = t + lasts;
          next = t + lasts + 1 + sim_random_below (random, every * 2);
        }
      plan->demand[t] = (float)(t < end ? high : low);
    }
}

void
sim_part_host (SimLoad *load, SimRandom *random, double base)
{
  for (guint t = 0; t < load->seconds; t++)
    load->base[t] = (float)(base + sim_random_between (random, -30, 30));
}

void
sim_part_event (SimPlan *plan, guint t, SimHand what, double value)
{
  g_assert (plan->n_events < SIM_EVENTS_MOST);
  plan->events[plan->n_events++] = (SimEvent){ t, what, value };
}

/* From the first of these until the second nobody can take from it. */
static gboolean
is_out_of_hand (const SimPlan *plan, guint t)
{
  gboolean is = FALSE;

  for (guint e = 0; e < plan->n_events && plan->events[e].t <= t; e++)
    switch (plan->events[e].what)
      {
      case SIM_UNLOADS:
      case SIM_PANICS:
      case SIM_DUMPS:
      case SIM_FREEZES:
      case SIM_SETS_FAIL_LATE:
      case SIM_SETS_ARE_LOST:
        is = TRUE;
        break;
      case SIM_LOADS:
      case SIM_REBOOTS:
      case SIM_THAWS:
      case SIM_SETS_WORK:
        is = FALSE;
        break;
      case SIM_IS_SET:
      case SIM_IS_SET_ON_GRANT:
        if (t < plan->events[e].t + SETS_SECOND)
          return TRUE;
        break;
      case SIM_IS_RECLAIMED:
        break;
      }
  return is;
}

static gboolean
reads_files (const SimLoad *load, const SimPlan *plan)
{
  double most = plan->reads;

  for (guint t = 0; t < load->seconds; t++)
    most = MAX (most, plan->cold_cache[t]);
  return most > 0;
}

/* What it may ever touch. */
static double
most_touched (const SimLoad *load, guint i)
{
  const SimPlan *plan = &load->vms[i];
  double most = 0;

  if (plan->kind & SIM_PINNED || reads_files (load, plan))
    return plan->capacity;
  for (guint t = plan->start; t < load->seconds; t++)
    most = MAX (most, sim_load_need (load, i, t));
  return MIN (most, plan->capacity);
}

static double
need_of (const SimLoad *load, guint i, guint t, double headroom, double most)
{
  const SimPlan *plan = &load->vms[i];

  if (t < plan->start)
    return 0;
  if (plan->kind & SIM_HUGE)
    return plan->own;
  if (plan->kind & SIM_PINNED || is_out_of_hand (plan, t))
    return plan->own + most;
  headroom = MIN (headroom, SMALL_PART * plan->capacity);
  return plan->own + MIN (sim_load_need (load, i, t) + headroom, plan->capacity);
}

double
sim_part_peak (const SimLoad *load, double headroom)
{
  double peak = 0, most[SIM_VMS_MOST];

  for (guint i = 0; i < load->n; i++)
    most[i] = most_touched (load, i);
  for (guint t = 0; t < load->seconds; t++)
    {
      double sum = load->base[t] + SIM_RESERVE + load->cache_least;

      for (guint i = 0; i < load->n; i++)
        sum += need_of (load, i, t, headroom, most[i]);
      peak = MAX (peak, sum);
    }
  return peak;
}

typedef struct
{
  double most, need, balloon, occupied;
} Follower;

/* Balloons that have more than is needed go down, as fast as they can together; what is read
 * meanwhile fills what they have not taken. Returns: what all occupy. */
static double
follow (const SimLoad *load, Follower *vms, guint t)
{
  double all = 0, pace = 1, sum = 0;

  for (guint i = 0; i < load->n; i++)
    all += vms[i].need < vms[i].balloon ? load->vms[i].inflate : 0;
  if (load->inflate_at_once > 0 && all > load->inflate_at_once)
    pace = load->inflate_at_once / all;
  for (guint i = 0; i < load->n; i++)
    {
      const SimPlan *plan = &load->vms[i];
      double reads = plan->reads + (plan->cold_cache[t] > 0 ? CACHE_FILLS : 0);

      vms[i].balloon = MAX (vms[i].need, vms[i].balloon - plan->inflate * pace);
      vms[i].occupied = MIN (MAX (vms[i].need, vms[i].occupied + reads), vms[i].balloon);
      sum += vms[i].occupied;
    }
  return sum;
}

gboolean
sim_part_keeps_up (const SimLoad *load)
{
  Follower vms[SIM_VMS_MOST] = { 0 };

  for (guint i = 0; i < load->n; i++)
    {
      vms[i].most = most_touched (load, i);
      vms[i].balloon = load->vms[i].kind & SIM_HUGE ? 0 : load->vms[i].begins;
    }
  for (guint t = 0; t < load->seconds; t++)
    {
      double fixed = load->base[t] + SIM_RESERVE + load->cache_least + FLOOR_MARGIN;

      for (guint i = 0; i < load->n; i++)
        vms[i].need = need_of (load, i, t, FITS_HEADROOM, vms[i].most);
      if (follow (load, vms, t) + fixed > load->total)
        return FALSE;
    }
  return TRUE;
}

void
sim_part_settle (SimLoad *load, double total)
{
  load->total = total;
  load->fits = sim_part_peak (load, FITS_HEADROOM) + FLOOR_MARGIN <= total;
}

void
sim_part_demand (SimLoad *load, SimPlan *plan, SimRandom *random)
{
  const double rates[] = { 30, 60, 120, 250, 500 };
  double most = sim_part_most (plan), low = sim_random_between (random, 0.1, 0.3) * most;
  double high = sim_random_between (random, 0.5, 0.95) * most;

  switch (sim_random_below (random, 5))
    {
    case 0:
      sim_part_markov (load, plan, random, low, high, sim_random_between (random, 30, 120));
      break;
    case 1:
      sim_part_sawtooth (load, plan, low, high, 90 + sim_random_below (random, 240),
                         sim_random_below (random, 300));
      break;
    case 2:
      sim_part_staircase (load, plan, random, low, high, 30 + sim_random_below (random, 60));
      break;
    case 3:
      sim_part_bursts (load, plan, random, low, high, 120, 15 + sim_random_below (random, 60));
      break;
    default:
      sim_part_constant (load, plan, low);
      break;
    }
  sim_part_limit_rate (load, plan, rates[sim_random_below (random, G_N_ELEMENTS (rates))]);
}
