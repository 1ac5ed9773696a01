/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every method call needs, and whether its caller has it. */
#include "config.h"

#include "access.h"

#include "names.h"

#define AUTHORITY_KEY "mc-authority"
#define CALLER_KEY    "mc-caller"

typedef struct
{
  const char *interface;
  const char *method;
  const char *action; /* NULL: everybody may */
} Rule;

static const Rule rules[] = {
  { MC_ROOT_INTERFACE, "SetThreshold", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "SetThresholds", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "ResetThresholds", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "SetDryRun", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "Reload", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "Reserve", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "Release", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "GiveBack", MC_ACTION_CONFIGURE },
  { MC_ROOT_INTERFACE, "Pause", MC_ACTION_PAUSE },
  { MC_ROOT_INTERFACE, "Resume", MC_ACTION_PAUSE },
  { MC_ROOT_INTERFACE, "Inhibit", MC_ACTION_PAUSE },
  { MC_ROOT_INTERFACE, "ListInhibitors", NULL },
  { MC_ROOT_INTERFACE, "Plan", NULL },
  { MC_ROOT_INTERFACE, "Forecast", NULL },
  { MC_ROOT_INTERFACE, "GetHistory", NULL },
  { MC_ROOT_INTERFACE, "GetMoves", NULL },
  { MC_VM_INTERFACE, "SetThreshold", MC_ACTION_CONFIGURE },
  { MC_VM_INTERFACE, "SetThresholds", MC_ACTION_CONFIGURE },
  { MC_VM_INTERFACE, "SetManaged", MC_ACTION_CONFIGURE },
  { MC_VM_INTERFACE, "ResetThresholds", MC_ACTION_CONFIGURE },
  { MC_VM_INTERFACE, "Pause", MC_ACTION_PAUSE },
  { MC_VM_INTERFACE, "Resume", MC_ACTION_PAUSE },
  { MC_VM_INTERFACE, "ListDecisions", NULL },
  { MC_VM_INTERFACE, "GetDecisions", NULL },
};

/* Calls whose answers are as long as there are VMs, or a week is. */
static const struct
{
  const char *interface;
  const char *method;
} costly[] = {
  { MC_ROOT_INTERFACE, "Plan" },
  { MC_ROOT_INTERFACE, "Forecast" },
  { MC_ROOT_INTERFACE, "GetHistory" },
  { MC_ROOT_INTERFACE, "GetMoves" },
  { MC_OBJECT_MANAGER_INTERFACE, "GetManagedObjects" },
  { "org.freedesktop.DBus.Introspectable", "Introspect" },
};

typedef struct
{
  GDBusMethodInvocation *invocation; /* owned by whoever answers */
  const Rule *rule;
  McAuthority *authority;
  McAccessHandler handle;
  gpointer user_data;
  GDestroyNotify free_user_data;
} PendingCall;

static void
pending_call_free (PendingCall *call)
{
  g_object_unref (call->authority);
  call->free_user_data (call->user_data);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PendingCall, pending_call_free)

static const Rule *
find_rule (const char *interface, const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (g_str_equal (rules[i].interface, interface) && g_str_equal (rules[i].method, method))
      return &rules[i];
  return NULL;
}

McCallKind
mc_access_judge (const char *interface, const char *method)
{
  const Rule *rule;

  if (interface == NULL || method == NULL)
    return MC_CALL_READS;
  for (gsize i = 0; i < G_N_ELEMENTS (costly); i++)
    if (g_str_equal (costly[i].interface, interface) && g_str_equal (costly[i].method, method))
      return MC_CALL_COSTS;
  rule = find_rule (interface, method);
  if (rule != NULL && rule->action != NULL)
    return MC_CALL_CHANGES;
  /* Only org.freedesktop.LogControl1 has what can be set so. */
  return g_str_equal (interface, MC_PROPERTIES_INTERFACE) && g_str_equal (method, "Set")
             ? MC_CALL_CHANGES
             : MC_CALL_READS;
}

gboolean
mc_access_acts (const char *interface, const char *method)
{
  /* What an inhibitor holds is the descriptor that is in the answer. */
  return mc_access_judge (interface, method) == MC_CALL_CHANGES && !g_str_equal (method, "Inhibit");
}

