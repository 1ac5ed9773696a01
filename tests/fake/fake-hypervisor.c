/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake behind the port: a table of VMs, and a list of calls per VM for those that hang.
 */
#include "config.h"

#include "fake-hypervisor.h"

#define MIB ((guint64)1024 * 1024)
#define GIB (1024 * MIB)

/* What a guest's kernel keeps to itself at most, and what it never lets processes have. */
#define KERNEL_RESERVE (40 * MIB)
#define MIN_FREE       (2 * MIB)

#define CALL_AT_MOST_S 5

typedef struct
{
  McFakeHypervisor *self; /* (unowned) */
  McFakeCall kind;
  GTask *task; /* NULL: timed out, nobody waits any more */
  char *uuid;
  guint64 value;
  char *element, *stored;
  gint64 began_s;
} Call;

typedef struct
{
  McFakeVm vm; /* first: what the test sees */
  gboolean hung;
  gboolean in_flight[MC_FAKE_N_CALLS];
  GPtrArray *waiting; /* (element-type Call) */
} Vm;

struct _McFakeHypervisor
{
  GObject parent;

  char *uri;
  char *status;
  gboolean started, away, connected, local;
  gint64 now_s; /* by its ticks */
  guint64 host_total, host_available, host_other;

  GPtrArray *vms;      /* (element-type Vm) owned, in the order added */
  GHashTable *by_uuid; /* uuid → Vm */
  guint n_added;

  gboolean samples_hang;
  GPtrArray *samples; /* (element-type GTask) waiting for the release */
  McSample *delayed;  /* (nullable) what the next one answers with */

  guint n_calls[MC_FAKE_N_CALLS];
  guint n_failures[MC_FAKE_N_CALLS];
  McHypervisorError failure[MC_FAKE_N_CALLS];
  char *refusal[MC_FAKE_N_CALLS]; /* while every one is refused */
};

enum
{
  PROP_URI = 1,
  PROP_CONNECTED,
  PROP_STATUS
};

static void mc_fake_hypervisor_iface_init (McHypervisorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (McFakeHypervisor,
                               mc_fake_hypervisor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MC_TYPE_HYPERVISOR,
                                                      mc_fake_hypervisor_iface_init))

static void
call_free (Call *self)
{
  g_clear_object (&self->task);
  g_free (self->uuid);
  g_free (self->element);
  g_free (self->stored);
  g_free (self);
}

static void
vm_free (Vm *self)
{
  g_ptr_array_unref (self->waiting);
  g_free (self->vm.figures.name);
  g_free (self->vm.description.name);
  g_free (self->vm.description.immovable);
  g_free (self->vm.description.ceiling_name);
  g_free (self->vm.description.metadata);
  g_free (self->vm.description.stored_metadata);
  g_free (self);
}

/* A call runs in a later iteration, so that no callback is called before its _async() function
 * returns. */
static gboolean
on_run_later (gpointer user_data)
{
  Call *call = user_data;
  McFakeHypervisor *self = g_task_get_source_object (call->task);
  void (*run) (McFakeHypervisor *, Call *) = g_task_get_task_data (call->task);

  run (self, call);
  return G_SOURCE_REMOVE;
}

static void
run_later (Call *call, void (*run) (McFakeHypervisor *self, Call *call))
{
  g_task_set_task_data (call->task, run, NULL);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_run_later, call, NULL);
}

static Call *
call_new (McFakeHypervisor *self,
          McFakeCall kind,
          const char *uuid,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  call->self = self;
  call->kind = kind;
  call->uuid = g_strdup (uuid);
  call->began_s = self->now_s;
  call->task = g_task_new (self, NULL, callback, user_data);
  self->n_calls[kind]++;
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
    mc_hypervisor_emit_target_ended (MC_HYPERVISOR (call->self), call->uuid, error);
  call_free (call);
}

