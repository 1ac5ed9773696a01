/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host and its guests, second by second. */
#include "config.h"

#include "hands.h"
#include "world.h"

#define INFLATE_CACHE   60.0
#define INFLATE_SWAP    20.0
#define INFLATE_SLOW    5.0
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
#define FAILS_AFTER     30   /* seconds: what libvirt waits for a job that another one has */
#define RETURNS_PART    0.05 /* of what the host took, a second, as it is touched */
#define RETURNS_MOST    30.0
#define ZSWAP_PART      0.3 /* what the host needs to keep what it took, compressed */
#define CACHE_SHRINKS   400.0
#define CACHE_GROWS     50.0
#define IDLE_CPU        0.003   /* of a processor: what a guest uses that does nothing */
#define FILLS           16384.0 /* in a second of its time: as fast as is believed of any */
#define SELDOM          10
#define DUMP_TOTAL      200.0
#define DUMP_UNUSED     120.0
#define DUMP_USABLE     110.0

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
  double least = sim_kernel_stops_at (guest->plan->kernel, guest->plan->capacity);

  if (guest->plan->kind & SIM_PARTIAL)
    least = guest->plan->capacity * PARTIAL_PART;
  if (guest->plan->kind & SIM_STUCK)
    least = guest->balloon;
  return MAX (guest->target, MIN (least, guest->balloon));
}

static void
inflate (SimGuest *guest, double speed, double *swap_left)
{
  double wanted = guest->balloon - inflate_to (guest), second = 1, took;
  double from_cache = MIN (INFLATE_CACHE, speed), from_swap = MIN (INFLATE_SWAP, speed);

  if (guest->plan->kind & SIM_SLOW)
    wanted = MIN (wanted, INFLATE_SLOW);
  took = MIN (MIN (wanted, free_to_take (guest)), speed);
  second -= took / speed;
  guest->balloon -= took;
  wanted -= took;
  took = drop_cache (guest, MIN (wanted, MAX (0, second) * from_cache));
  second -= took / from_cache;
  guest->balloon -= took;
  wanted -= took;
  took = swap_out (guest, MIN (wanted, MAX (0, second) * from_swap), swap_left);
  guest->balloon -= took;
  /* With nothing left to swap out, into what the kernel keeps for itself. */
  if (guest->resident_anon < 1 && free_to_take (guest) <= 0)
    guest->balloon -= MIN (wanted - took, from_swap);
}

/* What a balloon gives back, and takes, goes through the kernel's lists first. */
static void
hide (SimGuest *guest, double before)
{
  double given = MAX (0, guest->balloon - before);
  double seen = given * (1 - sim_kernel_hides_part (guest->plan->kernel));

  guest->unseen = MAX (0, guest->unseen - sim_kernel_drains (guest->plan->kernel));
  guest->unseen = CLAMP (guest->unseen + guest->balloon - before - seen, 0, guest->unseen_most);
}

