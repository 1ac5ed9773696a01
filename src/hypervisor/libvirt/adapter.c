/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The port by libvirt: the main thread's side. It makes a request of each call, gives it to a
 * worker thread, and waits for none.
 *
 *   adapter → sampler             one sample after the other, past VMs that hang
 *           → requests-in-flight  one request of each kind per VM, and those that are late
 *           → connection          made, lost, made again → connection-pool → events
 *
 *   sampler, requests-in-flight → thread-pool → request → calls, connection-pool
 */
#include "config.h"

#include "adapter.h"

#include <libvirt-glib/libvirt-glib.h>
#include <string.h>

#include "connection.h"
#include "known-vms.h"
#include "requests-in-flight.h"
#include "sampler.h"
#include "thread-pool.h"

#define STOP_AT_MOST_MS 5000

#define MC_TYPE_LIBVIRT_ADAPTER (mc_libvirt_adapter_get_type ())
G_DECLARE_FINAL_TYPE (McLibvirtAdapter, mc_libvirt_adapter, MC, LIBVIRT_ADAPTER, McHypervisor)

struct _McLibvirtAdapter
{
  McHypervisor parent;

  gboolean started;
  gboolean stopping;
  McConnection *connection;
  McThreadPool *threads;
  McKnownVms *vms;
  McSampler *sampler;
  McRequestsInFlight *requests;
  GTask *stop;
  guint stop_deadline; /* source */
};

G_DEFINE_FINAL_TYPE (McLibvirtAdapter, mc_libvirt_adapter, MC_TYPE_HYPERVISOR)

/* Calls */

static void
mc_libvirt_adapter_sample_async (McHypervisor *hypervisor,
                                 gint64 deadline_us,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (hypervisor);

  mc_sampler_begin (self->sampler, deadline_us, g_task_new (self, NULL, callback, user_data));
}

static McRequest *
request_new (McHypervisor *hypervisor, McRequestKind kind, const char *uuid)
{
  return mc_request_new (kind, uuid, hypervisor, MC_LIBVIRT_ADAPTER (hypervisor)->connection);
}

/* @request: (transfer full) */
static void
request_begin (McRequest *request, GAsyncReadyCallback callback, gpointer user_data)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (request->hypervisor);

  mc_requests_in_flight_begin (self->requests, request,
                               g_task_new (self, NULL, callback, user_data));
}

static void
mc_libvirt_adapter_describe_async (McHypervisor *hypervisor,
                                   const char *uuid,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  request_begin (request_new (hypervisor, MC_REQUEST_DESCRIBE, uuid), callback, user_data);
}

static void
mc_libvirt_adapter_set_target_async (McHypervisor *hypervisor,
                                     const char *uuid,
                                     guint64 bytes,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  McRequest *request = request_new (hypervisor, MC_REQUEST_SET_TARGET, uuid);

  request->value = bytes;
  request_begin (request, callback, user_data);
}

static void
mc_libvirt_adapter_set_stats_period_async (McHypervisor *hypervisor,
                                           const char *uuid,
                                           guint seconds,
                                           gboolean at_once,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  McRequest *request = request_new (hypervisor, MC_REQUEST_SET_STATS_PERIOD, uuid);

  request->value = seconds;
  request->at_once = at_once;
  request_begin (request, callback, user_data);
}

static void
mc_libvirt_adapter_set_metadata_async (McHypervisor *hypervisor,
                                       const char *uuid,
                                       const char *element,
                                       const char *stored,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  McRequest *request = request_new (hypervisor, MC_REQUEST_SET_METADATA, uuid);

  request->element = g_strdup (element);
  request->stored = g_strdup (stored);
  request_begin (request, callback, user_data);
}

/* "qemu:///system" is; "qemu+ssh://host/system" is not. */
static gboolean
mc_libvirt_adapter_is_local (McHypervisor *hypervisor)
{
  const char *authority = strstr (mc_hypervisor_get_uri (hypervisor), "://");

  return authority == NULL || authority[3] == '/' || authority[3] == '\0';
}

/* Events */

static void
on_vm_stopped (McLibvirtAdapter *self, const char *uuid)
{
  mc_known_vms_forget_described (self->vms, uuid);
}

static void
on_connected_changed (McLibvirtAdapter *self)
{
  McHypervisor *hypervisor = MC_HYPERVISOR (self);

  if (mc_hypervisor_get_connected (hypervisor))
    return;
  mc_known_vms_forget_busy (self->vms); /* of whatever waited with what is lost */
  mc_sampler_fail (self->sampler, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                   mc_hypervisor_get_status (hypervisor));
}

