/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of a VM's own policy. */
#include "config.h"

#include "vm-changes.h"

#include "error.h"
#include "metadata-change.h"

/* Each waits for those before it to be written: nobody means more than this. */
#define MOST_CHANGES 64

/* A write that has begun when this is over has a little longer, as the hypervisor's calls may. */
#define WAIT_AT_MOST_US  (15 * G_USEC_PER_SEC)
#define WRITE_AT_MOST_US (5 * G_USEC_PER_SEC)
#define AGAIN_AFTER_US   (G_USEC_PER_SEC / 2)

typedef enum
{
  WAITING, /* for its turn, or until the VM is tried again */
  READING, /* what the VM says */
  WRITING,
} Stage;

typedef struct
{
  McVmChanges *changes; /* (unowned): the task's */
  McMetadataChange *change;
  char *origin;
  gint64 since_us;
  Stage stage;
  gint64 again_us;
  char *why;     /* it still waits, or NULL */
  gboolean late; /* it was written, and libvirt has not said yet what came of it */
  char *element; /* that is written; NULL for none */
  char *stored;  /* likewise, for its next start */
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  mc_metadata_change_free (request->change);
  g_free (request->origin);
  g_free (request->why);
  g_free (request->element);
  g_free (request->stored);
  g_free (request);
}

/* What is wrong whatever the VM says now. */
static gboolean
check (McVmChanges *self, const Request *request, GError **error)
{
  McHypervisor *hypervisor = self->context->hypervisor;

  if (mc_hypervisor_get_connected (hypervisor))
    return mc_metadata_change_check (request->change, error);
  g_set_error (
      error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED,
      "The policy of a VM is kept in its metadata, and the hypervisor is not connected: %s",
      mc_hypervisor_get_status (hypervisor));
  return FALSE;
}

/* What it says now, and what it will say at its next start, with memory that nobody knows yet: each
 * keeps what else it says. */
static gboolean
merge (McVmChanges *self, Request *request, GError **error)
{
  const McPolicySettings *settings = mc_context_get_policy (self->context);
  const McVmDescription *description = self->description->current;

  if (!mc_metadata_change_merge (request->change, description->metadata, settings,
                                 self->domain->facts.capacity, &request->element, error))
    return FALSE;
  if (!description->persistent
      || mc_metadata_change_merge (request->change, description->stored_metadata, settings,
                                   MC_UNKNOWN, &request->stored, error))
    return TRUE;
  g_prefix_error (error, "At its next start: ");
  return FALSE;
}

/* What waits */

static Request *
first_of (McVmChanges *self)
{
  GTask *task = g_queue_peek_head (&self->queue);

  return task != NULL ? g_task_get_task_data (task) : NULL;
}

/* The first one has come to its end. @error: (transfer full) (nullable) */
static void
end_first (McVmChanges *self, GError *error)
{
  g_autoptr (GTask) task = g_queue_pop_head (&self->queue);

  mc_clock_cancel (self->context->clock, &self->timer);
  if (error != NULL)
    g_task_return_error (task, mc_service_error_from (error));
  else
    g_task_return_boolean (task, TRUE);
}

static gint64
deadline_of (const Request *request)
{
  return request->since_us + WAIT_AT_MOST_US + (request->stage == WRITING ? WRITE_AT_MOST_US : 0);
}

/* Returns: (transfer full) */
static GError *
busy_error (const Request *request)
{
  const char *name = request->changes->domain->name;
  const char *why = request->why != NULL ? request->why : "it has not answered";
  const int seconds = (int)((deadline_of (request) - request->since_us) / G_USEC_PER_SEC);

  if (request->late || request->stage == WRITING)
    return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                        "The VM %s is busy, and the change may still take effect: libvirt has not "
                        "confirmed it within %d s: %s",
                        name, seconds, why);
  return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                      "The VM %s was not changed, as it has been busy for %d s: %s", name, seconds,
                      why);
}

static void run_next (McVmChanges *self);

static void
on_due (gpointer user_data)
{
  Request *request = user_data;

  request->changes->timer = 0;
  run_next (request->changes);
}

static void
arm (McVmChanges *self, Request *request)
{
  gint64 when_us = deadline_of (request);

  mc_clock_cancel (self->context->clock, &self->timer);
  if (request->stage == WAITING && !self->write_left)
    when_us = MIN (when_us, request->again_us);
  self->timer = mc_clock_call_at (self->context->clock, when_us, on_due, request);
}

static void
put_off (McVmChanges *self, Request *request, const GError *error)
{
  request->late |= request->stage == WRITING
                   && g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  request->stage = WAITING;
  request->again_us = mc_context_now (self->context) + AGAIN_AFTER_US;
  g_free (request->why);
  request->why = g_strdup (error->message);
  g_clear_pointer (&request->element, g_free);
  g_clear_pointer (&request->stored, g_free);
  arm (self, request);
}

