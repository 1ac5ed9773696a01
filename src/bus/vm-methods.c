/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1.VM: the answers to its methods. */
#include "config.h"

#include "vm-methods.h"

#include "access.h"
#include "arguments.h"
#include "error.h"
#include "errors.h"
#include "names.h"
#include "plain-text.h"

/* A call on its way. */
typedef struct
{
  McCoordinator *coordinator;
  McVm *vm;
} VmCall;

static void
vm_call_free (gpointer data)
{
  VmCall *self = data;

  g_object_unref (self->coordinator);
  g_object_unref (self->vm);
  g_free (self);
}

/* A VM may go while a call for it waits for its authorisation. */
static gboolean
check_there (const VmCall *self, GError **error)
{
  if (!mc_vm_get_parts (self->vm)->domain.gone)
    return TRUE;
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
               "The VM %s is gone: it has ended or was started anew; see \"memcoordctl list\"",
               mc_vm_get_name (self->vm));
  return FALSE;
}

static void
on_thresholds_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  mc_vm_changes_finish (result, &error);
  mc_answer (user_data, error);
}

/* @values: a{st}, floating or not */
static void
set_thresholds (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *values)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (values);
  GError *error = NULL;

  if (!check_there (self, &error))
    mc_answer_error (invocation, error);
  else
    mc_vm_changes_set_async (&mc_vm_get_parts (self->vm)->changes, owned,
                             mc_access_get_origin (invocation), on_thresholds_set, invocation);
}

static void
handle_set_thresholds (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  g_autoptr (GVariant) values = g_variant_get_child_value (arguments, 0);
  GError *error = NULL;

  if (mc_argument_check_values ("values", values, &error))
    set_thresholds (self, invocation, values);
  else
    mc_answer_error (invocation, error);
}

static void
handle_set_threshold (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  const char *name;
  guint64 value;

  g_variant_get (arguments, "(&st)", &name, &value);
  set_thresholds (self, invocation, g_variant_new_parsed ("{%s: %t}", name, value));
}

static void
handle_set_managed (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  gboolean managed;

  g_variant_get (arguments, "(b)", &managed);
  set_thresholds (self, invocation,
                  g_variant_new_parsed ("{%s: %t}", MC_SETTING_MANAGED, (guint64)managed));
}

static void
handle_reset_thresholds (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  g_autofree const char **names = NULL;
  GError *error = NULL;

  g_variant_get (arguments, "(^a&s)", &names);
  if (!check_there (self, &error) || !mc_argument_check_names ("names", names, &error))
    mc_answer_error (invocation, error);
  else
    mc_vm_changes_reset_async (&mc_vm_get_parts (self->vm)->changes, names,
                               mc_access_get_origin (invocation), on_thresholds_set, invocation);
}

static void
handle_pause (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  const char *reason;
  guint seconds;
  GError *error = NULL;

  g_variant_get (arguments, "(&su)", &reason, &seconds);
  if (check_there (self, &error) && mc_argument_check_text ("reason", reason, &error))
    mc_pause_begin (&mc_vm_get_parts (self->vm)->pause, reason, seconds,
                    mc_access_get_origin (invocation));
  mc_answer_when_kept (self->coordinator, invocation, error);
}

static void
handle_resume (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  GError *error = NULL;

  if (check_there (self, &error))
    mc_host_parts_resume (mc_coordinator_get_parts (self->coordinator),
                          &mc_vm_get_parts (self->vm)->pause, mc_vm_get_name (self->vm),
                          mc_access_get_origin (invocation), &error);
  mc_answer_when_kept (self->coordinator, invocation, error);
}

static void
handle_list_decisions (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  GPtrArray *moves = mc_vm_get_moves (self->vm);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ttts)"));
  for (guint i = 0; i < moves->len; i++)
    {
      const McVmMove *move = moves->pdata[i];
      g_autofree char *sentence = mc_plain_text (move->sentence);

      g_variant_builder_add (&list, "(ttts)", move->time, move->from, move->to, sentence);
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a(ttts))", &list));
}

static void
handle_get_decisions (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments)
{
  GPtrArray *moves = mc_vm_get_moves (self->vm);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(tttss)"));
  for (guint i = 0; i < moves->len; i++)
    {
      const McVmMove *move = moves->pdata[i];
      g_autofree char *sentence = mc_plain_text (move->sentence);

      g_variant_builder_add (&list, "(tttss)", move->time, move->from, move->to,
                             mc_reason_nick (move->reason), sentence);
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a(tttss))", &list));
}

static const struct
{
  const char *method;
  void (*handle) (const VmCall *self, GDBusMethodInvocation *invocation, GVariant *arguments);
} handlers[] = {
  { "SetThreshold", handle_set_threshold },
  { "SetThresholds", handle_set_thresholds },
  { "SetManaged", handle_set_managed },
  { "ResetThresholds", handle_reset_thresholds },
  { "Pause", handle_pause },
  { "Resume", handle_resume },
  { "ListDecisions", handle_list_decisions },
  { "GetDecisions", handle_get_decisions },
};

static void
on_allowed (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (g_str_equal (handlers[i].method, method))
      {
        handlers[i].handle (user_data, invocation,
                            g_dbus_method_invocation_get_parameters (invocation));
        return;
      }
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                         "The method %s is not there yet", method);
}

void
mc_vm_methods_call (McCoordinator *coordinator,
                    McAuthority *authority,
                    McVm *vm,
                    GDBusMethodInvocation *invocation)
{
  VmCall *call = g_new (VmCall, 1);

  *call = (VmCall){ g_object_ref (coordinator), g_object_ref (vm) };
  mc_access_pass (authority, invocation, on_allowed, call, vm_call_free);
}