/* Life */

static void
mc_libvirt_adapter_start (McHypervisor *hypervisor)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (hypervisor);

  g_return_if_fail (!self->started);
  self->started = TRUE;
  mc_connection_start (self->connection);
}

static void
finish_stop (McLibvirtAdapter *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop);

  if (task == NULL)
    return;
  g_clear_handle_id (&self->stop_deadline, g_source_remove);
  mc_connection_begin_to_close (self->connection);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_stop_deadline (gpointer user_data)
{
  McLibvirtAdapter *self = user_data;

  self->stop_deadline = 0;
  finish_stop (self);
  return G_SOURCE_REMOVE;
}

static void
on_idle (gpointer user_data)
{
  finish_stop (user_data);
}

static void
mc_libvirt_adapter_stop_async (McHypervisor *hypervisor,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (hypervisor);

  g_return_if_fail (!self->stopping);
  self->stopping = TRUE;
  mc_connection_stop (self->connection);
  mc_sampler_fail (self->sampler, MC_HYPERVISOR_ERROR_NOT_CONNECTED, "the service ends");
  self->stop = g_task_new (self, NULL, callback, user_data);
  if (mc_thread_pool_is_idle (self->threads))
    finish_stop (self);
  else
    self->stop_deadline = g_timeout_add (STOP_AT_MOST_MS, on_stop_deadline, self);
}

static void
mc_libvirt_adapter_constructed (GObject *object)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (object);
  McHypervisor *hypervisor = MC_HYPERVISOR (object);

  G_OBJECT_CLASS (mc_libvirt_adapter_parent_class)->constructed (object);
  self->connection = mc_connection_new (hypervisor);
  self->threads = mc_thread_pool_new (on_idle, self);
  self->vms = mc_known_vms_new ();
  self->sampler = mc_sampler_new (hypervisor, self->connection, self->threads, self->vms);
  self->requests = mc_requests_in_flight_new (hypervisor, self->threads, self->vms);
  g_signal_connect (self, "vm-stopped", G_CALLBACK (on_vm_stopped), NULL);
  /* Whoever else listens is to know before who waits for a sample is answered. */
  g_signal_connect_after (self, "notify::connected", G_CALLBACK (on_connected_changed), NULL);
}

static void
mc_libvirt_adapter_finalize (GObject *object)
{
  McLibvirtAdapter *self = MC_LIBVIRT_ADAPTER (object);

  /* No request is on its way: each holds a reference. */
  mc_sampler_free (self->sampler);
  mc_requests_in_flight_free (self->requests);
  mc_thread_pool_free (self->threads);
  mc_known_vms_free (self->vms);
  mc_connection_stop (self->connection);
  g_object_unref (self->connection);
  G_OBJECT_CLASS (mc_libvirt_adapter_parent_class)->finalize (object);
}

static void
mc_libvirt_adapter_class_init (McLibvirtAdapterClass *klass)
{
  McHypervisorClass *hypervisor_class = MC_HYPERVISOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = mc_libvirt_adapter_constructed;
  G_OBJECT_CLASS (klass)->finalize = mc_libvirt_adapter_finalize;
  hypervisor_class->start = mc_libvirt_adapter_start;
  hypervisor_class->stop_async = mc_libvirt_adapter_stop_async;
  hypervisor_class->is_local = mc_libvirt_adapter_is_local;
  hypervisor_class->sample_async = mc_libvirt_adapter_sample_async;
  hypervisor_class->describe_async = mc_libvirt_adapter_describe_async;
  hypervisor_class->set_target_async = mc_libvirt_adapter_set_target_async;
  hypervisor_class->set_stats_period_async = mc_libvirt_adapter_set_stats_period_async;
  hypervisor_class->set_metadata_async = mc_libvirt_adapter_set_metadata_async;
}

static void
mc_libvirt_adapter_init (McLibvirtAdapter *self)
{
}

static gpointer
register_events (gpointer data)
{
  gvir_init (NULL, NULL); /* libvirt's own error messages are not to be printed: ours are */
  gvir_event_register ();
  return NULL;
}

McHypervisor *
mc_libvirt_adapter_new (const char *uri)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, register_events, NULL);
  return g_object_new (MC_TYPE_LIBVIRT_ADAPTER, "uri", uri, NULL);
}
