/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The coordinator's life, what it shows, and what it hears from the hypervisor and the host. */
#include "config.h"

#include "coordinator-private.h"
#include "headroom.h"
#include "journal.h"
#include "watchdog.h"

#define STOP_AT_MOST_US (3 * G_USEC_PER_SEC)

/* What the disk may then take, by the system's time. */
#define DISK_AT_MOST_S 3

/* A cycle that is this late, beyond its interval and a sample's longest, means that the loop does
 * not turn. */
#define ALIVE_SLACK_US (20 * G_USEC_PER_SEC)

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

const char *
mc_state_nick (McState state)
{
  static const char *const nicks[] = {
    [MC_STATE_STARTING] = "starting",
    [MC_STATE_RUNNING] = "running",
    [MC_STATE_PAUSED] = "paused",
    [MC_STATE_DEGRADED] = "degraded",
  };

  g_return_val_if_fail ((guint)state < G_N_ELEMENTS (nicks), "degraded");
  return nicks[state];
}

/* Views */

static McState
find_state (McCoordinator *self)
{
  if (self->degraded != NULL)
    return MC_STATE_DEGRADED;
  if (!self->synced)
    return MC_STATE_STARTING;
  if (self->pause_detail != NULL)
    return MC_STATE_PAUSED;
  return MC_STATE_RUNNING;
}

/* By the host's own reserve: what is reserved for a VM about to start is no reason for alarm. */
static McHostCondition
find_condition (McCoordinator *self)
{
  return mc_policy_host_condition (mc_settings_get_policy (self->settings), &self->figures);
}

static guint64
free_for_new_vm (McCoordinator *self)
{
  gint64 left = mc_headroom_free (mc_settings_get_policy (self->settings), &self->figures,
                                  self->decision.promised);
  guint64 spare = 0;

  if (self->degraded != NULL || !self->synced)
    return 0;
  for (guint i = 0; i < self->vms->len; i++)
    {
      const McVm *vm = self->vms->pdata[i];

      spare += mc_headroom_spare (&vm->facts, vm->decision.status, vm->view.high_watermark,
                                  vm->view.minimum);
    }
  return mc_headroom_for_new_vm (left, spare, mc_reservations_total (self));
}

static void
update_host_view (McCoordinator *self)
{
  const McPolicySettings *settings = mc_settings_get_policy (self->settings);
  McHostView *view = &self->view;

  view->state = find_state (self);
  view->dry_run = mc_settings_get_dry_run (self->settings);
  view->hypervisor_uri = mc_hypervisor_get_uri (self->hypervisor);
  view->hypervisor_connected = mc_hypervisor_get_connected (self->hypervisor);
  view->low_watermark = settings->low_watermark;
  view->high_watermark = settings->high_watermark;
  view->host_reserve = settings->host_reserve;
  view->host_usage_limit = settings->host_usage_limit;
  view->step_limit = settings->step_limit;
  view->interval_s = (guint)(settings->interval_us / G_USEC_PER_SEC);
  view->pause_reason = self->pause.active ? self->pause.reason : "";
  view->paused_until = self->pause.active ? self->pause.until_us : 0;
  view->inhibited = self->inhibitors->len > 0;
  view->reserved = mc_reservations_total (self);
  view->free_for_new_vm = free_for_new_vm (self);
  g_strfreev (view->overridden);
  view->overridden = mc_settings_list_overridden (self->settings);
  if (!self->synced || self->host_unreadable != NULL)
    return;
  view->host_total = self->figures.total;
  view->host_available = self->figures.available;
  view->host_promised = self->decision.promised;
  view->host_used_percent = self->decision.used_percent;
  view->host_condition = find_condition (self);
}

static void
tell_condition (McCoordinator *self, McHostCondition before)
{
  if (self->view.host_condition == before)
    return;
  mc_journal_host_condition (mc_host_condition_nick (before),
                             mc_host_condition_nick (self->view.host_condition),
                             self->view.host_available);
}

