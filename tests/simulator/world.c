/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host and its guests, second by second. */
#include "config.h"

#include "world.h"

#define INFLATE_FREE    250.0
#define INFLATE_CACHE   60.0
#define INFLATE_SWAP    20.0
#define INFLATE_SLOW    5.0
#define DEFLATE         1000.0
#define SWAP_OUT        40.0
#define SWAP_IN         30.0
#define TOUCH           1000.0
#define REFAULT         100.0
#define DRIVER_LOADS    3 /* seconds after boot */
#define FIRST_REPORT    5
#define KILL_AFTER      3
#define KILLED_FOR      20
#define PARTIAL_PART    0.7
#define REPORTING_SLACK 16.0
#define UNSEEN          46.0 /* as measured in guests of 1 GiB */

static double
free_of (const SimGuest *guest)
{
  return MAX (0, guest->balloon - guest->kernel - guest->resident_anon - guest->hot - guest->cold);
}

/* What the kernel lets anybody have. */
static double
free_to_take (const SimGuest *guest)
{
  return MAX (0, guest->balloon - guest->kernel - guest->bias - guest->resident_anon - guest->hot
                     - guest->cold);
}

static double
drop_cache (SimGuest *guest, double most)
{
  double cold = MIN (guest->cold, most), hot = MIN (guest->hot, most - cold);

  guest->cold -= cold;
  guest->hot -= hot;
  return cold + hot;
}

static double
swap_out (SimGuest *guest, double most, double *left)
{
  double amount = MIN (MIN (guest->resident_anon, most), *left);

  if (guest->plan->kind & SIM_NO_SWAP)
    return 0;
  guest->resident_anon -= amount;
  guest->swapped += amount;
  guest->swap_out += amount;
  guest->total_out += amount;
  *left -= amount;
  return amount;
}

/* Balloon */

static double
inflate_to (const SimGuest *guest)
{
  double least = guest->kernel + guest->bias;

  if (guest->plan->kind & SIM_PARTIAL)
    least = guest->plan->capacity * PARTIAL_PART;
  if (guest->plan->kind & SIM_STUCK)
    least = guest->balloon;
  return MAX (guest->target, MIN (least, guest->balloon));
}

static void
inflate (SimGuest *guest, double *swap_left)
{
  double wanted = guest->balloon - inflate_to (guest), second = 1, took;

  if (guest->plan->kind & SIM_SLOW)
    wanted = MIN (wanted, INFLATE_SLOW);
  took = MIN (MIN (wanted, free_to_take (guest)), INFLATE_FREE);
  second -= took / INFLATE_FREE;
  guest->balloon -= took;
  wanted -= took;
  took = drop_cache (guest, MIN (wanted, MAX (0, second) * INFLATE_CACHE));
  second -= took / INFLATE_CACHE;
  guest->balloon -= took;
  wanted -= took;
  took = swap_out (guest, MIN (wanted, MAX (0, second) * INFLATE_SWAP), swap_left);
  guest->balloon -= took;
}

static void
move_balloon (const SimWorld *world, SimGuest *guest, double *swap_left)
{
  double before = guest->balloon;

  if (world->t < guest->booted + DRIVER_LOADS && guest->booted > 0)
    return;
  if (guest->target < guest->balloon)
    inflate (guest, swap_left);
  else
    guest->balloon = MIN (guest->target, guest->balloon + DEFLATE);
  if (guest->balloon < before)
    guest->occupied = MIN (guest->occupied, guest->balloon);
  /* What a balloon gives back, and takes, goes through these lists first. */
  guest->unseen = CLAMP (guest->unseen + guest->balloon - before, 0, UNSEEN);
}

/* Work */

static void
release (SimGuest *guest, double amount)
{
  double anon = guest->resident_anon + guest->swapped;
  double part = anon > 0 ? MIN (1, amount / anon) : 0;

  guest->resident_anon -= guest->resident_anon * part;
  guest->swapped -= guest->swapped * part;
}

/* Returns: what could not be had in this second. */
static double
allocate (SimGuest *guest, double amount, double *swap_left)
{
  double late = MAX (0, amount - TOUCH), took;

  amount -= late;
  took = MIN (amount, free_to_take (guest));
  guest->unseen = MAX (0, guest->unseen - took);
  guest->resident_anon += took;
  amount -= took;
  took = drop_cache (guest, amount);
  guest->resident_anon += took;
  amount -= took;
  took = swap_out (guest, amount, swap_left);
  guest->resident_anon += took;
  amount -= took;
  return amount;
}

/* Pages in use that are swapped out are touched, and come back: into free memory, in place of
 * cache, or of others. */
