/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1: the host's skeleton, and the answers to its methods. */
#include "config.h"

#include "host-methods.h"

#include "access.h"
#include "arguments.h"
#include "error.h"
#include "errors.h"
#include "caller.h"
#include "forecasts.h"
#include "history-answers.h"
#include "names.h"
#include "plain-text.h"

struct _McHostMethods
{
  McDbusMemCoord1Skeleton parent;

  McCoordinator *coordinator;
  GDBusConnection *connection;
  McForecasts *forecasts;
};

static void mc_host_methods_iface_init (McDbusMemCoord1Iface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (McHostMethods,
                               mc_host_methods,
                               MC_DBUS_TYPE_MEM_COORD1_SKELETON,
                               G_IMPLEMENT_INTERFACE (MC_DBUS_TYPE_MEM_COORD1,
                                                      mc_host_methods_iface_init))

static McHostLimits *
limits_of (McHostMethods *self)
{
  return &mc_coordinator_get_parts (self->coordinator)->limits;
}

/* Settings */

static gboolean
handle_set_threshold (McDbusMemCoord1 *object,
                      GDBusMethodInvocation *invocation,
                      const char *name,
                      guint64 value)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new_parsed ("{%s: %t}", name, value));
  GError *error = NULL;

  mc_host_limits_set (limits_of (self), values, mc_access_get_origin (invocation), &error);
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_set_thresholds (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation, GVariant *values)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  GError *error = NULL;

  if (mc_argument_check_values ("values", values, &error))
    mc_host_limits_set (limits_of (self), values, mc_access_get_origin (invocation), &error);
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_reset_thresholds (McDbusMemCoord1 *object,
                         GDBusMethodInvocation *invocation,
                         const char *const *names)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  GError *error = NULL;

  if (mc_argument_check_names ("names", names, &error))
    mc_host_limits_reset (limits_of (self), names, mc_access_get_origin (invocation), &error);
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_set_dry_run (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation, gboolean dry_run)
{
  McHostMethods *self = MC_HOST_METHODS (object);

  mc_host_limits_set_dry_run (limits_of (self), dry_run, mc_access_get_origin (invocation));
  return mc_answer_when_kept (self->coordinator, invocation, NULL);
}

typedef struct
{
  McCoordinator *coordinator;
  GDBusMethodInvocation *invocation;
} Reload;

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Reload *reload = user_data;
  g_autoptr (McCoordinator) coordinator = reload->coordinator;
  GError *error = NULL;

  mc_host_limits_reload_finish (result, &error);
  mc_answer_when_kept (coordinator, reload->invocation, error);
}

static gboolean
handle_reload (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  Reload *reload = g_new (Reload, 1);

  *reload = (Reload){ g_object_ref (self->coordinator), invocation };
  mc_host_limits_reload_async (limits_of (self), mc_access_get_origin (invocation), on_reloaded,
                               reload);
  return TRUE;
}

/* Pauses */

static gboolean
handle_pause (McDbusMemCoord1 *object,
              GDBusMethodInvocation *invocation,
              const char *reason,
              guint seconds)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  GError *error = NULL;

  if (mc_argument_check_text ("reason", reason, &error))
    mc_pause_begin (&mc_coordinator_get_parts (self->coordinator)->pause, reason, seconds,
                    mc_access_get_origin (invocation));
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_resume (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  McHostParts *parts = mc_coordinator_get_parts (self->coordinator);
  GError *error = NULL;

  mc_host_parts_resume (parts, &parts->pause, "Balancing", mc_access_get_origin (invocation),
                        &error);
  return mc_answer_when_kept (self->coordinator, invocation, error);
}

static gboolean
handle_inhibit (McDbusMemCoord1 *object,
                GDBusMethodInvocation *invocation,
                GUnixFDList *unused,
                const char *who,
                const char *why)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  const McCaller *caller = mc_access_get_caller (invocation);
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;

  if (mc_argument_check_name ("who", who, &error) && mc_argument_check_text ("why", why, &error))
    fds = mc_inhibitors_add (&mc_coordinator_get_parts (self->coordinator)->inhibitors, who, why,
                             caller->origin, caller->uid, caller->pid, &error);
  if (fds == NULL)
    mc_answer_error (invocation, error);
  else
    mc_dbus_mem_coord1_complete_inhibit (object, invocation, fds, g_variant_new_handle (0));
  return TRUE;
}

