/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a VM's own policy, one after the other, written into its metadata so that they go
 * wherever the VM goes. What the VM says is read again first, and changed there: somebody else may
 * have written to it a moment ago.
 *
 * A VM that is busy is waited for, from when the change was asked for, in the order asked: its
 * process may hang for a moment, and another client's job holds off whoever writes. Whoever asked
 * is answered before the 25 s are over that clients of D-Bus wait. What waits when the service ends
 * is refused, and what waits when it is killed was not answered: nothing of it is kept.
 */
#include "config.h"

#include "coordinator-private.h"
#include "names.h"
#include "policy-settings.h"

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
  McCoordinator *coordinator; /* (unowned): the task's */
  McVm *vm;
  GVariant *values; /* a{st}, or NULL for a reset */
  char **names;     /* of a reset */
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

  g_object_unref (request->vm);
  g_clear_pointer (&request->values, g_variant_unref);
  g_strfreev (request->names);
  g_free (request->origin);
  g_free (request->why);
  g_free (request->element);
  g_free (request->stored);
  g_free (request);
}

static const McThreshold *
find_threshold (const char *name, GError **error)
{
  const McThreshold *threshold = mc_vm_threshold_find (name);
  g_autofree char *names = NULL;

  if (threshold != NULL)
    return threshold;
  names = mc_threshold_list (mc_vm_thresholds);
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD,
               "A VM has no threshold '%s'; it has %s", name, names);
  return NULL;
}

/* Whether the VM is managed is kept beside its thresholds, and so changes with them or not at all.
 */
static gboolean
apply_managed (McMetadataEdit *edit, guint64 value, GError **error)
{
  if (value > 1)
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_OUT_OF_RANGE,
                   MC_SETTING_MANAGED " %" G_GUINT64_FORMAT " is neither 0 nor 1", value);
      return FALSE;
    }
  mc_metadata_edit_set_managed (edit, value == 1 ? MC_MANAGED_YES : MC_MANAGED_NO);
  return TRUE;
}

static gboolean
apply_value (McMetadataEdit *edit, const char *name, guint64 value, GError **error)
{
  const McThreshold *threshold;

  if (g_str_equal (name, MC_SETTING_MANAGED))
    return apply_managed (edit, value, error);
  threshold = find_threshold (name, error);
  if (threshold == NULL || !mc_threshold_check (threshold, value, error))
    return FALSE;
  mc_metadata_edit_set (edit, threshold, value);
  return TRUE;
}

static gboolean
apply_values (McMetadataEdit *edit, GVariant *values, GError **error)
{
  GVariantIter iter;
  const char *name;
  guint64 value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    if (!apply_value (edit, name, value, error))
      return FALSE;
  return TRUE;
}

static gboolean
reset_name (McMetadataEdit *edit, const char *name, GError **error)
{
  const McThreshold *threshold;

  if (g_str_equal (name, MC_SETTING_MANAGED))
    {
      mc_metadata_edit_set_managed (edit, MC_MANAGED_DEFAULT);
      return TRUE;
    }
  threshold = find_threshold (name, error);
  if (threshold == NULL)
    return FALSE;
  mc_metadata_edit_set (edit, threshold, MC_UNSET);
  return TRUE;
}

