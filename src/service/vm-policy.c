/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each VM is made of, and its own policy: read from its description, and written into its
 * metadata so that it goes wherever the VM goes.
 */
#include "config.h"

#include "coordinator-private.h"
#include "journal.h"

/* Each waits for those before it to be written: nobody means more than this. */
#define MOST_REQUESTS 64

/* The policy in force, as values to compare and to tell */

typedef struct
{
  guint64 values[8];
  gboolean managed;
} InForce;

static InForce
in_force_now (McCoordinator *self, McVm *vm)
{
  InForce now = { .managed = !mc_vm_get_facts (vm, self->settings, FALSE).opted_out };

  for (guint i = 0; mc_vm_thresholds[i].name != NULL && i < G_N_ELEMENTS (now.values); i++)
    now.values[i] = mc_vm_get_threshold (vm, self->settings, &mc_vm_thresholds[i]);
  return now;
}

static void
tell_changes (McCoordinator *self, McVm *vm, const InForce *before, const char *origin)
{
  InForce after = in_force_now (self, vm);

  for (guint i = 0; mc_vm_thresholds[i].name != NULL && i < G_N_ELEMENTS (after.values); i++)
    {
      const McThreshold *threshold = &mc_vm_thresholds[i];

      if (after.values[i] != before->values[i])
        mc_coordinator_emit_policy_changed (
            self, vm, threshold->name, mc_threshold_to_variant (threshold, before->values[i]),
            mc_threshold_to_variant (threshold, after.values[i]), origin);
    }
  if (after.managed != before->managed)
    mc_coordinator_emit_policy_changed (self, vm, "Managed",
                                        g_variant_new_boolean (before->managed),
                                        g_variant_new_boolean (after.managed), origin);
}

static void
refuse_metadata (McVm *vm, const char *message)
{
  if (g_strcmp0 (vm->metadata_error, message) != 0)
    mc_journal_metadata_refused (vm->view.name, vm->uuid, message);
  g_free (vm->metadata_error);
  vm->metadata_error = g_strdup (message);
}

/* What cannot be read may say that the VM is to be left alone, and so it is. */
static void
take_metadata (McCoordinator *self, McVm *vm, const char *origin)
{
  InForce before = in_force_now (self, vm);
  McMetadata metadata = mc_metadata_unset ();
  g_autoptr (GError) error = NULL;

  if (!mc_metadata_parse (vm->description->metadata, &metadata, &error)
      || !mc_vm_policy_check (&metadata.policy, mc_settings_get_policy (self->settings),
                              vm->facts.capacity, &error))
    refuse_metadata (vm, error->message);
  else
    {
      g_clear_pointer (&vm->metadata_error, g_free);
      vm->metadata = metadata;
    }
  if (vm->announced)
    tell_changes (self, vm, &before, origin);
}

/* Descriptions */

static void go_on_with_request (McCoordinator *self, McVm *vm, const GError *problem);

static void begin_describe (McCoordinator *self, McVm *vm);

static void
refuse_description (McCoordinator *self, McVm *vm, const GError *error)
{
  if (mc_vm_refusal_take (&vm->describe_refusal, error, mc_clock_now (self->clock)))
    mc_journal_vm_refused (vm->view.name, vm->uuid, "read its description", error->message);
  else
    g_debug ("%s is not described: %s", vm->view.name, error->message);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  g_autoptr (GError) error = NULL;
  McCoordinator *self = call->coordinator;
  McVm *vm = call->vm;
  McVmDescription *description
      = mc_hypervisor_describe_finish (MC_HYPERVISOR (source), result, &error);
  gboolean first = vm->description == NULL;

  vm->describing = FALSE;
  if (description == NULL || mc_coordinator_lookup_vm (self, vm->uuid) != vm)
    {
      g_clear_pointer (&description, mc_vm_description_free);
      if (error != NULL)
        refuse_description (self, vm, error);
      go_on_with_request (self, vm, error);
      return;
    }
  mc_vm_refusal_clear (&vm->describe_refusal);
  if (vm->describe_again)
    {
      mc_vm_description_free (description);
      vm->describe_again = FALSE;
      begin_describe (self, vm);
      return;
    }
  g_clear_pointer (&vm->description, mc_vm_description_free);
  vm->description = description;
  if (mc_coordinator_is_ending (self))
    return;
  take_metadata (self, vm, "metadata");
  mc_stats_period_keep (self, vm);
  mc_target_settle (self, vm);
  if (first)
    mc_cycle_bring_forward (self);
  go_on_with_request (self, vm, NULL);
}

static void
begin_describe (McCoordinator *self, McVm *vm)
{
  if (vm->describing)
    {
      vm->describe_again = TRUE;
      return;
    }
  vm->describing = TRUE;
  mc_hypervisor_describe_async (self->hypervisor, vm->uuid, on_described,
                                mc_vm_call_new (self, vm));
}

void
mc_vm_policy_describe (McCoordinator *self, McVm *vm)
{
  if (mc_clock_now (self->clock) >= vm->describe_refusal.not_before_us)
    begin_describe (self, vm);
}

/*
 * Changes, one after the other for each VM. What the VM says is read again first, and changed
 * there: somebody else may have written to it a moment ago.
 */

