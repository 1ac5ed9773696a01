/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random loads by what is special in them. */
#include "config.h"

#include <math.h>

#include "classes.h"
#include "parts.h"

/* As in load.c: drawn for the third time. */

#define SECONDS 600
#define LEAST   64 /* MiB that a guest has at first beside what its kernel holds */

typedef enum
{
  COMFORTABLE,
  TIGHT,
  TOO_SMALL,
} Fullness;

/* 128 MiB to 512 GiB */
static const double sizes[]
    = { 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288 };

/* VMs */

static SimKernel
random_kernel (SimRandom *random)
{
  return sim_random_below (random, 2) ? SIM_KERNEL_6_1 : SIM_KERNEL_6_12;
}

/* One whose demand is still to be written. */
static SimPlan *
empty_vm (SimLoad *load, SimRandom *random, double capacity)
{
  SimPlan *plan = sim_part_vm (load, capacity);

  plan->kernel = random_kernel (random);
  plan->minimum = sim_default_minimum (capacity);
  plan->own = sim_random_between (random, 30, 110);
  plan->inflate = sim_random_between (random, 100, 350);
  plan->lags = sim_random_below (random, 3) == 0;
  plan->idle_part = sim_random_between (random, 0.05, 0.4);
  return plan;
}

static SimPlan *
any_vm (SimLoad *load, SimRandom *random, double capacity)
{
  SimPlan *plan = empty_vm (load, random, capacity);

  sim_part_demand (load, plan, random);
  if (sim_random_below (random, 4) == 0)
    plan->reads = sim_random_between (random, 2, 30);
  return plan;
}

static SimPlan *
constant_vm (SimLoad *load, SimRandom *random, double capacity, double part)
{
  SimPlan *plan = empty_vm (load, random, capacity);

  sim_part_constant (load, plan, part * sim_part_most (plan));
  return plan;
}

static SimPlan *
busy_vm (SimLoad *load, SimRandom *random, double capacity, double low, double high, guint every)
{
  SimPlan *plan = empty_vm (load, random, capacity);
  double most = sim_part_most (plan);

  sim_part_bursts (load, plan, random, low * most, high * most, every, every / 2);
  sim_part_limit_rate (load, plan, sim_random_between (random, 30, 300));
  return plan;
}

static double
size_between (SimRandom *random, guint least, guint most)
{
  return sizes[least + sim_random_below (random, most - least + 1)];
}

static void
add_cache (SimLoad *load, SimPlan *plan, SimRandom *random, double hot, double cold)
{
  double room = sim_part_most (plan) - plan->demand[0];

  for (guint t = 0; t < load->seconds; t++)
    {
      plan->hot_cache[t] = (float)MAX (0, MIN (hot * plan->capacity, room));
      plan->cold_cache[t] = (float)(cold * plan->capacity);
    }
  if (sim_random_below (random, 2))
    plan->reads = sim_random_between (random, 2, 40);
}

/* Between @least and @most of the load's time. */
static guint
second_of (const SimLoad *load, SimRandom *random, double least, double most)
{
  return (guint)(load->seconds * sim_random_between (random, least, most));
}

static void
fill_with_others (SimLoad *load, SimRandom *random, guint n)
{
  for (guint i = 0; i < n; i++)
    any_vm (load, random, size_between (random, 3, 6));
}

/* At night everybody reads all files, and uses what nobody has touched for long. */
static void
read_all (SimLoad *load, guint from)
{
  for (guint i = 0; i < load->n; i++)
    for (guint t = from; t < load->seconds; t++)
      load->vms[i].cold_cache[t] = (float)(0.9 * load->vms[i].capacity);
}

/* Classes */

static void
make_small (SimLoad *load, SimRandom *random)
{
  guint n = 1 + sim_random_below (random, 12);

  for (guint i = 0; i < n; i++)
    any_vm (load, random, size_between (random, 0, 5));
}

