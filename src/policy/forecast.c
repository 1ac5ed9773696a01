/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the balloons would come to rest. */
#include "config.h"

#include "forecast.h"

#include "forecast-guest.h"

/* When nothing has moved for a while, what remains are waits of minutes: few looks are enough. */
#define QUIET_AFTER_US (30 * G_USEC_PER_SEC)
#define QUIET_STEP_US  (10 * G_USEC_PER_SEC)

/* Beyond the longest wait of the policy before it moves something (hold_s and what it takes for a
 * peak to fade, keep_after_start_s), but for the hour after which a foreign VM is taken over; of a
 * long interval, more. */
#define SETTLED_US     (330 * G_USEC_PER_SEC)
#define SETTLED_CYCLES 4

/* A balloon that is so close to where it was has not moved. */
#define MOVED (1 * MC_MIB)

typedef struct
{
  const McPolicySettings *settings;
  McHostFigures host;
  McGroup *groups; /* those of the host */
  gint64 now_us, moved_us;

  gsize n;
  McForecastGuest *guests;
  gint64 *occupied; /* how much more each occupies after a step */
  McVmFacts *facts; /* for a decision, these three */
  McVmHistory **histories;
  McVmDecision *decisions;
  McHostDecision decision;
} World;

static void
world_init (World *self, const McVmFacts *facts, const McVmHistory *histories)
{
  self->guests = g_new (McForecastGuest, self->n + 1);
  self->occupied = g_new (gint64, self->n + 1);
  self->facts = g_new (McVmFacts, self->n + 1);
  self->histories = g_new (McVmHistory *, self->n + 1);
  self->decisions = g_new (McVmDecision, self->n + 1);
  self->groups = g_new (McGroup, self->host.n_groups + 1);
  for (gsize i = 0; i < self->host.n_groups; i++)
    self->groups[i] = self->host.groups[i];
  self->host.groups = self->groups;
  for (gsize i = 0; i < self->n; i++)
    {
      mc_forecast_guest_init (&self->guests[i], &facts[i], &histories[i], self->now_us);
      self->histories[i] = &self->guests[i].history;
    }
}

static void
world_clear (World *self)
{
  g_free (self->guests);
  g_free (self->occupied);
  g_free (self->facts);
  g_free (self->histories);
  g_free (self->decisions);
  g_free (self->groups);
}

static void
decide (World *self)
{
  for (gsize i = 0; i < self->n; i++)
    self->facts[i] = self->guests[i].facts;
  mc_policy_decide (self->settings, &self->host, self->now_us, self->n, self->facts,
                    self->histories, self->decisions, &self->decision);
}

static gboolean
is_pressing (const World *self)
{
  if (self->decision.pressing)
    return TRUE;
  for (gsize i = 0; i < self->n; i++)
    if (self->decisions[i].pressing)
      return TRUE;
  return FALSE;
}

static gint64
step_us (const World *self)
{
  if (self->now_us - self->moved_us >= QUIET_AFTER_US)
    return MAX (mc_policy_interval_us (self->settings), QUIET_STEP_US);
  return mc_policy_pace_us (self->settings, is_pressing (self));
}

static guint64
occupy (guint64 left, gint64 more)
{
  return more >= 0 ? saturating_sub (left, (guint64)more) : left + (guint64)-more;
}

static void
charge (World *self)
{
  gint64 all = 0;

  for (gsize i = 0; i < self->n; i++)
    all += self->occupied[i];
  self->host.available = MIN (occupy (self->host.available, all), self->host.total);
  for (gsize g = 0; g < self->host.n_groups; g++)
    {
      McGroup *group = &self->groups[g];

      for (gsize i = 0; i < group->n_members; i++)
        group->left = occupy (group->left, self->occupied[group->members[i]]);
    }
}

/* Targets are set, and time passes until the next cycle. */
static void
pass (World *self)
{
  gint64 us = step_us (self);

  self->now_us += us;
  for (gsize i = 0; i < self->n; i++)
    {
      McForecastGuest *guest = &self->guests[i];
      guint64 before = guest->facts.balloon;

      mc_forecast_guest_apply (guest, &self->decisions[i]);
      self->occupied[i] = mc_forecast_guest_pass (guest, us);
      if (distance (guest->facts.balloon, before) >= MOVED)
        self->moved_us = self->now_us;
    }
  charge (self);
}

static gboolean
rests (const World *self)
{
  return self->now_us - self->moved_us
         >= MAX (SETTLED_US, SETTLED_CYCLES * mc_policy_interval_us (self->settings));
}

static gboolean
is_short (const McVmDecision *decision)
{
  McReason reason = decision->reason;

  return reason == MC_REASON_NEEDS || reason == MC_REASON_SWAPPING
         || reason == MC_REASON_NO_FREE_MEMORY || reason == MC_REASON_GROUP_FULL
         || reason == MC_REASON_AT_MAXIMUM;
}

/* Returns: what of @self's end is @facts' VM's. */
static McVmForecast
end_of (const World *self, gsize i, const McVmFacts *facts)
{
  const McVmDecision *decision = &self->decisions[i];

  return (McVmForecast){
    .from = facts->balloon == MC_UNKNOWN ? 0 : facts->balloon,
    .to = facts->balloon == MC_UNKNOWN ? 0 : self->guests[i].facts.balloon,
    .status = decision->status,
    .reason = decision->reason,
    .is_short = is_short (decision),
  };
}

static void
add_up (McForecast *sum, const McVmForecast *vm)
{
  sum->n_short += vm->is_short;
  if (distance (vm->from, vm->to) < MOVED)
    return;
  sum->taken_from += vm->to < vm->from;
  sum->taken += saturating_sub (vm->from, vm->to);
  sum->given_to += vm->to > vm->from;
  sum->given += saturating_sub (vm->to, vm->from);
}

McForecast
mc_forecast_make (const McPolicySettings *settings,
                  const McHostFigures *host,
                  gint64 now_us,
                  gsize n_vms,
                  const McVmFacts *facts,
                  const McVmHistory *histories,
                  McVmForecast *vms)
{
  World world
      = { .settings = settings, .host = *host, .now_us = now_us, .moved_us = now_us, .n = n_vms };
  McForecast sum = { 0 };

  world_init (&world, facts, histories);
  decide (&world);
  for (gsize i = 0; i < n_vms; i++)
    mc_forecast_guest_begin (&world.guests[i], &world.decisions[i], now_us);
  for (guint cycle = 1; cycle < MC_FORECAST_CYCLES_MOST && !rests (&world); cycle++)
    {
      pass (&world);
      decide (&world);
    }
  for (gsize i = 0; i < n_vms; i++)
    {
      vms[i] = end_of (&world, i, &facts[i]);
      add_up (&sum, &vms[i]);
    }
  sum.host_available = world.host.available;
  sum.until_us = world.moved_us - now_us;
  sum.at_rest = rests (&world);
  world_clear (&world);
  return sum;
}
