/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1.VM: a VM's skeleton, and the answers to its methods. */
#include "config.h"

#include "vm-methods.h"

#include "access.h"
#include "arguments.h"
#include "error.h"
#include "errors.h"
#include "names.h"
#include "plain-text.h"

struct _McVmMethods
{
  McDbusMemCoord1VMSkeleton parent;

  McCoordinator *coordinator;
  McVm *vm;
};

static void mc_vm_methods_iface_init (McDbusMemCoord1VMIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (McVmMethods,
                               mc_vm_methods,
                               MC_DBUS_TYPE_MEM_COORD1_VM_SKELETON,
                               G_IMPLEMENT_INTERFACE (MC_DBUS_TYPE_MEM_COORD1_VM,
                                                      mc_vm_methods_iface_init))

/* A VM may go while a call for it waits for its authorisation. */
static gboolean
check_there (McVmMethods *self, GError **error)
{
  if (!mc_vm_get_parts (self->vm)->domain.gone)
    return TRUE;
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
               "The VM %s is gone: it has ended or was "
               "started anew; 'memcoordctl list' has those that are active",
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
static gboolean
set_thresholds (McVmMethods *self, GDBusMethodInvocation *invocation, GVariant *values)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (values);
  GError *error = NULL;

  if (!check_there (self, &error))
    mc_answer_error (invocation, error);
  else
    mc_vm_changes_set_async (&mc_vm_get_parts (self->vm)->changes, owned,
                             mc_access_get_origin (invocation), on_thresholds_set, invocation);
  return TRUE;
}

static gboolean
handle_set_thresholds (McDbusMemCoord1VM *object,
                       GDBusMethodInvocation *invocation,
                       GVariant *values)
{
  GError *error = NULL;

  if (mc_argument_check_values ("values", values, &error))
    return set_thresholds (MC_VM_METHODS (object), invocation, values);
  mc_answer_error (invocation, error);
  return TRUE;
}

static gboolean
handle_set_threshold (McDbusMemCoord1VM *object,
                      GDBusMethodInvocation *invocation,
                      const char *name,
                      guint64 value)
{
  return set_thresholds (MC_VM_METHODS (object), invocation,
                         g_variant_new_parsed ("{%s: %t}", name, value));
}

static gboolean
handle_set_managed (McDbusMemCoord1VM *object, GDBusMethodInvocation *invocation, gboolean managed)
{
  return handle_set_threshold (object, invocation, MC_SETTING_MANAGED, managed ? 1 : 0);
}

static gboolean
handle_reset_thresholds (McDbusMemCoord1VM *object,
                         GDBusMethodInvocation *invocation,
                         const char *const *names)
{
  McVmMethods *self = MC_VM_METHODS (object);
  GError *error = NULL;

  if (!check_there (self, &error) || !mc_argument_check_names ("names", names, &error))
    mc_answer_error (invocation, error);
  else
    mc_vm_changes_reset_async (&mc_vm_get_parts (self->vm)->changes, names,
                               mc_access_get_origin (invocation), on_thresholds_set, invocation);
  return TRUE;
}

static gboolean
handle_pause (McDbusMemCoord1VM *object,
              GDBusMethodInvocation *invocation,
              const char *reason,
              guint seconds)
{
  McVmMethods *self = MC_VM_METHODS (object);
  GError *error = NULL;

  if (check_there (self, &error) && mc_argument_check_text ("reason", reason, &error))
    mc_pause_begin (&mc_vm_get_parts (self->vm)->pause, reason, seconds,
                    mc_access_get_origin (invocation));
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_resume (McDbusMemCoord1VM *object, GDBusMethodInvocation *invocation)
{
  McVmMethods *self = MC_VM_METHODS (object);
  GError *error = NULL;

  if (check_there (self, &error))
    mc_host_parts_resume (mc_coordinator_get_parts (self->coordinator),
                          &mc_vm_get_parts (self->vm)->pause, mc_vm_get_name (self->vm),
                          mc_access_get_origin (invocation), &error);
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_list_decisions (McDbusMemCoord1VM *object, GDBusMethodInvocation *invocation)
{
  McVmMethods *self = MC_VM_METHODS (object);
  GPtrArray *moves = mc_vm_get_moves (self->vm);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ttts)"));
  for (guint i = 0; i < moves->len; i++)
    {
      const McVmMove *move = moves->pdata[i];
      g_autofree char *sentence = mc_plain_text (move->sentence);

      g_variant_builder_add (&list, "(ttts)", move->time, move->from, move->to, sentence);
    }
  mc_dbus_mem_coord1_vm_complete_list_decisions (object, invocation, g_variant_builder_end (&list));
  return TRUE;
}

static void
mc_vm_methods_iface_init (McDbusMemCoord1VMIface *iface)
{
  iface->handle_set_threshold = handle_set_threshold;
  iface->handle_set_thresholds = handle_set_thresholds;
  iface->handle_set_managed = handle_set_managed;
  iface->handle_reset_thresholds = handle_reset_thresholds;
  iface->handle_pause = handle_pause;
  iface->handle_resume = handle_resume;
  iface->handle_list_decisions = handle_list_decisions;
}

static void
mc_vm_methods_dispose (GObject *object)
{
  McVmMethods *self = MC_VM_METHODS (object);

  g_clear_object (&self->coordinator);
  g_clear_object (&self->vm);
  G_OBJECT_CLASS (mc_vm_methods_parent_class)->dispose (object);
}

static void
mc_vm_methods_class_init (McVmMethodsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = mc_vm_methods_dispose;
  G_DBUS_INTERFACE_SKELETON_CLASS (klass)->get_vtable = mc_access_get_vtable;
}

static void
mc_vm_methods_init (McVmMethods *self)
{
}

McVmMethods *
mc_vm_methods_new (McCoordinator *coordinator, McAuthority *authority, McVm *vm)
{
  McVmMethods *self = g_object_new (MC_TYPE_VM_METHODS, NULL);

  self->coordinator = g_object_ref (coordinator);
  mc_access_guard (G_DBUS_INTERFACE_SKELETON (self), authority);
  self->vm = g_object_ref (vm);
  mc_dbus_mem_coord1_vm_set_uuid (MC_DBUS_MEM_COORD1_VM (self), mc_vm_get_uuid (vm));
  return self;
}
