/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in force: the configuration, and over it what was set at run time. */
#include "config.h"

#include "settings.h"

#include "policy-settings.h"
#include "state-file.h"

struct _McSettingsState
{
  McConfig *config;
  McHostThresholds overrides; /* MC_UNSET follows the configuration */
  gboolean dry_run;
  gboolean keeps_dry_run; /* it was set at run time, */
  gboolean kept_dry_run;  /* to this; one that was ordered is for this run of the service alone */
  McPolicySettings in_force;
};

struct _McSettings
{
  McStore *store;
  McSettingsState now;
};

static gboolean
combine (const McConfig *config,
         const McHostThresholds *overrides,
         McPolicySettings *result,
         GError **error)
{
  *result = config->policy;
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    {
      guint64 value = mc_host_threshold_get (overrides, threshold);

      if (value != MC_UNSET
          && !mc_host_threshold_set (&result->thresholds, threshold, value, error))
        return FALSE;
    }
  return mc_policy_settings_check (result, NULL, error);
}

static void
keep (McSettings *self)
{
  mc_state_file_set_settings (self->store, &self->now.overrides,
                              self->now.keeps_dry_run ? &self->now.kept_dry_run : NULL);
}

static gboolean
put_in_force (McSettingsState *now, const McHostThresholds *overrides, GError **error)
{
  McPolicySettings in_force;

  if (!combine (now->config, overrides, &in_force, error))
    return FALSE;
  now->overrides = *overrides;
  now->in_force = in_force;
  return TRUE;
}

static gboolean
change (McSettings *self, const McHostThresholds *overrides, GError **error)
{
  if (!put_in_force (&self->now, overrides, error))
    return FALSE;
  keep (self);
  return TRUE;
}

/* Takes one of @kept into force. FALSE, with *@error set, where it conflicts with what is. */
static gboolean
take (McSettingsState *now, const McThreshold *threshold, McHostThresholds *kept, GError **error)
{
  McHostThresholds overrides = now->overrides;
  guint64 *value = mc_host_threshold_field (kept, threshold);

  *mc_host_threshold_field (&overrides, threshold) = *value;
  if (!put_in_force (now, &overrides, error))
    return FALSE;
  *value = MC_UNSET;
  return TRUE;
}

static gboolean
take_any (McSettingsState *now, McHostThresholds *kept)
{
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    if (mc_host_threshold_get (kept, threshold) != MC_UNSET && take (now, threshold, kept, NULL))
      return TRUE;
  return FALSE;
}

/* Logs why each that is left of @kept conflicts. Returns: whether any is */
static gboolean
log_dropped (McSettingsState *now, McHostThresholds *kept)
{
  gboolean any = FALSE;

  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    {
      g_autoptr (GError) error = NULL;

      if (mc_host_threshold_get (kept, threshold) == MC_UNSET
          || take (now, threshold, kept, &error))
        continue;
      g_warning ("The runtime setting %s is dropped, as it conflicts with the configuration: %s",
                 threshold->name, error->message);
      any = TRUE;
    }
  return any;
}

/* One by one, as long as any fits: one of two that fit each other may not fit the configuration
 * before the other is in force. */
static void
restore (McSettings *self)
{
  McSettingsState *now = &self->now;
  McHostThresholds kept;

  now->overrides = MC_ALL_UNSET (McHostThresholds);
  now->in_force = now->config->policy;
  now->keeps_dry_run = mc_state_file_get_settings (self->store, &kept, &now->dry_run);
  now->kept_dry_run = now->dry_run;
  while (take_any (now, &kept))
    continue;
  if (log_dropped (now, &kept))
    keep (self);
}

McSettings *
mc_settings_new (McConfig *config, McStore *store)
{
  McSettings *self = g_new0 (McSettings, 1);

  self->now.config = config;
  self->store = store;
  self->now.dry_run = config->dry_run;
  restore (self);
  self->now.dry_run |= config->dry_run_ordered;
  return self;
}

void
mc_settings_free (McSettings *self)
{
  mc_config_free (self->now.config);
  g_free (self);
}

McSettingsState *
mc_settings_get_state (const McSettings *self)
{
  McSettingsState *state = g_memdup2 (&self->now, sizeof self->now);

  state->config = mc_config_copy (self->now.config);
  return state;
}

void
mc_settings_state_free (McSettingsState *self)
{
  mc_config_free (self->config);
  g_free (self);
}

void
mc_settings_return_to (McSettings *self, const McSettingsState *state)
{
  mc_config_free (self->now.config);
  self->now = *state;
  self->now.config = mc_config_copy (state->config);
  keep (self);
}

const McPolicySettings *
mc_settings_get_policy (const McSettings *self)
{
  return &self->now.in_force;
}

const McConfig *
mc_settings_get_config (const McSettings *self)
{
  return self->now.config;
}

char **
mc_settings_list_overridden (const McSettings *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    if (mc_host_threshold_get (&self->now.overrides, threshold) != MC_UNSET)
      g_strv_builder_add (names, threshold->name);
  return g_strv_builder_end (names);
}

gboolean
mc_settings_get_dry_run (const McSettings *self)
{
  return self->now.dry_run;
}

gboolean
mc_settings_set (McSettings *self, GVariant *values, GError **error)
{
  McHostThresholds overrides = self->now.overrides;
  GVariantIter iter;
  const char *name;
  guint64 value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    {
      const McThreshold *threshold = mc_threshold_require (mc_host_thresholds, name, error);

      if (threshold == NULL || !mc_host_threshold_set (&overrides, threshold, value, error))
        return FALSE;
    }
  return change (self, &overrides, error);
}

gboolean
mc_settings_reset (McSettings *self, const char *const *names, GError **error)
{
  McHostThresholds overrides = self->now.overrides;

  if (names == NULL || names[0] == NULL)
    overrides = MC_ALL_UNSET (McHostThresholds);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      const McThreshold *threshold = mc_threshold_require (mc_host_thresholds, names[i], error);

      if (threshold == NULL)
        return FALSE;
      *mc_host_threshold_field (&overrides, threshold) = MC_UNSET;
    }
  return change (self, &overrides, error);
}

void
mc_settings_set_dry_run (McSettings *self, gboolean dry_run)
{
  McSettingsState *now = &self->now;

  now->dry_run = now->kept_dry_run = dry_run;
  now->keeps_dry_run = now->config->dry_run_ordered || dry_run != now->config->dry_run;
  keep (self);
}

gboolean
mc_settings_reload (McSettings *self, McConfig *config, GError **error)
{
  McPolicySettings in_force;

  if (!combine (config, &self->now.overrides, &in_force, error))
    {
      g_prefix_error (error, "%s conflicts with runtime settings: ", config->path);
      mc_config_free (config);
      return FALSE;
    }
  /* An order lasts as long as the service does, or until somebody is asked by name to undo it. */
  if (self->now.config->dry_run_ordered)
    mc_config_order_dry_run (config);
  if (config->dry_run != self->now.config->dry_run)
    self->now.dry_run = self->now.kept_dry_run = config->dry_run;
  if (!config->dry_run_ordered && self->now.kept_dry_run == config->dry_run)
    self->now.keeps_dry_run = FALSE;
  mc_config_free (self->now.config);
  self->now.config = config;
  self->now.in_force = in_force;
  keep (self);
  return TRUE;
}