/* What every call meets first: no connection, or a failure that the test ordered. */
static gboolean
call_is_refused (McFakeHypervisor *self, Call *call)
{
  if (!self->connected)
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

static McVmSample *
sample_vm (const Vm *vm)
{
  const McVmSample *figures = &vm->vm.figures;
  McVmSample *sample = mc_vm_sample_new (figures->uuid, figures->name);
  g_autofree char *name = sample->name;

  if (!vm->hung)
    *sample = *figures;
  sample->name = g_steal_pointer (&name);
  sample->id = figures->id;
  sample->running = figures->running;
  sample->busy = vm->hung || figures->busy;
  sample->balloon = figures->balloon;
  sample->capacity = figures->capacity;
  return sample;
}

static McSample *
sample_all (McFakeHypervisor *self)
{
  McSample *sample = mc_sample_new ();

  for (guint i = 0; i < self->vms->len; i++)
    g_ptr_array_add (sample->vms, sample_vm (self->vms->pdata[i]));
  sample->host_total = self->host_total;
  sample->host_available = self->host_available;
  sample->began_us = g_get_monotonic_time ();
  return sample;
}

static gboolean
on_sample_deadline (gpointer user_data)
{
  GTask *task = user_data;
  McFakeHypervisor *self = g_task_get_source_object (task);
  guint index;

  if (!g_ptr_array_find (self->samples, task, &index))
    return G_SOURCE_REMOVE;
  g_ptr_array_steal_index (self->samples, index);
  g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                           "the fake hypervisor was told to hang");
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

static void
run_sample (McFakeHypervisor *self, Call *call)
{
  g_autoptr (GTask) task = NULL;
  gint64 left_us;

  if (call_is_refused (self, call))
    return;
  left_us = (gint64)call->value - g_get_monotonic_time ();
  task = g_steal_pointer (&call->task);
  call_free (call);
  if (!self->samples_hang)
    {
      McSample *delayed = g_steal_pointer (&self->delayed);

      g_task_return_pointer (task, delayed != NULL ? delayed : sample_all (self),
                             (GDestroyNotify)mc_sample_free);
      return;
    }
  g_ptr_array_add (self->samples, g_object_ref (task));
  g_timeout_add_full (G_PRIORITY_DEFAULT, CLAMP (left_us / 1000, 0, G_MAXINT), on_sample_deadline,
                      g_object_ref (task), g_object_unref);
}

static void
mc_fake_hypervisor_sample_async (McHypervisor *hypervisor,
                                 gint64 deadline_us,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  Call *call = call_new (self, MC_FAKE_CALL_SAMPLE, NULL, callback, user_data);

  call->value = deadline_us;
  run_later (call, run_sample);
}

static McVmDescription *
describe_vm (const Vm *vm)
{
  const McVmDescription *from = &vm->vm.description;
  McVmDescription *to = mc_vm_description_new (from->uuid);

  *to = *from;
  to->name = g_strdup (vm->vm.figures.name);
  to->id = vm->vm.figures.id;
  to->immovable = g_strdup (from->immovable);
  to->ceiling_name = g_strdup (from->ceiling_name);
  to->metadata = g_strdup (from->metadata);
  to->stored_metadata = g_strdup (from->stored_metadata);
  return to;
}

/* Does what @call is for; FALSE: the VM cannot do it. */
static gboolean
carry_out (McFakeHypervisor *self, Vm *vm, const Call *call, const char **why)
{
  switch (call->kind)
    {
    case MC_FAKE_CALL_SET_TARGET:
      *why = vm->vm.description.has_balloon ? NULL : "it has no balloon";
      if (*why == NULL && call->value > vm->vm.figures.capacity)
        *why = "the target is above the maximum";
      if (*why == NULL && vm->vm.fails_sets)
        *why = "cannot acquire state change lock";
      if (*why == NULL && !vm->vm.drops_sets)
        vm->vm.target = call->value;
      break;
    case MC_FAKE_CALL_SET_STATS_PERIOD:
      *why = vm->vm.description.has_balloon ? NULL : "it has no balloon";
      if (*why == NULL)
        vm->vm.description.stats_period_s = call->value;
      break;
    case MC_FAKE_CALL_SET_METADATA:
      g_free (vm->vm.description.metadata);
      vm->vm.description.metadata = g_strdup (call->element);
      g_free (vm->vm.description.stored_metadata);
      vm->vm.description.stored_metadata = g_strdup (call->stored);
      mc_hypervisor_emit_vm_changed (MC_HYPERVISOR (self), call->uuid);
      break;
    case MC_FAKE_CALL_DESCRIBE:
    case MC_FAKE_CALL_SAMPLE:
    case MC_FAKE_N_CALLS:
    default:
      break;
    }
  return *why == NULL;
}

/* Ends @call well or not; @vm may be gone when this returns. */
static void
answer (McFakeHypervisor *self, Vm *vm, Call *call)
{
  const char *why = NULL;
  g_autoptr (GTask) task = NULL;

  vm->in_flight[call->kind] = FALSE;
  if (!carry_out (self, vm, call, &why))
    {
      call_fail (call,
                 vm->vm.description.has_balloon ? MC_HYPERVISOR_ERROR_FAILED
                                                : MC_HYPERVISOR_ERROR_UNSUPPORTED,
                 why);
      return;
    }
  task = g_steal_pointer (&call->task);
  if (task != NULL && call->kind == MC_FAKE_CALL_DESCRIBE)
    g_task_return_pointer (task, describe_vm (vm), (GDestroyNotify)mc_vm_description_free);
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
  else if (call->kind == MC_FAKE_CALL_SET_TARGET)
    mc_hypervisor_emit_target_ended (MC_HYPERVISOR (self), call->uuid, NULL);
  call_free (call);
}

/* Whether @call, for a VM that may hang, ends now. */
static gboolean
is_over (McFakeHypervisor *self, const Vm *vm, const Call *call)
{
  if (vm->hung)
    return FALSE;
  return call->kind != MC_FAKE_CALL_SET_TARGET || self->now_s - call->began_s >= vm->vm.set_takes_s;
}

static void
run_vm_call (McFakeHypervisor *self, Call *call)
{
  Vm *vm = g_hash_table_lookup (self->by_uuid, call->uuid);

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
  g_ptr_array_add (vm->waiting, call);
}

static void
run_busy (McFakeHypervisor *self, Call *call)
{
  call_fail (call, MC_HYPERVISOR_ERROR_BUSY, "such a call for this VM is still under way");
}

static void
begin_vm_call (McFakeHypervisor *self, Call *call)
{
  Vm *vm = g_hash_table_lookup (self->by_uuid, call->uuid);

  if (vm != NULL)
    vm->vm.n_calls[call->kind]++;
  if (vm != NULL && vm->in_flight[call->kind])
    {
      run_later (call, run_busy);
      return;
    }
  if (vm != NULL)
    vm->in_flight[call->kind] = TRUE;
  run_later (call, run_vm_call);
}

static void
mc_fake_hypervisor_describe_async (McHypervisor *hypervisor,
                                   const char *uuid,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);

  begin_vm_call (self, call_new (self, MC_FAKE_CALL_DESCRIBE, uuid, callback, user_data));
}