typedef struct
{
  McVm *vm;
  GVariant *values; /* a{st}, or NULL for a reset */
  char **names;     /* of a reset */
  char *origin;
  gboolean reading; /* what the VM says; after that, it is written */
  char *element;    /* that is written; NULL for none */
  char *stored;     /* likewise, for its next start */
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_object_unref (request->vm);
  g_clear_pointer (&request->values, g_variant_unref);
  g_strfreev (request->names);
  g_free (request->origin);
  g_free (request->element);
  g_free (request->stored);
  g_free (request);
}

static const McThreshold *
find_threshold (const char *name, GError **error)
{
  const McThreshold *threshold = mc_vm_threshold_find (name);

  if (threshold == NULL)
    g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD,
                 "A VM has no threshold '%s'; it has LowWatermark, HighWatermark, Minimum, Maximum "
                 "and Weight",
                 name);
  return threshold;
}

static gboolean
apply_values (McMetadataEdit *edit, GVariant *values, GError **error)
{
  McVmPolicy scratch = MC_VM_POLICY_UNSET;
  GVariantIter iter;
  const char *name;
  guint64 value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    {
      const McThreshold *threshold = find_threshold (name, error);

      if (threshold == NULL || !mc_vm_threshold_set (&scratch, threshold, value, error))
        return FALSE;
      mc_metadata_edit_set (edit, threshold, value);
    }
  return TRUE;
}

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
    {
      const McThreshold *threshold = find_threshold (names[i], error);

      if (threshold == NULL)
        return FALSE;
      mc_metadata_edit_set (edit, threshold, MC_UNSET);
    }
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

static void run_next (McCoordinator *self, McVm *vm);

/* The first one has come to its end. @error: (transfer full) (nullable) */
static void
request_end (McVm *vm, GError *error)
{
  g_autoptr (GTask) task = g_queue_pop_head (&vm->requests);

  if (error != NULL)
    g_task_return_error (task, mc_service_error_from (error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_metadata_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McVmCall) call = user_data;
  McCoordinator *self = call->coordinator;
  McVm *vm = call->vm;
  GTask *task = g_queue_peek_head (&vm->requests);
  GError *error = NULL;
  gboolean written = mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error);

  /* What is being read now may have been there before this. */
  vm->describe_again = vm->describing;
  if (task == NULL)
    {
      g_clear_error (&error); /* it vanished meanwhile */
      return;
    }
  if (written)
    {
      Request *request = g_task_get_task_data (task);

      g_free (vm->description->metadata);
      vm->description->metadata = g_strdup (request->element);
      g_free (vm->description->stored_metadata);
      vm->description->stored_metadata = g_strdup (request->stored);
      take_metadata (self, vm, request->origin);
      mc_coordinator_publish (self);
      mc_cycle_bring_forward (self);
    }
  request_end (vm, error);
  run_next (self, vm);
}

/* The VM's description was read, or could not be: the request that waited for that goes on. */
static void
go_on_with_request (McCoordinator *self, McVm *vm, const GError *problem)
{
  GTask *task = g_queue_peek_head (&vm->requests);
  Request *request = task != NULL ? g_task_get_task_data (task) : NULL;
  g_autoptr (GError) error = NULL;

  if (request == NULL || !request->reading)
    return;
  if (problem != NULL && vm->describe_again)
    {
      /* What failed had begun before the request did. */
      vm->describe_again = FALSE;
      begin_describe (self, vm);
      return;
    }
  request->reading = FALSE;
  if (problem != NULL)
    error = g_error_copy (problem);
  else
    merge (self, request, &error);
  if (error != NULL)
    {
      request_end (vm, g_steal_pointer (&error));
      run_next (self, vm);
      return;
    }
  mc_hypervisor_set_metadata_async (self->hypervisor, vm->uuid, request->element, request->stored,
                                    on_metadata_written, mc_vm_call_new (self, vm));
}

/* The first that can be written is; those before it end with what is wrong with them. */
static void
run_next (McCoordinator *self, McVm *vm)
{
  GTask *task;

  while ((task = g_queue_peek_head (&vm->requests)) != NULL)
    {
      Request *request = g_task_get_task_data (task);
      GError *error = NULL;

      if (!check (self, request, &error))
        {
          request_end (vm, error);
          continue;
        }
      request->reading = TRUE;
      begin_describe (self, vm);
      return;
    }
}

static void
request_begin (McCoordinator *self, Request *request, GTask *task)
{
  McVm *vm = request->vm;

  g_task_set_task_data (task, request, request_free);
  if (g_queue_get_length (&vm->requests) >= MOST_REQUESTS)
    {
      g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                               "%d changes of the VM %s wait to be written already; wait for them",
                               MOST_REQUESTS, vm->view.name);
      g_object_unref (task);
      return;
    }
  g_queue_push_tail (&vm->requests, task);
  if (g_queue_get_length (&vm->requests) == 1)
    run_next (self, vm);
}

static Request *
request_new (McVm *vm, const char *origin)
{
  Request *request = g_new0 (Request, 1);

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
  Request *request = request_new (vm, origin);

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
  Request *request = request_new (vm, origin);

  request->names = g_strdupv ((char **)names);
  request_begin (self, request, g_task_new (self, NULL, callback, user_data));
}

gboolean
mc_coordinator_vm_thresholds_finish (McCoordinator *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mc_vm_policy_abandon (McVm *vm)
{
  GTask *task;

  while ((task = g_queue_pop_head (&vm->requests)) != NULL)
    {
      g_task_return_new_error (task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
                               "The VM %s is no longer there", vm->view.name);
      g_object_unref (task);
    }
}