static double
touch_swapped (SimGuest *guest, double demand, double *swap_left)
{
  double idle = demand * guest->plan->idle_part;
  double in_use = MAX (0, guest->swapped - idle),
         rate = MIN (MIN (SWAP_IN, 5 + in_use / 2), in_use), room;

  room = MIN (rate, free_to_take (guest));
  if (room < rate)
    room += drop_cache (guest, rate - room);
  if (room < rate)
    room += swap_out (guest, rate - room, swap_left);
  guest->swapped -= room;
  guest->resident_anon += room;
  guest->swap_in += room;
  guest->total_in += room;
  return room;
}

static void
read_files (const SimWorld *world, SimGuest *guest)
{
  double missing = MAX (0, guest->plan->hot_cache[world->t] - guest->hot);
  double again = MIN (missing, REFAULT), room = free_to_take (guest);

  if (room < again)
    {
      double dropped = MIN (guest->cold, again - room);

      guest->cold -= dropped;
      room += dropped;
    }
  again = MIN (again, room);
  guest->hot += again;
  guest->refaults += again;
  guest->cold += MIN (guest->plan->reads, free_to_take (guest));
}

static void
want_of_memory (const SimWorld *world, SimGuest *guest, double unmet)
{
  if ((guest->plan->kind & SIM_AUTODEFLATE) && unmet > 0)
    guest->balloon = MIN (guest->plan->capacity, guest->balloon + MIN (unmet, 250));
  guest->unmet_seconds = unmet > 1 ? guest->unmet_seconds + 1 : 0;
  if ((guest->plan->kind & SIM_NO_SWAP) && guest->unmet_seconds >= KILL_AFTER)
    {
      guest->kills++;
      guest->killed_until = world->t + KILLED_FOR;
      guest->unmet_seconds = 0;
    }
}

static void
work (const SimWorld *world, SimGuest *guest, double *swap_left)
{
  gboolean killed = world->t < guest->killed_until;
  double wanted = guest->plan->demand[world->t], demand = killed ? wanted * 0.3 : wanted;
  double has = guest->resident_anon + guest->swapped, unmet = 0, came_back;

  if (demand < has)
    release (guest, has - demand);
  else
    unmet = allocate (guest, demand - has, swap_left);
  came_back = touch_swapped (guest, demand, swap_left);
  want_of_memory (world, guest, unmet);
  read_files (world, guest);
  guest->stalled = killed || unmet > 1 || came_back > 1;
  guest->satisfied
      = wanted > 0 ? MIN (1, (guest->resident_anon + wanted * guest->plan->idle_part) / wanted) : 1;
}

static void
touch_host (SimWorld *world, SimGuest *guest)
{
  double in_use = guest->kernel + guest->resident_anon + guest->hot + guest->cold;
  double before = guest->occupied;

  guest->occupied = MAX (guest->occupied, in_use);
  if (guest->plan->kind & SIM_REPORTING)
    guest->occupied = MIN (guest->occupied, in_use + REPORTING_SLACK);
  guest->occupied = MIN (guest->occupied, guest->balloon);
  /* A host without memory swaps to give any. */
  if (world->available < 0 && guest->occupied > before + 1)
    guest->stalled = TRUE;
}

/* Reports */

static void
report (SimWorld *world, SimGuest *guest)
{
  double cache = guest->hot + guest->cold;
  guint period
      = world->load->period_changed_at > 0 && world->t >= world->load->period_changed_at ? 10 : 1;

  if (guest->booted > 0 && world->t < guest->booted + FIRST_REPORT)
    return;
  if (world->t % period != 0 || (guest->stalled && sim_random_unit (&world->random) < 0.3))
    return;
  guest->reported = TRUE;
  guest->reported_at = world->t;
  guest->unused = MAX (0, free_of (guest) - guest->unseen);
  guest->usable = MAX (0, guest->unused - guest->bias + cache - MIN (cache / 2, guest->bias / 2));
  guest->available = MAX (0, guest->balloon - SIM_OUTSIDE);
  if (guest->plan->kind & SIM_AUTODEFLATE)
    guest->available = guest->plan->capacity - SIM_OUTSIDE;
  if (guest->plan->kind & SIM_LYING)
    guest->usable = guest->unused = 2;
  guest->reported_in = guest->swap_in;
  guest->reported_out = guest->swap_out;
}

static void
boot (SimWorld *world, SimGuest *guest, gboolean again)
{
  guest->running = TRUE;
  guest->booted = world->t;
  guest->balloon = guest->plan->capacity;
  if (!again)
    {
      guest->target = guest->balloon;
      guest->told = -1;
    }
  guest->resident_anon = guest->swapped = guest->hot = guest->cold = guest->unseen = 0;
  guest->swap_in = guest->swap_out = 0;
  guest->unmet_seconds = guest->killed_until = 0;
}