static gboolean
handle_list_inhibitors (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  GPtrArray *inhibitors = mc_coordinator_get_parts (self->coordinator)->inhibitors.list;
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ssuut)"));
  for (guint i = 0; i < inhibitors->len; i++)
    {
      const McInhibitor *inhibitor = inhibitors->pdata[i];

      g_variant_builder_add (&list, "(ssuut)", inhibitor->who, inhibitor->why, inhibitor->uid,
                             inhibitor->pid, inhibitor->since);
    }
  mc_dbus_mem_coord1_complete_list_inhibitors (object, invocation, g_variant_builder_end (&list));
  return TRUE;
}

/* What would be, and what is about to be */

static gboolean
handle_plan (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  g_autoptr (GPtrArray) plan = mc_cycle_plan (mc_coordinator_get_parts (self->coordinator));
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ottss)"));
  for (guint i = 0; i < plan->len; i++)
    {
      const McPlanned *planned = plan->pdata[i];
      g_autofree char *path = mc_vm_path (mc_vm_get_uuid (planned->vm));
      g_autofree char *sentence = mc_plain_text (planned->sentence);

      g_variant_builder_add (&list, "(ottss)", path, planned->from, planned->to,
                             mc_vm_status_nick (planned->status), sentence);
    }
  mc_dbus_mem_coord1_complete_plan (object, invocation, g_variant_builder_end (&list));
  return TRUE;
}

static gboolean
handle_forecast (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation)
{
  mc_forecasts_ask (MC_HOST_METHODS (object)->forecasts, invocation);
  return TRUE;
}

static gboolean
handle_get_history (McDbusMemCoord1 *object,
                    GDBusMethodInvocation *invocation,
                    const char *of,
                    guint64 since,
                    guint64 until,
                    guint points)
{
  mc_history_answers_get (MC_HOST_METHODS (object)->coordinator, invocation, of, since, until,
                          points);
  return TRUE;
}

static gboolean
handle_get_moves (McDbusMemCoord1 *object,
                  GDBusMethodInvocation *invocation,
                  const char *of,
                  guint64 since,
                  guint64 until)
{
  mc_history_answers_get_moves (MC_HOST_METHODS (object)->coordinator, invocation, of, since,
                                until);
  return TRUE;
}

static void
on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  guint64 granted;
  GError *error = NULL;
  g_autofree char *id = mc_reservations_reserve_finish (result, &granted, &error);

  if (id == NULL)
    mc_answer_error (invocation, error);
  else
    mc_dbus_mem_coord1_complete_reserve (NULL, invocation, granted, id);
}

static gboolean
handle_reserve (McDbusMemCoord1 *object,
                GDBusMethodInvocation *invocation,
                guint64 bytes,
                guint seconds)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  g_autoptr (GCancellable) left = NULL;

  if (bytes == 0)
    {
      g_dbus_method_invocation_return_error (
          invocation, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT,
          "The argument \"bytes\" is 0: it has to be what the VM "
          "needs, at least 1");
      return TRUE;
    }
  left = mc_caller_watch (self->connection, g_dbus_method_invocation_get_sender (invocation));
  mc_reservations_reserve_async (&mc_coordinator_get_parts (self->coordinator)->reservations, bytes,
                                 seconds, left, on_reserved, invocation);
  return TRUE;
}

static gboolean
handle_release (McDbusMemCoord1 *object, GDBusMethodInvocation *invocation, const char *id)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  GError *error = NULL;

  mc_reservations_release (&mc_coordinator_get_parts (self->coordinator)->reservations, id, &error);
  return mc_answer (invocation, error);
}

static void
on_given_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  guint64 bytes;
  GError *error = NULL;

  if (!mc_give_back_calls_begin_finish (result, &bytes, &error))
    mc_answer_error (invocation, error);
  else
    mc_dbus_mem_coord1_complete_give_back (NULL, invocation, bytes);
}

/* @paths: empty = all. Returns: (transfer full) (nullable): the VMs; NULL with @error or for all */
static GPtrArray *
find_vms (McHostMethods *self, const char *const *paths, GError **error)
{
  const McFleet *fleet = &mc_coordinator_get_parts (self->coordinator)->fleet;
  g_autoptr (GPtrArray) vms = g_ptr_array_new ();
  g_autoptr (GHashTable) by_path = NULL;

  if (paths[0] == NULL)
    return NULL;
  by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < fleet->vms->len; i++)
    g_hash_table_insert (by_path, mc_vm_path (mc_vm_get_uuid (fleet->vms->pdata[i])),
                         fleet->vms->pdata[i]);
  for (; *paths != NULL; paths++)
    {
      McVm *vm = g_hash_table_lookup (by_path, *paths);

      if (vm == NULL)
        g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
                     "There is no VM %s: it is gone, or it never was; see \"memcoordctl list\"",
                     *paths);
      else if (g_ptr_array_find (vms, vm, NULL))
        g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT,
                     "The argument \"vms\" has %s more than once: name it once", *paths);
      else
        {
          g_ptr_array_add (vms, vm);
          continue;
        }
      return NULL;
    }
  return g_steal_pointer (&vms);
}