static void
dispatch (const PendingCall *call)
{
  call->handle (call->invocation, call->user_data);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PendingCall) call = user_data;
  GError *error = NULL;

  if (mc_authority_check_finish (MC_AUTHORITY (source), result, &error))
    dispatch (call);
  else
    g_dbus_method_invocation_take_error (call->invocation, error);
}

static gboolean
allows_interaction (GDBusMethodInvocation *invocation)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);

  return (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
         != 0;
}

static void
on_identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PendingCall) call = user_data;
  GDBusMethodInvocation *invocation = call->invocation;
  McAuthority *authority = call->authority;
  const char *action = call->rule->action;
  GError *error = NULL;
  McCaller *caller = mc_caller_identify_finish (G_DBUS_CONNECTION (source), result, &error);

  if (caller == NULL)
    {
      g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                             "%s needs the authorisation %s: %s",
                                             call->rule->method, action, error->message);
      g_error_free (error);
      return;
    }
  g_object_set_data_full (G_OBJECT (invocation), CALLER_KEY, caller,
                          (GDestroyNotify)mc_caller_free);
  mc_authority_check_async (authority, caller, action, allows_interaction (invocation), on_checked,
                            g_steal_pointer (&call));
}

void
mc_access_pass (McAuthority *authority,
                GDBusMethodInvocation *invocation,
                McAccessHandler handle,
                gpointer user_data,
                GDestroyNotify free_user_data)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  g_autoptr (PendingCall) call = g_new (PendingCall, 1);

  *call = (PendingCall){
    .invocation = invocation,
    .rule = find_rule (g_dbus_method_invocation_get_interface_name (invocation), method),
    .authority = g_object_ref (authority),
    .handle = handle,
    .user_data = user_data,
    .free_user_data = free_user_data,
  };
  if (call->rule == NULL)
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                           "Nobody may call %s", method);
  else if (call->rule->action == NULL)
    dispatch (call);
  else
    mc_caller_identify_async (g_dbus_method_invocation_get_connection (invocation),
                              g_dbus_method_invocation_get_sender (invocation), on_identified,
                              g_steal_pointer (&call));
}

/* Generated skeletons */

static const GDBusInterfaceVTable *
generated_vtable (gpointer skeleton)
{
  gpointer generated = g_type_class_peek_parent (G_OBJECT_GET_CLASS (skeleton));

  return G_DBUS_INTERFACE_SKELETON_CLASS (generated)->get_vtable (skeleton);
}

static void
call_skeleton (GDBusMethodInvocation *invocation, gpointer skeleton)
{
  generated_vtable (skeleton)->method_call (
      g_dbus_method_invocation_get_connection (invocation),
      g_dbus_method_invocation_get_sender (invocation),
      g_dbus_method_invocation_get_object_path (invocation),
      g_dbus_method_invocation_get_interface_name (invocation),
      g_dbus_method_invocation_get_method_name (invocation),
      g_dbus_method_invocation_get_parameters (invocation), invocation, skeleton);
}

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer skeleton)
{
  mc_access_pass (g_object_get_data (G_OBJECT (skeleton), AUTHORITY_KEY), invocation, call_skeleton,
                  g_object_ref (skeleton), g_object_unref);
}

static GVariant *
on_get (GDBusConnection *connection,
        const char *sender,
        const char *path,
        const char *interface,
        const char *property,
        GError **error,
        gpointer skeleton)
{
  return generated_vtable (skeleton)->get_property (connection, sender, path, interface, property,
                                                    error, skeleton);
}

GDBusInterfaceVTable *
mc_access_get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  static GDBusInterfaceVTable vtable = { on_call, on_get, NULL };

  return &vtable;
}

void
mc_access_guard (GDBusInterfaceSkeleton *skeleton, McAuthority *authority)
{
  g_object_set_data_full (G_OBJECT (skeleton), AUTHORITY_KEY, g_object_ref (authority),
                          g_object_unref);
}

const McCaller *
mc_access_get_caller (GDBusMethodInvocation *invocation)
{
  return g_object_get_data (G_OBJECT (invocation), CALLER_KEY);
}

const char *
mc_access_get_origin (GDBusMethodInvocation *invocation)
{
  return mc_access_get_caller (invocation)->origin;
}
