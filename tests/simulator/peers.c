/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peers, written from their laws. Where a law knows of a floor for the host it is given the
 * same 200 MiB as MemCoord. Where it assumes that a guest's memory is the host's at once (Xen),
 * what was granted and is not yet touched is counted as used, since that is what their accounting
 * means.
 */
#include "config.h"

#include <math.h>

#include "coordinator.h"

double
sim_mib (guint64 bytes)
{
  return (double)bytes / MC_MIB;
}

gboolean
sim_has_stats (const McVmFacts *facts)
{
  return facts->running && facts->immovable == NULL && !facts->opted_out
         && facts->unused != MC_UNKNOWN && facts->stats_time_s > 0;
}

/* MemTotal comes with the same report as usable, so a balloon that moves does not blur it. */
double
sim_used (const SimView *view, guint i)
{
  const McVmFacts *facts = &view->facts[i];
  guint64 usable = facts->usable != MC_UNKNOWN ? facts->usable : facts->unused;
  double has = sim_mib (facts->balloon);

  if (!sim_has_stats (facts))
    return has;
  if (facts->available != MC_UNKNOWN)
    has = sim_mib (facts->available) + view->world->guests[i].outside;
  return MAX (0, has - sim_mib (usable));
}

static double
limited (const McVmFacts *facts, double target)
{
  return CLAMP (target, sim_mib (facts->policy.minimum), sim_mib (facts->policy.maximum));
}

static double
promised (const SimView *view)
{
  double sum = 0;

  for (guint i = 0; i < view->n; i++)
    if (view->facts[i].running && view->facts[i].immovable == NULL)
      sum += MAX (0, sim_mib (view->facts[i].balloon) + view->world->guests[i].plan->own
                         - sim_mib (view->facts[i].resident));
  return sum;
}

void
sim_free_before_give (const SimView *view, const double *wanted, double free, double *targets)
{
  double asked = 0, part;

  for (guint i = 0; i < view->n; i++)
    {
      double has = sim_mib (view->facts[i].balloon);

      if (isnan (wanted[i]))
        continue;
      if (wanted[i] > has)
        asked += wanted[i] - has;
      else
        targets[i] = wanted[i];
    }
  part = asked > 0 ? CLAMP (free / asked, 0, 1) : 0;
  for (guint i = 0; i < view->n; i++)
    {
      double has = sim_mib (view->facts[i].balloon);

      if (!isnan (wanted[i]) && wanted[i] > has)
        targets[i] = has + (wanted[i] - has) * part;
    }
}

/* oVirt MOM: means of ten samples; free memory of the host decides for all guests at once. */

#define MOM_SAMPLES 10

typedef struct
{
  guint n;
  double host[MOM_SAMPLES];
  double used[SIM_VMS_MOST][MOM_SAMPLES];
  guint counts[SIM_VMS_MOST];
  guint cycles;
} Mom;

gpointer
sim_mom_start (const SimLoad *load, guint interval)
{
  return g_new0 (Mom, 1);
}

static double
mean (const double *samples, guint n)
{
  double sum = 0;

  for (guint i = 0; i < MIN (n, MOM_SAMPLES); i++)
    sum += samples[i];
  return n == 0 ? 0 : sum / MIN (n, MOM_SAMPLES);
}

static double
mom_size (double host_free, double used, double has)
{
  double size;

  if (host_free >= 0.20)
    return MAX (MAX (has * 1.05, used + 0.20 * has), has);
  size = used + (host_free > 0.05 ? 0.20 * (host_free / 0.20) : host_free - 0.05) * has;
  return MIN (MAX (has * 0.95, size), has);
}

/* Collects twice as often as it decides. */
guint
sim_mom_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  Mom *mom = state;
  double host_free;

  mom->host[mom->n++ % MOM_SAMPLES] = sim_mib (view->host->available) / sim_mib (view->host->total);
  for (guint i = 0; i < view->n; i++)
    if (sim_has_stats (&view->facts[i]))
      mom->used[i][mom->counts[i]++ % MOM_SAMPLES]
          = sim_mib (view->facts[i].available) - sim_mib (view->facts[i].unused);
  if (mom->cycles++ % 2 == 0)
    return MAX (interval / 2, 1);
  host_free = mean (mom->host, mom->n);
  for (guint i = 0; i < view->n; i++)
    {
      double has = sim_mib (view->facts[i].balloon), size;

      if (mom->counts[i] == 0 || !view->facts[i].running)
        continue;
      size = limited (&view->facts[i],
                      mom_size (host_free, mean (mom->used[i], mom->counts[i]), has));
      if (fabs (size - has) > has * 0.0025)
        targets[i] = size;
    }
  return MAX (interval - interval / 2, 1);
}