static void
make_mixed (SimLoad *load, SimRandom *random)
{
  guint n = 4 + sim_random_below (random, 9);

  any_vm (load, random, size_between (random, 7, 9));
  for (guint i = 0; i < n; i++)
    any_vm (load, random, size_between (random, 0, 9));
  any_vm (load, random, size_between (random, 0, 3));
}

/* Two large ones that have what one small one lacks. */
static void
make_unequal (SimLoad *load, SimRandom *random)
{
  guint large = 1 + sim_random_below (random, 3), small = 1 + sim_random_below (random, 4);

  for (guint i = 0; i < large; i++)
    constant_vm (load, random, size_between (random, 7, 9), sim_random_between (random, 0.4, 0.8));
  for (guint i = 0; i < small; i++)
    busy_vm (load, random, size_between (random, 1, 3), 0.2, 0.9, 60);
}

static void
make_huge (SimLoad *load, SimRandom *random)
{
  guint n = 4 + sim_random_below (random, 9);

  any_vm (load, random, sizes[12]);
  for (guint i = 0; i < n; i++)
    any_vm (load, random, size_between (random, 3, 12));
}

static void
make_crowd (SimLoad *load, SimRandom *random)
{
  guint n = 40 + sim_random_below (random, 161);

  for (guint i = 0; i < n; i++)
    any_vm (load, random, size_between (random, 0, i % 8 == 0 ? 6 : 4));
  /* Only their ratios matter. */
  for (guint i = 0, weight = sim_random_below (random, 2) ? 10000 : 1; i < n; i++)
    load->vms[i].weight = weight;
}

static void
make_overhead (SimLoad *load, SimRandom *random)
{
  guint n = 6 + sim_random_below (random, 25);

  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = any_vm (load, random, size_between (random, 2, 5));

      plan->own = sim_random_between (random, 100, 300);
      plan->reads = 0;
    }
  if (sim_random_below (random, 3))
    read_all (load, second_of (load, random, 0.3, 0.7));
}

static void
make_slow (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 4 + sim_random_below (random, 9));
  for (guint i = 0; i < load->n; i++)
    load->vms[i].inflate = sim_random_between (random, 20, 120);
  load->inflate_at_once = sim_random_between (random, 40, 350);
}

static void
make_cache (SimLoad *load, SimRandom *random)
{
  guint n = 3 + sim_random_below (random, 6);

  for (guint i = 0; i < n; i++)
    add_cache (load, any_vm (load, random, size_between (random, 3, 6)), random,
               sim_random_between (random, 0, 0.3), sim_random_between (random, 0.2, 0.9));
  for (guint i = 0; i < 1 + n / 3; i++)
    busy_vm (load, random, size_between (random, 2, 4), 0.2, 0.9, 80);
}

/* Guests that are squeezed far and given much at once. */
static void
make_kernels (SimLoad *load, SimRandom *random)
{
  guint n = 3 + sim_random_below (random, 7);
  SimKernel kernel = random_kernel (random);

  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = busy_vm (load, random, size_between (random, 3, 7), 0.03, 0.8,
                               60 + sim_random_below (random, 120));

      plan->kernel = kernel;
    }
  for (guint i = 0; i < n; i++)
    constant_vm (load, random, size_between (random, 3, 5), 0.02)->kernel = kernel;
}

static void
make_idle (SimLoad *load, SimRandom *random)
{
  guint n = 3 + sim_random_below (random, 8);
  double size = size_between (random, 5, 8);

  for (guint i = 0; i < n; i++)
    constant_vm (load, random, size, sim_random_between (random, 0.01, 0.05));
  busy_vm (load, random, size, 0.2, 0.9, 200);
}

static void
make_starts (SimLoad *load, SimRandom *random)
{
  guint n = 2 + sim_random_below (random, 6);

  fill_with_others (load, random, 3 + sim_random_below (random, 5));
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = constant_vm (load, random, size_between (random, 3, 5),
                                   sim_random_between (random, 0.1, 0.5));

      plan->start = second_of (load, random, 0.1, 0.7);
      plan->reads = sim_random_between (random, 0, 20);
    }
}

