/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port: its properties and its signals. An implementation derives from it. */
#include "config.h"

#include "hypervisor.h"

typedef struct
{
  char *uri;
  gboolean connected;
  char *status;
  GHashTable *asleep; /* (nullable) a set of UUIDs */
} McHypervisorPrivate;

enum
{
  PROP_URI = 1,
  PROP_CONNECTED,
  PROP_STATUS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

enum
{
  VM_STARTED,
  VM_STOPPED,
  VM_REBOOTED,
  VM_CHANGED,
  VM_STATE,
  BALLOON_CHANGED,
  VM_CRASHED,
  TARGET_ENDED,
  LAST_SIGNAL
};

static guint signals[LAST_SIGNAL];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (McHypervisor, mc_hypervisor, G_TYPE_OBJECT)
G_DEFINE_QUARK (mc_hypervisor_error_quark, mc_hypervisor_error)

gboolean
mc_hypervisor_error_is_delay (const GError *error)
{
  return g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY)
         || g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
}

static guint
add_signal (const char *name, guint n_params, GType second)
{
  return g_signal_new (name, MC_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, n_params, G_TYPE_STRING, second);
}

static McHypervisorPrivate *
get_private (McHypervisor *self)
{
  return mc_hypervisor_get_instance_private (self);
}

static void
mc_hypervisor_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const McHypervisorPrivate *private = get_private (MC_HYPERVISOR (object));

  switch (id)
    {
    case PROP_URI:
      g_value_set_string (value, private->uri);
      break;
    case PROP_CONNECTED:
      g_value_set_boolean (value, private->connected);
      break;
    case PROP_STATUS:
      g_value_set_string (value, private->status);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
mc_hypervisor_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_URI)
    get_private (MC_HYPERVISOR (object))->uri = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
mc_hypervisor_finalize (GObject *object)
{
  McHypervisorPrivate *private = get_private (MC_HYPERVISOR (object));

  g_free (private->uri);
  g_free (private->status);
  g_clear_pointer (&private->asleep, g_hash_table_unref);
  G_OBJECT_CLASS (mc_hypervisor_parent_class)->finalize (object);
}

static void
mc_hypervisor_class_init (McHypervisorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = mc_hypervisor_get_property;
  object_class->set_property = mc_hypervisor_set_property;
  object_class->finalize = mc_hypervisor_finalize;
  properties[PROP_URI] = g_param_spec_string (
      "uri", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, readable);
  properties[PROP_STATUS] = g_param_spec_string ("status", NULL, NULL, "", readable);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[VM_STARTED] = add_signal ("vm-started", 1, G_TYPE_NONE);
  signals[VM_STOPPED] = add_signal ("vm-stopped", 1, G_TYPE_NONE);
  signals[VM_REBOOTED] = add_signal ("vm-rebooted", 1, G_TYPE_NONE);
  signals[VM_CHANGED] = add_signal ("vm-changed", 1, G_TYPE_NONE);
  signals[VM_STATE] = add_signal ("vm-state", 2, G_TYPE_BOOLEAN);
  signals[BALLOON_CHANGED] = add_signal ("balloon-changed", 2, G_TYPE_UINT64);
  signals[VM_CRASHED] = add_signal ("vm-crashed", 1, G_TYPE_NONE);
  signals[TARGET_ENDED] = add_signal ("target-ended", 2, G_TYPE_ERROR);
}

static void
mc_hypervisor_init (McHypervisor *self)
{
  get_private (self)->status = g_strdup ("");
}

const char *
mc_hypervisor_get_uri (McHypervisor *self)
{
  return get_private (self)->uri;
}

gboolean
mc_hypervisor_get_connected (McHypervisor *self)
{
  return get_private (self)->connected;
}

const char *
mc_hypervisor_get_status (McHypervisor *self)
{
  return get_private (self)->status;
}