/* Proxmox VE: the host is to be used to 80 %; 100 MiB for a VM and cycle, by shares above each
 * minimum. */

#define PROXMOX_STEP 100.0

static double
proxmox_change (const SimView *view, const gboolean *in, double goal, double *targets)
{
  gboolean done[SIM_VMS_MOST] = { FALSE };
  double changed = 0, rest = goal;

  for (guint round = 0; round < view->n && fabs (rest) > 1; round++)
    {
      double shares = 0, above = 0, progress = 0;

      for (guint i = 0; i < view->n; i++)
        if (in[i] && !done[i])
          {
            shares += view->facts[i].policy.weight;
            above += targets[i] - sim_mib (view->facts[i].policy.minimum);
          }
      for (guint i = 0; i < view->n; i++)
        {
          double has = sim_mib (view->facts[i].balloon), desired, next;

          if (!in[i] || done[i])
            continue;
          desired = limited (&view->facts[i],
                             sim_mib (view->facts[i].policy.minimum)
                                 + (above + rest) / shares * view->facts[i].policy.weight);
          next = CLAMP (desired, has - PROXMOX_STEP, has + PROXMOX_STEP);
          if ((goal > 0 && next < targets[i]) || (goal < 0 && next > targets[i]))
            next = targets[i];
          if (next != desired)
            done[i] = TRUE;
          progress += next - targets[i];
          targets[i] = next;
        }
      changed += progress;
      rest -= progress;
      if (fabs (progress) < 1)
        break;
    }
  return changed;
}

guint
sim_proxmox_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double total = sim_mib (view->host->total),
         goal = 0.8 * total - (total - sim_mib (view->host->available));
  gboolean first[SIM_VMS_MOST] = { FALSE }, all[SIM_VMS_MOST] = { FALSE },
           others[SIM_VMS_MOST] = { FALSE };
  double changed;

  if (fabs (goal) < 10)
    return interval;
  for (guint i = 0; i < view->n; i++)
    {
      const McVmFacts *facts = &view->facts[i];
      gboolean ample;

      if (!sim_has_stats (facts))
        continue;
      ample = sim_mib (facts->unused) > 0.25 * sim_mib (facts->policy.minimum);
      targets[i] = sim_mib (facts->balloon);
      all[i] = TRUE;
      first[i] = goal < 0 ? ample : !ample;
      others[i] = !first[i];
    }
  changed = proxmox_change (view, first, goal, targets);
  if (goal < 0 && fabs (changed) < 1)
    proxmox_change (view, all, goal, targets);
  if (goal > 0 && goal - changed > 1)
    proxmox_change (view, others, goal - changed, targets);
  return interval;
}

/* XAPI squeezed: everyone has the same part of the way from its minimum to its maximum; the stuck
 * are left out. */

typedef struct
{
  double balloon[SIM_VMS_MOST];
  guint still_since[SIM_VMS_MOST];
} Squeezed;

gpointer
sim_squeezed_start (const SimLoad *load, guint interval)
{
  return g_new0 (Squeezed, 1);
}

static gboolean
squeezed_stuck (Squeezed *state, const SimView *view, guint i)
{
  double has = sim_mib (view->facts[i].balloon);
  double told = view->facts[i].target == MC_UNKNOWN ? has : sim_mib (view->facts[i].target);

  if (fabs (has - told) < 4 || fabs (has - state->balloon[i]) > 1)
    state->still_since[i] = view->t;
  state->balloon[i] = has;
  return view->t - state->still_since[i] >= 5;
}

