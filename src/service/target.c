/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is set in VMs. Each has one target on its way at most; the end of the hypervisor's call
 * tells whether it is in force, however late that comes. Until then a VM is busy, and nobody else
 * waits.
 */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"

/* Nothing is wrong with a call that takes a moment. */
#define GRACE_US (2 * G_USEC_PER_SEC)

static void
fail (McCoordinator *self, McVm *vm, const GError *error)
{
  McVmTarget *target = &vm->target;
  gint64 now_us = mc_clock_now (self->clock);

  vm->facts.target = target->before;
  /* Whether a lost call had its effect nobody can tell. */
  if (g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED))
    {
      vm->facts.target = MC_UNKNOWN;
      target->unknown = TRUE;
    }
  if (mc_vm_refusal_take (&target->refusal, error, now_us) && mc_vm_may_log (vm, now_us))
    mc_event_target_failed (vm->view.name, vm->uuid, target->to, error->message);
}

static void
succeed (McCoordinator *self, McVm *vm)
{
  McVmTarget *target = &vm->target;
  g_autofree char *sentence = g_steal_pointer (&target->sentence);
  guint64 from = target->from, to = target->to;

  mc_vm_refusal_clear (&target->refusal);
  target->unknown = FALSE;
  if (sentence == NULL || mc_coordinator_lookup_vm (self, vm->uuid) != vm)
    return; /* nothing that anybody wants to know, or it was told and went away */
  mc_vm_add_move (vm, (guint64)mc_clock_wall (self->clock), from, to, sentence);
  if (mc_vm_may_log (vm, mc_clock_now (self->clock)))
    mc_event_memory_moved (vm->view.name, vm->uuid, from, to, mc_reason_nick (target->reason),
                           sentence);
  mc_coordinator_publish_vm (self, vm);
  g_signal_emit_by_name (self, "memory-moved", vm, from, to, sentence);
}

void
mc_target_ended (McCoordinator *self, McVm *vm, const GError *error)
{
  if (!vm->target.under_way)
    return;
  vm->target.under_way = FALSE;
  if (error != NULL)
    fail (self, vm, error);
  else
    succeed (self, vm);
  g_clear_pointer (&vm->target.sentence, g_free);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;

  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error);
  /* Its real end will be told. */
  if (!g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT))
    mc_target_ended (call->coordinator, call->vm, error);
}

/* @sentence: (transfer full) (nullable) */
static void
set (McCoordinator *self, McVm *vm, guint64 from, guint64 to, McReason reason, char *sentence)
{
  McVmTarget *target = &vm->target;

  target->under_way = TRUE;
  target->since_us = mc_clock_now (self->clock);
  target->from = from;
  target->to = to;
  target->before = vm->facts.target;
  target->reason = reason;
  target->sentence = sentence;
  vm->facts.target = to;
  mc_hypervisor_set_target_async (self->hypervisor, vm->uuid, to, on_set,
                                  mc_vm_call_new (self, vm));
}

void
mc_target_update (McCoordinator *self, McVm *vm)
{
  McVmTarget *target = &vm->target;
  gint64 now_us = mc_clock_now (self->clock);

  target->late = (target->under_way && now_us - target->since_us >= GRACE_US)
                 || now_us < target->refusal.not_before_us;
  if (mc_settings_get_dry_run (self->settings))
    target->refusal.lasts = FALSE; /* nobody asks any more */
}

void
mc_target_apply (McCoordinator *self, McVm *vm, const McVmDecision *decision)
{
  if (vm->target.under_way)
    return;
  if (decision->target != decision->before)
    {
      set (self, vm, decision->before, decision->target, decision->reason,
           mc_decision_describe (decision));
      return;
    }
  if (mc_settings_get_dry_run (self->settings))
    return;
  /* A guest that does not go where it was told may not have heard of it. */
  g_debug ("%s has %" G_GUINT64_FORMAT " MiB; its target of %" G_GUINT64_FORMAT
           " MiB is set once more",
           vm->view.name, vm->facts.balloon / MC_MIB, decision->target / MC_MIB);
  set (self, vm, decision->target, decision->target, decision->reason, NULL);
}

/* Returns: what can be set without moving anything. */
static guint64
present (McVm *vm)
{
  return vm->facts.target != MC_UNKNOWN ? vm->facts.target : vm->facts.balloon;
}

void
mc_target_probe (McCoordinator *self, McVm *vm)
{
  if (!vm->target.refusal.lasts || vm->target.under_way || present (vm) == MC_UNKNOWN
      || mc_clock_now (self->clock) < vm->target.refusal.not_before_us
      || mc_settings_get_dry_run (self->settings))
    return;
  set (self, vm, present (vm), present (vm), MC_REASON_NONE, NULL);
}

void
mc_target_settle (McCoordinator *self, McVm *vm)
{
  if (!vm->target.unknown || vm->target.under_way || mc_settings_get_dry_run (self->settings)
      || vm->facts.target != MC_UNKNOWN || vm->facts.balloon == MC_UNKNOWN
      || mc_clock_now (self->clock) < vm->target.refusal.not_before_us)
    return;
  set (self, vm, vm->facts.balloon, vm->facts.balloon, MC_REASON_NONE, NULL);
}

/* The end */

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    {
      call->vm->target.unknown = FALSE;
      mc_stats_period_drop_note (call->coordinator, call->vm);
    }
  else
    g_message ("%s keeps its target: %s", call->vm->view.name, error->message);
  mc_coordinator_put_back_ended (call->coordinator);
}

void
mc_target_put_back (McCoordinator *self, McVm *vm)
{
  if (vm->target.under_way || vm->facts.target == MC_UNKNOWN
      || (vm->facts.balloon != MC_UNKNOWN && vm->facts.target >= vm->facts.balloon))
    return;
  vm->target.unknown = TRUE; /* until it is put back */
  if (vm->facts.balloon == MC_UNKNOWN)
    return;
  self->stop_calls++;
  mc_hypervisor_set_target_async (self->hypervisor, vm->uuid, vm->facts.balloon, on_put_back,
                                  mc_vm_call_new (self, vm));
}
