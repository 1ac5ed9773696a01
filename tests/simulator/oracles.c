/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whoever knows more than a coordinator can. Each fills needs as water does, spreads what is over,
 * and sees the host and the balloons as they are. What each of them knows or may do less than the
 * one before tells what that is worth:
 *
 * the oracle          sees what everyone will need in the next seconds
 * … of the present    sees what everyone needs in this second
 * … of reports        sees what guests have reported, as late as they do
 * … in steps          and moves balloons by the same steps and pauses as MemCoord
 */
#include "config.h"

#include "coordinator.h"

#define LOOK_AHEAD 12
#define MARGIN     64
#define SPARE      20 /* beyond each need */
#define MOST       (1 << 20)

/* What a guest with as good as nothing usable needs more than it has, of its capacity. */
#define MISSING         0.2
#define GOOD_AS_NOTHING 30

/* Changes that are not worth a move. */
#define TRIFLE_UP   8
#define TRIFLE_DOWN 16

typedef struct
{
  guint look_ahead; /* seconds; 0 = knows only what was reported */
  double step;      /* of a capacity */
  guint settle;     /* no grant within so many seconds of a taking */
  guint may_give_at[SIM_VMS_MOST];
} Oracle;

static Oracle *
oracle_new (guint look_ahead)
{
  Oracle *oracle = g_new0 (Oracle, 1);

  oracle->look_ahead = look_ahead;
  oracle->step = 1;
  return oracle;
}

gpointer
sim_oracle_start (const SimLoad *load, guint interval)
{
  return oracle_new (LOOK_AHEAD);
}

gpointer
sim_oracle_of_the_present_start (const SimLoad *load, guint interval)
{
  return oracle_new (1);
}

gpointer
sim_oracle_of_reports_start (const SimLoad *load, guint interval)
{
  return oracle_new (0);
}

gpointer
sim_oracle_of_steps_start (const SimLoad *load, guint interval)
{
  Oracle *oracle = oracle_new (0);

  oracle->step = 0.2;
  oracle->settle = 2;
  return oracle;
}

/* MemTotal comes with the report: what the balloon was then, but for what the kernel holds outside
 * of it. */
static double
reported_need (const SimView *view, guint i)
{
  const McVmFacts *facts = &view->facts[i];
  double usable = sim_mib (facts->usable), used;

  if (!sim_has_stats (facts))
    return sim_mib (facts->balloon);
  used = MAX (0, sim_mib (facts->available) + view->world->guests[i].outside - usable);
  return usable < GOOD_AS_NOTHING ? used + MISSING * sim_mib (facts->capacity) : used;
}

/* Nobody who sees all squeezes a guest until it is silent. */
static double
least_of (const SimPlan *plan)
{
  double dies_at = sim_kernel_dies_at (plan->kernel, plan->capacity);

  return MAX (plan->minimum, dies_at > 0 ? dies_at + SPARE : 0);
}

static gboolean
is_ours (const SimView *view, guint i)
{
  const McVmFacts *facts = &view->facts[i];

  return facts->running && facts->immovable == NULL && !facts->opted_out
         && !(view->world->load->vms[i].kind & SIM_PINNED);
}

static double
need_of (const Oracle *oracle, const SimView *view, guint i)
{
  const SimLoad *load = view->world->load;
  double most = oracle->look_ahead == 0 ? reported_need (view, i) : 0;

  for (guint t = view->t; t < MIN (view->t + oracle->look_ahead, load->seconds); t++)
    most = MAX (most, sim_load_need (load, i, t));
  return CLAMP (most + SPARE, least_of (&load->vms[i]), load->vms[i].maximum);
}

/* The level up to which the budget fills all needs. */
static double
level_of (const double *needs, guint n, double budget)
{
  double level = 0;

  for (double step = MOST; step > 0.5; step /= 2)
    {
      double filled = 0;

      for (guint i = 0; i < n; i++)
        filled += MIN (needs[i], level + step);
      if (filled <= budget)
        level += step;
    }
  return level;
}

/* Balloons are granted only what the host has beside what is granted already. */
static void
give (Oracle *oracle, const SimView *view, guint i, double share, double *free, double *targets)
{
  const SimGuest *guest = &view->world->guests[i];
  double untouched = MAX (0, guest->balloon - guest->occupied),
         most = MIN (share - guest->balloon, oracle->step * guest->plan->capacity),
         gives = MIN (most, *free - untouched);

  if (gives <= TRIFLE_UP || view->t < oracle->may_give_at[i])
    return;
  targets[i] = guest->balloon + gives;
  *free -= gives;
}

static void
take (Oracle *oracle, const SimView *view, guint i, double share, double *targets)
{
  const SimGuest *guest = &view->world->guests[i];

  targets[i] = MAX (share, guest->balloon - oracle->step * guest->plan->capacity);
  oracle->may_give_at[i] = view->t + oracle->settle;
}

guint
sim_oracle_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double needs[SIM_VMS_MOST] = { 0 }, sum = 0, occupied = 0, level, budget, free, left;
  const SimLoad *load = view->world->load;

  for (guint i = 0; i < view->n; i++)
    if (is_ours (view, i))
      {
        sum += needs[i] = need_of (state, view, i);
        occupied += view->world->guests[i].occupied;
      }
  free = view->world->available - SIM_RESERVE - MARGIN;
  budget = occupied + free;
  level = level_of (needs, view->n, budget);
  /* What is over is spread: it cannot be put to a better use. */
  left = MAX (0, budget - sum);
  for (guint i = 0; i < view->n; i++)
    {
      double has = view->world->guests[i].balloon, share;

      if (!is_ours (view, i))
        continue;
      share = sum <= budget ? MIN (needs[i] + left / view->n, load->vms[i].maximum)
                            : MAX (MIN (needs[i], level), least_of (&load->vms[i]));
      if (share > has + TRIFLE_UP)
        give (state, view, i, share, &free, targets);
      else if (share < has - TRIFLE_DOWN)
        take (state, view, i, share, targets);
    }
  return interval;
}