guint
sim_squeezed_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double free = sim_mib (view->host->available) - SIM_RESERVE - promised (view), surplus = free,
         range = 0, part;
  double wanted[SIM_VMS_MOST];

  for (guint i = 0; i < view->n; i++)
    {
      const McVmFacts *facts = &view->facts[i];

      wanted[i] = NAN;
      if (!sim_has_stats (facts) || squeezed_stuck (state, view, i))
        continue;
      wanted[i] = 0;
      surplus += sim_mib (facts->balloon) - sim_mib (facts->policy.minimum);
      range += sim_mib (facts->policy.maximum) - sim_mib (facts->policy.minimum);
    }
  part = range > 0 ? CLAMP (surplus / range, 0, 1) : 0;
  for (guint i = 0; i < view->n; i++)
    if (!isnan (wanted[i]))
      wanted[i] = sim_mib (view->facts[i].policy.minimum)
                  + part
                        * (sim_mib (view->facts[i].policy.maximum)
                           - sim_mib (view->facts[i].policy.minimum));
  sim_free_before_give (view, wanted, free, targets);
  return interval;
}

/*
 * Qubes qmemman: 1.3 of what is used, at least 200 MB. What is over is shared in that proportion.
 * Where it does not go round, those with more than they prefer go down to that, and the others
 * share what is free. Only what is worth a move is moved, and a guest that makes no progress is
 * left out.
 *
 * Its kinder variant, which is nobody's published law, scales everyone alike where it does not go
 * round.
 */

#define QMEMMAN_FACTOR   1.3
#define QMEMMAN_LEAST    200.0
#define QMEMMAN_TRANSFER 150.0
#define QMEMMAN_STARVED  15.0
#define QMEMMAN_PATIENCE 3 /* decisions without progress towards a lower target */

typedef struct
{
  gboolean scales;
  double balloon[SIM_VMS_MOST];
  guint still[SIM_VMS_MOST];
} Qmemman;

gpointer
sim_qmemman_start (const SimLoad *load, guint interval)
{
  return g_new0 (Qmemman, 1);
}

gpointer
sim_qmemman_scaled_start (const SimLoad *load, guint interval)
{
  Qmemman *state = g_new0 (Qmemman, 1);

  state->scales = TRUE;
  return state;
}

/* What it prefers; NAN = left out. */
static double
qmemman_prefers (Qmemman *state, const SimView *view, guint i)
{
  const McVmFacts *facts = &view->facts[i];
  double has = sim_mib (facts->balloon);
  gboolean there = facts->target == MC_UNKNOWN || has <= sim_mib (facts->target) + 25;
  double prefers = limited (facts, MAX (QMEMMAN_LEAST, QMEMMAN_FACTOR * sim_used (view, i)));

  state->still[i] = there || fabs (has - state->balloon[i]) > 1 ? 0 : state->still[i] + 1;
  state->balloon[i] = has;
  if (!sim_has_stats (facts) || (state->still[i] >= QMEMMAN_PATIENCE && prefers < has))
    return NAN;
  return prefers;
}

/* What maxima leave over goes to those who are below theirs, in equal parts. */
static void
qmemman_spread (const SimView *view, double left, double *wanted)
{
  for (guint round = 0; round < view->n && left > 1; round++)
    {
      double rest = 0;
      guint below = 0;

      for (guint i = 0; i < view->n; i++)
        below += !isnan (wanted[i]) && wanted[i] < sim_mib (view->facts[i].policy.maximum);
      for (guint i = 0; i < view->n; i++)
        {
          double most = sim_mib (view->facts[i].policy.maximum);

          if (isnan (wanted[i]) || wanted[i] >= most)
            continue;
          rest += MAX (0, wanted[i] + left / below - most);
          wanted[i] = MIN (wanted[i] + left / below, most);
        }
      left = below == 0 ? 0 : rest;
    }
}

