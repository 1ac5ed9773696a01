/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The coordinator: it owns the parts of the service, and connects what they say. */
#include "config.h"

#include "coordinator.h"

#include "error.h"
#include "events.h"
#include "missing.h"
#include "recording.h"
#include "schedule.h"
#include "service-manager.h"
#include "shutdown.h"

struct _McCoordinator
{
  GObject parent;

  McHost *host;
  McHostParts parts;
  McSchedule *schedule;
  gboolean started;

  McViews views;
  McRecording recording;
};

enum
{
  VM_ADDED,
  VM_REMOVED,
  PUBLISHED,
  VM_PUBLISHED,
  POLICY_CHANGED,
  MEMORY_MOVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McCoordinator, mc_coordinator, G_TYPE_OBJECT)

/* Views */

static void
publish (McCoordinator *self)
{
  mc_reservations_set_headroom (&self->parts.reservations,
                                mc_host_state_find_headroom (&self->parts.state));
  mc_views_update (&self->views, &self->parts);
  g_signal_emit (self, signals[PUBLISHED], 0);
}

const char *
mc_coordinator_get_status (McCoordinator *self)
{
  return self->views.status != NULL ? self->views.status : "";
}

const McHostView *
mc_coordinator_get_view (McCoordinator *self)
{
  return &self->views.host;
}

GPtrArray *
mc_coordinator_list_vms (McCoordinator *self)
{
  const GPtrArray *all = self->parts.fleet.vms;
  GPtrArray *vms = g_ptr_array_new ();

  for (guint i = 0; i < all->len; i++)
    if (mc_vm_get_parts (all->pdata[i])->domain.announced)
      g_ptr_array_add (vms, all->pdata[i]);
  return vms;
}

McHostParts *
mc_coordinator_get_parts (McCoordinator *self)
{
  return &self->parts;
}

/* What the parts say */

/* Something changed, of the host's or of a VM's: shown at once, and acted on at once. */
static void
on_changed (gpointer listener, McDomain *domain)
{
  McCoordinator *self = listener;

  mc_fleet_stir (&self->parts.fleet, domain);
  publish (self);
  mc_schedule_wake (self->schedule);
}

static void
on_setting_changed (gpointer listener,
                    McDomain *domain,
                    const char *setting,
                    GVariant *before,
                    GVariant *after,
                    const char *origin)
{
  const char *name = domain != NULL ? domain->name : NULL;
  const char *uuid = domain != NULL ? domain->uuid : NULL;

  mc_event_policy_changed (name, uuid, setting, before, after, origin);
  g_signal_emit (listener, signals[POLICY_CHANGED], 0, uuid, setting, before, after, origin);
}

static void
on_cycle_wanted (gpointer listener, gboolean for_woken)
{
  McCoordinator *self = listener;

  if (for_woken)
    mc_schedule_wake_for_woken (self->schedule);
  else
    mc_schedule_wake (self->schedule);
}

static void
on_cycle_ended (gpointer listener, gboolean pressing)
{
  McCoordinator *self = listener;

  mc_pause_follow_clock (&self->parts.pause);
  mc_fleet_follow_clock (&self->parts.fleet);
  publish (self);
  mc_schedule_end_cycle (self->schedule, pressing);
}

/* For the statistics period, and the metadata that was judged by the old values. */
static void
on_reloaded (gpointer listener)
{
  McCoordinator *self = listener;

  if (mc_hypervisor_get_connected (self->parts.context->hypervisor))
    mc_fleet_refresh_all (&self->parts.fleet);
}

static void
on_vm_added (gpointer listener, McDomain *domain)
{
  g_signal_emit (listener, signals[VM_ADDED], 0, domain->vm);
}

static void
on_vm_removed (gpointer listener, McDomain *domain)
{
  g_signal_emit (listener, signals[VM_REMOVED], 0, domain->vm);
}

static void
on_vm_moved (gpointer listener, McDomain *domain, guint64 from, guint64 to, const char *sentence)
{
  McCoordinator *self = listener;
  McVm *vm = MC_VM (domain->vm);

  mc_vm_add_move (vm, from, to, sentence);
  mc_counting_add_move (&self->parts.counting, from, to);
  mc_recording_add_move (&self->recording, vm);
  if (!domain->announced)
    return;
  mc_views_update_vm (&self->parts, vm);
  g_signal_emit (self, signals[VM_PUBLISHED], 0, vm);
  g_signal_emit (self, signals[MEMORY_MOVED], 0, vm, from, to, sentence);
}