static void
move_balloon (const SimWorld *world, SimGuest *guest, double *swap_left)
{
  const SimPlan *plan = guest->plan;
  double before = guest->balloon, target = guest->unloaded ? plan->capacity : guest->target;

  if (world->t < guest->booted + DRIVER_LOADS && guest->booted > 0)
    return;
  if (target < guest->balloon)
    inflate (guest, plan->inflate * world->pace, swap_left);
  else
    guest->balloon = MIN (target, guest->balloon + plan->deflate);
  if (guest->balloon < before && !(plan->kind & SIM_PINNED))
    guest->occupied = MIN (guest->occupied, guest->balloon);
  hide (guest, before);
  guest->dead = guest->balloon <= sim_kernel_dies_at (plan->kernel, plan->capacity) + 0.5;
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

/* What is read once, as far as there is room; files that go take their cache with them. */
static void
fill_cold_cache (const SimWorld *world, SimGuest *guest)
{
  const float *levels = guest->plan->cold_cache;
  double level = levels[world->t], before = levels[MAX (world->t, 1) - 1];
  double missing = MIN (MAX (REFAULT, level - before), level - guest->cold);

  if (level < before)
    guest->cold = MIN (guest->cold, level);
  guest->cold += CLAMP (missing, 0, free_to_take (guest));
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
  fill_cold_cache (world, guest);
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

  guest->out = MIN (guest->out, in_use);
  guest->out -= MIN (guest->out * RETURNS_PART, RETURNS_MOST);
  guest->occupied = MAX (guest->occupied, in_use - guest->out);
  if (guest->plan->kind & SIM_REPORTING)
    guest->occupied = MIN (guest->occupied, in_use + REPORTING_SLACK);
  guest->occupied = guest->plan->kind & SIM_PINNED ? guest->plan->capacity
                                                   : MIN (guest->occupied, guest->balloon);
  /* A host without memory swaps to give any; its cache does not go at once. */
  if (world->available < world->cache && guest->occupied > before + 1)
    guest->stalled = TRUE;
}

/* Reports */

static double
usable_of (const SimGuest *guest, double unused)
{
  double cache = guest->hot + guest->cold;

  return MAX (0, unused - guest->bias + cache - MIN (cache / 2, guest->bias / 2));
}

static void
measure_memory (SimGuest *guest)
{
  guest->unused = MAX (0, free_of (guest) - guest->unseen);
  guest->usable = usable_of (guest, guest->unused);
  guest->available = MAX (0, guest->balloon - guest->outside);
  if (guest->plan->kind & SIM_AUTODEFLATE)
    guest->available = guest->plan->capacity - guest->outside;
  if (guest->plan->kind & SIM_LYING
      || (guest->plan->kind & SIM_TOGGLING && guest->reports % 2 == 1))
    guest->usable = guest->unused = 2;
  guest->reported_in = guest->swap_in;
  guest->reported_out = guest->swap_out;
}

static void
measure_dump_kernel (SimGuest *guest)
{
  guest->available = DUMP_TOTAL;
  guest->unused = DUMP_UNUSED;
  guest->usable = DUMP_USABLE;
  guest->reported_in = guest->reported_out = 0;
}

static void
report (SimWorld *world, SimGuest *guest)
{
  gboolean changed
      = world->load->period_changed_at > 0 && world->t >= world->load->period_changed_at;
  guint period = changed || guest->seldom ? SELDOM : 1;

  if (guest->booted > 0 && world->t < guest->booted + FIRST_REPORT)
    return;
  if (guest->dead || guest->unloaded || (guest->panicked && !guest->dumping))
    return;
  if (world->t % period != 0 || (guest->stalled && sim_random_unit (&world->random) < 0.3))
    return;
  guest->reported_at = world->t;
  guest->reports++;
  if (guest->dumping)
    measure_dump_kernel (guest);
  else if (!guest->frozen || !guest->reported)
    measure_memory (guest);
  guest->reported = TRUE;
}

static void
start_late (SimWorld *world, SimGuest *guest)
{
  sim_hands_boot (world, guest);
  guest->target = guest->balloon;
  guest->told = -1;
}

/* Whatever is filled with something new takes time: freed and dropped memory does not. */
static void
use_processor (SimGuest *guest, const SimGuest *before)
{
  double grown = MAX (0, guest->resident_anon - before->resident_anon);
  double filled = MAX (grown, guest->total_in - before->total_in)
                  + MAX (0, guest->hot - before->hot) + MAX (0, guest->cold - before->cold);

  guest->cpu += IDLE_CPU + filled / FILLS;
}

static void
live (SimWorld *world, SimGuest *guest)
{
  const SimPlan *plan = guest->plan;
  double swap_left = SWAP_OUT;
  SimGuest before;

  guest->stalled = FALSE;
  guest->satisfied = 1;
  if (world->t == plan->start && plan->start > 0)
    start_late (world, guest);
  if (!guest->running)
    return;
  if (plan->reboot_every > 0 && world->t > 0 && world->t % plan->reboot_every == 0)
    sim_hands_boot (world, guest);
  if ((plan->kind & SIM_FOREIGN) && world->t == world->load->seconds / 2)
    guest->target = plan->capacity * 0.9;
  guest->balloon_before = guest->balloon;
  sim_hands_act (world, guest);
  if (guest->dead || guest->panicked)
    {
      guest->stalled = guest->dead;
      guest->satisfied = guest->dead ? 0 : 1;
      return;
    }
  move_balloon (world, guest, &swap_left);
  before = *guest;
  work (world, guest, &swap_left);
  use_processor (guest, &before);
  touch_host (world, guest);
}

static double
charge_of (const SimGuest *guest)
{
  if (guest->plan->kind & SIM_HUGE)
    return guest->plan->own;
  return guest->occupied + guest->plan->own + guest->out * ZSWAP_PART;
}

/* It fills what is free, less a little, and goes where others need it. */
static void
fill_cache (SimWorld *world)
{
  double most = world->load->cache_most - world->load->cache_least;

  world->cache
      += CLAMP (world->available - SIM_RESERVE - world->cache, -CACHE_SHRINKS, CACHE_GROWS);
  world->cache = CLAMP (world->cache, 0, most);
}

static void
charge_host (SimWorld *world)
{
  world->available = world->load->total - world->load->base[world->t];
  for (guint i = 0; i < world->load->n; i++)
    if (world->guests[i].running)
      world->available -= charge_of (&world->guests[i]);
  world->available -= world->load->cache_least;
  fill_cache (world);
}

/* Inflating costs the host time for each page: many at once are slower. */
static double
pace_of (const SimWorld *world)
{
  double wanted = 0;

  for (guint i = 0; i < world->load->n; i++)
    if (world->guests[i].running && world->guests[i].target < world->guests[i].balloon)
      wanted += world->guests[i].plan->inflate;
  if (world->load->inflate_at_once <= 0 || wanted <= world->load->inflate_at_once)
    return 1;
  return world->load->inflate_at_once / wanted;
}

void
sim_world_tick (SimWorld *world)
{
  world->pace = pace_of (world);
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
  double own = 0;
  guint n = 0;

  for (guint i = 0; i < load->n; i++)
    if (load->vms[i].start == 0)
      {
        own += load->vms[i].own;
        n++;
      }
  return n == 0 ? 0 : (load->total - load->base[0] - SIM_RESERVE - own - 64) / n;
}

/* Everyone who runs already has an equal part of the host unless its plan says what, and what it
 * needs is in it as far as it goes. */
static void
start (SimGuest *guest, double part)
{
  double demand = guest->plan->demand[0];

  if (guest->plan->begins > 0)
    part = guest->plan->begins;
  guest->running = TRUE;
  guest->balloon = guest->balloon_before = guest->target
      = CLAMP (part, guest->plan->minimum, guest->plan->capacity);
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
      guest->kernel = sim_kernel_holds (guest->plan->kernel, guest->plan->capacity);
      guest->bias = sim_kernel_bias (guest->plan->kernel, guest->plan->capacity);
      guest->outside = sim_kernel_outside (guest->plan->kernel, guest->plan->capacity);
      guest->unseen_most = sim_kernel_hides (guest->plan->kernel, guest->plan->capacity);
      guest->sets = SIM_SETS_WORK;
      if (guest->plan->start == 0)
        start (guest, left);
    }
  charge_host (world);
}