/* Somebody needs more once than its owner has ever meant it to have, and gives it that by hand. */
static void
add_generous (SimLoad *load, SimRandom *random)
{
  SimPlan *plan = constant_vm (load, random, size_between (random, 4, 6), 0.1);
  guint from = second_of (load, random, 0.2, 0.5), until = MIN (from + 200, load->seconds);

  plan->maximum = plan->capacity / 4;
  sim_part_event (plan, from, SIM_IS_SET, plan->capacity);
  for (guint t = from; t < until; t++)
    plan->demand[t] = (float)(0.8 * sim_part_most (plan));
  sim_part_limit_rate (load, plan, 100);
}

static void
make_hands (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 3 + sim_random_below (random, 7));
  if (sim_random_below (random, 3) == 0)
    add_generous (load, random);
  for (guint times = 0; times < 4; times++)
    {
      SimPlan *plan = &load->vms[sim_random_below (random, 3)];
      SimHand what = sim_random_below (random, 3) ? SIM_IS_SET : SIM_IS_SET_ON_GRANT;
      gboolean up = sim_random_below (random, 2);

      sim_part_event (plan, second_of (load, random, 0.1 + 0.2 * times, 0.25 + 0.2 * times), what,
                      plan->capacity * sim_random_between (random, up ? 0.8 : 0.25, up ? 1 : 0.6));
    }
}

static void
make_drivers (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 3 + sim_random_below (random, 7));
  for (guint i = 0; i < 1 + load->n / 4; i++)
    {
      SimPlan *plan = &load->vms[i];

      sim_part_event (plan, second_of (load, random, 0.1, 0.4), SIM_UNLOADS, 0);
      if (sim_random_below (random, 3))
        sim_part_event (plan, second_of (load, random, 0.45, 0.9), SIM_LOADS, 0);
    }
  /* One that has never had a driver. */
  if (sim_random_below (random, 2))
    sim_part_event (any_vm (load, random, size_between (random, 3, 5)), 0, SIM_UNLOADS, 0);
}

static void
make_failing_sets (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 3 + sim_random_below (random, 7));
  for (guint i = 0; i < 1 + load->n / 3; i++)
    {
      SimPlan *plan = &load->vms[i];

      sim_part_event (plan, second_of (load, random, 0.05, 0.4),
                      sim_random_below (random, 2) ? SIM_SETS_FAIL_LATE : SIM_SETS_ARE_LOST, 0);
      sim_part_event (plan, second_of (load, random, 0.45, 0.7), SIM_SETS_WORK, 0);
    }
}

static void
make_restart (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 4 + sim_random_below (random, 7));
  load->restarts_at = second_of (load, random, 0.3, 0.6);
  load->restart_takes = 1 + sim_random_below (random, 20);
  if (sim_random_below (random, 2))
    sim_part_event (&load->vms[0], load->restarts_at - 20 - sim_random_below (random, 60),
                    SIM_PANICS, 0);
  if (sim_random_below (random, 3) == 0)
    sim_part_event (&load->vms[1], load->restarts_at - 5, SIM_IS_SET, load->vms[1].capacity);
}

static void
make_dead (SimLoad *load, SimRandom *random)
{
  const SimHand hands[] = { SIM_PANICS, SIM_DUMPS, SIM_FREEZES };

  fill_with_others (load, random, 4 + sim_random_below (random, 7));
  for (guint i = 0; i < 1 + load->n / 4; i++)
    {
      SimPlan *plan = &load->vms[i];
      SimHand what = hands[sim_random_below (random, G_N_ELEMENTS (hands))];

      sim_part_event (plan, second_of (load, random, 0.1, 0.4), what, 0);
      if (sim_random_below (random, 2))
        sim_part_event (plan, second_of (load, random, 0.5, 0.8),
                        what == SIM_FREEZES ? SIM_THAWS : SIM_REBOOTS, 0);
    }
}