static char *
describe_state (McCoordinator *self)
{
  const char *uri = mc_hypervisor_get_uri (self->hypervisor);

  if (self->degraded != NULL)
    return g_strdup (self->degraded);
  if (!self->synced)
    return g_strdup_printf ("Connecting to %s", uri);
  if (self->pause_detail != NULL)
    return g_strdup (self->pause_detail);
  return g_strdup_printf ("%s %u %s of %s", self->view.dry_run ? "Watching (dry run)" : "Balancing",
                          self->vms->len, self->vms->len == 1 ? "VM" : "VMs", uri);
}

static void
tell_service_manager (McCoordinator *self)
{
  g_autofree char *status = describe_state (self);

  if (g_strcmp0 (self->status, status) == 0)
    return;
  g_free (self->status);
  self->status = g_steal_pointer (&status);
  mc_watchdog_status (self->status);
}

void
mc_coordinator_publish (McCoordinator *self)
{
  McHostCondition condition = self->view.host_condition;

  mc_pauses_follow_clock (self);
  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_update_view (self->vms->pdata[i], self->settings, self->pause_detail, self->degraded);
  update_host_view (self);
  tell_condition (self, condition);
  tell_service_manager (self);
  g_signal_emit (self, signals[PUBLISHED], 0);
}

void
mc_coordinator_publish_vm (McCoordinator *self, McVm *vm)
{
  mc_vm_update_view (vm, self->settings, self->pause_detail, self->degraded);
  g_signal_emit (self, signals[VM_PUBLISHED], 0, vm);
}

const char *
mc_coordinator_get_status (McCoordinator *self)
{
  return self->status != NULL ? self->status : "";
}

const McHostView *
mc_coordinator_get_view (McCoordinator *self)
{
  return &self->view;
}

GPtrArray *
mc_coordinator_list_vms (McCoordinator *self)
{
  GPtrArray *vms = g_ptr_array_new ();

  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];

      if (vm->announced)
        g_ptr_array_add (vms, vm);
    }
  return vms;
}

McVm *
mc_coordinator_lookup_vm (McCoordinator *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

void
mc_coordinator_emit_policy_changed (McCoordinator *self,
                                    McVm *vm,
                                    const char *setting,
                                    GVariant *before,
                                    GVariant *after,
                                    const char *origin)
{
  g_autoptr (GVariant) old = g_variant_ref_sink (before);
  g_autoptr (GVariant) new = g_variant_ref_sink (after);

  mc_journal_policy_changed (vm != NULL ? vm->view.name : NULL, vm != NULL ? vm->uuid : NULL,
                             setting, old, new, origin);
  g_signal_emit (self, signals[POLICY_CHANGED], 0, vm != NULL ? vm->uuid : NULL, setting, old, new,
                 origin);
}

/* What the hypervisor and the host tell */

void
mc_coordinator_remove_vm (McCoordinator *self, McVm *vm)
{
  g_autoptr (McVm) kept G_GNUC_UNUSED = g_object_ref (vm);
  g_autoptr (GError) gone = g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
                                         "The VM %s is no longer there", vm->view.name);

  g_hash_table_remove (self->by_uuid, vm->uuid);
  g_ptr_array_remove (self->vms, vm);
  mc_vm_changes_abandon (self, vm, gone);
  mc_pauses_forget_vm (self, vm);
  mc_vm_notes_forget (self, vm);
  if (!vm->announced)
    return;
  mc_journal_vm_vanished (vm->view.name, vm->uuid);
  g_signal_emit (self, signals[VM_REMOVED], 0, vm);
}

static void
on_vm_started (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McCoordinator *self = user_data;
  gint64 now_us = mc_clock_now (self->clock);

  g_hash_table_insert (self->starts, g_strdup (uuid), g_memdup2 (&now_us, sizeof now_us));
  mc_cycle_bring_forward (self);
}

static void
on_vm_stopped (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);
  gint64 stopped_us = g_get_monotonic_time ();

  g_hash_table_remove (self->starts, uuid);
  g_hash_table_insert (self->gone, g_strdup (uuid), g_memdup2 (&stopped_us, sizeof stopped_us));
  if (vm != NULL)
    mc_coordinator_remove_vm (self, vm);
  mc_cycle_bring_forward (self);
}