/* No names are all thresholds: a VM that is opted out stays so unless that is named. */
static gboolean
reset_names (McMetadataEdit *edit, const char *const *names, GError **error)
{
  if (names == NULL || names[0] == NULL)
    {
      for (guint i = 0; mc_vm_thresholds[i].name != NULL; i++)
        mc_metadata_edit_set (edit, &mc_vm_thresholds[i], MC_UNSET);
      return TRUE;
    }
  for (guint i = 0; names[i] != NULL; i++)
    if (!reset_name (edit, names[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
apply (const Request *request, McMetadataEdit *edit, GError **error)
{
  return request->values != NULL ? apply_values (edit, request->values, error)
                                 : reset_names (edit, (const char *const *)request->names, error);
}

/* What is wrong whatever the VM says now. */
static gboolean
check (McCoordinator *self, const Request *request, GError **error)
{
  g_autoptr (McMetadataEdit) blank = mc_metadata_edit_new (NULL, NULL);

  if (mc_hypervisor_get_connected (self->hypervisor))
    return apply (request, blank, error);
  g_set_error (
      error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED,
      "The policy of a VM is kept in its metadata, and the hypervisor is not connected: %s",
      mc_hypervisor_get_status (self->hypervisor));
  return FALSE;
}

/* Nothing that cannot be read is written over. @xml: (nullable): what is there; of a VM of
 * @capacity
 */
static gboolean
merge_into (const char *xml,
            const Request *request,
            const McPolicySettings *settings,
            guint64 capacity,
            char **element,
            GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (McMetadataEdit) edit = mc_metadata_edit_new (xml, &problem);
  McMetadata next;

  if (edit == NULL || !apply (request, edit, &problem)
      || !mc_metadata_edit_get (edit, &next, &problem))
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                   "Its memcoord metadata cannot be read, and is left as it is: %s",
                   problem->message);
      return FALSE;
    }
  if (!mc_vm_policy_check (&next.policy, settings, capacity, error))
    return FALSE;
  *element = mc_metadata_edit_format (edit);
  return TRUE;
}

/* What it says now, and what it will say at its next start, with memory that nobody knows yet: each
 * keeps what else it says. */
static gboolean
merge (McCoordinator *self, Request *request, GError **error)
{
  const McPolicySettings *settings = mc_settings_get_policy (self->settings);
  McVm *vm = request->vm;

  if (!merge_into (vm->description->metadata, request, settings, vm->facts.capacity,
                   &request->element, error))
    return FALSE;
  if (!vm->description->persistent
      || merge_into (vm->description->stored_metadata, request, settings, MC_UNKNOWN,
                     &request->stored, error))
    return TRUE;
  g_prefix_error (error, "At its next start: ");
  return FALSE;
}

/* What waits */

static Request *
first_of (McVm *vm)
{
  GTask *task = g_queue_peek_head (&vm->changes);

  return task != NULL ? g_task_get_task_data (task) : NULL;
}

/* The first one has come to its end. @error: (transfer full) (nullable) */
static void
end_first (McCoordinator *self, McVm *vm, GError *error)
{
  g_autoptr (GTask) task = g_queue_pop_head (&vm->changes);

  mc_clock_cancel (self->clock, &vm->changes_timer);
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
  const char *name = request->vm->view.name;
  const char *why = request->why != NULL ? request->why : "it has not answered";
  const int seconds = (int)((deadline_of (request) - request->since_us) / G_USEC_PER_SEC);

  if (request->late || request->stage == WRITING)
    return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                        "The VM %s is busy, and may be changed later: within %d s libvirt has not "
                        "said what came of it: %s",
                        name, seconds, why);
  return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                      "The VM %s was not changed, as it has been busy for %d s: %s", name, seconds,
                      why);
}

/* Not an answer, but the lack of one. */
static gboolean
is_busy (const GError *error)
{
  return g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY)
         || g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
}

static void run_next (McCoordinator *self, McVm *vm);

static void
on_due (gpointer user_data)
{
  Request *request = user_data;

  request->vm->changes_timer = 0;
  run_next (request->coordinator, request->vm);
}

static void
arm (McCoordinator *self, Request *request)
{
  gint64 when_us = deadline_of (request);

  mc_clock_cancel (self->clock, &request->vm->changes_timer);
  if (request->stage == WAITING && !request->vm->write_left)
    when_us = MIN (when_us, request->again_us);
  request->vm->changes_timer = mc_clock_call_at (self->clock, when_us, on_due, request);
}

static void
put_off (McCoordinator *self, Request *request, const GError *error)
{
  request->late |= request->stage == WRITING
                   && g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  request->stage = WAITING;
  request->again_us = mc_clock_now (self->clock) + AGAIN_AFTER_US;
  g_free (request->why);
  request->why = g_strdup (error->message);
  g_clear_pointer (&request->element, g_free);
  g_clear_pointer (&request->stored, g_free);
  arm (self, request);
}

static void
take_written (McCoordinator *self, McVm *vm, Request *request)
{
  McVmDescription *description = vm->description;

  g_free (description->metadata);
  g_free (description->stored_metadata);
  description->metadata = g_steal_pointer (&request->element);
  description->stored_metadata = g_steal_pointer (&request->stored);
  mc_vm_policy_take_metadata (self, vm, request->origin);
  mc_coordinator_publish (self);
  mc_cycle_bring_forward (self);
}

