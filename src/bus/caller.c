/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls, as the bus knows it. */
#include "config.h"

#include "caller.h"

#include <unistd.h>

void
mc_caller_free (McCaller *self)
{
  g_free (self->name);
  g_free (self->origin);
  g_free (self);
}

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (McCaller) caller = g_new0 (McCaller, 1);
  g_autoptr (GVariant) credentials = NULL;
  g_autoptr (GVariant) reply = NULL;
  GError *error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  credentials = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (credentials, "UnixUserID", "u", &caller->uid))
    {
      g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_AUTH_FAILED,
                               "The bus does not know who calls");
      return;
    }
  g_variant_lookup (credentials, "ProcessID", "u", &caller->pid);
  caller->name = g_strdup (g_task_get_task_data (task));
  caller->origin = g_strdup_printf ("%s uid %u", caller->name, caller->uid);
  g_task_return_pointer (task, g_steal_pointer (&caller), (GDestroyNotify)mc_caller_free);
}

void
mc_caller_identify_async (GDBusConnection *connection,
                          const char *name,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (connection, NULL, callback, user_data);

  g_task_set_task_data (task, g_strdup (name), g_free);
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionCredentials",
                          g_variant_new ("(s)", name), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_credentials, task);
}

McCaller *
mc_caller_identify_finish (GDBusConnection *connection, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connection), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
unwatch (gpointer watch)
{
  g_bus_unwatch_name (GPOINTER_TO_UINT (watch));
}

GCancellable *
mc_caller_watch (GDBusConnection *connection, const char *name)
{
  GCancellable *left = g_cancellable_new ();
  guint watch = g_bus_watch_name_on_connection (connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                NULL, on_vanished, left, NULL);

  g_object_set_data_full (G_OBJECT (left), "mc-watch", GUINT_TO_POINTER (watch), unwatch);
  return left;
}

gboolean
mc_caller_is_trusted (const McCaller *self)
{
  return self->uid == 0 || self->uid == geteuid ();
}
