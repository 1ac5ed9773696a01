/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the fake hypervisor on their way. */
#include "config.h"

#include "fake-calls.h"

#define CALL_AT_MOST_S 5

struct _McFakeCalls
{
  McHypervisor *hypervisor;
  McFakeMachine *machine;
  gint64 now_s;       /* by the seconds that have passed */
  GPtrArray *waiting; /* (element-type Call) for VMs, in the order begun */

  gboolean samples_hang;
  GPtrArray *samples; /* (element-type GTask) waiting for the release */

  guint n_calls[MC_FAKE_N_CALLS];
  guint n_failures[MC_FAKE_N_CALLS];
  McHypervisorError failure[MC_FAKE_N_CALLS];
  char *refusal[MC_FAKE_N_CALLS]; /* while every one is refused */
};

typedef struct
{
  McFakeCalls *self;
  McFakeCall kind;
  GTask *task; /* NULL: timed out, nobody waits any more */
  char *uuid;
  guint64 value;
  char *element, *stored;
  gint64 began_s;
} Call;

static void
call_free (Call *call)
{
  g_clear_object (&call->task);
  g_free (call->uuid);
  g_free (call->element);
  g_free (call->stored);
  g_free (call);
}

static gboolean
on_run_later (gpointer user_data)
{
  Call *call = user_data;
  void (*run) (McFakeCalls *, Call *) = g_task_get_task_data (call->task);

  run (call->self, call);
  return G_SOURCE_REMOVE;
}

static void
run_later (Call *call, void (*run) (McFakeCalls *self, Call *call))
{
  g_task_set_task_data (call->task, run, NULL);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_run_later, call, NULL);
}

static Call *
call_new (McFakeCalls *self,
          const McFakeOrder *order,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  call->self = self;
  call->kind = order->kind;
  call->uuid = g_strdup (order->uuid);
  call->value = order->value;
  call->element = g_strdup (order->element);
  call->stored = g_strdup (order->stored);
  call->began_s = self->now_s;
  call->task = g_task_new (self->hypervisor, NULL, callback, user_data);
  self->n_calls[order->kind]++;
  return call;
}

/* Ends @call with an error; the callback may change everything, so nothing is touched afterwards.
 */
static void
call_fail (Call *call, McHypervisorError code, const char *message)
{
  g_autoptr (GTask) task = g_steal_pointer (&call->task);
  g_autoptr (GError) error = g_error_new_literal (MC_HYPERVISOR_ERROR, (int)code, message);

  if (task != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (call->kind == MC_FAKE_CALL_SET_TARGET)
    mc_hypervisor_emit_target_ended (call->self->hypervisor, call->uuid, error);
  call_free (call);
}

/* What every call meets first: no connection, or a failure that the test ordered. */
static gboolean
call_is_refused (McFakeCalls *self, Call *call)
{
  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      call_fail (call, MC_HYPERVISOR_ERROR_NOT_CONNECTED, "not connected to the fake hypervisor");
      return TRUE;
    }
  if (self->refusal[call->kind] != NULL)
    {
      call_fail (call, self->failure[call->kind], self->refusal[call->kind]);
      return TRUE;
    }
  if (self->n_failures[call->kind] == 0)
    return FALSE;
  self->n_failures[call->kind]--;
  call_fail (call, self->failure[call->kind], "the fake hypervisor was told to fail");
  return TRUE;
}

/* Samples */

static gboolean
on_sample_deadline (gpointer user_data)
{
  Call *call = user_data;
  guint index;

  if (!g_ptr_array_find (call->self->samples, call->task, &index))
    return G_SOURCE_REMOVE;
  g_ptr_array_steal_index (call->self->samples, index);
  g_task_return_new_error (call->task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                           "the fake hypervisor was told to hang");
  g_object_unref (call->task); /* that of the list */
  return G_SOURCE_REMOVE;
}

static McSample *
sample_now (McFakeCalls *self)
{
  return mc_fake_machine_sample (self->machine, mc_hypervisor_get_asleep (self->hypervisor));
}

static void
run_sample (McFakeCalls *self, Call *call)
{
  gint64 left_us;

  if (call_is_refused (self, call))
    return;
  if (!self->samples_hang)
    {
      g_task_return_pointer (call->task, sample_now (self), (GDestroyNotify)mc_sample_free);
      call_free (call);
      return;
    }
  left_us = (gint64)call->value - g_get_monotonic_time ();
  g_ptr_array_add (self->samples, g_object_ref (call->task));
  g_timeout_add_full (G_PRIORITY_DEFAULT, CLAMP (left_us / 1000, 0, G_MAXINT), on_sample_deadline,
                      call, (GDestroyNotify)call_free);
}

