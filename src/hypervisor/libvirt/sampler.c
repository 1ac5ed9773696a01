/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One sample of every VM after the other.
 *
 * A bulk call waits for a VM whose process hangs. The next one, begun beside it, passes that VM by
 * and waits for the next that hangs; so one follows the other until one comes back. The first that
 * does answers, whichever it is.
 */
#include "config.h"

#include "sampler.h"

/* A call that took longer waits for one VM: the next one passes that VM by (32 guests take 160 ms).
 */
#define PASS_BY_MS 300

/* Where one VM hangs others may, too: the next tries follow sooner, by what a call took that did
 * not hang. */
#define AGAIN_AT_LEAST_MS 100
#define AGAIN_TIMES       2

/* One that took longer shows what was true when it began: a later one is waited for. */
#define BELIEVED_US (2 * G_USEC_PER_SEC)

struct _McSampler
{
  McHypervisor *hypervisor;
  McConnection *connection;
  McThreadPool *threads;
  McKnownVms *vms;

  GTask *task;    /* who waits for a sample */
  guint deadline; /* source */
  guint again;    /* source */
  gint64 took_us; /* the last one that was answered in time */
};

McSampler *
mc_sampler_new (McHypervisor *hypervisor,
                McConnection *connection,
                McThreadPool *threads,
                McKnownVms *vms)
{
  McSampler *self = g_new0 (McSampler, 1);

  self->hypervisor = hypervisor;
  self->connection = connection;
  self->threads = threads;
  self->vms = vms;
  return self;
}

/* Returns: (transfer full) (nullable): who waits no longer. */
static GTask *
steal_task (McSampler *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  g_clear_handle_id (&self->again, g_source_remove);
  return g_steal_pointer (&self->task);
}

void
mc_sampler_free (McSampler *self)
{
  GTask *task = steal_task (self);

  g_clear_object (&task);
  g_free (self);
}

void
mc_sampler_fail (McSampler *self, McHypervisorError code, const char *message)
{
  g_autoptr (GTask) task = steal_task (self);

  if (task != NULL)
    g_task_return_new_error (task, MC_HYPERVISOR_ERROR, (int)code, "%s", message);
}

static void
on_ended (McRequest *request)
{
  McSampler *self = request->owner;
  gint64 took_us = g_get_monotonic_time () - request->began_us;
  g_autoptr (GTask) task = NULL;

  if (request->generation != mc_connection_get_generation (self->connection) || self->task == NULL
      || took_us > BELIEVED_US)
    return;
  if (request->result == NULL)
    {
      mc_sampler_fail (self, (McHypervisorError)request->error->code, request->error->message);
      return;
    }
  self->took_us = took_us;
  mc_known_vms_apply_devices (self->vms, request->of_vms, request->result, self->hypervisor);
  mc_known_vms_count_busy (self->vms, request->result);
  task = steal_task (self);
  g_task_return_pointer (task, g_steal_pointer (&request->result), (GDestroyNotify)mc_sample_free);
}

/* Of another machine's VMs each look is a round trip: they are asked, all at once. */
static GHashTable *
get_asleep (McSampler *self)
{
  return mc_hypervisor_is_local (self->hypervisor) ? mc_hypervisor_get_asleep (self->hypervisor)
                                                   : NULL;
}

static void
push_request (McSampler *self)
{
  GHashTable *asleep = get_asleep (self);
  McRequest *request;

  if (!mc_thread_pool_has_room_for_sample (self->threads))
    return; /* the deadline answers */
  request = mc_request_new (MC_REQUEST_SAMPLE, NULL, self->hypervisor, self->connection);
  request->owner = self;
  request->ended = on_ended;
  request->asleep = asleep != NULL ? g_hash_table_ref (asleep) : NULL;
  request->of_vms = mc_known_vms_copy_resizable (self->vms);
  request->groups = mc_known_vms_copy_groups (self->vms);
  mc_thread_pool_push (self->threads, request);
}

static gboolean
on_again (gpointer user_data)
{
  McSampler *self = user_data;
  gint64 took_ms = self->took_us / 1000;

  self->again = g_timeout_add ((guint)CLAMP (AGAIN_TIMES * took_ms, AGAIN_AT_LEAST_MS, PASS_BY_MS),
                               on_again, self);
  push_request (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  McSampler *self = user_data;

  self->deadline = 0;
  mc_sampler_fail (self, MC_HYPERVISOR_ERROR_TIMED_OUT, "libvirt has not answered in time");
  return G_SOURCE_REMOVE;
}

void
mc_sampler_begin (McSampler *self, gint64 deadline_us, GTask *task)
{
  g_autoptr (GTask) refused = task;
  gint64 left_ms = (deadline_us - g_get_monotonic_time ()) / 1000;

  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                               "the hypervisor is not connected");
      return;
    }
  if (self->task != NULL)
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY,
                               "a sample is under way");
      return;
    }
  self->task = g_steal_pointer (&refused);
  self->deadline = g_timeout_add ((guint)CLAMP (left_ms, 0, G_MAXINT), on_deadline, self);
  self->again = g_timeout_add (PASS_BY_MS, on_again, self);
  push_request (self);
}