static void
mc_fake_hypervisor_set_target_async (McHypervisor *hypervisor,
                                     const char *uuid,
                                     guint64 bytes,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  Call *call = call_new (self, MC_FAKE_CALL_SET_TARGET, uuid, callback, user_data);

  call->value = bytes;
  begin_vm_call (self, call);
}

static void
mc_fake_hypervisor_set_stats_period_async (McHypervisor *hypervisor,
                                           const char *uuid,
                                           guint seconds,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  Call *call = call_new (self, MC_FAKE_CALL_SET_STATS_PERIOD, uuid, callback, user_data);

  call->value = seconds;
  begin_vm_call (self, call);
}

static void
mc_fake_hypervisor_set_metadata_async (McHypervisor *hypervisor,
                                       const char *uuid,
                                       const char *element,
                                       const char *stored,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  Call *call = call_new (self, MC_FAKE_CALL_SET_METADATA, uuid, callback, user_data);

  call->element = g_strdup (element);
  call->stored = g_strdup (stored);
  begin_vm_call (self, call);
}

static gpointer
mc_fake_hypervisor_finish_pointer (McHypervisor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static McSample *
mc_fake_hypervisor_sample_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  return mc_fake_hypervisor_finish_pointer (self, result, error);
}

static McVmDescription *
mc_fake_hypervisor_describe_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  return mc_fake_hypervisor_finish_pointer (self, result, error);
}

static gboolean
mc_fake_hypervisor_call_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
set_connection (McFakeHypervisor *self, gboolean connected, const char *status)
{
  gboolean changed = self->connected != connected;

  self->connected = connected;
  if (g_strcmp0 (self->status, status) != 0)
    {
      g_free (self->status);
      self->status = g_strdup (status);
      g_object_notify (G_OBJECT (self), "status");
    }
  if (changed)
    g_object_notify (G_OBJECT (self), "connected");
}

