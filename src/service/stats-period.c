/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a guest reports: changed where it is needed, for as long as the service runs.
 *
 * What a VM had is on the disk before anything is set in it: a service that is killed finds it
 * there, and knows that the target in force may be one that nobody watches. Other tools set the
 * period, too: one that serves is left as it is, others are set again a few times, and then lived
 * with.
 */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"

#define KEY_PERIOD "original-stats-period"

/* After each change by somebody else it is set again so much later; after the last of these, only
 * where the guest would not report at all. */
static const gint64 again_after_us[] = {
  0, 0, 10 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, 360 * G_USEC_PER_SEC,
};
#define AGAIN_AT_MOST_US (600 * G_USEC_PER_SEC)

/* Undisturbed for so long, it is ours alone. */
#define OURS_AFTER_US (600 * G_USEC_PER_SEC)

static McVmCall *
call_with (McCoordinator *self, McVm *vm, guint seconds)
{
  McVmCall *call = mc_vm_call_new (self, vm);

  call->seconds = seconds;
  return call;
}

static guint
wanted_of (McCoordinator *self)
{
  return (guint)(mc_settings_get_policy (self->settings)->stats_period_us / G_USEC_PER_SEC);
}

/* Notes */

static void
forget (McCoordinator *self, McVm *vm)
{
  g_autofree char *group = mc_vm_notes_group (vm);

  vm->period.done = TRUE;
  if (vm->target.under_way || vm->target.unknown)
    return; /* the next run sees what became of it */
  vm->period.noted = FALSE;
  if (g_key_file_remove_key (mc_store_get_keys (self->store), group, KEY_PERIOD, NULL))
    mc_store_save (self->store);
}

/* An earlier run was killed: what it noted is what the VM had, and its last target may be out of
 * reach. */
static void
recall (McCoordinator *self, McVm *vm)
{
  g_autofree char *group = mc_vm_notes_group (vm);
  g_autoptr (GError) error = NULL;
  int noted = g_key_file_get_integer (mc_store_get_keys (self->store), group, KEY_PERIOD, &error);

  vm->period.recalled = TRUE;
  if (error != NULL)
    return;
  vm->period.original_s = (guint)MAX (noted, 0);
  vm->period.noted = vm->target.unknown = TRUE;
  if (vm->description->stats_period_s != vm->period.original_s)
    vm->period.set_s = vm->description->stats_period_s; /* by that run, as far as anybody knows */
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  McVm *vm = call->vm;

  /* Where it could not be noted, which is in the log, the VM is served all the same. */
  mc_store_sync_finish (MC_STORE (source), result, NULL);
  vm->period.under_way = FALSE;
  if (mc_coordinator_is_ending (call->coordinator)
      || mc_coordinator_lookup_vm (call->coordinator, vm->uuid) != vm)
    return;
  vm->period.noted = TRUE;
  mc_stats_period_keep (call->coordinator, vm);
}

static void
note (McCoordinator *self, McVm *vm)
{
  g_autofree char *group = mc_vm_notes_group (vm);

  vm->period.under_way = TRUE;
  vm->period.original_s = vm->description->stats_period_s;
  g_key_file_set_integer (mc_store_get_keys (self->store), group, KEY_PERIOD,
                          (int)vm->period.original_s);
  mc_vm_notes_save (self, vm);
  mc_store_sync_async (self->store, on_noted, mc_vm_call_new (self, vm));
}

/* Setting it */

