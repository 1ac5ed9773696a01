/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests for single VMs, late ones among them. */
#include "config.h"

#include "requests-in-flight.h"

/* A VM with a call that takes longer gets no further thread: it hangs. */
#define HANGS_US G_USEC_PER_SEC

#define AT_MOST_MS 5000

struct _McRequestsInFlight
{
  McHypervisor *hypervisor;
  McThreadPool *threads;
  McKnownVms *vms;
  GHashTable *in_flight; /* "kind uuid" → McRequest */
};

McRequestsInFlight *
mc_requests_in_flight_new (McHypervisor *hypervisor, McThreadPool *threads, McKnownVms *vms)
{
  McRequestsInFlight *self = g_new0 (McRequestsInFlight, 1);

  self->hypervisor = hypervisor;
  self->threads = threads;
  self->vms = vms;
  self->in_flight = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
mc_requests_in_flight_free (McRequestsInFlight *self)
{
  g_hash_table_unref (self->in_flight);
  g_free (self);
}

static char *
key_of (McRequestKind kind, const char *uuid)
{
  return g_strdup_printf ("%d %s", kind, uuid);
}

static gboolean
on_late (gpointer user_data)
{
  McRequest *request = user_data;

  request->deadline = 0;
  g_task_return_new_error (request->task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                           "libvirt has not answered within %d s", AT_MOST_MS / 1000);
  g_clear_object (&request->task);
  return G_SOURCE_REMOVE;
}

static void
on_begun (McRequest *request)
{
  request->deadline = g_timeout_add (AT_MOST_MS, on_late, request);
}

/* Nobody waits for it any more: the port has a signal for the one kind that still matters. */
static void
end_late (McRequest *request)
{
  if (request->kind == MC_REQUEST_SET_TARGET)
    mc_hypervisor_emit_target_ended (request->hypervisor, request->uuid, request->error);
}

static void
on_ended (McRequest *request)
{
  McRequestsInFlight *self = request->owner;
  g_autofree char *key = key_of (request->kind, request->uuid);

  g_hash_table_remove (self->in_flight, key);
  if (request->kind == MC_REQUEST_DESCRIBE && request->result != NULL)
    mc_known_vms_set_described (self->vms, request->uuid, &request->devices, request->vm_groups);
  if (request->task == NULL)
    end_late (request);
  else if (request->error != NULL)
    g_task_return_error (request->task, g_steal_pointer (&request->error));
  else if (request->kind == MC_REQUEST_DESCRIBE)
    g_task_return_pointer (request->task, g_steal_pointer (&request->result),
                           (GDestroyNotify)mc_vm_description_free);
  else
    g_task_return_boolean (request->task, request->fine);
}

/* Returns: (nullable): why the VM is asked nothing now: another call of this kind is in flight for
 * it, one of any kind hangs, or its process is known not to answer. */
static const char *
why_busy (McRequestsInFlight *self, McRequestKind kind, const char *uuid)
{
  gint64 now_us = g_get_monotonic_time ();

  if (mc_known_vms_is_busy (self->vms, uuid))
    return "its process does not answer";

  for (McRequestKind other = MC_REQUEST_DESCRIBE; other < MC_N_REQUEST_KINDS; other++)
    {
      g_autofree char *key = key_of (other, uuid);
      const McRequest *request = g_hash_table_lookup (self->in_flight, key);

      if (request != NULL
          && (other == kind || (request->began_us > 0 && now_us - request->began_us > HANGS_US)))
        return "a previous call for this VM is still in progress";
    }
  return NULL;
}

void
mc_requests_in_flight_begin (McRequestsInFlight *self, McRequest *request, GTask *task)
{
  g_autoptr (McRequest) refused = request;
  g_autoptr (GTask) unused = task;
  const char *why = why_busy (self, request->kind, request->uuid);

  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                               "the hypervisor is not connected");
      return;
    }
  if (why != NULL)
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY, "%s", why);
      return;
    }
  request->owner = self;
  request->begun = on_begun;
  request->ended = on_ended;
  request->task = g_steal_pointer (&unused);
  g_hash_table_insert (self->in_flight, key_of (request->kind, request->uuid), request);
  mc_thread_pool_push (self->threads, g_steal_pointer (&refused));
}
