/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to guests that no coordinator has decided: other people, drivers, kernels, the host.
 */
#include "config.h"

#include "hands.h"

#define WAITS_FOR_GRANT 120 /* seconds */

void
sim_hands_boot (SimWorld *world, SimGuest *guest)
{
  guest->running = TRUE;
  guest->booted = world->t;
  guest->balloon = guest->balloon_before = guest->plan->capacity;
  guest->resident_anon = guest->swapped = guest->hot = guest->cold = guest->unseen = 0;
  guest->swap_in = guest->swap_out = 0;
  guest->unmet_seconds = guest->killed_until = 0;
  guest->dead = guest->panicked = guest->dumping = guest->unloaded = guest->frozen = FALSE;
}

/* The host has the pages of longest ago: first those that the guest has freed, then some that it
 * uses. */
static void
reclaim (SimGuest *guest, double amount)
{
  double in_use = guest->kernel + guest->resident_anon + guest->hot + guest->cold;

  guest->occupied -= MIN (amount, guest->occupied);
  guest->out = MAX (0, in_use - guest->occupied);
}

/* Returns: FALSE where it has to wait. */
static gboolean
set (const SimWorld *world, SimGuest *guest, const SimEvent *event)
{
  gboolean waits = event->what == SIM_IS_SET_ON_GRANT && world->t < event->t + WAITS_FOR_GRANT;

  if (waits && guest->target <= guest->balloon + 1)
    return FALSE;
  guest->target = MIN (event->value, guest->plan->capacity);
  return TRUE;
}

static gboolean
act (SimWorld *world, SimGuest *guest, const SimEvent *event)
{
  switch (event->what)
    {
    case SIM_IS_SET:
    case SIM_IS_SET_ON_GRANT:
      return set (world, guest, event);
    case SIM_UNLOADS:
    case SIM_LOADS:
      guest->unloaded = event->what == SIM_UNLOADS;
      break;
    case SIM_PANICS:
      guest->panicked = TRUE;
      break;
    case SIM_DUMPS:
      guest->panicked = guest->dumping = TRUE;
      break;
    case SIM_REBOOTS:
      sim_hands_boot (world, guest);
      break;
    case SIM_FREEZES:
    case SIM_THAWS:
      guest->frozen = event->what == SIM_FREEZES;
      break;
    case SIM_IS_RECLAIMED:
      reclaim (guest, event->value);
      break;
    case SIM_SETS_WORK:
    case SIM_SETS_FAIL_LATE:
    case SIM_SETS_ARE_LOST:
      guest->sets = event->what;
      break;
    }
  return TRUE;
}

void
sim_hands_act (SimWorld *world, SimGuest *guest)
{
  const SimPlan *plan = guest->plan;

  if (guest->fails_at > 0 && world->t >= guest->fails_at)
    {
      guest->told = guest->told_before;
      guest->fails_at = 0;
    }
  while (guest->n_events < plan->n_events && plan->events[guest->n_events].t <= world->t
         && act (world, guest, &plan->events[guest->n_events]))
    guest->n_events++;
}
