/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that ask for VMs to be given back what was taken from them. */
#include "config.h"

#include "give-back-calls.h"

#include "error.h"
#include "give-back.h"
#include "size.h"
#include "vm-detail.h"

/* What a stop waits for VMs to be given back what was taken from them. */
#define PATIENCE_OF_STOP_US (3 * G_USEC_PER_SEC)

typedef struct
{
  McGiveBackCalls *owner; /* (unowned): the call ends before it does */
  GTask *task;
  gboolean named;
  GPtrArray *undecided; /* (element-type McVm) no cycle has decided on them since */
  GPtrArray *setting;   /* (element-type McVm) their targets are on their way */
  guint64 given;
  gboolean missed; /* somebody misses something, and was given nothing */
  GError *error;   /* the first failure */
  guint timer;     /* of the clock */
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_ptr_array_unref (call->undecided);
  g_ptr_array_unref (call->setting);
  g_clear_error (&call->error);
  g_object_unref (call->task);
  g_free (call);
}

/* The first failure is answered. @error: (transfer full) */
static void
call_fail (Call *call, GError *error)
{
  if (call->error == NULL)
    call->error = error;
  else
    g_error_free (error);
}

static gboolean
is_wanted (McGiveBackCalls *self, McVm *vm)
{
  for (guint i = 0; i < self->calls->len; i++)
    if (g_ptr_array_find (((Call *)self->calls->pdata[i])->undecided, vm, NULL))
      return TRUE;
  return FALSE;
}

/* No cycle needs to decide on it for this call any more. */
static void
drop_undecided (Call *call, guint index)
{
  g_autoptr (McVm) vm = g_object_ref (call->undecided->pdata[index]);

  g_ptr_array_remove_index (call->undecided, index);
  mc_target_set_give_back (&mc_vm_get_parts (vm)->target, is_wanted (call->owner, vm));
}

/* Returns: (transfer full) */
static GError *
new_no_memory_error (const McGiveBackCalls *self)
{
  const McHostFigures *figures = &self->state->figures;
  g_autofree char *available = mc_size_format (figures->available);
  g_autofree char *promised = mc_size_format (self->state->decision.promised);
  g_autofree char *reserve
      = mc_size_format (mc_context_get_policy (self->context)->thresholds.host_reserve);

  return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_NO_MEMORY,
                      "The host has no memory to give beside its reserve and what was promised to "
                      "VMs: %s available, HostReserve %s, %s promised; stop a VM, or lower "
                      "HostReserve",
                      available, reserve, promised);
}

static void
call_answer (Call *call)
{
  g_autofree guint64 *given = g_memdup2 (&call->given, sizeof call->given);

  if (call->error != NULL)
    g_task_return_error (call->task, g_steal_pointer (&call->error));
  else if (call->missed && call->given == 0)
    g_task_return_error (call->task, new_no_memory_error (call->owner));
  else
    g_task_return_pointer (call->task, g_steal_pointer (&given), g_free);
}

/* Whoever is answered may end the other calls. The oldest is answered first: the last may be the
 * service's own, with which everything ends. */
static void
for_each_call (McGiveBackCalls *self,
               void (*visit) (Call *call, gconstpointer data),
               gconstpointer data)
{
  for (guint i = 0; i < self->calls->len;)
    {
      Call *call = self->calls->pdata[i];

      visit (call, data);
      if (i < self->calls->len && self->calls->pdata[i] == call)
        i++;
    }
}

static void
call_end (Call *call)
{
  McGiveBackCalls *self = call->owner;
  guint index;

  while (call->undecided->len > 0)
    drop_undecided (call, call->undecided->len - 1);
  mc_clock_cancel (self->context->clock, &call->timer);
  if (g_ptr_array_find (self->calls, call, &index))
    g_ptr_array_steal_index (self->calls, index);
  call_answer (call);
  call_free (call);
}

static void
end_if_done (Call *call)
{
  if (call->undecided->len == 0 && call->setting->len == 0)
    call_end (call);
}