static void
fail_waiting (Vm *vm, McHypervisorError code, const char *message)
{
  while (vm->waiting->len > 0)
    {
      Call *call = g_ptr_array_steal_index (vm->waiting, 0);

      vm->in_flight[call->kind] = FALSE;
      call_fail (call, code, message);
    }
}

static void
fail_everything (McFakeHypervisor *self, const char *message)
{
  g_autoptr (GPtrArray) samples = g_steal_pointer (&self->samples);

  self->samples = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < samples->len; i++)
    g_task_return_new_error (samples->pdata[i], MC_HYPERVISOR_ERROR,
                             MC_HYPERVISOR_ERROR_NOT_CONNECTED, "%s", message);
  for (guint i = 0; i < self->vms->len; i++)
    fail_waiting (self->vms->pdata[i], MC_HYPERVISOR_ERROR_NOT_CONNECTED, message);
}

static gboolean
on_connect (gpointer user_data)
{
  McFakeHypervisor *self = user_data;

  if (self->started && !self->away)
    set_connection (self, TRUE, "");
  return G_SOURCE_REMOVE;
}

static void
connect_later (McFakeHypervisor *self)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, on_connect, g_object_ref (self), g_object_unref);
}

static void
mc_fake_hypervisor_start (McHypervisor *hypervisor)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);

  self->started = TRUE;
  connect_later (self);
}

static gboolean
on_stop (gpointer user_data)
{
  g_task_return_boolean (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
mc_fake_hypervisor_stop_async (McHypervisor *hypervisor,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);

  self->started = FALSE;
  set_connection (self, FALSE, "stopped");
  fail_everything (self, "stopped");
  g_idle_add_full (G_PRIORITY_DEFAULT, on_stop, g_task_new (self, NULL, callback, user_data),
                   g_object_unref);
}

static gboolean
mc_fake_hypervisor_is_local (McHypervisor *hypervisor)
{
  return MC_FAKE_HYPERVISOR (hypervisor)->local;
}

static const char *
mc_fake_hypervisor_get_uri (McHypervisor *hypervisor)
{
  return MC_FAKE_HYPERVISOR (hypervisor)->uri;
}

static gboolean
mc_fake_hypervisor_get_connected (McHypervisor *hypervisor)
{
  return MC_FAKE_HYPERVISOR (hypervisor)->connected;
}

static const char *
mc_fake_hypervisor_get_status (McHypervisor *hypervisor)
{
  return MC_FAKE_HYPERVISOR (hypervisor)->status;
}

static void
mc_fake_hypervisor_iface_init (McHypervisorInterface *iface)
{
  iface->get_uri = mc_fake_hypervisor_get_uri;
  iface->get_connected = mc_fake_hypervisor_get_connected;
  iface->get_status = mc_fake_hypervisor_get_status;
  iface->start = mc_fake_hypervisor_start;
  iface->stop_async = mc_fake_hypervisor_stop_async;
  iface->is_local = mc_fake_hypervisor_is_local;
  iface->sample_async = mc_fake_hypervisor_sample_async;
  iface->sample_finish = mc_fake_hypervisor_sample_finish;
  iface->describe_async = mc_fake_hypervisor_describe_async;
  iface->describe_finish = mc_fake_hypervisor_describe_finish;
  iface->set_target_async = mc_fake_hypervisor_set_target_async;
  iface->set_stats_period_async = mc_fake_hypervisor_set_stats_period_async;
  iface->set_metadata_async = mc_fake_hypervisor_set_metadata_async;
  iface->call_finish = mc_fake_hypervisor_call_finish;
}

McFakeHypervisor *
mc_fake_hypervisor_new (void)
{
  return g_object_new (MC_TYPE_FAKE_HYPERVISOR, "uri", "fake:///", NULL);
}

void
mc_fake_hypervisor_set_away (McFakeHypervisor *self, gboolean away)
{
  self->away = away;
  if (away)
    mc_fake_hypervisor_disconnect (self, "nobody is there");
  else
    connect_later (self);
}

void
mc_fake_hypervisor_disconnect (McFakeHypervisor *self, const char *status)
{
  set_connection (self, FALSE, status);
  fail_everything (self, status);
}

void
mc_fake_hypervisor_reconnect (McFakeHypervisor *self)
{
  self->away = FALSE;
  connect_later (self);
}

void
mc_fake_hypervisor_set_local (McFakeHypervisor *self, gboolean local)
{
  self->local = local;
}

void
mc_fake_hypervisor_set_host (McFakeHypervisor *self, guint64 total, guint64 available)
{
  self->host_total = total;
  self->host_available = available;
}

void
mc_fake_hypervisor_set_host_other (McFakeHypervisor *self, guint64 other)
{
  self->host_other = other;
}

static void
fill_in (McFakeVm *vm, guint number, const char *name, guint64 capacity)
{
  McVmSample *figures = &vm->figures;

  g_snprintf (figures->uuid, sizeof figures->uuid, "00000000-0000-4000-8000-%012x", number);
  memcpy (vm->description.uuid, figures->uuid, sizeof figures->uuid);
  figures->name = g_strdup (name);
  figures->id = number;
  figures->running = TRUE;
  figures->balloon = figures->capacity = capacity;
  figures->unused = figures->usable = capacity / 3;
  figures->available = capacity - MIN (capacity / 10, KERNEL_RESERVE);
  figures->resident = capacity - figures->unused;
  figures->stats_time_s = 1;
  vm->description.persistent = vm->description.has_balloon = TRUE;
  vm->target = vm->used = MC_HYPERVISOR_UNKNOWN;
}

McFakeVm *
mc_fake_hypervisor_add_vm (McFakeHypervisor *self, const char *name, guint64 capacity)
{
  Vm *vm = g_new0 (Vm, 1);

  vm->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)call_free);
  fill_in (&vm->vm, ++self->n_added, name, capacity);
  g_ptr_array_add (self->vms, vm);
  g_hash_table_insert (self->by_uuid, vm->vm.figures.uuid, vm);
  if (self->connected)
    mc_hypervisor_emit_vm_started (MC_HYPERVISOR (self), vm->vm.figures.uuid);
  return &vm->vm;
}