static void
live (SimWorld *world, SimGuest *guest)
{
  const SimPlan *plan = guest->plan;
  double swap_left = SWAP_OUT;

  guest->stalled = FALSE;
  guest->satisfied = 1;
  if (world->t == plan->start && plan->start > 0)
    boot (world, guest, FALSE);
  if (!guest->running)
    return;
  if (plan->reboot_every > 0 && world->t > 0 && world->t % plan->reboot_every == 0)
    boot (world, guest, TRUE);
  if ((plan->kind & SIM_FOREIGN) && world->t == world->load->seconds / 2)
    guest->target = plan->capacity * 0.9;
  move_balloon (world, guest, &swap_left);
  work (world, guest, &swap_left);
  touch_host (world, guest);
}

static void
charge_host (SimWorld *world)
{
  world->available = world->load->total - world->load->base[world->t];
  for (guint i = 0; i < world->load->n; i++)
    if (world->guests[i].running)
      world->available -= world->guests[i].occupied + SIM_OVERHEAD;
}

void
sim_world_tick (SimWorld *world)
{
  for (guint i = 0; i < world->load->n; i++)
    {
      SimGuest *guest = &world->guests[i];

      /* Guests report at different moments: some before the second's work, some after it. */
      if (guest->running && i % 2 == 1)
        report (world, guest);
      live (world, guest);
      if (guest->running && i % 2 == 0)
        report (world, guest);
    }
  charge_host (world);
}

static double
fair_start (const SimLoad *load)
{
  guint n = 0;

  for (guint i = 0; i < load->n; i++)
    n += load->vms[i].start == 0;
  return n == 0 ? 0 : (load->total - load->base[0] - SIM_RESERVE - SIM_OVERHEAD * n - 64) / n;
}

/* Everyone who runs already has an equal part of the host, and what it needs is in it as far as it
 * goes. */
static void
start (SimGuest *guest, double part)
{
  double demand = guest->plan->demand[0];

  guest->running = TRUE;
  guest->balloon = guest->target = CLAMP (part, guest->plan->minimum, guest->plan->capacity);
  guest->told = -1;
  guest->resident_anon = MIN (demand, MAX (0, guest->balloon - guest->kernel - guest->bias));
  guest->swapped = demand - guest->resident_anon;
  guest->occupied = guest->kernel + guest->resident_anon;
}

void
sim_world_init (SimWorld *world, const SimLoad *load)
{
  double left = fair_start (load);

  *world = (SimWorld){ .load = load, .random = { .state = load->seed ^ 0x5eed } };
  for (guint i = 0; i < load->n; i++)
    {
      SimGuest *guest = &world->guests[i];

      guest->plan = &load->vms[i];
      guest->kernel = sim_kernel_of (guest->plan->capacity);
      guest->bias = sim_bias_of (guest->plan->capacity);
      if (guest->plan->start == 0)
        start (guest, left);
    }
  charge_host (world);
}

static guint64
bytes (double mib)
{
  return (guint64)(MAX (0, mib) * MC_MIB);
}

static gint64
clock_at (const SimWorld *world, guint t)
{
  guint jump = world->load->clock_jumps_at;

  return 1000000 + (gint64)t + (jump > 0 && t >= jump ? 86400 : 0);
}

static void
facts_of (const SimWorld *world, guint i, McVmFacts *facts)
{
  const SimGuest *guest = &world->guests[i];

  *facts = (McVmFacts){
    .uuid = { (guint8)i },
    .running = guest->running,
    .has_balloon = TRUE,
    .started_us = guest->booted > 0 ? (gint64)guest->booted * G_USEC_PER_SEC : 0,
    .capacity = bytes (guest->plan->capacity),
    .balloon = bytes (guest->balloon),
    .target = guest->told < 0 ? MC_UNKNOWN : bytes (guest->told),
    .resident = bytes (guest->occupied + SIM_OVERHEAD),
    .unused = guest->reported ? bytes (guest->unused) : MC_UNKNOWN,
    .usable = guest->reported ? bytes (guest->usable) : MC_UNKNOWN,
    .available = guest->reported ? bytes (guest->available) : MC_UNKNOWN,
    .swap_in = guest->reported ? bytes (guest->reported_in) : MC_UNKNOWN,
    .swap_out = guest->reported ? bytes (guest->reported_out) : MC_UNKNOWN,
    .stats_time_s = guest->reported ? clock_at (world, guest->reported_at) : 0,
    .minimum = bytes (guest->plan->minimum),
    .maximum = bytes (guest->plan->capacity),
    .low_watermark = 100 * MC_MIB,
    .high_watermark = 150 * MC_MIB,
    .weight = guest->plan->weight,
  };
}

void
sim_world_facts (const SimWorld *world, McVmFacts *facts)
{
  for (guint i = 0; i < world->load->n; i++)
    facts_of (world, i, &facts[i]);
}

McHostFigures
sim_world_host (const SimWorld *world)
{
  return (McHostFigures){ .total = bytes (world->load->total),
                          .available = bytes (world->available) };
}