static void
refuse (McCoordinator *self, McVm *vm, const GError *error)
{
  gint64 now_us = mc_clock_now (self->clock);

  if (mc_vm_refusal_take (&vm->period.refusal, error, now_us) && mc_vm_may_log (vm, now_us))
    mc_event_vm_refused (vm->view.name, vm->uuid, "set its statistics period", error->message);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;
  McVm *vm = call->vm;

  vm->period.under_way = FALSE;
  if (!mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    {
      refuse (call->coordinator, vm, error);
      return;
    }
  mc_vm_refusal_clear (&vm->period.refusal);
  vm->period.set_s = vm->period.found_s = call->seconds;
  vm->period.set_us = mc_clock_now (call->coordinator->clock);
  if (vm->description != NULL)
    vm->description->stats_period_s = call->seconds;
}

static void
set (McCoordinator *self, McVm *vm, guint seconds)
{
  vm->period.under_way = TRUE;
  mc_hypervisor_set_stats_period_async (self->hypervisor, vm->uuid, seconds, on_set,
                                        call_with (self, vm, seconds));
}

/* Another owner */

/* Somebody else has set it to @found. Returns: whether it is to be set again now. */
static gboolean
contest (McCoordinator *self, McVm *vm, guint found, guint wanted)
{
  McVmPeriod *period = &vm->period;
  gint64 now_us = mc_clock_now (self->clock);

  if (found != period->found_s)
    {
      period->found_s = found;
      if (period->contests++ == 0)
        mc_event_period_changed (vm->view.name, vm->uuid, found, wanted);
      period->not_before_us = now_us
                              + (period->contests <= G_N_ELEMENTS (again_after_us)
                                     ? again_after_us[period->contests - 1]
                                     : AGAIN_AT_MOST_US);
    }
  if (found > 0 && (found <= wanted || period->contests > G_N_ELEMENTS (again_after_us)))
    return FALSE;
  return now_us >= period->not_before_us;
}

/* A VM that is not managed has what it had; in a dry run only one that reports nothing by itself is
 * made to. */
static gboolean
is_needed (McCoordinator *self, McVm *vm)
{
  if (vm->description->immovable != NULL || mc_vm_is_opted_out (vm, self->settings))
    return FALSE;
  return !mc_settings_get_dry_run (self->settings) || vm->period.set_s != 0
         || vm->description->stats_period_s == 0;
}

static gboolean
is_ours (McVm *vm)
{
  return vm->period.noted && vm->description != NULL && vm->period.set_s != 0
         && vm->description->stats_period_s == vm->period.set_s;
}

static void
let_go (McCoordinator *self, McVm *vm)
{
  if (is_ours (vm) && vm->period.original_s != vm->period.set_s)
    {
      set (self, vm, vm->period.original_s);
      return;
    }
  vm->period.set_s = 0;
}

/* It is what is wanted. */
static void
rest (McCoordinator *self, McVm *vm)
{
  McVmPeriod *period = &vm->period;

  period->found_s = vm->description->stats_period_s;
  /* A set that was late has had its effect. */
  if (period->set_s == 0 && period->original_s != period->found_s)
    period->set_s = period->found_s;
  if (mc_clock_now (self->clock) - period->set_us >= OURS_AFTER_US)
    period->contests = 0;
}

void
mc_stats_period_keep (McCoordinator *self, McVm *vm)
{
  McVmPeriod *period = &vm->period;
  gint64 now_us = mc_clock_now (self->clock);
  guint found, wanted = wanted_of (self);

  if (vm->description == NULL || !vm->description->has_balloon || period->under_way
      || now_us < period->refusal.not_before_us)
    return;
  found = vm->description->stats_period_s;
  if (!period->recalled)
    recall (self, vm);
  if (!is_needed (self, vm))
    {
      let_go (self, vm);
      return;
    }
  if (!period->noted)
    {
      note (self, vm);
      return;
    }
  if (found == wanted)
    {
      rest (self, vm);
      return;
    }
  if (period->set_s == 0 ? found == 0 || found > wanted
                         : found == period->set_s || contest (self, vm, found, wanted))
    set (self, vm, wanted);
}

/* The end */

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    forget (call->coordinator, call->vm);
  else
    g_message ("%s keeps its statistics period of %u s instead of %u s: %s", call->vm->view.name,
               call->vm->period.set_s, call->seconds, error->message);
  mc_coordinator_put_back_ended (call->coordinator);
}

void
mc_stats_period_put_back (McCoordinator *self, McVm *vm)
{
  const McVmPeriod *period = &vm->period;

  /* One that is being set just now is made up for by the next run. */
  if (!period->noted || period->under_way)
    return;
  if (!is_ours (vm) || period->original_s == period->set_s)
    {
      forget (self, vm);
      return;
    }
  self->stop_calls++;
  mc_hypervisor_set_stats_period_async (self->hypervisor, vm->uuid, period->original_s, on_put_back,
                                        call_with (self, vm, period->original_s));
}

void
mc_stats_period_drop_note (McCoordinator *self, McVm *vm)
{
  if (vm->period.done)
    forget (self, vm);
}