void
mc_fake_hypervisor_remove_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  g_autofree char *uuid = g_strdup (vm->figures.uuid);
  guint index;

  g_return_if_fail (g_ptr_array_find (self->vms, vm, &index));
  g_ptr_array_steal_index (self->vms, index);
  g_hash_table_remove (self->by_uuid, uuid);
  fail_waiting ((Vm *)vm, MC_HYPERVISOR_ERROR_NO_VM, "the VM was removed");
  vm_free ((Vm *)vm);
  if (self->connected)
    mc_hypervisor_emit_vm_stopped (MC_HYPERVISOR (self), uuid);
}

McFakeVm *
mc_fake_hypervisor_find_vm (McFakeHypervisor *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

guint
mc_fake_hypervisor_count_vms (McFakeHypervisor *self)
{
  return self->vms->len;
}

McFakeVm *
mc_fake_hypervisor_get_vm (McFakeHypervisor *self, guint index)
{
  g_return_val_if_fail (index < self->vms->len, NULL);
  return self->vms->pdata[index];
}

void
mc_fake_hypervisor_reboot_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  if (self->connected)
    mc_hypervisor_emit_vm_rebooted (MC_HYPERVISOR (self), vm->figures.uuid);
}

void
mc_fake_hypervisor_reset_vm (McFakeHypervisor *self, McFakeVm *vm, guint events)
{
  McVmSample *figures = &vm->figures;

  figures->unused = figures->usable = figures->available = MC_HYPERVISOR_UNKNOWN;
  figures->swap_in = figures->swap_out = figures->major_faults = MC_HYPERVISOR_UNKNOWN;
  figures->stats_time_s = 0;
  vm->swapped = 0;
  vm->silent = TRUE;
  for (guint i = 0; i < events; i++)
    mc_fake_hypervisor_reboot_vm (self, vm);
}

void
mc_fake_hypervisor_crash_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  vm->silent = TRUE;
  if (self->connected)
    mc_hypervisor_emit_vm_crashed (MC_HYPERVISOR (self), vm->figures.uuid);
}

void
mc_fake_hypervisor_rename_vm (McFakeHypervisor *self, McFakeVm *vm, const char *name)
{
  g_free (vm->figures.name);
  vm->figures.name = g_strdup (name);
  mc_fake_hypervisor_change_vm (self, vm);
}

void
mc_fake_hypervisor_change_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  if (self->connected)
    mc_hypervisor_emit_vm_changed (MC_HYPERVISOR (self), vm->figures.uuid);
}

