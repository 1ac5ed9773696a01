/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One reading at a time: connect to the bus where there is no connection, then all properties of
 * the root object, then all VMs in one call. Each step is a call that does not wait; one timer
 * cancels whichever is on its way when time is up.
 */
#include "config.h"

#include "reader.h"

#include "names.h"

/* Prometheus waits for ten seconds by itself, and some are told to wait for five. */
#define DEADLINE_S 3

#define OBJECTS_TYPE "(a{oa{sa{sv}}})"

struct _McReader
{
  GBusType type;
  McReaderDone done;
  gpointer user_data;
  GDBusConnection *bus; /* (nullable) */
  McMetrics *metrics;   /* (nullable): what has been read so far; NULL = nothing is being read */
  GCancellable *cancellable;
  guint deadline; /* 0 = none */
};

McReader *
mc_reader_new (GBusType type, McReaderDone done, gpointer user_data)
{
  McReader *self = g_new0 (McReader, 1);

  self->type = type;
  self->done = done;
  self->user_data = user_data;
  return self;
}

/* Answers that come later find their call cancelled, and touch nothing. */
static void
end_reading (McReader *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->metrics, mc_metrics_free);
}

void
mc_reader_free (McReader *self)
{
  end_reading (self);
  g_clear_object (&self->bus);
  g_free (self);
}

/* @metrics: (transfer full) */
static void
report (McReader *self, McMetrics *metrics)
{
  g_autoptr (McMetrics) owned = metrics;

  end_reading (self);
  self->done (owned, self->user_data);
}

static void
report_away (McReader *self)
{
  report (self, mc_metrics_new ());
}

static gboolean
on_deadline (gpointer data)
{
  McReader *self = data;

  self->deadline = 0;
  report_away (self);
  return G_SOURCE_REMOVE;
}

static gboolean
is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
call (McReader *self,
      const char *interface,
      const char *method,
      GVariant *parameters,
      const char *reply_type,
      GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->bus, MC_BUS_NAME, MC_ROOT_PATH, interface, method, parameters,
                          G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          self->cancellable, callback, self);
}

static void
add_vms (McMetrics *metrics, GVariant *objects)
{
  g_autoptr (GVariantIter) iter = NULL;
  GVariant *interfaces;

  g_variant_get (objects, OBJECTS_TYPE, &iter);
  while (g_variant_iter_next (iter, "{o@a{sa{sv}}}", NULL, &interfaces))
    {
      g_autoptr (GVariant) properties
          = g_variant_lookup_value (interfaces, MC_VM_INTERFACE, G_VARIANT_TYPE_VARDICT);

      if (properties != NULL)
        mc_metrics_add_vm (metrics, properties);
      g_variant_unref (interfaces);
    }
}

static void
on_objects (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  McReader *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) objects
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &error);

  if (is_cancelled (error))
    return;
  if (objects == NULL)
    {
      report_away (self);
      return;
    }
  add_vms (self->metrics, objects);
  report (self, g_steal_pointer (&self->metrics));
}

static void
on_host (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  McReader *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &error);
  g_autoptr (GVariant) properties = NULL;

  if (is_cancelled (error))
    return;
  if (reply == NULL)
    {
      report_away (self);
      return;
    }
  properties = g_variant_get_child_value (reply, 0);
  mc_metrics_set_host (self->metrics, properties);
  call (self, MC_OBJECT_MANAGER_INTERFACE, "GetManagedObjects", NULL, OBJECTS_TYPE, on_objects);
}

static void
read_host (McReader *self)
{
  call (self, MC_PROPERTIES_INTERFACE, "GetAll", g_variant_new ("(s)", MC_ROOT_INTERFACE),
        "(a{sv})", on_host);
}

/* Of a connection that comes in spite of being cancelled: then there need not be a reader. */
typedef struct
{
  McReader *reader;
  GCancellable *cancellable;
} Connecting;

static void
connecting_free (Connecting *connecting)
{
  g_object_unref (connecting->cancellable);
  g_free (connecting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Connecting, connecting_free)

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Connecting) connecting = user_data;
  McReader *self = connecting->reader;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, NULL);

  if (bus != NULL)
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  if (g_cancellable_is_cancelled (connecting->cancellable))
    return;
  if (bus == NULL)
    {
      report_away (self);
      return;
    }
  self->bus = g_steal_pointer (&bus);
  read_host (self);
}

static void
connect_to_bus (McReader *self)
{
  Connecting *connecting = g_new0 (Connecting, 1);

  connecting->reader = self;
  connecting->cancellable = g_object_ref (self->cancellable);
  g_bus_get (self->type, self->cancellable, on_bus, connecting);
}

void
mc_reader_read (McReader *self)
{
  if (self->metrics != NULL)
    return;
  self->metrics = mc_metrics_new ();
  self->cancellable = g_cancellable_new ();
  self->deadline = g_timeout_add_seconds (DEADLINE_S, on_deadline, self);
  if (self->bus != NULL && g_dbus_connection_is_closed (self->bus))
    g_clear_object (&self->bus);
  if (self->bus != NULL)
    read_host (self);
  else
    connect_to_bus (self);
}