static void
start_anew (McCoordinator *self, McVm *vm)
{
  vm->crashed = FALSE;
  vm->facts.started_us = mc_clock_now (self->clock);
}

static void
on_vm_rebooted (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm == NULL)
    return;
  start_anew (self, vm);
  mc_cycle_bring_forward (self);
}

/* A kernel that dumps itself, or waits to be looked at, is no guest to be judged by its figures. */
static void
on_vm_crashed (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm == NULL || vm->crashed)
    return;
  vm->crashed = TRUE;
  vm->facts.running = FALSE;
  mc_cycle_bring_forward (self);
}

static void
on_vm_changed (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm != NULL)
    mc_vm_policy_describe (self, vm);
}

static void
on_vm_state (McHypervisor *hypervisor, const char *uuid, gboolean running, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm == NULL || vm->facts.running == running)
    return;
  if (running && vm->crashed)
    start_anew (self, vm);
  vm->facts.running = running;
  vm->state_us = g_get_monotonic_time ();
  mc_cycle_bring_forward (self);
}

static void
on_balloon_changed (McHypervisor *hypervisor, const char *uuid, guint64 bytes, gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm != NULL)
    vm->facts.balloon = bytes;
}

static void
on_target_ended (McHypervisor *hypervisor,
                 const char *uuid,
                 const GError *error,
                 gpointer user_data)
{
  McCoordinator *self = user_data;
  McVm *vm = mc_coordinator_lookup_vm (self, uuid);

  if (vm == NULL)
    return;
  mc_target_ended (self, vm, error);
  mc_cycle_bring_forward (self);
}

/* Nobody told what happened to @vm meanwhile. */
static void
catch_up (McCoordinator *self, McVm *vm)
{
  if (vm->crashed)
    start_anew (self, vm);
  vm->describe_refusal.not_before_us = vm->period.refusal.not_before_us = 0;
  vm->target.refusal.not_before_us = 0;
  mc_vm_policy_describe (self, vm);
}

static void
on_connected (McHypervisor *hypervisor, GParamSpec *pspec, gpointer user_data)
{
  McCoordinator *self = user_data;

  if (mc_coordinator_is_ending (self))
    return;
  if (mc_hypervisor_get_connected (hypervisor))
    {
      self->late = 0;
      for (guint i = 0; i < self->vms->len; i++)
        catch_up (self, self->vms->pdata[i]);
      mc_cycle_bring_forward (self);
      return;
    }
  self->synced = FALSE;
  mc_cycle_find_degraded (self);
  mc_coordinator_publish (self);
}

/* Another reason why it is not connected. */
static void
on_status (McHypervisor *hypervisor, GParamSpec *pspec, gpointer user_data)
{
  McCoordinator *self = user_data;

  if (mc_coordinator_is_ending (self) || mc_hypervisor_get_connected (hypervisor) || self->synced)
    return;
  mc_cycle_find_degraded (self);
  mc_coordinator_publish (self);
}

static void
on_pressure (McHost *host, gpointer user_data)
{
  mc_cycle_bring_forward (user_data);
}

/* What is set is on the disk */

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (mc_store_sync_finish (MC_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                             "It cannot be kept, so nothing was changed: %s", error->message);
}

void
mc_coordinator_settle_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data)
{
  mc_store_sync_async (self->store, on_settled, g_task_new (self, NULL, callback, user_data));
}