void
mc_fake_hypervisor_set_running (McFakeHypervisor *self, McFakeVm *vm, gboolean running)
{
  vm->figures.running = running;
  if (self->connected)
    mc_hypervisor_emit_vm_state (MC_HYPERVISOR (self), vm->figures.uuid, running);
}

void
mc_fake_hypervisor_set_balloon (McFakeHypervisor *self, McFakeVm *vm, guint64 bytes)
{
  vm->figures.balloon = bytes;
  if (self->connected)
    mc_hypervisor_emit_balloon_changed (MC_HYPERVISOR (self), vm->figures.uuid, bytes);
}

void
mc_fake_hypervisor_set_vm_metadata (McFakeHypervisor *self, McFakeVm *vm, const char *element)
{
  g_free (vm->description.metadata);
  vm->description.metadata = g_strdup (element);
  mc_fake_hypervisor_change_vm (self, vm);
}

void
mc_fake_hypervisor_hang_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  ((Vm *)vm)->hung = TRUE;
}

/* Returns: (transfer full) (nullable): a call of this VM that waits no longer. */
static Call *
steal_over (McFakeHypervisor *self, Vm *vm)
{
  for (guint i = 0; i < vm->waiting->len; i++)
    if (is_over (self, vm, vm->waiting->pdata[i]))
      return g_ptr_array_steal_index (vm->waiting, i);
  return NULL;
}

static void
answer_over (McFakeHypervisor *self, const char *uuid)
{
  Vm *vm;
  Call *call;

  /* Looked up each time: a callback may remove the VM, or make it hang again. */
  while ((vm = g_hash_table_lookup (self->by_uuid, uuid)) != NULL
         && (call = steal_over (self, vm)) != NULL)
    answer (self, vm, call);
}

void
mc_fake_hypervisor_release_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  g_autofree char *uuid = g_strdup (vm->figures.uuid);

  ((Vm *)vm)->hung = FALSE;
  answer_over (self, uuid);
}

static void
time_out (McFakeHypervisor *self, Vm *vm, GPtrArray *tasks)
{
  for (guint i = 0; i < vm->waiting->len; i++)
    {
      Call *call = vm->waiting->pdata[i];

      if (call->task != NULL && self->now_s - call->began_s >= CALL_AT_MOST_S)
        g_ptr_array_add (tasks, g_steal_pointer (&call->task));
    }
}

/* What waits is over, or late. */
static void
pass_time (McFakeHypervisor *self, guint seconds)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) uuids = g_ptr_array_new_with_free_func (g_free);

  self->now_s += seconds;
  for (guint i = 0; i < self->vms->len; i++)
    if (((Vm *)self->vms->pdata[i])->waiting->len > 0)
      g_ptr_array_add (uuids, g_strdup (((Vm *)self->vms->pdata[i])->vm.figures.uuid));
  for (guint i = 0; i < uuids->len; i++)
    answer_over (self, uuids->pdata[i]);
  for (guint i = 0; i < self->vms->len; i++)
    time_out (self, self->vms->pdata[i], tasks);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_new_error (tasks->pdata[i], MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                             "the fake hypervisor has not answered within %d s", CALL_AT_MOST_S);
}

void
mc_fake_hypervisor_hang_samples (McFakeHypervisor *self)
{
  self->samples_hang = TRUE;
}

void
mc_fake_hypervisor_release_samples (McFakeHypervisor *self)
{
  g_autoptr (GPtrArray) samples = g_steal_pointer (&self->samples);

  self->samples = g_ptr_array_new_with_free_func (g_object_unref);
  self->samples_hang = FALSE;
  for (guint i = 0; i < samples->len; i++)
    g_task_return_pointer (samples->pdata[i], sample_all (self), (GDestroyNotify)mc_sample_free);
}

void
mc_fake_hypervisor_delay_sample (McFakeHypervisor *self)
{
  g_clear_pointer (&self->delayed, mc_sample_free);
  self->delayed = sample_all (self);
}

void
mc_fake_hypervisor_fail (McFakeHypervisor *self,
                         McFakeCall call,
                         McHypervisorError code,
                         guint count)
{
  self->failure[call] = code;
  self->n_failures[call] = count;
}

void
mc_fake_hypervisor_refuse (McFakeHypervisor *self,
                           McFakeCall call,
                           McHypervisorError code,
                           const char *words)
{
  self->failure[call] = code;
  g_free (self->refusal[call]);
  self->refusal[call] = g_strdup (words);
}

