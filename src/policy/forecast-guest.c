/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as a forecast imagines it. */
#include "config.h"

#include "forecast-guest.h"

#include "arithmetic.h"
#include "backing.h"
#include "eligibility.h"
#include "give-back.h"

/* Bytes a second, as measured in guests under TCG (tests/simulator/parts.c); they decide how long
 * it takes, not where it ends. */
#define DEFLATES   (1000 * MC_MIB)
#define INFLATES   (200 * MC_MIB)
#define FROM_CACHE (60 * MC_MIB)
#define FROM_USE   (20 * MC_MIB)
#define SWAPS_IN   (30 * MC_MIB)

/* Who is not moved may report all the same. */
#define REPORTED_LATELY_US (10 * G_USEC_PER_SEC)

static gboolean
is_known (guint64 bytes)
{
  return bytes <= MC_CAPACITY_MOST;
}

/* What it uses, as far as it reports that. */
static guint64
in_use (const McForecastGuest *self)
{
  return is_known (self->facts.unused) ? saturating_sub (self->facts.balloon, self->facts.unused)
                                       : 0;
}

static guint64
touched (const McForecastGuest *self)
{
  return saturating_sub (self->facts.resident, self->overhead);
}

/* Its kernel's figures go with its balloon; a MemTotal that is above it does not (autodeflate). */
static void
change_available (McVmFacts *facts, guint64 balloon)
{
  if (!is_known (facts->available) || facts->available > facts->balloon)
    return;
  if (balloon > facts->balloon)
    facts->available += balloon - facts->balloon;
  else
    facts->available = saturating_sub (facts->available, facts->balloon - balloon);
}

static void
give (McForecastGuest *self, guint64 amount)
{
  McVmFacts *facts = &self->facts;

  change_available (facts, facts->balloon + amount);
  facts->balloon += amount;
  if (!self->reports)
    return;
  facts->unused += amount;
  if (is_known (facts->usable))
    facts->usable += amount;
}

/* Returns: as much of @most as can be moved at that speed in what is left of the time. */
static guint64
move_at (guint64 most, guint64 speed, gint64 *left_us)
{
  double can = (double)speed * (double)*left_us / G_USEC_PER_SEC;
  guint64 amount = (double)most < can ? most : (guint64)can;

  *left_us -= speed == 0 ? 0 : (gint64)((double)amount / (double)speed * G_USEC_PER_SEC);
  return amount;
}

static void
take_from_figures (McVmFacts *facts, guint64 from_free, guint64 from_cache)
{
  facts->unused = saturating_sub (facts->unused, from_free);
  if (is_known (facts->usable))
    facts->usable = saturating_sub (facts->usable, from_free + from_cache);
}

/* Of one that reports nothing nobody knows what there is to take. */
static void
take (McForecastGuest *self, guint64 wanted, gint64 us)
{
  McVmFacts *facts = &self->facts;
  guint64 free = self->reports ? facts->unused : wanted, cache = 0, least, from_free, from_cache,
          from_use = 0;

  if (self->reports && is_known (facts->usable))
    cache = saturating_sub (facts->usable, facts->unused);
  from_free = move_at (MIN (wanted, free), self->speed, &us);
  from_cache = move_at (MIN (wanted - from_free, cache), MIN (FROM_CACHE, self->speed), &us);
  least = mc_backing_kernel (facts, &self->history);
  if (self->reports && is_known (facts->swap_out) && from_free >= free && from_cache >= cache)
    from_use = move_at (MIN (wanted - from_free - from_cache,
                             saturating_sub (facts->balloon, least + from_free + from_cache)),
                        MIN (FROM_USE, self->speed), &us);
  change_available (facts, facts->balloon - from_free - from_cache - from_use);
  facts->balloon -= from_free + from_cache + from_use;
  if (!self->reports)
    return;
  take_from_figures (facts, from_free, from_cache);
  self->swapped += from_use;
  if (is_known (facts->swap_out))
    facts->swap_out += from_use;
}

static void
move_balloon (McForecastGuest *self, gint64 us)
{
  McVmFacts *facts = &self->facts;
  guint64 target = MIN (facts->target, facts->capacity);

  if (!self->obeys || facts->target == MC_UNKNOWN)
    return;
  if (target >= facts->balloon)
    give (self, move_at (target - facts->balloon, DEFLATES, &us));
  else
    take (self, facts->balloon - target, us);
}

