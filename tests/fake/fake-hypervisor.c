/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake behind the port: the connection, and what tests steer. What its calls do is in
 * fake-calls.c, the VMs are in fake-machine.c.
 */
#include "config.h"

#include "fake-hypervisor.h"

#include "fake-calls.h"
#include "fake-machine.h"

struct _McFakeHypervisor
{
  McHypervisor parent;

  gboolean started, away, local;
  McFakeMachine *machine;
  McFakeCalls *calls;
};

G_DEFINE_FINAL_TYPE (McFakeHypervisor, mc_fake_hypervisor, MC_TYPE_HYPERVISOR)

static gboolean
is_connected (McFakeHypervisor *self)
{
  return mc_hypervisor_get_connected (MC_HYPERVISOR (self));
}

/* The port's calls */

static void
mc_fake_hypervisor_sample_async (McHypervisor *hypervisor,
                                 gint64 deadline_us,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);

  mc_fake_calls_sample (self->calls, deadline_us, callback, user_data);
}

static void
mc_fake_hypervisor_describe_async (McHypervisor *hypervisor,
                                   const char *uuid,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  McFakeOrder order = { .kind = MC_FAKE_CALL_DESCRIBE, .uuid = uuid };

  mc_fake_calls_begin (self->calls, order, callback, user_data);
}

static void
mc_fake_hypervisor_set_target_async (McHypervisor *hypervisor,
                                     const char *uuid,
                                     guint64 bytes,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  McFakeOrder order = { .kind = MC_FAKE_CALL_SET_TARGET, .uuid = uuid, .value = bytes };

  mc_fake_calls_begin (self->calls, order, callback, user_data);
}

static void
mc_fake_hypervisor_set_stats_period_async (McHypervisor *hypervisor,
                                           const char *uuid,
                                           guint seconds,
                                           gboolean at_once,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (hypervisor);
  McFakeOrder order = { .kind = MC_FAKE_CALL_SET_STATS_PERIOD, .uuid = uuid, .value = seconds };

  mc_fake_calls_begin (self->calls, order, callback, user_data);
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
  McFakeOrder order
      = { .kind = MC_FAKE_CALL_SET_METADATA, .uuid = uuid, .element = element, .stored = stored };

  mc_fake_calls_begin (self->calls, order, callback, user_data);
}

static gboolean
mc_fake_hypervisor_is_local (McHypervisor *hypervisor)
{
  return MC_FAKE_HYPERVISOR (hypervisor)->local;
}

void
mc_fake_hypervisor_set_local (McFakeHypervisor *self, gboolean local)
{
  self->local = local;
}

/* The connection */

static gboolean
on_connect (gpointer user_data)
{
  McFakeHypervisor *self = user_data;

  if (self->started && !self->away)
    mc_hypervisor_set_connection (MC_HYPERVISOR (self), TRUE, "");
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
  mc_hypervisor_set_connection (MC_HYPERVISOR (self), FALSE, "stopped");
  mc_fake_calls_fail_all (self->calls, MC_HYPERVISOR_ERROR_NOT_CONNECTED, "stopped");
  g_idle_add_full (G_PRIORITY_DEFAULT, on_stop, g_task_new (self, NULL, callback, user_data),
                   g_object_unref);
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
  mc_hypervisor_set_connection (MC_HYPERVISOR (self), FALSE, status);
  mc_fake_calls_fail_all (self->calls, MC_HYPERVISOR_ERROR_NOT_CONNECTED, status);
}

void
mc_fake_hypervisor_reconnect (McFakeHypervisor *self)
{
  self->away = FALSE;
  connect_later (self);
}

/* The host and its VMs */

void
mc_fake_hypervisor_set_host (McFakeHypervisor *self, guint64 total, guint64 available)
{
  self->machine->total = total;
  self->machine->available = available;
}

void
mc_fake_hypervisor_set_host_other (McFakeHypervisor *self, guint64 other)
{
  self->machine->other = other;
}

void
mc_fake_hypervisor_set_group (McFakeHypervisor *self, const char *name, guint64 limit_bytes)
{
  mc_fake_machine_set_group (self->machine, name, limit_bytes);
}

McFakeVm *
mc_fake_hypervisor_add_vm (McFakeHypervisor *self, const char *name, guint64 capacity)
{
  McFakeVm *vm = mc_fake_machine_add (self->machine, name, capacity);

  if (is_connected (self))
    mc_hypervisor_emit_vm_started (MC_HYPERVISOR (self), vm->figures.uuid);
  return vm;
}

void
mc_fake_hypervisor_remove_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  g_autofree char *uuid = g_strdup (vm->figures.uuid);
  McFakeVm *removed = mc_fake_machine_steal (self->machine, vm);

  mc_fake_calls_fail_vm (self->calls, uuid, MC_HYPERVISOR_ERROR_NO_VM, "the VM was removed");
  mc_fake_vm_free (removed);
  if (is_connected (self))
    mc_hypervisor_emit_vm_stopped (MC_HYPERVISOR (self), uuid);
}

McFakeVm *
mc_fake_hypervisor_find_vm (McFakeHypervisor *self, const char *uuid)
{
  return mc_fake_machine_find (self->machine, uuid);
}

guint
mc_fake_hypervisor_count_vms (McFakeHypervisor *self)
{
  return self->machine->vms->len;
}