guint
mc_fake_hypervisor_count_calls (McFakeHypervisor *self, McFakeCall call)
{
  return self->n_calls[call];
}

static gboolean
move_balloon (McFakeVm *vm)
{
  McVmSample *figures = &vm->figures;
  guint64 before = figures->balloon;
  guint64 want = vm->no_driver                         ? figures->capacity
                 : vm->target == MC_HYPERVISOR_UNKNOWN ? before
                                                       : vm->target;
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
  gboolean reports = !vm->silent && !vm->no_driver && vm->figures.swap_in != MC_HYPERVISOR_UNKNOWN;
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

static gboolean
tick_vm (McFakeVm *vm, guint seconds)
{
  McVmSample *figures = &vm->figures;
  gboolean moved = move_balloon (vm);
  guint64 available = figures->balloon - MIN (figures->balloon / 10, KERNEL_RESERVE);
  guint64 unused = move_swap (vm, available);

  /* A page given back stays with the host until the guest touches it again; none that is pinned is.
   */
  figures->resident = MIN (figures->balloon, MAX (figures->resident, figures->balloon - unused));
  if (vm->description.immovable != NULL)
    figures->resident = figures->capacity;
  if (vm->silent || vm->no_driver)
    return moved;
  if (figures->swap_in == MC_HYPERVISOR_UNKNOWN)
    figures->swap_in = figures->swap_out = 0;
  figures->available = available;
  figures->unused = figures->usable = unused;
  figures->stats_time_s += seconds;
  if (vm->report != NULL)
    vm->report (vm);
  return moved;
}

void
mc_fake_hypervisor_tick (McFakeHypervisor *self, guint seconds)
{
  guint64 held = self->host_other;
  gboolean physics = FALSE;

  pass_time (self, seconds);
  for (guint i = 0; i < self->vms->len; i++)
    {
      Vm *vm = self->vms->pdata[i];

      if (vm->vm.used != MC_HYPERVISOR_UNKNOWN)
        {
          physics = TRUE;
          if (vm->vm.figures.running && !vm->hung && tick_vm (&vm->vm, seconds) && self->connected)
            mc_hypervisor_emit_balloon_changed (MC_HYPERVISOR (self), vm->vm.figures.uuid,
                                                vm->vm.figures.balloon);
        }
      held += vm->vm.figures.resident;
    }
  if (physics)
    self->host_available = self->host_total - MIN (held, self->host_total);
}

static void
mc_fake_hypervisor_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (object);

  switch (id)
    {
    case PROP_URI:
      g_value_set_string (value, self->uri);
      break;
    case PROP_CONNECTED:
      g_value_set_boolean (value, self->connected);
      break;
    case PROP_STATUS:
      g_value_set_string (value, self->status);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
mc_fake_hypervisor_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (object);

  if (id == PROP_URI)
    self->uri = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
mc_fake_hypervisor_finalize (GObject *object)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (object);

  for (guint i = 0; i < MC_FAKE_N_CALLS; i++)
    g_free (self->refusal[i]);
  g_hash_table_unref (self->by_uuid);
  g_ptr_array_unref (self->vms);
  g_ptr_array_unref (self->samples);
  g_clear_pointer (&self->delayed, mc_sample_free);
  g_free (self->uri);
  g_free (self->status);
  G_OBJECT_CLASS (mc_fake_hypervisor_parent_class)->finalize (object);
}

static void
mc_fake_hypervisor_class_init (McFakeHypervisorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = mc_fake_hypervisor_get_property;
  object_class->set_property = mc_fake_hypervisor_set_property;
  object_class->finalize = mc_fake_hypervisor_finalize;
  g_object_class_override_property (object_class, PROP_URI, "uri");
  g_object_class_override_property (object_class, PROP_CONNECTED, "connected");
  g_object_class_override_property (object_class, PROP_STATUS, "status");
}

static void
mc_fake_hypervisor_init (McFakeHypervisor *self)
{
  self->status = g_strdup ("not started");
  self->local = TRUE;
  self->host_total = 8 * GIB;
  self->host_available = 6 * GIB;
  self->host_other = 1 * GIB;
  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)vm_free);
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  self->samples = g_ptr_array_new_with_free_func (g_object_unref);
}
