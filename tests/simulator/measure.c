/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of one load under one coordinator, and what is measured in it. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "measure.h"

#define LATE_S        300
#define SMALLEST_MOVE 0.5 /* MiB */
#define CALM_S        3   /* a stall is over after so many seconds without one */
#define SMALL         500 /* MiB: the watermarks of smaller VMs are a part of them */
#define SMALL_PART    0.2

typedef struct
{
  int direction[SIM_VMS_MOST];
  guint stall_began[SIM_VMS_MOST];
  guint last_stalled[SIM_VMS_MOST];
  gboolean in_stall[SIM_VMS_MOST];
  double satisfied[SIM_VMS_MOST];
  guint seconds[SIM_VMS_MOST];
  gboolean dead[SIM_VMS_MOST];
} Watch;

static void
tell (SimWorld *world, SimResult *result, Watch *watch, guint i, double target)
{
  const SimGuest *guest = &world->guests[i];
  double before = guest->told < 0 ? guest->target : guest->told, change;
  int direction;

  target = CLAMP (target, guest->plan->minimum, guest->plan->maximum);
  change = target - before;
  if (fabs (change) < SMALLEST_MOVE || guest->fails_at > 0)
    return;
  direction = change > 0 ? 1 : -1;
  result->moves++;
  result->vms[i].moves++;
  result->moved += fabs (change);
  result->late_moves += world->t > LATE_S;
  result->reversals += watch->direction[i] != 0 && watch->direction[i] != direction;
  watch->direction[i] = direction;
  sim_world_tell (world, i, target);
}

static guint
cycle (SimWorld *world,
       const SimCoordinator *coordinator,
       gpointer state,
       SimResult *result,
       Watch *watch)
{
  McVmFacts facts[SIM_VMS_MOST];
  McHostFigures host = sim_world_host (world);
  double targets[SIM_VMS_MOST];
  gboolean seldom[SIM_VMS_MOST] = { FALSE };
  guint again, asked = world->load->n;
  SimView view = { .world = world,
                   .host = &host,
                   .facts = facts,
                   .n = world->load->n,
                   .t = world->t,
                   .seldom = seldom,
                   .asked = &asked };

  sim_world_facts (world, facts);
  for (guint i = 0; i < view.n; i++)
    targets[i] = world->guests[i].told < 0 ? world->guests[i].target : world->guests[i].told;
  again = coordinator->decide (state, coordinator->interval, &view, targets);
  result->cycles++;
  result->asked += asked;
  for (guint i = 0; i < view.n; i++)
    world->guests[i].seldom = seldom[i];
  for (guint i = 0; i < view.n; i++)
    if (world->guests[i].running)
      tell (world, result, watch, i, targets[i]);
  return again;
}

static void
end_stall (SimResult *result, Watch *watch, guint i)
{
  if (watch->in_stall[i] && result->n_reliefs < SIM_RELIEFS_MOST)
    result->reliefs[result->n_reliefs++]
        = (float)(watch->last_stalled[i] - watch->stall_began[i] + 1);
  watch->in_stall[i] = FALSE;
}

/* The low watermark is no more than that of a small VM. */
static gboolean
is_in_need (const SimWorld *world, guint i)
{
  const SimPlan *plan = world->guests[i].plan;
  double low = plan->capacity < SMALL ? MIN (plan->low, SMALL_PART * plan->capacity) : plan->low;

  return sim_world_is_alive (world, i) && world->guests[i].balloon < plan->maximum - 1
         && sim_world_usable (world, i) <= low;
}

/* Somebody has set it a maximum, and it needs more: no coordinator may give it that. */
static gboolean
needs_more_than_it_may_have (const SimWorld *world, guint i)
{
  const SimPlan *plan = world->guests[i].plan;

  return plan->maximum < plan->capacity && world->guests[i].balloon >= plan->maximum - 1
         && sim_load_need (world->load, i, world->t) > plan->maximum;
}

static gboolean
is_stalled (const SimWorld *world, guint i)
{
  return world->guests[i].stalled && !needs_more_than_it_may_have (world, i);
}

static void
watch_vm (const SimWorld *world, SimResult *result, Watch *watch, guint i)
{
  const SimGuest *guest = &world->guests[i];
  SimVmResult *vm = &result->vms[i];

  vm->stalled += is_stalled (world, i);
  vm->least = watch->seconds[i] == 0 ? guest->balloon : MIN (vm->least, guest->balloon);
  vm->last = guest->balloon;
  vm->swap_in = guest->total_in;
  vm->in_need += is_in_need (world, i);
  result->in_need += is_in_need (world, i);
  if (guest->dead && !watch->dead[i])
    {
      result->kills++;
      vm->killed++;
    }
  watch->dead[i] = guest->dead;
}

static void
watch_guest (const SimWorld *world, SimResult *result, Watch *watch, guint i)
{
  const SimGuest *guest = &world->guests[i];

  if (!guest->running)
    return;
  if (is_stalled (world, i))
    {
      if (!watch->in_stall[i])
        watch->stall_began[i] = world->t;
      watch->in_stall[i] = TRUE;
      watch->last_stalled[i] = world->t;
      result->stalled++;
    }
  else if (watch->in_stall[i] && world->t - watch->last_stalled[i] >= CALM_S)
    end_stall (result, watch, i);
  watch_vm (world, result, watch, i);
  watch->satisfied[i] += guest->satisfied;
  watch->seconds[i]++;
  result->reclaimed += (guest->plan->capacity - guest->balloon) / world->load->seconds;
  if (sim_world_is_alive (world, i))
    result->slack += MAX (0, guest->balloon - sim_load_need (world->load, i, world->t))
                     / world->load->seconds;
}