static void
on_target_ended (gpointer listener, McDomain *domain, const GError *error)
{
  McCoordinator *self = listener;
  const McTarget *target = &mc_vm_get_parts (MC_VM (domain->vm))->target;

  if (error != NULL && mc_target_is_move (target) && !domain->gone)
    mc_counting_add_failed_move (&self->parts.counting);
  mc_give_back_calls_note_ended (&self->parts.give_back_calls, domain, error);
}

static const McListener coordinator_listener = {
  .changed = on_changed,
  .setting_changed = on_setting_changed,
  .cycle_wanted = on_cycle_wanted,
  .cycle_ended = on_cycle_ended,
  .reloaded = on_reloaded,
  .vm_added = on_vm_added,
  .vm_removed = on_vm_removed,
  .vm_moved = on_vm_moved,
  .target_ended = on_target_ended,
};

static void
begin_cycle (gpointer user_data)
{
  McCoordinator *self = user_data;

  mc_cycle_begin (&self->parts);
}

/* What the hypervisor and the host say */

static void
on_connected (McHypervisor *hypervisor, GParamSpec *pspec, gpointer user_data)
{
  McCoordinator *self = user_data;

  if (mc_context_is_ending (self->parts.context))
    return;
  if (mc_hypervisor_get_connected (hypervisor))
    {
      mc_host_state_catch_up (&self->parts.state);
      mc_fleet_catch_up (&self->parts.fleet);
      mc_schedule_wake (self->schedule);
      return;
    }
  mc_fleet_lose (&self->parts.fleet);
  mc_host_state_update (&self->parts.state);
  publish (self);
}

/* Another reason why it is not connected. */
static void
on_status (McHypervisor *hypervisor, GParamSpec *pspec, gpointer user_data)
{
  McCoordinator *self = user_data;

  if (mc_context_is_ending (self->parts.context) || mc_hypervisor_get_connected (hypervisor)
      || self->parts.fleet.synced)
    return;
  mc_host_state_update (&self->parts.state);
  publish (self);
}

/* What is set is on the disk */

static void
on_synced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (mc_store_sync_finish (MC_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (
        task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
        "It cannot be saved, so nothing was changed: %s; make the service's state "
        "directory writable, and try again",
        error->message);
}

void
mc_coordinator_sync_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data)
{
  mc_store_sync_async (self->parts.context->store, on_synced,
                       g_task_new (self, NULL, callback, user_data));
}

gboolean
mc_coordinator_sync_finish (McCoordinator *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Life */

gboolean
mc_coordinator_is_alive (McCoordinator *self)
{
  return mc_schedule_is_on_time (self->schedule);
}

void
mc_coordinator_start (McCoordinator *self)
{
  McHypervisor *hypervisor = self->parts.context->hypervisor;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (!self->started);
  self->started = TRUE;
  mc_host_state_start (&self->parts.state);
  if (mc_hypervisor_is_local (hypervisor) && !mc_host_watch_pressure (self->host, &error))
    g_info ("Cycles start by the clock and by libvirt's events only: %s", error->message);
  mc_pause_restore (&self->parts.pause);
  mc_hypervisor_start (hypervisor);
  mc_schedule_start (self->schedule);
  mc_recording_start (&self->recording);
}

/* What waits for a VM that is busy is answered with this. */
static GError *
new_ends_error (void)
{
  return g_error_new_literal (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                              "The service ends, and it is not known whether the VM was changed");
}

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) stop = user_data;

  mc_shutdown_finish (result);
  g_task_return_boolean (stop, TRUE);
}

/* @stop: (transfer full) */
static void
shut_down (McCoordinator *self, GTask *stop)
{
  McContext *context = self->parts.context;
  g_autoptr (GError) ends = new_ends_error ();

  g_cancellable_cancel (context->ending);
  mc_schedule_stop (self->schedule);
  mc_recording_stop (&self->recording);
  mc_give_back_calls_abandon (&self->parts.give_back_calls, ends);
  mc_fleet_abandon_changes (&self->parts.fleet, ends);
  mc_counting_note (&self->parts.counting);
  mc_shutdown_async (&self->parts.fleet, on_shut_down, stop);
}

static void
on_given_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *stop = user_data;
  McCoordinator *self = g_task_get_source_object (stop);
  g_autoptr (GError) error = NULL;
  guint64 bytes;

  if (!mc_give_back_calls_begin_finish (result, &bytes, &error))
    g_message ("Not all that was taken from VMs is given back: %s", error->message);
  mc_missing_log (self->parts.fleet.vms, error == NULL ? "no more is left" : NULL);
  shut_down (self, stop);
}