McFakeVm *
mc_fake_hypervisor_get_vm (McFakeHypervisor *self, guint index)
{
  g_return_val_if_fail (index < self->machine->vms->len, NULL);
  return self->machine->vms->pdata[index];
}

void
mc_fake_hypervisor_reboot_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  if (is_connected (self))
    mc_hypervisor_emit_vm_rebooted (MC_HYPERVISOR (self), vm->figures.uuid);
}

void
mc_fake_hypervisor_reset_vm (McFakeHypervisor *self, McFakeVm *vm, guint events)
{
  McVmSample *figures = &vm->figures;

  figures->unused = figures->usable = figures->available = MC_UNKNOWN;
  figures->swap_in = figures->swap_out = MC_UNKNOWN;
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
  if (is_connected (self))
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
  if (is_connected (self))
    mc_hypervisor_emit_vm_changed (MC_HYPERVISOR (self), vm->figures.uuid);
}

void
mc_fake_hypervisor_set_running (McFakeHypervisor *self, McFakeVm *vm, gboolean running)
{
  vm->figures.running = running;
  if (is_connected (self))
    mc_hypervisor_emit_vm_state (MC_HYPERVISOR (self), vm->figures.uuid, running);
}

void
mc_fake_hypervisor_set_balloon (McFakeHypervisor *self, McFakeVm *vm, guint64 bytes)
{
  vm->figures.balloon = bytes;
  if (is_connected (self))
    mc_hypervisor_emit_balloon_changed (MC_HYPERVISOR (self), vm->figures.uuid, bytes);
}

void
mc_fake_hypervisor_set_vm_metadata (McFakeHypervisor *self, McFakeVm *vm, const char *element)
{
  g_free (vm->description.metadata);
  vm->description.metadata = g_strdup (element);
  mc_fake_hypervisor_change_vm (self, vm);
}

static void
on_moved (McFakeVm *vm, gpointer user_data)
{
  if (is_connected (user_data))
    mc_hypervisor_emit_balloon_changed (user_data, vm->figures.uuid, vm->figures.balloon);
}

void
mc_fake_hypervisor_tick (McFakeHypervisor *self, guint seconds)
{
  mc_fake_calls_pass_time (self->calls, seconds);
  mc_fake_machine_step (self->machine, seconds, on_moved, self);
}

/* What goes wrong */

void
mc_fake_hypervisor_hang_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  vm->hung = TRUE;
}

void
mc_fake_hypervisor_release_vm (McFakeHypervisor *self, McFakeVm *vm)
{
  vm->hung = FALSE;
  mc_fake_calls_answer_over (self->calls);
}

void
mc_fake_hypervisor_hang_samples (McFakeHypervisor *self)
{
  mc_fake_calls_hang_samples (self->calls);
}

void
mc_fake_hypervisor_release_samples (McFakeHypervisor *self)
{
  mc_fake_calls_release_samples (self->calls);
}

void
mc_fake_hypervisor_delay_sample (McFakeHypervisor *self)
{
  mc_fake_machine_delay_sample (self->machine);
}

void
mc_fake_hypervisor_fail (McFakeHypervisor *self,
                         McFakeCall call,
                         McHypervisorError code,
                         guint count)
{
  mc_fake_calls_fail (self->calls, call, code, count);
}

void
mc_fake_hypervisor_refuse (McFakeHypervisor *self,
                           McFakeCall call,
                           McHypervisorError code,
                           const char *words)
{
  mc_fake_calls_refuse (self->calls, call, code, words);
}

guint
mc_fake_hypervisor_count_calls (McFakeHypervisor *self, McFakeCall call)
{
  return mc_fake_calls_count (self->calls, call);
}

/* Life */

static void
mc_fake_hypervisor_finalize (GObject *object)
{
  McFakeHypervisor *self = MC_FAKE_HYPERVISOR (object);

  mc_fake_calls_free (self->calls);
  mc_fake_machine_free (self->machine);
  G_OBJECT_CLASS (mc_fake_hypervisor_parent_class)->finalize (object);
}

static void
mc_fake_hypervisor_class_init (McFakeHypervisorClass *klass)
{
  McHypervisorClass *hypervisor_class = MC_HYPERVISOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = mc_fake_hypervisor_finalize;
  hypervisor_class->start = mc_fake_hypervisor_start;
  hypervisor_class->stop_async = mc_fake_hypervisor_stop_async;
  hypervisor_class->is_local = mc_fake_hypervisor_is_local;
  hypervisor_class->sample_async = mc_fake_hypervisor_sample_async;
  hypervisor_class->describe_async = mc_fake_hypervisor_describe_async;
  hypervisor_class->set_target_async = mc_fake_hypervisor_set_target_async;
  hypervisor_class->set_stats_period_async = mc_fake_hypervisor_set_stats_period_async;
  hypervisor_class->set_metadata_async = mc_fake_hypervisor_set_metadata_async;
}

static void
mc_fake_hypervisor_init (McFakeHypervisor *self)
{
  mc_hypervisor_set_connection (MC_HYPERVISOR (self), FALSE, "not started");
  self->local = TRUE;
  self->machine = mc_fake_machine_new ();
  self->calls = mc_fake_calls_new (MC_HYPERVISOR (self), self->machine);
}

McFakeHypervisor *
mc_fake_hypervisor_new (void)
{
  return g_object_new (MC_TYPE_FAKE_HYPERVISOR, "uri", "fake:///", NULL);
}