void
mc_hypervisor_set_connection (McHypervisor *self, gboolean connected, const char *status)
{
  McHypervisorPrivate *private = get_private (self);
  gboolean changed = private->connected != connected;

  private->connected = connected;
  if (!g_str_equal (private->status, status))
    {
      g_free (private->status);
      private->status = g_strdup (status);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
    }
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

void
mc_hypervisor_start (McHypervisor *self)
{
  MC_HYPERVISOR_GET_CLASS (self)->start (self);
}

void
mc_hypervisor_stop_async (McHypervisor *self, GAsyncReadyCallback callback, gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->stop_async (self, callback, user_data);
}

gboolean
mc_hypervisor_is_local (McHypervisor *self)
{
  return MC_HYPERVISOR_GET_CLASS (self)->is_local (self);
}

void
mc_hypervisor_sample_async (McHypervisor *self,
                            gint64 deadline_us,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->sample_async (self, deadline_us, callback, user_data);
}

McSample *
mc_hypervisor_sample_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
mc_hypervisor_let_sleep (McHypervisor *self, GHashTable *uuids)
{
  McHypervisorPrivate *private = get_private (self);

  g_clear_pointer (&private->asleep, g_hash_table_unref);
  private->asleep = uuids != NULL ? g_hash_table_ref (uuids) : NULL;
}

GHashTable *
mc_hypervisor_get_asleep (McHypervisor *self)
{
  return get_private (self)->asleep;
}

void
mc_hypervisor_describe_async (McHypervisor *self,
                              const char *uuid,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->describe_async (self, uuid, callback, user_data);
}

McVmDescription *
mc_hypervisor_describe_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
mc_hypervisor_set_target_async (McHypervisor *self,
                                const char *uuid,
                                guint64 bytes,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->set_target_async (self, uuid, bytes, callback, user_data);
}

void
mc_hypervisor_set_stats_period_async (McHypervisor *self,
                                      const char *uuid,
                                      guint seconds,
                                      gboolean at_once,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->set_stats_period_async (self, uuid, seconds, at_once, callback,
                                                          user_data);
}

void
mc_hypervisor_set_metadata_async (McHypervisor *self,
                                  const char *uuid,
                                  const char *element,
                                  const char *stored,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  MC_HYPERVISOR_GET_CLASS (self)->set_metadata_async (self, uuid, element, stored, callback,
                                                      user_data);
}

gboolean
mc_hypervisor_call_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mc_hypervisor_emit_vm_started (McHypervisor *self, const char *uuid)
{
  g_signal_emit (self, signals[VM_STARTED], 0, uuid);
}

void
mc_hypervisor_emit_vm_stopped (McHypervisor *self, const char *uuid)
{
  g_signal_emit (self, signals[VM_STOPPED], 0, uuid);
}

void
mc_hypervisor_emit_vm_rebooted (McHypervisor *self, const char *uuid)
{
  g_signal_emit (self, signals[VM_REBOOTED], 0, uuid);
}

void
mc_hypervisor_emit_vm_changed (McHypervisor *self, const char *uuid)
{
  g_signal_emit (self, signals[VM_CHANGED], 0, uuid);
}

void
mc_hypervisor_emit_vm_state (McHypervisor *self, const char *uuid, gboolean running)
{
  g_signal_emit (self, signals[VM_STATE], 0, uuid, running);
}

void
mc_hypervisor_emit_balloon_changed (McHypervisor *self, const char *uuid, guint64 bytes)
{
  g_signal_emit (self, signals[BALLOON_CHANGED], 0, uuid, bytes);
}

void
mc_hypervisor_emit_vm_crashed (McHypervisor *self, const char *uuid)
{
  g_signal_emit (self, signals[VM_CRASHED], 0, uuid);
}

void
mc_hypervisor_emit_target_ended (McHypervisor *self, const char *uuid, const GError *error)
{
  g_signal_emit (self, signals[TARGET_ENDED], 0, uuid, error);
}