static void
toggle (SimLoad *load, SimPlan *plan, SimRandom *random)
{
  if (sim_random_below (random, 2))
    {
      plan->kind = SIM_TOGGLING;
      return;
    }
  for (guint t = 0; t < load->seconds; t += 2)
    plan->demand[t] = (float)(0.8 * sim_part_most (plan));
}

static void
make_toggling (SimLoad *load, SimRandom *random)
{
  guint n = 3 + sim_random_below (random, 5);

  for (guint i = 0; i < n; i++)
    constant_vm (load, random, size_between (random, 3, 6), sim_random_between (random, 0.2, 0.8));
  toggle (load, constant_vm (load, random, size_between (random, 3, 6), 0.2), random);
}

static void
make_free_only (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 3 + sim_random_below (random, 7));
  for (guint i = 0; i < 1 + load->n / 2; i++)
    {
      load->vms[i].kind = SIM_FREE_ONLY;
      add_cache (load, &load->vms[i], random, 0, sim_random_between (random, 0.2, 0.9));
    }
}

/* The host's figures are those without the pool, and with what ARC would give up. */
static void
make_pools (SimLoad *load, SimRandom *random)
{
  guint in_pool = sim_random_below (random, 2) ? 1 + sim_random_below (random, 4) : 0;

  fill_with_others (load, random, 4 + sim_random_below (random, 7));
  for (guint i = 0; i < in_pool; i++)
    any_vm (load, random, size_between (random, 5, 8))->kind = SIM_HUGE;
  if (in_pool > 0)
    return;
  load->cache_least = sim_random_between (random, 200, 2000);
  load->cache_most = load->cache_least * sim_random_between (random, 4, 16);
}

static void
make_reclaimed (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 4 + sim_random_below (random, 7));
  for (guint i = 0; i < load->n; i++)
    {
      SimPlan *plan = &load->vms[i];

      for (guint times = 0; times < 2; times++)
        sim_part_event (plan, second_of (load, random, 0.1 + 0.4 * times, 0.3 + 0.4 * times),
                        SIM_IS_RECLAIMED, plan->capacity * sim_random_between (random, 0.1, 0.6));
    }
}

static void
make_pinned (SimLoad *load, SimRandom *random)
{
  fill_with_others (load, random, 4 + sim_random_below (random, 7));
  for (guint i = 0; i < 1 + load->n / 4; i++)
    load->vms[i].kind = SIM_PINNED;
}

typedef struct
{
  const char *about;
  void (*make) (SimLoad *load, SimRandom *random); /* NULL = the earlier ones */
} Class;

const char *const sim_class_names[] = {
  "earlier", "small",    "mixed",     "unequal", "huge",      "crowd",   "overhead", "slow",
  "cache",   "kernels",  "idle",      "starts",  "hands",     "drivers", "failing",  "restart",
  "dead",    "toggling", "free-only", "pools",   "reclaimed", "pinned",  NULL,
};

static const Class classes[] = {
  { "4 to 12 VMs of 1 to 4 GiB, as before there were classes", NULL },
  { "up to 12 VMs of 128 MiB to 4 GiB", make_small },
  { "128 MiB to 64 GiB on one host", make_mixed },
  { "small ones in need beside large ones at rest", make_unequal },
  { "1 to 512 GiB on one host", make_huge },
  { "40 to 200 VMs of 128 MiB to 8 GiB", make_crowd },
  { "QEMUs that occupy 100 to 300 MiB beside guests that fill all they have at night",
    make_overhead },
  { "balloons that move 20 to 120 MiB a second, and share what the host has time for", make_slow },
  { "guests full of page cache beside some that work", make_cache },
  { "guests of 1 to 16 GiB that rest and work in turn: what their kernels hide and hold",
    make_kernels },
  { "VMs that are idle beside one that works", make_idle },
  { "VMs that start one after the other", make_starts },
  { "balloons set by somebody else: at rest, on a grant's way, above a VM's maximum", make_hands },
  { "balloon drivers unloaded, loaded again, and never there", make_drivers },
  { "sets that fail late, and sets that are lost", make_failing_sets },
  { "the coordinator started anew, beside guests that have panicked", make_restart },
  { "guests that panic, dump, or report figures that stand still", make_dead },
  { "one guest whose need comes and goes every second, beside constant ones", make_toggling },
  { "guests that report total and free only, with full caches", make_free_only },
  { "hosts with a pool of huge pages or a cache of their own", make_pools },
  { "hosts that reclaim what guests do not touch", make_reclaimed },
  { "VMs whose memory the host does not get, without a sign", make_pinned },
};