static void
qmemman_share (
    const Qmemman *state, const SimView *view, const double *prefers, double free, double *wanted)
{
  double sum = free, all = 0, acceptors = 0, left = 0;

  for (guint i = 0; i < view->n; i++)
    {
      double has = sim_mib (view->facts[i].balloon);

      if (isnan (prefers[i]))
        continue;
      sum += has;
      all += prefers[i];
      acceptors += prefers[i] > has ? prefers[i] : 0;
    }
  for (guint i = 0; i < view->n; i++)
    {
      double has = sim_mib (view->facts[i].balloon), share = prefers[i];

      if (sum > all || state->scales)
        share = prefers[i] * sum / MAX (all, 1);
      else if (prefers[i] > has)
        share = has + MAX (0, free) * prefers[i] / acceptors;
      wanted[i] = isnan (share) ? NAN : limited (&view->facts[i], share);
      left += isnan (share) ? 0 : MAX (0, share - wanted[i]);
    }
  if (sum > all)
    qmemman_spread (view, left, wanted);
}

guint
sim_qmemman_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double free = sim_mib (view->host->available) - SIM_RESERVE - promised (view), transfer = 0;
  double prefers[SIM_VMS_MOST], wanted[SIM_VMS_MOST];
  gboolean starved = FALSE;

  for (guint i = 0; i < view->n; i++)
    prefers[i] = qmemman_prefers (state, view, i);
  qmemman_share (state, view, prefers, free, wanted);
  for (guint i = 0; i < view->n; i++)
    if (!isnan (wanted[i]))
      {
        double has = sim_mib (view->facts[i].balloon);

        transfer += fabs (wanted[i] - has);
        starved |= prefers[i] > has && wanted[i] - has > QMEMMAN_STARVED;
      }
  if (transfer > QMEMMAN_TRANSFER || starved)
    sim_free_before_give (view, wanted, free, targets);
  return interval;
}

/* Hyper-V-like: a fifth more than the demand; those under the highest pressure first, paid by the
 * lowest. */

static guint
next_by_pressure (const SimView *view,
                  const double *ideal,
                  const double *targets,
                  gboolean highest,
                  double beyond)
{
  guint best = G_MAXUINT;
  double most = 0;

  for (guint i = 0; i < view->n; i++)
    {
      double pressure = isnan (ideal[i]) ? 1 : ideal[i] / targets[i];
      double counts = highest ? pressure : 1 / pressure;

      if (!isnan (ideal[i]) && counts > beyond && counts > most)
        {
          most = counts;
          best = i;
        }
    }
  return best;
}

guint
sim_hyperv_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double ideal[SIM_VMS_MOST],
      free = sim_mib (view->host->available) - SIM_RESERVE - promised (view);
  guint i;

  for (i = 0; i < view->n; i++)
    {
      ideal[i] = NAN;
      if (!sim_has_stats (&view->facts[i]))
        continue;
      ideal[i] = limited (&view->facts[i], 1.2 * sim_used (view, i));
      targets[i] = sim_mib (view->facts[i].balloon);
    }
  for (guint round = 0; round < 2 * view->n; round++)
    {
      double lacks;

      i = next_by_pressure (view, ideal, targets, TRUE, 1.02);
      if (i == G_MAXUINT)
        break;
      lacks = ideal[i] - targets[i];
      if (lacks <= free)
        {
          targets[i] += lacks;
          free -= lacks;
        }
      else
        {
          guint donor = next_by_pressure (view, ideal, targets, FALSE, 1.05);

          if (free > 1)
            targets[i] += free;
          if (donor != G_MAXUINT)
            targets[donor] -= MIN (targets[donor] - ideal[donor], lacks - MAX (free, 0));
          ideal[i] = NAN;
          free = MIN (free, 0);
        }
    }
  while (free < 0 && (i = next_by_pressure (view, ideal, targets, FALSE, 1.05)) != G_MAXUINT)
    {
      double gives = MIN (targets[i] - ideal[i], -free);

      targets[i] -= gives;
      free += gives;
      ideal[i] = NAN;
    }
  return interval;
}

/* ESX-like: memory is revoked from whoever pays the fewest shares for a page, idle pages counted
 * fourfold. */

#define ESX_CHUNK       8.0
#define ESX_IDLE_TAX    (1 / (1 - 0.75))
#define ESX_RESERVE     0.06
#define ESX_MANY        64 /* chunks */
#define ESX_STEPS       40
#define ESX_PRICE_LEAST 1e-6
#define ESX_PRICE_MOST  1e9

typedef struct
{
  double active[SIM_VMS_MOST];
} Esx;

gpointer
sim_esx_start (const SimLoad *load, guint interval)
{
  return g_new0 (Esx, 1);
}