gboolean
mc_coordinator_settle_finish (McCoordinator *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Life */

gboolean
mc_coordinator_is_ending (McCoordinator *self)
{
  return self->ending;
}

gboolean
mc_coordinator_is_alive (McCoordinator *self)
{
  gint64 interval_us = mc_settings_get_policy (self->settings)->interval_us;

  return !self->started || mc_coordinator_is_ending (self)
         || mc_clock_now (self->clock) - self->began_us < interval_us + ALIVE_SLACK_US;
}

void
mc_coordinator_start (McCoordinator *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (!self->started);
  self->started = TRUE;
  self->started_us = mc_clock_now (self->clock);
  if (mc_hypervisor_is_local (self->hypervisor) && !mc_host_watch_pressure (self->host, &error))
    g_info ("Cycles go by the clock and by libvirt's events alone: %s", error->message);
  mc_pauses_restore (self);
  mc_hypervisor_start (self->hypervisor);
  mc_cycle_begin (self);
}

static void
finish_stop (McCoordinator *self)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  g_clear_handle_id (&self->stop_disk, g_source_remove);
  if (stop != NULL)
    g_task_return_boolean (stop, TRUE);
}

/* Where it is not kept, that is in the log. */
static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McCoordinator) self = user_data;

  mc_store_sync_finish (MC_STORE (source), result, NULL);
  finish_stop (self);
}

static gboolean
on_disk_late (gpointer user_data)
{
  McCoordinator *self = user_data;

  self->stop_disk = 0;
  g_warning ("Runtime settings and notes may not be kept: the disk has not answered within %d s",
             DISK_AT_MOST_S);
  mc_store_abandon (self->store);
  finish_stop (self);
  return G_SOURCE_REMOVE;
}

static void
on_hypervisor_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McCoordinator) self = user_data;

  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, NULL);
  mc_store_save (self->store);
  self->stop_disk = g_timeout_add_seconds (DISK_AT_MOST_S, on_disk_late, self);
  mc_store_sync_async (self->store, on_kept, g_object_ref (self));
}

static void
stop_hypervisor (McCoordinator *self)
{
  mc_clock_cancel (self->clock, &self->stop_timer);
  g_signal_handlers_disconnect_by_data (self->hypervisor, self);
  mc_hypervisor_stop_async (self->hypervisor, on_hypervisor_stopped, g_object_ref (self));
}

static void
on_stop_late (gpointer user_data)
{
  McCoordinator *self = user_data;

  self->stop_timer = 0;
  self->stop_calls = 0;
  g_message ("Some VMs keep what was set in them: they did not answer in time");
  stop_hypervisor (self);
}

void
mc_coordinator_put_back_ended (McCoordinator *self)
{
  if (self->stop_calls == 0 || --self->stop_calls > 0)
    return;
  stop_hypervisor (self);
}

/* What waits for a VM that is busy is answered. */
static void
abandon_changes (McCoordinator *self)
{
  g_autoptr (GError) ends
      = g_error_new_literal (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                             "The service ends, and it is not known whether the VM was changed");

  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_changes_abandon (self, self->vms->pdata[i], ends);
}

void
mc_coordinator_stop_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (!self->ending);

  self->ending = TRUE;
  self->stop = g_task_new (self, NULL, callback, user_data);
  mc_clock_cancel (self->clock, &self->tick);
  mc_watchdog_stopping ();
  abandon_changes (self);
  if (mc_hypervisor_get_connected (self->hypervisor))
    for (guint i = 0; i < self->vms->len; i++)
      {
        mc_target_put_back (self, self->vms->pdata[i]);
        mc_stats_period_put_back (self, self->vms->pdata[i]);
      }
  else if (self->vms->len > 0)
    g_message ("VMs keep what was set in them: the hypervisor is not connected");
  if (self->stop_calls == 0)
    stop_hypervisor (self);
  else
    self->stop_timer = mc_clock_call_at (self->clock, mc_clock_now (self->clock) + STOP_AT_MOST_US,
                                         on_stop_late, self);
}