static void
watch_second (const SimWorld *world, SimResult *result, Watch *watch)
{
  result->floor = world->t == 0 ? world->available : MIN (result->floor, world->available);
  result->below_reserve += world->available <= SIM_RESERVE;
  result->below_zero += world->available < 0;
  result->deepest = MAX (result->deepest, SIM_RESERVE - world->available);
  for (guint i = 0; i < world->load->n; i++)
    watch_guest (world, result, watch, i);
}

static double
jain (const double *values, guint n)
{
  double sum = 0, squares = 0;

  for (guint i = 0; i < n; i++)
    {
      sum += values[i];
      squares += values[i] * values[i];
    }
  return squares > 0 ? sum * sum / (n * squares) : 1;
}

static void
finish (const SimWorld *world, SimResult *result, Watch *watch)
{
  double parts[SIM_VMS_MOST], weighted[SIM_VMS_MOST];
  guint n = world->load->n;

  for (guint i = 0; i < n; i++)
    {
      const SimGuest *guest = &world->guests[i];

      end_stall (result, watch, i);
      result->swap_in += guest->total_in;
      result->swap_out += guest->total_out;
      result->refaults += guest->refaults;
      result->kills += (guint)guest->kills;
      result->vms[i].killed += (guint)guest->kills;
      result->vm_hours += watch->seconds[i] / 3600.0;
      parts[i] = watch->seconds[i] > 0 ? watch->satisfied[i] / watch->seconds[i] : 1;
      weighted[i] = parts[i] / guest->plan->weight;
    }
  result->used_percent = 100 * (1 - world->available / world->load->total);
  result->jain = jain (parts, n);
  result->jain_weighted = jain (weighted, n);
}

static void
trace_second (const SimWorld *world, FILE *trace)
{
  fprintf (trace, "%u %.1f", world->t, world->available);
  for (guint i = 0; i < world->load->n; i++)
    {
      const SimGuest *guest = &world->guests[i];

      fprintf (trace, " %.1f %.1f %.1f %.1f %d %.1f %.1f", guest->running ? guest->balloon : 0,
               sim_load_need (world->load, i, world->t), guest->swapped, guest->total_in,
               guest->stalled, guest->occupied, guest->target);
    }
  fputc ('\n', trace);
}

static gpointer
start (const SimLoad *load, const SimCoordinator *coordinator)
{
  return coordinator->start != NULL ? coordinator->start (load, coordinator->interval) : NULL;
}

void
sim_run (const SimLoad *load, const SimCoordinator *coordinator, SimResult *result, FILE *trace)
{
  g_autofree SimWorld *world = g_new (SimWorld, 1);
  gpointer state = start (load, coordinator);
  Watch watch = { 0 };
  guint next = 0;

  *result = (SimResult){ 0 };
  sim_world_init (world, load);
  for (world->t = 0; world->t < load->seconds; world->t++)
    {
      sim_world_tick (world);
      watch_second (world, result, &watch);
      if (trace != NULL)
        trace_second (world, trace);
      if (load->restarts_at > 0 && world->t == load->restarts_at)
        {
          g_free (state);
          state = start (load, coordinator);
          next = world->t + load->restart_takes;
          sim_world_forget (world, next);
        }
      if (world->t >= next)
        next = world->t + cycle (world, coordinator, state, result, &watch);
    }
  finish (world, result, &watch);
  g_free (state);
}

void
sim_result_add (SimResult *sum, const SimResult *one)
{
  sum->swap_in += one->swap_in;
  sum->swap_out += one->swap_out;
  sum->refaults += one->refaults;
  sum->stalled += one->stalled;
  sum->in_need += one->in_need;
  sum->kills += one->kills;
  sum->moves += one->moves;
  sum->reversals += one->reversals;
  sum->moved += one->moved;
  sum->late_moves += one->late_moves;
  sum->below_reserve += one->below_reserve;
  sum->below_zero += one->below_zero;
  sum->deepest = MAX (sum->deepest, one->deepest);
  sum->jain += one->jain;
  sum->jain_weighted += one->jain_weighted;
  sum->reclaimed += one->reclaimed;
  sum->slack += one->slack;
  sum->vm_hours += one->vm_hours;
  sum->cycles += one->cycles;
  sum->asked += one->asked;
  for (guint i = 0; i < one->n_reliefs && sum->n_reliefs < SIM_RELIEFS_MOST; i++)
    sum->reliefs[sum->n_reliefs++] = one->reliefs[i];
}

static int
compare (gconstpointer one, gconstpointer other)
{
  float a = *(const float *)one, b = *(const float *)other;

  return (a > b) - (a < b);
}

double
sim_result_relief (SimResult *result, double part)
{
  if (result->n_reliefs == 0)
    return 0;
  qsort (result->reliefs, result->n_reliefs, sizeof *result->reliefs, compare);
  return result->reliefs[(guint)(part * (result->n_reliefs - 1))];
}
