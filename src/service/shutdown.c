/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clean end. */
#include "config.h"

#include "shutdown.h"

#define PUT_BACK_AT_MOST_US (3 * G_USEC_PER_SEC)

/* What the disk may then take, by the system's time. */
#define DISK_AT_MOST_S 3

/* Of the task, to which everything that is waited for has a reference. */
typedef struct
{
  McContext *context;
  McFleet *fleet; /* (unowned) there until somebody is answered, which a late disk outlasts */
  guint calls;    /* that put something back in VMs */
  guint timer;    /* of the clock: they are late */
  guint disk;     /* source: the disk is late */
  guint stores;   /* that are not kept yet, with the history */
} Shutdown;

static void
shutdown_free (gpointer data)
{
  Shutdown *self = data;

  mc_context_unref (self->context);
  g_free (self);
}

static Shutdown *
shutdown_of (GTask *task)
{
  return g_task_get_task_data (task);
}

/* @task: (transfer full) */
static void
note_kept (GTask *kept)
{
  g_autoptr (GTask) task = kept;
  Shutdown *self = shutdown_of (task);

  if (--self->stores > 0 || self->disk == 0)
    return; /* … or it was late */
  g_clear_handle_id (&self->disk, g_source_remove);
  g_task_return_boolean (task, TRUE);
}

/* Where it is not kept, that is in the log. */
static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_store_sync_finish (MC_STORE (source), result, NULL);
  note_kept (user_data);
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_recorder_sync_finish (result);
  note_kept (user_data);
}

static gboolean
on_disk_late (gpointer user_data)
{
  GTask *task = user_data;
  Shutdown *self = shutdown_of (task);

  self->disk = 0;
  g_warning (
      "Runtime settings, notes, counters and history may not be kept: the disk has not answered "
      "within %d s",
      DISK_AT_MOST_S);
  mc_store_abandon (self->context->store);
  mc_store_abandon (self->context->counters);
  mc_recorder_abandon (self->context->recorder);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_hypervisor_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Shutdown *self = shutdown_of (task);
  McStore *stores[] = { self->context->store, self->context->counters };

  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, NULL);
  mc_store_save (self->context->store);
  self->disk = g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, DISK_AT_MOST_S, on_disk_late,
                                           g_object_ref (task), g_object_unref);
  self->stores = G_N_ELEMENTS (stores) + 1;
  for (guint i = 0; i < G_N_ELEMENTS (stores); i++)
    mc_store_sync_async (stores[i], on_kept, g_object_ref (task));
  mc_recorder_sync_async (self->context->recorder, on_recorded, g_object_ref (task));
}

static void
stop_hypervisor (GTask *task)
{
  Shutdown *self = shutdown_of (task);

  mc_fleet_stop_listening (self->fleet);
  mc_hypervisor_stop_async (self->context->hypervisor, on_hypervisor_stopped, g_object_ref (task));
}

static void
on_put_back_late (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Shutdown *self = shutdown_of (task);

  self->timer = 0;
  self->calls = 0;
  g_message ("Some VMs keep what was set in them: they did not answer in time");
  stop_hypervisor (task);
}

static void
on_put_back (gpointer user_data)
{
  GTask *task = user_data;
  Shutdown *self = shutdown_of (task);

  if (self->calls > 0 && --self->calls == 0)
    {
      mc_clock_cancel (self->context->clock, &self->timer);
      g_object_unref (task); /* the timer's */
      stop_hypervisor (task);
    }
  g_object_unref (task);
}

static void
put_back (GTask *task)
{
  Shutdown *self = shutdown_of (task);
  const GPtrArray *vms = self->fleet->vms;

  for (guint i = 0; i < vms->len; i++)
    {
      guint calls = mc_vm_put_back (vms->pdata[i], on_put_back, task);

      self->calls += calls;
      for (; calls > 0; calls--)
        g_object_ref (task);
    }
}

void
mc_shutdown_async (McFleet *fleet, GAsyncReadyCallback callback, gpointer user_data)
{
  McContext *context = fleet->context;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Shutdown *self = g_new0 (Shutdown, 1);

  self->context = mc_context_ref (context);
  self->fleet = fleet;
  g_task_set_task_data (task, self, shutdown_free);
  if (mc_hypervisor_get_connected (context->hypervisor))
    put_back (task);
  else if (fleet->vms->len > 0)
    g_message ("VMs keep what was set in them: the hypervisor is not connected");
  if (self->calls == 0)
    stop_hypervisor (task);
  else
    self->timer = mc_clock_call_at (context->clock, mc_context_now (context) + PUT_BACK_AT_MOST_US,
                                    on_put_back_late, g_object_ref (task));
}

void
mc_shutdown_finish (GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