void
mc_coordinator_stop_finish (McCoordinator *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
mc_coordinator_init (McCoordinator *self)
{
  self->vms = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  self->starts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  mc_pauses_init (self);
  mc_reservations_init (self);
}

static void
mc_coordinator_dispose (GObject *object)
{
  McCoordinator *self = MC_COORDINATOR (object);

  if (self->clock != NULL)
    {
      mc_clock_cancel (self->clock, &self->tick);
      mc_clock_cancel (self->clock, &self->stop_timer);
      for (guint i = 0; i < self->vms->len; i++)
        mc_pauses_forget_vm (self, self->vms->pdata[i]);
      abandon_changes (self);
      mc_pauses_clear (self);
      mc_reservations_clear (self);
    }
  if (self->hypervisor != NULL)
    g_signal_handlers_disconnect_by_data (self->hypervisor, self);
  if (self->host != NULL)
    g_signal_handlers_disconnect_by_data (self->host, self);
  g_clear_handle_id (&self->stop_disk, g_source_remove);
  g_clear_object (&self->stop);
  g_clear_object (&self->hypervisor);
  g_clear_object (&self->host);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (mc_coordinator_parent_class)->dispose (object);
}

static void
mc_coordinator_finalize (GObject *object)
{
  McCoordinator *self = MC_COORDINATOR (object);

  g_hash_table_unref (self->by_uuid);
  g_hash_table_unref (self->starts);
  g_hash_table_unref (self->gone);
  g_ptr_array_unref (self->vms);
  g_clear_pointer (&self->settings, mc_settings_free);
  g_clear_object (&self->store);
  g_free (self->degraded);
  g_free (self->host_unreadable);
  g_free (self->reserve_too_large);
  g_free (self->pause_detail);
  g_strfreev (self->view.overridden);
  g_free (self->status);
  G_OBJECT_CLASS (mc_coordinator_parent_class)->finalize (object);
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
  G_OBJECT_CLASS (klass)->finalize = mc_coordinator_finalize;
  signals[VM_ADDED] = add_signal ("vm-added", G_N_ELEMENTS (vm), vm);
  signals[VM_REMOVED] = add_signal ("vm-removed", G_N_ELEMENTS (vm), vm);
  signals[PUBLISHED] = add_signal ("published", 0, NULL);
  signals[VM_PUBLISHED] = add_signal ("vm-published", G_N_ELEMENTS (vm), vm);
  signals[POLICY_CHANGED] = add_signal ("policy-changed", G_N_ELEMENTS (change), change);
  signals[MEMORY_MOVED] = add_signal ("memory-moved", G_N_ELEMENTS (move), move);
}

static void
listen (McCoordinator *self)
{
  g_signal_connect (self->hypervisor, "notify::connected", G_CALLBACK (on_connected), self);
  g_signal_connect (self->hypervisor, "notify::status", G_CALLBACK (on_status), self);
  g_signal_connect (self->hypervisor, "vm-started", G_CALLBACK (on_vm_started), self);
  g_signal_connect (self->hypervisor, "vm-stopped", G_CALLBACK (on_vm_stopped), self);
  g_signal_connect (self->hypervisor, "vm-rebooted", G_CALLBACK (on_vm_rebooted), self);
  g_signal_connect (self->hypervisor, "vm-changed", G_CALLBACK (on_vm_changed), self);
  g_signal_connect (self->hypervisor, "vm-state", G_CALLBACK (on_vm_state), self);
  g_signal_connect (self->hypervisor, "balloon-changed", G_CALLBACK (on_balloon_changed), self);
  g_signal_connect (self->hypervisor, "vm-crashed", G_CALLBACK (on_vm_crashed), self);
  g_signal_connect (self->hypervisor, "target-ended", G_CALLBACK (on_target_ended), self);
  g_signal_connect (self->host, "pressure", G_CALLBACK (on_pressure), self);
}

McCoordinator *
mc_coordinator_new (
    McHypervisor *hypervisor, McHost *host, McClock *clock, McConfig *config, const char *state_dir)
{
  McCoordinator *self = g_object_new (MC_TYPE_COORDINATOR, NULL);

  self->hypervisor = g_object_ref (hypervisor);
  self->host = g_object_ref (host);
  self->clock = g_object_ref (clock);
  self->store = mc_store_new (state_dir);
  self->settings = mc_settings_new (config, self->store);
  listen (self);
  update_host_view (self);
  return self;
}