G_STATIC_ASSERT (G_N_ELEMENTS (classes) + 1 == G_N_ELEMENTS (sim_class_names));

const char *
sim_class_about (guint load_class)
{
  return load_class < G_N_ELEMENTS (classes) ? classes[load_class].about : NULL;
}

guint
sim_class_size (guint load_class)
{
  return classes[load_class].make == NULL ? SIM_SET_SIZE : SIM_CLASS_SIZE;
}

static gboolean
has_no_driver (const SimPlan *plan)
{
  return plan->n_events > 0 && plan->events[0].t == 0 && plan->events[0].what == SIM_UNLOADS;
}

/* Everybody begins with the same part of its capacity as far as the host goes, or, where it can
 * bear that for a while, with all of it. */
static void
begin (SimLoad *load, gboolean with_all)
{
  double capacities = 0, left = load->total - load->base[0] - SIM_RESERVE - load->cache_least - 64,
         part;

  for (guint i = 0; i < load->n; i++)
    if (load->vms[i].start == 0 && !(load->vms[i].kind & SIM_HUGE))
      {
        capacities += load->vms[i].capacity;
        left -= load->vms[i].own;
      }
  part = with_all || capacities <= 0 ? 1 : CLAMP (left / capacities, 0, 1);
  for (guint i = 0; i < load->n; i++)
    {
      SimPlan *plan = &load->vms[i];
      double least = sim_kernel_holds (plan->kernel, plan->capacity)
                     + sim_kernel_bias (plan->kernel, plan->capacity) + LEAST;

      plan->begins = CLAMP (part * plan->maximum, MIN (least, plan->maximum), plan->maximum);
      if (plan->kind & (SIM_HUGE | SIM_PINNED) || has_no_driver (plan))
        plan->begins = plan->capacity;
    }
}

static double
part_of (SimRandom *random, Fullness fullness)
{
  if (fullness == COMFORTABLE)
    return sim_random_between (random, 1.3, 1.8);
  if (fullness == TIGHT)
    return sim_random_between (random, 1.03, 1.3);
  return sim_random_between (random, 0.75, 0.97);
}

/* What the host itself has is there in any case. */
static double
total_of (const SimLoad *load, double part)
{
  double fixed = load->base[0] + SIM_RESERVE + load->cache_least;

  return fixed + (sim_part_peak (load, 0) - fixed) * part;
}

SimLoad *
sim_load_of_class (SimSet set, guint load_class, guint number)
{
  SimRandom random = { .state = sim_set_seeds (set, 1) + ((guint64)load_class << 16) + number };
  Fullness fullness = (Fullness)(number % 3);
  gboolean with_all;
  SimLoad *load;

  if (classes[load_class].make == NULL)
    return sim_load_random (set, number);
  load = g_new0 (SimLoad, 1);
  load->seed = random.state;
  load->seconds = SECONDS;
  g_snprintf (load->name, sizeof load->name, "%s-%s-%02u", sim_set_name (set),
              sim_class_names[load_class], number);
  sim_part_host (load, &random, sim_random_between (&random, 400, 1500));
  classes[load_class].make (load, &random);
  with_all = fullness != TOO_SMALL && sim_random_below (&random, 2);
  sim_part_settle (load, total_of (load, part_of (&random, fullness)));
  begin (load, with_all);
  load->fits = sim_part_keeps_up (load);
  return load;
}
