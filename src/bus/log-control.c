/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.LogControl1: how much is logged. */
#include "config.h"

#include "log-control.h"

#include "caller.h"
#include "log.h"

/* LogTarget can be changed elsewhere; here the log goes where standard error does. */
static const char introspection[]
    = "<node><interface name='org.freedesktop.LogControl1'>"
      "<property name='LogLevel' type='s' access='readwrite'>"
      "<annotation name='org.freedesktop.DBus.Property.EmitsChangedSignal' "
      "value='false'/></property>"
      "<property name='LogTarget' type='s' access='read'>"
      "<annotation name='org.freedesktop.DBus.Property.EmitsChangedSignal' "
      "value='false'/></property>"
      "<property name='SyslogIdentifier' type='s' access='read'>"
      "<annotation name='org.freedesktop.DBus.Property.EmitsChangedSignal' "
      "value='const'/></property>"
      "</interface></node>";

struct _McLogControl
{
  GObject parent;

  GDBusConnection *connection;
  guint registration;
};

G_DEFINE_FINAL_TYPE (McLogControl, mc_log_control, G_TYPE_OBJECT)

static GVariant *
on_get (GDBusConnection *connection,
        const char *sender,
        const char *path,
        const char *interface,
        const char *property,
        GError **error,
        gpointer user_data)
{
  if (g_str_equal (property, "LogLevel"))
    return g_variant_new_string (mc_log_get_level ());
  if (g_str_equal (property, "LogTarget"))
    return g_variant_new_string (mc_log_get_target ());
  return g_variant_new_string (MC_LOG_IDENTIFIER);
}

static void
set_level (GDBusMethodInvocation *invocation, const McCaller *caller)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  g_autoptr (GVariant) value = NULL;
  const char *level;

  g_variant_get (parameters, "(&s&sv)", NULL, NULL, &value);
  level = g_variant_get_string (value, NULL);
  if (!mc_log_set_level (level))
    {
      g_dbus_method_invocation_return_error (
          invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
          "There is no LogLevel \"%s\"; there are emerg, alert, crit, "
          "err, warning, notice, info and debug",
          level);
      return;
    }
  g_message ("The log level is %s now, by %s", level, caller->origin);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_caller (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (McCaller) caller
      = mc_caller_identify_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (caller != NULL && mc_caller_is_trusted (caller))
    set_level (invocation, caller);
  else
    g_dbus_method_invocation_return_error_literal (
        invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "Only root may change LogLevel");
}

/* Only Properties.Set comes here, with a writable property and a value of its type: GDBus sees to
 * that. */
static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  mc_caller_identify_async (connection, sender, on_caller, invocation);
}

McLogControl *
mc_log_control_new (GDBusConnection *connection, GError **error)
{
  static const GDBusInterfaceVTable vtable = { on_call, on_get, NULL };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (introspection, error);
  g_autoptr (McLogControl) self = g_object_new (MC_TYPE_LOG_CONTROL, NULL);

  if (node == NULL)
    return NULL;
  self->connection = g_object_ref (connection);
  self->registration = g_dbus_connection_register_object (
      connection, MC_LOG_CONTROL_PATH, node->interfaces[0], &vtable, NULL, NULL, error);
  if (self->registration == 0)
    {
      g_prefix_error (error, "failed to export %s: ", MC_LOG_CONTROL_PATH);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static void
mc_log_control_finalize (GObject *object)
{
  McLogControl *self = MC_LOG_CONTROL (object);

  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (mc_log_control_parent_class)->finalize (object);
}

static void
mc_log_control_class_init (McLogControlClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_log_control_finalize;
}

static void
mc_log_control_init (McLogControl *self)
{
}