static void
on_late (gpointer user_data)
{
  Call *call = user_data;
  const GPtrArray *late = call->setting->len > 0 ? call->setting : call->undecided;
  McVm *vm = MC_VM (late->pdata[0]);
  const char *name = mc_vm_get_name (vm);

  call->timer = 0;
  if (mc_vm_get_parts (vm)->target.under_way)
    call_fail (call, g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                                  "The VM %s is busy: it is not known in time what it was given; "
                                  "\"memcoordctl why\" shows it later",
                                  name));
  else
    call_fail (call, g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                                  "The VM %s was given nothing: no statistics have come in time; "
                                  "\"memcoordctl show\" says how it is doing",
                                  name));
  call_end (call);
}

/* What a cycle has decided */

static McVmFacts
facts_of (McVm *vm)
{
  return mc_vm_get_facts (vm, FALSE);
}

/* It was given nothing: it has all, or the host has nothing, or it cannot be given any by now. */
static void
note_nothing (Call *call, McVm *vm)
{
  McVmFacts facts = facts_of (vm);

  if (call->named && mc_vm_get_parts (vm)->domain.gone)
    call_fail (call, g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
                                  "The VM %s is gone", mc_vm_get_name (vm)));
  else if (call->named && !mc_give_back_is_possible (&facts, mc_vm_get_history (vm)))
    call_fail (call,
               g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                            "The VM %s cannot be given memory now; \"memcoordctl show\" says why",
                            mc_vm_get_name (vm)));
  else if (mc_give_back_missing (&facts, mc_vm_get_history (vm)) >= MC_MIB)
    call->missed = TRUE;
}

/* Returns: whether that was all about it until its target is in force. */
static gboolean
note_decision (Call *call, McVm *vm)
{
  const McTarget *target = &mc_vm_get_parts (vm)->target;
  const McVmDecision *decision = mc_vm_get_decision (vm);
  gboolean given = decision->move && decision->reason == MC_REASON_GIVEN_BACK;

  if (mc_vm_get_parts (vm)->domain.gone)
    note_nothing (call, vm);
  else if (target->under_way && !(given && target->to == decision->target))
    return FALSE; /* another target is on its way */
  else if (target->under_way)
    g_ptr_array_add (call->setting, g_object_ref (vm));
  else if (given && mc_settings_get_dry_run (call->owner->context->settings))
    call->given += decision->target - decision->before;
  else
    note_nothing (call, vm);
  return TRUE;
}

static void
note_decisions (Call *call, gconstpointer data)
{
  for (guint i = call->undecided->len; i > 0; i--)
    if (note_decision (call, call->undecided->pdata[i - 1]))
      drop_undecided (call, i - 1);
  end_if_done (call);
}

void
mc_give_back_calls_continue (McGiveBackCalls *self)
{
  for_each_call (self, note_decisions, NULL);
}

/* Returns: (transfer full): why nothing can be moved now */
static GError *
new_not_ready_error (const McGiveBackCalls *self)
{
  const char *degraded = self->state->degraded;

  return g_error_new_literal (MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED,
                              degraded != NULL ? degraded
                                               : "Nothing was read from the hypervisor yet; try "
                                                 "again in some seconds");
}

static void
give_up (Call *call, gconstpointer data)
{
  if (call->undecided->len > 0)
    call_fail (call, new_not_ready_error (call->owner));
  while (call->undecided->len > 0)
    drop_undecided (call, call->undecided->len - 1);
  end_if_done (call);
}

void
mc_give_back_calls_note_missed (McGiveBackCalls *self)
{
  if (!mc_host_state_is_ready (self->state))
    for_each_call (self, give_up, NULL);
  else if (self->calls->len > 0)
    mc_context_want_cycle (self->context);
}

/* What came of it */

typedef struct
{
  McVm *vm;
  const GError *error; /* (nullable) */
} Ended;

static void
note_ended (Call *call, gconstpointer data)
{
  const Ended *ended = data;
  const McTarget *target = &mc_vm_get_parts (ended->vm)->target;
  guint index;

  if (!g_ptr_array_find (call->setting, ended->vm, &index))
    return;
  if (ended->error == NULL)
    call->given += target->to - target->from;
  else if (call->named || !mc_vm_get_parts (ended->vm)->domain.gone)
    call_fail (call, g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                                  "The VM %s was given nothing: %s", mc_vm_get_name (ended->vm),
                                  ended->error->message));
  g_ptr_array_remove_index (call->setting, index);
  end_if_done (call);
}