static gboolean
handle_give_back (McDbusMemCoord1 *object,
                  GDBusMethodInvocation *invocation,
                  const char *const *paths)
{
  McHostMethods *self = MC_HOST_METHODS (object);
  McHostParts *parts = mc_coordinator_get_parts (self->coordinator);
  GError *error = NULL;
  g_autoptr (GPtrArray) vms = find_vms (self, paths, &error);
  g_autofree char *paused = mc_host_parts_describe_pause (parts);

  if (error != NULL)
    mc_answer_error (invocation, error);
  else
    mc_give_back_calls_begin_async (&parts->give_back_calls, vms, paused, MC_GIVE_BACK_PATIENCE_US,
                                    on_given_back, invocation);
  return TRUE;
}

/* What the coordinator signals */

static void
on_policy_changed (McCoordinator *coordinator,
                   const char *uuid,
                   const char *setting,
                   GVariant *before,
                   GVariant *after,
                   const char *origin,
                   gpointer user_data)
{
  g_autofree char *scope = uuid != NULL ? mc_vm_path (uuid) : g_strdup (MC_ROOT_PATH);
  g_autofree char *clean = mc_plain_text (origin);

  mc_dbus_mem_coord1_emit_policy_changed (user_data, scope, setting, g_variant_new_variant (before),
                                          g_variant_new_variant (after), clean);
}

static void
on_memory_moved (McCoordinator *coordinator,
                 McVm *vm,
                 guint64 from,
                 guint64 to,
                 const char *sentence,
                 gpointer user_data)
{
  g_autofree char *path = mc_vm_path (mc_vm_get_uuid (vm));
  g_autofree char *clean = mc_plain_text (sentence);

  mc_dbus_mem_coord1_emit_memory_moved (user_data, path, from, to, clean);
}

static void
mc_host_methods_iface_init (McDbusMemCoord1Iface *iface)
{
  iface->handle_set_threshold = handle_set_threshold;
  iface->handle_set_thresholds = handle_set_thresholds;
  iface->handle_reset_thresholds = handle_reset_thresholds;
  iface->handle_set_dry_run = handle_set_dry_run;
  iface->handle_reload = handle_reload;
  iface->handle_pause = handle_pause;
  iface->handle_resume = handle_resume;
  iface->handle_inhibit = handle_inhibit;
  iface->handle_list_inhibitors = handle_list_inhibitors;
  iface->handle_plan = handle_plan;
  iface->handle_forecast = handle_forecast;
  iface->handle_get_history = handle_get_history;
  iface->handle_get_moves = handle_get_moves;
  iface->handle_reserve = handle_reserve;
  iface->handle_release = handle_release;
  iface->handle_give_back = handle_give_back;
}

static void
mc_host_methods_dispose (GObject *object)
{
  McHostMethods *self = MC_HOST_METHODS (object);

  if (self->coordinator != NULL)
    g_signal_handlers_disconnect_by_data (self->coordinator, self);
  g_clear_pointer (&self->forecasts, mc_forecasts_free);
  g_clear_object (&self->connection);
  g_clear_object (&self->coordinator);
  G_OBJECT_CLASS (mc_host_methods_parent_class)->dispose (object);
}

static void
mc_host_methods_class_init (McHostMethodsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = mc_host_methods_dispose;
  G_DBUS_INTERFACE_SKELETON_CLASS (klass)->get_vtable = mc_access_get_vtable;
}

static void
mc_host_methods_init (McHostMethods *self)
{
}

McHostMethods *
mc_host_methods_new (McCoordinator *coordinator,
                     McAuthority *authority,
                     GDBusConnection *connection)
{
  McHostMethods *self = g_object_new (MC_TYPE_HOST_METHODS, NULL);

  self->coordinator = g_object_ref (coordinator);
  self->forecasts = mc_forecasts_new (coordinator);
  mc_access_guard (G_DBUS_INTERFACE_SKELETON (self), authority);
  self->connection = g_object_ref (connection);
  g_signal_connect (coordinator, "policy-changed", G_CALLBACK (on_policy_changed), self);
  g_signal_connect (coordinator, "memory-moved", G_CALLBACK (on_memory_moved), self);
  return self;
}