static double
esx_price (const McVmFacts *facts, double active, double size)
{
  double part = MIN (1, active / size);

  return facts->policy.weight * sim_mib (facts->policy.maximum)
         / (size * (part + ESX_IDLE_TAX * (1 - part)));
}

static guint
esx_cheapest (const SimView *view, const Esx *esx, const double *sizes)
{
  guint cheapest = G_MAXUINT;
  double least = G_MAXDOUBLE;

  for (guint i = 0; i < view->n; i++)
    {
      const McVmFacts *facts = &view->facts[i];
      double price;

      if (isnan (sizes[i]) || sizes[i] - ESX_CHUNK < sim_mib (facts->policy.minimum))
        continue;
      price = esx_price (facts, esx->active[i], sizes[i]);
      if (price < least)
        {
          least = price;
          cheapest = i;
        }
    }
  return cheapest;
}

/* Returns: how many chunks of it go before its price is @price. */
static double
esx_chunks (const McVmFacts *facts, double active, double size, double price)
{
  double most = floor (MAX (0, size - sim_mib (facts->policy.minimum)) / ESX_CHUNK);
  double down_to = facts->policy.weight * sim_mib (facts->policy.maximum) / price;

  if (down_to > active)
    down_to = (down_to + (ESX_IDLE_TAX - 1) * active) / ESX_IDLE_TAX;
  return CLAMP (ceil ((size - down_to) / ESX_CHUNK), 0, most);
}

static double
esx_revoked (const SimView *view, const Esx *esx, const double *sizes, double price)
{
  double revoked = 0;

  for (guint i = 0; i < view->n; i++)
    if (!isnan (sizes[i]))
      revoked += ESX_CHUNK * esx_chunks (&view->facts[i], esx->active[i], sizes[i], price);
  return revoked;
}

/* What the loop over single chunks would revoke, most of it, of hosts where that would take long:
 * all below the highest price at which less than @much goes. Returns: how much. */
static double
esx_revoke_at_once (const SimView *view, const Esx *esx, double much, double *sizes)
{
  double least = ESX_PRICE_LEAST, most = ESX_PRICE_MOST, revoked = 0;

  if (much < ESX_MANY * ESX_CHUNK)
    return 0;
  for (guint step = 0; step < ESX_STEPS; step++)
    {
      double middle = sqrt (least * most);

      if (esx_revoked (view, esx, sizes, middle) < much)
        least = middle;
      else
        most = middle;
    }
  for (guint i = 0; i < view->n; i++)
    if (!isnan (sizes[i]))
      {
        double goes = ESX_CHUNK * esx_chunks (&view->facts[i], esx->active[i], sizes[i], least);

        sizes[i] -= goes;
        revoked += goes;
      }
  return revoked;
}

guint
sim_esx_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  Esx *esx = state;
  double kept = MAX (SIM_RESERVE, ESX_RESERVE * sim_mib (view->host->total));
  double free = sim_mib (view->host->available) - kept - promised (view), budget = free, sum = 0;
  double sizes[SIM_VMS_MOST] = { 0 };
  guint i;

  for (i = 0; i < view->n; i++)
    {
      double used = sim_used (view, i);

      sizes[i] = NAN;
      if (!sim_has_stats (&view->facts[i]))
        continue;
      esx->active[i] = MAX (used, esx->active[i] + (used - esx->active[i]) * 0.1);
      sizes[i] = sim_mib (view->facts[i].policy.maximum);
      budget += sim_mib (view->facts[i].balloon);
      sum += sizes[i];
    }
  sum -= esx_revoke_at_once (view, esx, sum - budget, sizes);
  while (sum > budget && (i = esx_cheapest (view, esx, sizes)) != G_MAXUINT)
    {
      sizes[i] -= ESX_CHUNK;
      sum -= ESX_CHUNK;
    }
  sim_free_before_give (view, sizes, free, targets);
  for (i = 0; i < view->n; i++)
    if (!isnan (sizes[i]) && fabs (targets[i] - sim_mib (view->facts[i].balloon)) < 2 * ESX_CHUNK)
      targets[i] = sim_mib (view->facts[i].balloon);
  return interval;
}