void
sim_world_tell (SimWorld *world, guint i, double target)
{
  SimGuest *guest = &world->guests[i];

  if (guest->sets == SIM_SETS_FAIL_LATE)
    {
      guest->told_before = guest->told;
      guest->fails_at = world->t + FAILS_AFTER;
    }
  guest->told = target;
  if (guest->sets == SIM_SETS_WORK)
    guest->target = target;
}

void
sim_world_forget (SimWorld *world, guint from)
{
  world->known_from = from;
  for (guint i = 0; i < world->load->n; i++)
    {
      world->guests[i].told = -1;
      world->guests[i].fails_at = 0;
    }
}

gboolean
sim_world_is_alive (const SimWorld *world, guint i)
{
  const SimGuest *guest = &world->guests[i];

  return guest->running && !guest->dead && !guest->panicked;
}

double
sim_world_usable (const SimWorld *world, guint i)
{
  return usable_of (&world->guests[i], free_of (&world->guests[i]));
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

static guint64
reported (const SimGuest *guest, double mib)
{
  return guest->reported ? bytes (mib) : MC_UNKNOWN;
}

static void
facts_of (const SimWorld *world, guint i, McVmFacts *facts)
{
  const SimGuest *guest = &world->guests[i];
  const SimPlan *plan = guest->plan;
  gboolean known_boot = guest->booted > 0 && guest->booted >= world->known_from;

  *facts = (McVmFacts){
    .uuid = { (guint8)i },
    .running = guest->running,
    .busy = guest->fails_at > 0,
    .has_balloon = TRUE,
    .immovable = plan->kind & SIM_HUGE ? "it uses huge pages" : NULL,
    .autodeflate = (plan->kind & SIM_AUTODEFLATE) != 0,
    .opted_out = plan->opted_out,
    .started_us = known_boot ? (gint64)guest->booted * G_USEC_PER_SEC : 0,
    .capacity = bytes (plan->capacity),
    .balloon = bytes (plan->lags ? guest->balloon_before : guest->balloon),
    .target = guest->told < 0 ? MC_UNKNOWN : bytes (guest->told),
    .resident = bytes ((plan->kind & SIM_HUGE ? 0 : guest->occupied) + plan->own),
    .cpu_time_us = (guint64)(guest->cpu * G_USEC_PER_SEC),
    .unused = reported (guest, guest->unused),
    .usable = plan->kind & SIM_FREE_ONLY ? MC_UNKNOWN : reported (guest, guest->usable),
    .available = reported (guest, guest->available),
    .swap_in = reported (guest, guest->reported_in),
    .swap_out = reported (guest, guest->reported_out),
    .stats_time_s = guest->reported ? clock_at (world, guest->reported_at) : 0,
    .policy = {
      .minimum = bytes (plan->minimum),
      .maximum = bytes (plan->maximum),
      .low_watermark = bytes (plan->low),
      .high_watermark = bytes (plan->high),
      .weight = plan->weight,
    },
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