static void
apply_written (McVmChanges *self, Request *request)
{
  mc_description_set_metadata (self->description, g_steal_pointer (&request->element),
                               g_steal_pointer (&request->stored));
  mc_vm_limits_apply_metadata (self->limits, request->origin);
  if (mc_metadata_change_claims (request->change))
    mc_vm_limits_set_claimed (self->limits, TRUE);
}

static void
on_metadata_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McVmChanges *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;
  g_autoptr (GError) error = NULL;
  Request *request = first_of (self);

  /* What is being read now may have been there before this. */
  mc_description_outdate (self->description);
  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error);
  if (self->write_left)
    {
      self->write_left = FALSE;
      run_next (self);
      return;
    }
  if (request == NULL)
    return; /* it vanished meanwhile */
  if (mc_hypervisor_error_is_delay (error))
    {
      put_off (self, request, error);
      return;
    }
  if (error == NULL)
    apply_written (self, request);
  end_first (self, g_steal_pointer (&error));
  run_next (self);
}

static void
write_first (McVmChanges *self, Request *request)
{
  request->stage = WRITING;
  arm (self, request);
  g_object_ref (self->domain->vm);
  mc_hypervisor_set_metadata_async (self->context->hypervisor, self->domain->uuid, request->element,
                                    request->stored, on_metadata_written, self);
}

void
mc_vm_changes_continue (McVmChanges *self, const GError *problem)
{
  Request *request = first_of (self);
  g_autoptr (GError) error = NULL;

  if (request == NULL || request->stage != READING)
    return;
  /* What failed may have begun before the request did. */
  if (problem != NULL && mc_description_retry (self->description))
    return;
  if (mc_hypervisor_error_is_delay (problem))
    {
      put_off (self, request, problem);
      return;
    }
  if (problem != NULL)
    error = g_error_copy (problem);
  if (error == NULL && merge (self, request, &error))
    {
      write_first (self, request);
      return;
    }
  end_first (self, g_steal_pointer (&error));
  run_next (self);
}

/* The first that can be written is; those before it end with what is wrong with them. */
static void
run_next (McVmChanges *self)
{
  gint64 now_us = mc_context_now (self->context);
  Request *request;

  while ((request = first_of (self)) != NULL)
    {
      GError *error = NULL;

      if (now_us >= deadline_of (request))
        {
          self->write_left |= request->stage == WRITING;
          end_first (self, busy_error (request));
          continue;
        }
      if (request->stage != WRITING && !check (self, request, &error))
        {
          end_first (self, error);
          continue;
        }
      if (request->stage == WAITING && !self->write_left && now_us >= request->again_us)
        {
          request->stage = READING;
          mc_description_read (self->description);
        }
      arm (self, request);
      return;
    }
}

/* @task: (transfer full) */
static void
request_begin (McVmChanges *self, Request *request, GTask *task)
{
  g_autoptr (GTask) refused = task;
  const char *name = self->domain->name;

  g_task_set_task_data (task, request, request_free);
  if (mc_context_is_ending (self->context))
    {
      g_task_return_new_error (task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                               "The service ends, and the VM %s was not changed", name);
      return;
    }
  if (g_queue_get_length (&self->queue) >= MOST_CHANGES)
    {
      g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                               "%d changes of the VM %s wait to be written already; wait for them",
                               MOST_CHANGES, name);
      return;
    }
  g_queue_push_tail (&self->queue, g_steal_pointer (&refused));
  if (g_queue_get_length (&self->queue) == 1)
    run_next (self);
}

/* @change: (transfer full) */
static Request *
request_new (McVmChanges *self, McMetadataChange *change, const char *origin)
{
  Request *request = g_new0 (Request, 1);

  request->changes = self;
  request->change = change;
  request->since_us = mc_context_now (self->context);
  request->origin = g_strdup (origin);
  return request;
}

void
mc_vm_changes_set_async (McVmChanges *self,
                         GVariant *values,
                         const char *origin,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  request_begin (self, request_new (self, mc_metadata_change_new_set (values), origin),
                 g_task_new (self->domain->vm, NULL, callback, user_data));
}

void
mc_vm_changes_reset_async (McVmChanges *self,
                           const char *const *names,
                           const char *origin,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  request_begin (self, request_new (self, mc_metadata_change_new_reset (names), origin),
                 g_task_new (self->domain->vm, NULL, callback, user_data));
}

gboolean
mc_vm_changes_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mc_vm_changes_abandon (McVmChanges *self, const GError *why)
{
  while (!g_queue_is_empty (&self->queue))
    end_first (self, g_error_copy (why));
}

void
mc_vm_changes_init (McVmChanges *self,
                    McContext *context,
                    McDomain *domain,
                    McDescription *description,
                    McVmLimits *limits)
{
  *self = (McVmChanges){ context, domain, description, limits, G_QUEUE_INIT };
}