void
mc_give_back_calls_note_ended (McGiveBackCalls *self, McDomain *domain, const GError *error)
{
  Ended ended = { MC_VM (domain->vm), error };

  if (mc_vm_get_parts (ended.vm)->target.give_back)
    mc_context_want_cycle (self->context); /* it was in the way */
  for_each_call (self, note_ended, &ended);
}

/* Begin */

static gboolean
check_state (McGiveBackCalls *self, const char *paused, GError **error)
{
  if (mc_context_is_ending (self->context))
    g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                 "The service ends, and nothing was given back");
  else if (!mc_host_state_is_ready (self->state))
    *error = new_not_ready_error (self);
  else if (paused != NULL)
    g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED, "Nothing is given back. %s",
                 paused);
  else
    return TRUE;
  return FALSE;
}

/* A pause that was begun since the last cycle is not part of its status yet. */
static gboolean
check_vm (McVm *vm, GError **error)
{
  McVmFacts facts = facts_of (vm);
  McVmStatus status = facts.paused ? MC_VM_PAUSED : mc_vm_get_status (vm);
  g_auto (McVmDetail) detail = { NULL };

  if (mc_give_back_is_possible (&facts, mc_vm_get_history (vm)))
    return TRUE;
  detail = mc_vm_detail_describe (mc_vm_get_parts (vm), status, mc_vm_get_decision (vm), NULL);
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
               "The VM %s cannot be given memory: %s", mc_vm_get_name (vm), detail.text);
  return FALSE;
}

static gboolean
check_vms (const GPtrArray *vms, GError **error)
{
  for (guint i = 0; vms != NULL && i < vms->len; i++)
    if (!check_vm (vms->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* All from which the service has taken memory. */
static gboolean
is_meant (McVm *vm)
{
  McVmFacts facts = facts_of (vm);

  return facts.reclaimed && mc_give_back_is_possible (&facts, mc_vm_get_history (vm));
}

static Call *
call_new (McGiveBackCalls *self, const GPtrArray *vms, GTask *task)
{
  Call *call = g_new0 (Call, 1);
  const GPtrArray *from = vms != NULL ? vms : self->fleet->vms;

  call->owner = self;
  call->task = task;
  call->named = vms != NULL;
  call->undecided = g_ptr_array_new_with_free_func (g_object_unref);
  call->setting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < from->len; i++)
    if (call->named || is_meant (from->pdata[i]))
      {
        g_ptr_array_add (call->undecided, g_object_ref (from->pdata[i]));
        mc_target_set_give_back (&mc_vm_get_parts (from->pdata[i])->target, TRUE);
      }
  g_ptr_array_add (self->calls, call);
  return call;
}

void
mc_give_back_calls_begin_async (McGiveBackCalls *self,
                                GPtrArray *vms,
                                const char *paused,
                                gint64 patience_us,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;
  Call *call;

  if (!check_state (self, paused, &error) || !check_vms (vms, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  call = call_new (self, vms, task);
  if (call->undecided->len == 0)
    {
      call_end (call);
      return;
    }
  call->timer = mc_clock_call_at (self->context->clock,
                                  mc_context_now (self->context) + patience_us, on_late, call);
  mc_context_want_cycle (self->context);
}

void
mc_give_back_calls_begin_last_async (McGiveBackCalls *self,
                                     const char *paused,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  self->service_ends = TRUE;
  mc_give_back_calls_begin_async (self, NULL, paused, PATIENCE_OF_STOP_US, callback, user_data);
}

gboolean
mc_give_back_calls_begin_finish (GAsyncResult *result, guint64 *bytes, GError **error)
{
  g_autofree guint64 *given = g_task_propagate_pointer (G_TASK (result), error);

  *bytes = given != NULL ? *given : 0;
  return given != NULL;
}

/* Life */

void
mc_give_back_calls_abandon (McGiveBackCalls *self, const GError *why)
{
  while (self->calls->len > 0)
    {
      Call *call = self->calls->pdata[0];

      call_fail (call, g_error_copy (why));
      call_end (call);
    }
}

void
mc_give_back_calls_init (McGiveBackCalls *self,
                         McContext *context,
                         const McFleet *fleet,
                         const McHostState *state)
{
  *self = (McGiveBackCalls){ context, fleet, state, g_ptr_array_new_with_free_func (call_free) };
}

void
mc_give_back_calls_clear (McGiveBackCalls *self)
{
  g_ptr_array_unref (self->calls);
}
