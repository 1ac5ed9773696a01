/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that callers hold for VMs about to start. */
#include "config.h"

#include "holds.h"

struct _McHolds
{
  McCoordinator *coordinator;
  GDBusConnection *connection;
  GPtrArray *held; /* (element-type Held) */
};

typedef struct
{
  McHolds *holds; /* unowned, NULL when it is gone */
  guint seconds;
  guint watch; /* of the caller's name */
  guint timer; /* its time is up: the coordinator ends it, and it is forgotten here */
  gboolean under_way;
  char *id; /* NULL until it was granted */
  guint64 granted;
  GCancellable *cancellable;
} Held;

/* Of Held: the list has it, and the call while it is under way. */
static void
held_clear (gpointer data)
{
  Held *held = data;

  g_object_unref (held->cancellable);
  g_free (held->id);
}

static void
held_unref (gpointer data)
{
  g_rc_box_release_full (data, held_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Held, held_unref)

/* It ends, whether it was granted or is still under way. */
static void
end (gpointer data)
{
  Held *held = data;
  McHolds *self = held->holds;

  held->holds = NULL;
  g_clear_handle_id (&held->timer, g_source_remove);
  g_clear_handle_id (&held->watch, g_bus_unwatch_name);
  if (held->under_way)
    g_cancellable_cancel (held->cancellable);
  else if (held->id != NULL)
    mc_coordinator_release (self->coordinator, held->id, NULL); /* or it has ended by itself */
  held_unref (held);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Held *held = user_data;

  g_ptr_array_remove (held->holds->held, held);
}

static gboolean
on_time_up (gpointer user_data)
{
  Held *held = user_data;

  held->timer = 0;
  g_ptr_array_remove (held->holds->held, held);
  return G_SOURCE_REMOVE;
}

McHolds *
mc_holds_new (McCoordinator *coordinator, GDBusConnection *connection)
{
  McHolds *self = g_new0 (McHolds, 1);

  self->coordinator = g_object_ref (coordinator);
  self->connection = g_object_ref (connection);
  self->held = g_ptr_array_new_with_free_func (end);
  return self;
}

void
mc_holds_free (McHolds *self)
{
  g_ptr_array_unref (self->held);
  g_object_unref (self->coordinator);
  g_object_unref (self->connection);
  g_free (self);
}

static void
on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Held *held = g_task_get_task_data (task);

  held->under_way = FALSE;
  held->id
      = mc_coordinator_reserve_finish (MC_COORDINATOR (source), result, &held->granted, &error);
  if (held->id == NULL)
    {
      if (held->holds != NULL)
        g_ptr_array_remove (held->holds->held, held);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (held->holds == NULL)
    {
      mc_coordinator_release (MC_COORDINATOR (source), held->id,
                              NULL); /* the caller left just now */
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The caller has left");
      return;
    }
  if (held->seconds > 0)
    held->timer = g_timeout_add_seconds (held->seconds, on_time_up, held);
  g_task_return_boolean (task, TRUE);
}

void
mc_holds_add_async (McHolds *self,
                    const char *sender,
                    guint64 bytes,
                    guint seconds,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Held *held = g_rc_box_new0 (Held);

  held->holds = self;
  held->seconds = seconds;
  held->under_way = TRUE;
  held->cancellable = g_cancellable_new ();
  held->watch = g_bus_watch_name_on_connection (
      self->connection, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, held, NULL);
  g_ptr_array_add (self->held, held);
  g_task_set_task_data (task, g_rc_box_acquire (held), held_unref);
  mc_coordinator_reserve_async (self->coordinator, bytes, seconds, held->cancellable, on_reserved,
                                task);
}

char *
mc_holds_add_finish (GAsyncResult *result, guint64 *granted, GError **error)
{
  const Held *held = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  *granted = held->granted;
  return g_strdup (held->id);
}

gboolean
mc_holds_release (McHolds *self, const char *id, GError **error)
{
  if (!mc_coordinator_release (self->coordinator, id, error))
    return FALSE;
  for (guint i = 0; i < self->held->len; i++)
    {
      const Held *held = self->held->pdata[i];

      if (g_strcmp0 (held->id, id) != 0)
        continue;
      g_ptr_array_remove_index (self->held, i);
      break;
    }
  return TRUE;
}