void
mc_fake_calls_sample (McFakeCalls *self,
                      gint64 deadline_us,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  McFakeOrder order = { .kind = MC_FAKE_CALL_SAMPLE, .value = (guint64)deadline_us };

  run_later (call_new (self, &order, callback, user_data), run_sample);
}

void
mc_fake_calls_hang_samples (McFakeCalls *self)
{
  self->samples_hang = TRUE;
}

/* Returns: (transfer full) (element-type GTask): who waits no longer. */
static GPtrArray *
steal_samples (McFakeCalls *self)
{
  GPtrArray *samples = g_steal_pointer (&self->samples);

  self->samples = g_ptr_array_new_with_free_func (g_object_unref);
  return samples;
}

void
mc_fake_calls_release_samples (McFakeCalls *self)
{
  g_autoptr (GPtrArray) samples = steal_samples (self);

  self->samples_hang = FALSE;
  for (guint i = 0; i < samples->len; i++)
    g_task_return_pointer (samples->pdata[i], sample_now (self), (GDestroyNotify)mc_sample_free);
}

/* Calls for one VM */

static const char *
why_no_target (const McFakeVm *vm, guint64 target)
{
  if (!vm->description.has_balloon)
    return "it has no balloon";
  if (target > vm->figures.capacity)
    return "the target is above the maximum";
  return vm->fails_sets ? "cannot acquire state change lock" : NULL;
}

/* Does what @call is for. Returns: (nullable): why the VM cannot do it. */
static const char *
carry_out (McFakeCalls *self, McFakeVm *vm, const Call *call)
{
  McVmDescription *description = &vm->description;
  const char *why = NULL;

  switch (call->kind)
    {
    case MC_FAKE_CALL_SET_TARGET:
      why = why_no_target (vm, call->value);
      if (why == NULL && !vm->drops_sets)
        vm->target = call->value;
      return why;
    case MC_FAKE_CALL_SET_STATS_PERIOD:
      if (!description->has_balloon)
        return "it has no balloon";
      description->stats_period_s = call->value;
      return NULL;
    case MC_FAKE_CALL_SET_METADATA:
      g_free (description->metadata);
      description->metadata = g_strdup (call->element);
      g_free (description->stored_metadata);
      description->stored_metadata = g_strdup (call->stored);
      mc_hypervisor_emit_vm_changed (self->hypervisor, call->uuid);
      return NULL;
    case MC_FAKE_CALL_DESCRIBE:
    case MC_FAKE_CALL_SAMPLE:
    case MC_FAKE_N_CALLS:
    default:
      return NULL;
    }
}

/* Ends @call well or not; @vm may be gone when this returns. */
static void
answer (McFakeCalls *self, McFakeVm *vm, Call *call)
{
  const char *why;
  g_autoptr (GTask) task = NULL;

  vm->in_flight[call->kind] = FALSE;
  why = carry_out (self, vm, call);
  if (why != NULL)
    {
      call_fail (call,
                 vm->description.has_balloon ? MC_HYPERVISOR_ERROR_FAILED
                                             : MC_HYPERVISOR_ERROR_UNSUPPORTED,
                 why);
      return;
    }
  task = g_steal_pointer (&call->task);
  if (task != NULL && call->kind == MC_FAKE_CALL_DESCRIBE)
    g_task_return_pointer (task, mc_fake_vm_describe (vm), (GDestroyNotify)mc_vm_description_free);
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
  else if (call->kind == MC_FAKE_CALL_SET_TARGET)
    mc_hypervisor_emit_target_ended (self->hypervisor, call->uuid, NULL);
  call_free (call);
}

/* Whether @call, for a VM that may hang, ends now. */
static gboolean
is_over (McFakeCalls *self, const McFakeVm *vm, const Call *call)
{
  if (vm->hung)
    return FALSE;
  return call->kind != MC_FAKE_CALL_SET_TARGET || self->now_s - call->began_s >= vm->set_takes_s;
}

static void
run_vm_call (McFakeCalls *self, Call *call)
{
  McFakeVm *vm = mc_fake_machine_find (self->machine, call->uuid);

  if (vm != NULL)
    vm->in_flight[call->kind] = FALSE;
  if (call_is_refused (self, call))
    return;
  if (vm == NULL)
    {
      call_fail (call, MC_HYPERVISOR_ERROR_NO_VM, "there is no such VM");
      return;
    }
  if (is_over (self, vm, call))
    {
      answer (self, vm, call);
      return;
    }
  vm->in_flight[call->kind] = TRUE;
  g_ptr_array_add (self->waiting, call);
}