static void
on_metadata_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;
  McCoordinator *self = call->coordinator;
  McVm *vm = call->vm;
  Request *request = first_of (vm);

  /* What is being read now may have been there before this. */
  vm->describe_again = vm->describing;
  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error);
  if (vm->write_left)
    {
      vm->write_left = FALSE;
      run_next (self, vm);
      return;
    }
  if (request == NULL)
    return; /* it vanished meanwhile */
  if (is_busy (error))
    {
      put_off (self, request, error);
      return;
    }
  if (error == NULL)
    take_written (self, vm, request);
  end_first (self, vm, g_steal_pointer (&error));
  run_next (self, vm);
}

static void
write_first (McCoordinator *self, McVm *vm, Request *request)
{
  request->stage = WRITING;
  arm (self, request);
  mc_hypervisor_set_metadata_async (self->hypervisor, vm->uuid, request->element, request->stored,
                                    on_metadata_written, mc_vm_call_new (self, vm));
}

void
mc_vm_changes_go_on (McCoordinator *self, McVm *vm, const GError *problem)
{
  Request *request = first_of (vm);
  g_autoptr (GError) error = NULL;

  if (request == NULL || request->stage != READING)
    return;
  if (problem != NULL && vm->describe_again)
    {
      /* What failed had begun before the request did. */
      vm->describe_again = FALSE;
      mc_vm_policy_read (self, vm);
      return;
    }
  if (is_busy (problem))
    {
      put_off (self, request, problem);
      return;
    }
  if (problem != NULL)
    error = g_error_copy (problem);
  if (error == NULL && merge (self, request, &error))
    {
      write_first (self, vm, request);
      return;
    }
  end_first (self, vm, g_steal_pointer (&error));
  run_next (self, vm);
}

/* The first that can be written is; those before it end with what is wrong with them. */
static void
run_next (McCoordinator *self, McVm *vm)
{
  gint64 now_us = mc_clock_now (self->clock);
  Request *request;

  while ((request = first_of (vm)) != NULL)
    {
      GError *error = NULL;

      if (now_us >= deadline_of (request))
        {
          vm->write_left |= request->stage == WRITING;
          end_first (self, vm, busy_error (request));
          continue;
        }
      if (request->stage != WRITING && !check (self, request, &error))
        {
          end_first (self, vm, error);
          continue;
        }
      if (request->stage == WAITING && !vm->write_left && now_us >= request->again_us)
        {
          request->stage = READING;
          mc_vm_policy_read (self, vm);
        }
      arm (self, request);
      return;
    }
}

/* @task: (transfer full) */
static void
request_begin (McCoordinator *self, Request *request, GTask *task)
{
  g_autoptr (GTask) refused = task;
  McVm *vm = request->vm;

  g_task_set_task_data (task, request, request_free);
  if (mc_coordinator_is_ending (self))
    {
      g_task_return_new_error (task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                               "The service ends, and the VM %s was not changed", vm->view.name);
      return;
    }
  if (g_queue_get_length (&vm->changes) >= MOST_CHANGES)
    {
      g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                               "%d changes of the VM %s wait to be written already; wait for them",
                               MOST_CHANGES, vm->view.name);
      return;
    }
  g_queue_push_tail (&vm->changes, g_steal_pointer (&refused));
  if (g_queue_get_length (&vm->changes) == 1)
    run_next (self, vm);
}

static Request *
request_new (McCoordinator *self, McVm *vm, const char *origin)
{
  Request *request = g_new0 (Request, 1);

  request->coordinator = self;
  request->since_us = mc_clock_now (self->clock);
  request->vm = g_object_ref (vm);
  request->origin = g_strdup (origin);
  return request;
}

void
mc_coordinator_vm_set_thresholds_async (McCoordinator *self,
                                        McVm *vm,
                                        GVariant *values,
                                        const char *origin,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  Request *request = request_new (self, vm, origin);

  request->values = g_variant_ref_sink (values);
  request_begin (self, request, g_task_new (self, NULL, callback, user_data));
}

void
mc_coordinator_vm_reset_thresholds_async (McCoordinator *self,
                                          McVm *vm,
                                          const char *const *names,
                                          const char *origin,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  Request *request = request_new (self, vm, origin);

  request->names = g_strdupv ((char **)names);
  request_begin (self, request, g_task_new (self, NULL, callback, user_data));
}

gboolean
mc_coordinator_vm_thresholds_finish (McCoordinator *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mc_vm_changes_abandon (McCoordinator *self, McVm *vm, const GError *why)
{
  while (!g_queue_is_empty (&vm->changes))
    end_first (self, vm, g_error_copy (why));
}
