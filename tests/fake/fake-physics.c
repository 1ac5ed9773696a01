/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fake-physics.h"

#define MIB ((guint64)1024 * 1024)

/* What a guest's kernel never lets processes have. */
#define MIN_FREE (2 * MIB)

static gboolean
move_balloon (McFakeVm *vm)
{
  McVmSample *figures = &vm->figures;
  guint64 before = figures->balloon;
  guint64 want = vm->no_driver ? figures->capacity : vm->target == MC_UNKNOWN ? before : vm->target;
  guint64 step = vm->rate == 0 ? G_MAXUINT64 : vm->rate;

  want = MAX (want, MIN (vm->floor, before));
  if (want > before)
    figures->balloon += MIN (want - before, step);
  else
    figures->balloon -= MIN (before - want, step);
  return figures->balloon != before;
}

/* Swaps what does not fit, and back what does; returns what is left unused. */
static guint64
move_swap (McFakeVm *vm, guint64 available)
{
  guint64 room = available - MIN (available, MIN_FREE);
  gboolean reports = !vm->silent && !vm->no_driver && vm->figures.swap_in != MC_UNKNOWN;
  guint64 inside, moved;

  vm->swapped = MIN (vm->swapped, vm->used);
  inside = vm->used - vm->swapped;
  if (inside > room)
    {
      moved = inside - room;
      vm->swapped += moved;
      vm->figures.swap_out += reports ? moved : 0;
      return available - room;
    }
  moved = MIN (vm->swapped, room - inside);
  vm->swapped -= moved;
  vm->figures.swap_in += reports ? moved : 0;
  return available - inside - moved;
}

/* One that nobody has set a period for reports each second all the same. */
static gboolean
is_time_to_report (McFakeVm *vm, guint seconds)
{
  if (vm->silent || vm->no_driver)
    return FALSE;
  vm->unreported_s += seconds;
  return vm->unreported_s >= vm->description.stats_period_s;
}

gboolean
mc_fake_physics_step (McFakeVm *vm, guint seconds)
{
  McVmSample *figures = &vm->figures;
  gboolean moved = move_balloon (vm);
  guint64 available = mc_fake_vm_available (figures->balloon);
  guint64 unused = move_swap (vm, available);

  /* A page given back stays with the host until the guest touches it again; none that is pinned is.
   */
  figures->resident = MIN (figures->balloon, MAX (figures->resident, figures->balloon - unused));
  if (vm->description.immovable != NULL)
    figures->resident = figures->capacity;
  if (!is_time_to_report (vm, seconds))
    return moved;
  if (figures->swap_in == MC_UNKNOWN)
    figures->swap_in = figures->swap_out = 0;
  figures->available = available;
  figures->unused = figures->usable = unused;
  figures->stats_time_s += vm->unreported_s;
  vm->unreported_s = 0;
  if (vm->report != NULL)
    vm->report (vm);
  return moved;
}