/* Returns: (nullable): why VMs are left as they are at a stop for good */
static const char *
find_wish_to_keep (McCoordinator *self)
{
  const McSettings *settings = self->parts.context->settings;

  if (!mc_settings_get_config (settings)->give_back_on_stop)
    return "on-stop=keep";
  return mc_settings_get_dry_run (settings) ? "dry run" : NULL;
}

void
mc_coordinator_stop_async (McCoordinator *self,
                           gboolean for_good,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  const char *keep = find_wish_to_keep (self);
  GTask *stop = g_task_new (self, NULL, callback, user_data);
  g_autofree char *paused = mc_host_parts_describe_pause (&self->parts);

  g_return_if_fail (!mc_context_is_ending (self->parts.context));

  mc_service_manager_notify_stopping ();
  if (for_good && keep != NULL)
    mc_missing_log (self->parts.fleet.vms, keep);
  if (for_good && keep == NULL)
    mc_give_back_calls_begin_last_async (&self->parts.give_back_calls, paused, on_given_back, stop);
  else
    shut_down (self, stop);
}

void
mc_coordinator_stop_finish (McCoordinator *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
clear_parts (McCoordinator *self)
{
  McContext *context = self->parts.context;
  g_autoptr (GError) ends = new_ends_error ();

  g_cancellable_cancel (context->ending);
  g_signal_handlers_disconnect_by_data (context->hypervisor, self);
  g_signal_handlers_disconnect_by_data (self->host, self->schedule);
  mc_store_forget_undos (context->store);
  mc_schedule_free (self->schedule);
  mc_recording_stop (&self->recording);
  mc_host_parts_clear (&self->parts, ends);
}

static void
mc_coordinator_dispose (GObject *object)
{
  McCoordinator *self = MC_COORDINATOR (object);

  if (self->parts.context != NULL)
    clear_parts (self);
  g_clear_object (&self->host);
  mc_views_clear (&self->views);
  G_OBJECT_CLASS (mc_coordinator_parent_class)->dispose (object);
}

static guint
add_signal (const char *name, guint n_params, GType types[])
{
  return g_signal_newv (name, MC_TYPE_COORDINATOR, G_SIGNAL_RUN_LAST, NULL, NULL, NULL, NULL,
                        G_TYPE_NONE, n_params, types);
}

static void
mc_coordinator_class_init (McCoordinatorClass *klass)
{
  GType vm[] = { MC_TYPE_VM };
  GType change[] = { G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT, G_TYPE_VARIANT, G_TYPE_STRING };
  GType move[] = { MC_TYPE_VM, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_STRING };

  G_OBJECT_CLASS (klass)->dispose = mc_coordinator_dispose;
  signals[VM_ADDED] = add_signal ("vm-added", G_N_ELEMENTS (vm), vm);
  signals[VM_REMOVED] = add_signal ("vm-removed", G_N_ELEMENTS (vm), vm);
  signals[PUBLISHED] = add_signal ("published", 0, NULL);
  signals[VM_PUBLISHED] = add_signal ("vm-published", G_N_ELEMENTS (vm), vm);
  signals[POLICY_CHANGED] = add_signal ("policy-changed", G_N_ELEMENTS (change), change);
  signals[MEMORY_MOVED] = add_signal ("memory-moved", G_N_ELEMENTS (move), move);
}

static void
mc_coordinator_init (McCoordinator *self)
{
}

McCoordinator *
mc_coordinator_new (
    McHypervisor *hypervisor, McHost *host, McClock *clock, McConfig *config, const char *state_dir)
{
  McCoordinator *self = g_object_new (MC_TYPE_COORDINATOR, NULL);
  McContext *context
      = mc_context_new (hypervisor, clock, config, state_dir, &coordinator_listener, self);

  self->host = g_object_ref (host);
  mc_host_parts_init (&self->parts, context, host);
  mc_recording_init (&self->recording, &self->parts, &self->views);
  self->schedule = mc_schedule_new (context, begin_cycle, self);
  g_signal_connect (hypervisor, "notify::connected", G_CALLBACK (on_connected), self);
  g_signal_connect (hypervisor, "notify::status", G_CALLBACK (on_status), self);
  g_signal_connect_swapped (host, "pressure", G_CALLBACK (mc_schedule_wake), self->schedule);
  mc_views_update_host (&self->views, &self->parts);
  return self;
}