static void
run_busy (McFakeCalls *self, Call *call)
{
  call_fail (call, MC_HYPERVISOR_ERROR_BUSY, "such a call for this VM is still under way");
}

void
mc_fake_calls_begin (McFakeCalls *self,
                     McFakeOrder order,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  McFakeVm *vm = mc_fake_machine_find (self->machine, order.uuid);
  Call *call = call_new (self, &order, callback, user_data);
  gboolean busy = vm != NULL && vm->in_flight[order.kind];

  if (vm != NULL)
    {
      vm->n_calls[order.kind]++;
      vm->in_flight[order.kind] = TRUE;
    }
  run_later (call, busy ? run_busy : run_vm_call);
}

/* What waits */

/* @uuid: NULL for any. Returns: (transfer full) (nullable): a call that waits no longer. */
static Call *
steal_waiting (McFakeCalls *self, const char *uuid, gboolean over)
{
  for (guint i = 0; i < self->waiting->len; i++)
    {
      const Call *call = self->waiting->pdata[i];
      McFakeVm *vm = mc_fake_machine_find (self->machine, call->uuid);

      if (uuid != NULL && !g_str_equal (call->uuid, uuid))
        continue;
      if (over && (vm == NULL || !is_over (self, vm, call)))
        continue;
      if (vm != NULL)
        vm->in_flight[call->kind] = FALSE;
      return g_ptr_array_steal_index (self->waiting, i);
    }
  return NULL;
}

void
mc_fake_calls_answer_over (McFakeCalls *self)
{
  Call *call;

  /* Looked for each time: a callback may remove a VM, or make it hang again. */
  while ((call = steal_waiting (self, NULL, TRUE)) != NULL)
    answer (self, mc_fake_machine_find (self->machine, call->uuid), call);
}

void
mc_fake_calls_fail_vm (McFakeCalls *self,
                       const char *uuid,
                       McHypervisorError code,
                       const char *message)
{
  Call *call;

  while ((call = steal_waiting (self, uuid, FALSE)) != NULL)
    call_fail (call, code, message);
}

void
mc_fake_calls_fail_all (McFakeCalls *self, McHypervisorError code, const char *message)
{
  g_autoptr (GPtrArray) samples = steal_samples (self);

  for (guint i = 0; i < samples->len; i++)
    g_task_return_new_error (samples->pdata[i], MC_HYPERVISOR_ERROR, (int)code, "%s", message);
  mc_fake_calls_fail_vm (self, NULL, code, message);
}

void
mc_fake_calls_pass_time (McFakeCalls *self, guint seconds)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new_with_free_func (g_object_unref);

  self->now_s += seconds;
  mc_fake_calls_answer_over (self);
  for (guint i = 0; i < self->waiting->len; i++)
    {
      Call *call = self->waiting->pdata[i];

      if (call->task != NULL && self->now_s - call->began_s >= CALL_AT_MOST_S)
        g_ptr_array_add (late, g_steal_pointer (&call->task));
    }
  for (guint i = 0; i < late->len; i++)
    g_task_return_new_error (late->pdata[i], MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                             "the fake hypervisor has not answered within %d s", CALL_AT_MOST_S);
}

/* What the test orders */

void
mc_fake_calls_fail (McFakeCalls *self, McFakeCall kind, McHypervisorError code, guint count)
{
  self->failure[kind] = code;
  self->n_failures[kind] = count;
}

void
mc_fake_calls_refuse (McFakeCalls *self, McFakeCall kind, McHypervisorError code, const char *words)
{
  self->failure[kind] = code;
  g_free (self->refusal[kind]);
  self->refusal[kind] = g_strdup (words);
}

guint
mc_fake_calls_count (McFakeCalls *self, McFakeCall kind)
{
  return self->n_calls[kind];
}

/* Life */

McFakeCalls *
mc_fake_calls_new (McHypervisor *hypervisor, McFakeMachine *machine)
{
  McFakeCalls *self = g_new0 (McFakeCalls, 1);

  self->hypervisor = hypervisor;
  self->machine = machine;
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)call_free);
  self->samples = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
mc_fake_calls_free (McFakeCalls *self)
{
  for (guint i = 0; i < MC_FAKE_N_CALLS; i++)
    g_free (self->refusal[i]);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->samples);
  g_free (self);
}
