/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each VM is made of, and its own policy: read from its description. */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"

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
    mc_event_metadata_refused (vm->view.name, vm->uuid, message);
  g_free (vm->metadata_error);
  vm->metadata_error = g_strdup (message);
}

/* What cannot be read may say that the VM is to be left alone, and so it is. */
void
mc_vm_policy_take_metadata (McCoordinator *self, McVm *vm, const char *origin)
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

static void
refuse_description (McCoordinator *self, McVm *vm, const GError *error)
{
  if (mc_vm_refusal_take (&vm->describe_refusal, error, mc_clock_now (self->clock)))
    mc_event_vm_refused (vm->view.name, vm->uuid, "read its description", error->message);
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
  gboolean was_movable = !first && vm->description->immovable == NULL;

  vm->describing = FALSE;
  if (description == NULL || mc_coordinator_lookup_vm (self, vm->uuid) != vm)
    {
      g_clear_pointer (&description, mc_vm_description_free);
      if (error != NULL)
        refuse_description (self, vm, error);
      mc_vm_changes_go_on (self, vm, error);
      return;
    }
  mc_vm_refusal_clear (&vm->describe_refusal);
  if (vm->describe_again)
    {
      mc_vm_description_free (description);
      vm->describe_again = FALSE;
      mc_vm_policy_read (self, vm);
      return;
    }
  g_clear_pointer (&vm->description, mc_vm_description_free);
  vm->description = description;
  if (mc_coordinator_is_ending (self))
    return;
  mc_vm_policy_take_metadata (self, vm, "metadata");
  mc_stats_period_keep (self, vm);
  mc_target_settle (self, vm);
  /* What pins its memory has done so, and what was taken from it is to be given back. */
  if (first || (was_movable && description->immovable != NULL))
    mc_cycle_bring_forward (self);
  mc_vm_changes_go_on (self, vm, NULL);
}

void
mc_vm_policy_read (McCoordinator *self, McVm *vm)
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
    mc_vm_policy_read (self, vm);
}