static void
swap_in (McForecastGuest *self, gint64 us)
{
  McVmFacts *facts = &self->facts;
  guint64 amount;

  if (!self->reports || self->swapped == 0)
    return;
  amount = move_at (MIN (self->swapped, facts->unused), SWAPS_IN, &us);
  take_from_figures (facts, amount, 0);
  self->swapped -= amount;
  if (is_known (facts->swap_in))
    facts->swap_in += amount;
}

static gint64
touch (McForecastGuest *self)
{
  McVmFacts *facts = &self->facts;
  guint64 before = facts->resident, now;

  if (!is_known (facts->resident))
    return 0;
  now = MAX (touched (self), saturating_sub (in_use (self), self->reclaimed));
  if (!self->is_pinned)
    now = MIN (now, facts->balloon);
  facts->resident = now + MIN (before, self->overhead);
  return (gint64)facts->resident - (gint64)before;
}

gint64
mc_forecast_guest_pass (McForecastGuest *self, gint64 us)
{
  if (!is_known (self->facts.capacity) || self->facts.balloon > self->facts.capacity)
    return 0;
  move_balloon (self, us);
  swap_in (self, us);
  if (self->reports)
    self->facts.stats_time_s += MAX (us / G_USEC_PER_SEC, 1);
  return touch (self);
}

/* Nobody is asked twice for what one has, nor owed it. */
static void
forget_what_was_given_back (McForecastGuest *self)
{
  McVmFacts *facts = &self->facts;

  if ((!facts->give_back && !facts->released) || !mc_give_back_is_possible (facts, &self->history)
      || mc_give_back_missing (facts, &self->history) > 0)
    return;
  if (facts->released)
    facts->reclaimed = FALSE;
  facts->give_back = facts->released = FALSE;
}

/* Whether a target that is set is followed. */
static gboolean
can_obey (const McForecastGuest *self)
{
  return self->facts.running && !self->facts.busy && self->facts.has_balloon && !self->is_stuck;
}

void
mc_forecast_guest_apply (McForecastGuest *self, const McVmDecision *decision)
{
  forget_what_was_given_back (self);
  if (!decision->move)
    return;
  self->obeys = can_obey (self);
  if (decision->target < decision->before)
    self->facts.reclaimed = TRUE;
  self->facts.target = decision->target;
}

/* The figures are those of the balloon that reported them. */
static void
catch_up (McForecastGuest *self)
{
  guint64 now = self->facts.balloon, then = self->history.balloon_at_stats;

  if (now > then)
    {
      self->facts.balloon = then;
      give (self, now - then);
    }
  else if (now < then)
    take_from_figures (&self->facts, MIN (then - now, self->facts.unused),
                       saturating_sub (then - now, self->facts.unused));
}

void
mc_forecast_guest_init (McForecastGuest *self,
                        const McVmFacts *facts,
                        const McVmHistory *history,
                        gint64 now_us)
{
  *self = (McForecastGuest){ .facts = *facts, .history = *history };
  self->facts.asleep = FALSE;
  self->facts.cpu_time_us = MC_UNKNOWN;
  if (facts->asleep) /* it is not silent, only not heard */
    self->history.stats_seen_us = now_us;
}

void
mc_forecast_guest_begin (McForecastGuest *self, const McVmDecision *decision, gint64 now_us)
{
  const McVmFacts *facts = &self->facts;
  McVmHistory *history = &self->history;
  gboolean inflates = facts->target != MC_UNKNOWN && facts->balloon > facts->target;

  self->speed = inflates && history->inflating > 0 ? history->inflating : INFLATES;
  self->overhead = mc_backing_overhead (history);
  self->reports = is_known (facts->unused) && is_known (facts->balloon) && facts->running
                  && !facts->busy
                  && (mc_eligibility_may_be_moved (decision->status)
                      || within (now_us, history->stats_seen_us, REPORTED_LATELY_US));
  self->is_stuck = decision->status == MC_VM_STUCK;
  /* Where somebody else has set its balloon since, our last target is not where it goes. */
  self->obeys = can_obey (self) && history->foreign_until_us == 0;
  self->is_pinned = facts->immovable != NULL || decision->status == MC_VM_INEFFECTIVE;
  if (self->reports)
    catch_up (self);
  self->reclaimed = saturating_sub (in_use (self), touched (self));
  self->swapped = history->thrashing_reports > 0 ? history->swapped : 0;
  if (decision->status == MC_VM_STUCK)
    history->stuck_until_us = G_MAXINT64;
  if (decision->status == MC_VM_INEFFECTIVE)
    history->ineffective_until_us = G_MAXINT64;
}
