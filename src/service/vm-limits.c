/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's limits. */
#include "config.h"

#include "vm-limits.h"

#include "events.h"
#include "names.h"
#include "policy-settings.h"

/* A limit of its process that leaves the guest less than this part of its memory is not meant to be
 * what it lives in. */
#define REACH_LEAST_DIVISOR 8

guint64
mc_vm_limits_get_reach (const McVmLimits *self)
{
  const McVmDescription *description = self->description->current;
  guint64 capacity = self->domain->facts.capacity;

  if (capacity == MC_UNKNOWN || description == NULL || description->ceiling_name == NULL)
    return capacity;
  return CLAMP (saturating_sub (description->ceiling, MC_OVERHEAD_MOST),
                capacity / REACH_LEAST_DIVISOR, capacity);
}

static guint64
default_minimum (const McVmLimits *self)
{
  const McConfig *config = mc_settings_get_config (self->context->settings);
  guint64 capacity = self->domain->facts.capacity;

  if (config->default_minimum != 0 || capacity == MC_UNKNOWN)
    return config->default_minimum;
  return mc_policy_default_minimum (capacity);
}

static guint64
in_force (guint64 own, guint64 followed)
{
  return own != MC_UNSET ? own : followed;
}

gboolean
mc_vm_limits_is_opted_out (const McVmLimits *self)
{
  if (self->problem != NULL)
    return TRUE;
  if (self->metadata.managed == MC_MANAGED_DEFAULT)
    return !mc_settings_get_config (self->context->settings)->manage_by_default;
  return self->metadata.managed == MC_MANAGED_NO;
}

void
mc_vm_limits_fill (const McVmLimits *self, McVmFacts *facts)
{
  const McHostThresholds *host = &mc_context_get_policy (self->context)->thresholds;
  const McConfig *config = mc_settings_get_config (self->context->settings);
  const McVmPolicy *own = &self->metadata.policy;
  McVmPolicy *policy = &facts->policy;

  facts->opted_out = mc_vm_limits_is_opted_out (self);
  policy->maximum = MIN (in_force (own->maximum, MC_UNKNOWN), mc_vm_limits_get_reach (self));
  policy->minimum = MIN (in_force (own->minimum, default_minimum (self)), policy->maximum);
  policy->low_watermark = in_force (own->low_watermark, host->low_watermark);
  /* The host's may have been moved past the one that this VM has of its own. */
  policy->high_watermark
      = MAX (in_force (own->high_watermark, host->high_watermark), policy->low_watermark);
  policy->weight = in_force (own->weight, config->default_weight);
}

char **
mc_vm_limits_list_own (const McVmLimits *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; mc_vm_thresholds[i].name != NULL; i++)
    if (mc_vm_threshold_get (&self->metadata.policy, &mc_vm_thresholds[i]) != MC_UNSET)
      g_strv_builder_add (names, mc_vm_thresholds[i].name);
  return g_strv_builder_end (names);
}

/* What a change of its metadata changes, to compare. */
typedef struct
{
  McMetadata metadata;
  McVmPolicy in_force;
  gboolean managed;
} State;

static State
state_now (const McVmLimits *self)
{
  McVmFacts facts = self->domain->facts;

  mc_vm_limits_fill (self, &facts);
  return (State){
    .metadata = self->metadata,
    .in_force = facts.policy,
    .managed = !facts.opted_out,
  };
}

static gboolean
is_same (const State *a, const State *b)
{
  return memcmp (&a->in_force, &b->in_force, sizeof a->in_force) == 0
         && memcmp (&a->metadata.policy, &b->metadata.policy, sizeof a->metadata.policy) == 0
         && a->managed == b->managed && a->metadata.managed == b->metadata.managed;
}

static void
emit_changes (McVmLimits *self, const State *before, const char *origin)
{
  State after = state_now (self);

  if (is_same (before, &after))
    return;
  mc_context_emit_changed (self->context, self->domain);
  for (guint i = 0; mc_vm_thresholds[i].name != NULL; i++)
    {
      const McThreshold *threshold = &mc_vm_thresholds[i];
      guint64 old = mc_vm_threshold_get (&before->in_force, threshold);
      guint64 new = mc_vm_threshold_get (&after.in_force, threshold);

      mc_context_emit_setting_changed (self->context, self->domain, threshold->name,
                                       mc_threshold_to_variant (threshold, old),
                                       mc_threshold_to_variant (threshold, new), origin);
    }
  mc_context_emit_setting_changed (self->context, self->domain, MC_SETTING_MANAGED,
                                   g_variant_new_boolean (before->managed),
                                   g_variant_new_boolean (after.managed), origin);
}

static void
set_problem (McVmLimits *self, const char *message)
{
  if (g_strcmp0 (self->problem, message) != 0)
    mc_event_metadata_refused (self->domain->name, self->domain->uuid, message);
  g_free (self->problem);
  self->problem = g_strdup (message);
}

/* What cannot be read may say that the VM is not to be managed, and so it is not. */
void
mc_vm_limits_apply_metadata (McVmLimits *self, const char *origin)
{
  const McVmDescription *description = self->description->current;
  guint64 capacity = self->domain->facts.capacity;
  State before = state_now (self);
  McMetadata metadata = mc_metadata_unset ();
  g_autoptr (GError) error = NULL;

  if (!mc_metadata_parse (description->metadata, &metadata, &error)
      || !mc_vm_policy_check (&metadata.policy, mc_context_get_policy (self->context), capacity,
                              &error))
    set_problem (self, error->message);
  else
    {
      g_clear_pointer (&self->problem, g_free);
      self->metadata = metadata;
    }
  emit_changes (self, &before, origin);
}

void
mc_vm_limits_set_claimed (McVmLimits *self, gboolean claimed)
{
  self->claimed = claimed;
}

void
mc_vm_limits_init (McVmLimits *self,
                   McContext *context,
                   McDomain *domain,
                   const McDescription *description)
{
  *self = (McVmLimits){ context, domain, description, mc_metadata_unset (), NULL, FALSE };
}

void
mc_vm_limits_clear (McVmLimits *self)
{
  g_free (self->problem);
}
