/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's limits. */
#include "config.h"

#include "host-limits.h"

#include "error.h"
#include "events.h"

/* Sets @error from @problem, which is consumed. Returns: FALSE */
static gboolean
fail_from (GError **error, GError *problem)
{
  g_propagate_error (error, mc_service_error_from (problem));
  return FALSE;
}

/* What can change, to compare. */
typedef struct
{
  McPolicySettings policy;
  McConfig config; /* its values alone */
  gboolean dry_run;
} Before;

static Before
before_change (McHostLimits *self)
{
  return (Before){ *mc_context_get_policy (self->context),
                   *mc_settings_get_config (self->context->settings),
                   mc_settings_get_dry_run (self->context->settings) };
}

static GVariant *
threshold_to_variant (const McPolicySettings *settings, const McThreshold *threshold)
{
  return mc_threshold_to_variant (threshold,
                                  mc_host_threshold_get (&settings->thresholds, threshold));
}

static GVariant *
period_to_variant (const McPolicySettings *settings)
{
  return g_variant_new_uint32 ((guint32)(settings->stats_period_us / G_USEC_PER_SEC));
}

/* What only the configuration says. */
static void
emit_configuration (McHostLimits *self, const Before *before, const char *origin)
{
  McContext *context = self->context;
  const McConfig *old = &before->config, *new = mc_settings_get_config (context->settings);

  mc_context_emit_setting_changed (
      context, NULL, "CacheGrowth",
      g_variant_new_string (mc_cache_growth_nick (old->policy.cache_growth)),
      g_variant_new_string (mc_cache_growth_nick (new->policy.cache_growth)), origin);
  mc_context_emit_setting_changed (context, NULL, "DefaultMinimum",
                                   g_variant_new_uint64 (old->default_minimum),
                                   g_variant_new_uint64 (new->default_minimum), origin);
  mc_context_emit_setting_changed (context, NULL, "DefaultWeight",
                                   g_variant_new_uint32 (old->default_weight),
                                   g_variant_new_uint32 (new->default_weight), origin);
  mc_context_emit_setting_changed (context, NULL, "Manage",
                                   g_variant_new_string (mc_config_get_manage (old)),
                                   g_variant_new_string (mc_config_get_manage (new)), origin);
  mc_context_emit_setting_changed (context, NULL, "OnStop",
                                   g_variant_new_string (mc_config_get_on_stop (old)),
                                   g_variant_new_string (mc_config_get_on_stop (new)), origin);
  mc_context_emit_setting_changed (context, NULL, "StatsPeriod", period_to_variant (&old->policy),
                                   period_to_variant (&new->policy), origin);
}

static void
emit_changes (McHostLimits *self, const Before *before, const char *origin)
{
  const McPolicySettings *after = mc_context_get_policy (self->context);
  McContext *context = self->context;

  mc_context_emit_changed (context, NULL);
  for (guint i = 0; mc_host_thresholds[i].name != NULL; i++)
    mc_context_emit_setting_changed (context, NULL, mc_host_thresholds[i].name,
                                     threshold_to_variant (&before->policy, &mc_host_thresholds[i]),
                                     threshold_to_variant (after, &mc_host_thresholds[i]), origin);
  mc_context_emit_setting_changed (
      context, NULL, "DryRun", g_variant_new_boolean (before->dry_run),
      g_variant_new_boolean (mc_settings_get_dry_run (self->context->settings)), origin);
}

/* What could not be kept */

typedef struct
{
  McHostLimits *limits; /* (unowned): where the service is disposed of, the store forgets this */
  McSettingsState *state;
} Undo;

static Undo *
undo_new (McHostLimits *self)
{
  Undo *undo = g_new (Undo, 1);

  *undo = (Undo){ self, mc_settings_get_state (self->context->settings) };
  return undo;
}

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  mc_settings_state_free (undo->state);
  g_free (undo);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Undo, undo_free)

static void
undo_change (gpointer data)
{
  Undo *undo = data;
  McHostLimits *self = undo->limits;
  Before before = before_change (self);

  mc_settings_return_to (self->context->settings, undo->state);
  emit_changes (self, &before, "disk");
  emit_configuration (self, &before, "disk");
}

/* Consumes @undo. */
static void
undo_where_not_kept (McHostLimits *self, Undo *undo)
{
  mc_store_undo_with (self->context->store, undo_change, undo, undo_free);
}

/* Changes */

static gboolean
check_config (McHostLimits *self, const McConfig *config, GError **error)
{
  if (mc_host_state_check_reserve (self->state, config->policy.thresholds.host_reserve, error))
    return TRUE;
  if (config->reserve_line > 0)
    g_prefix_error (error, "%s:%u: host-reserve: ", config->path, config->reserve_line);
  return FALSE;
}

/* What was set when the host had more. */
static void
drop_reserve (McHostLimits *self)
{
  const char *names[] = { "HostReserve", NULL };
  guint64 reserve = mc_context_get_policy (self->context)->thresholds.host_reserve;
  g_autoptr (GError) error = NULL;

  if (!mc_host_state_check_reserve (self->state, reserve, &error)
      && mc_settings_reset (self->context->settings, names, NULL))
    g_warning ("A runtime setting is dropped: %s", error->message);
}

gboolean
mc_host_limits_check_host (McHostLimits *self, GError **error)
{
  /* What cannot be known yet is logged once it is. */
  if (!mc_host_state_read_host (self->state))
    return TRUE;
  if (!check_config (self, mc_settings_get_config (self->context->settings), error))
    return FALSE;
  drop_reserve (self);
  return TRUE;
}

gboolean
mc_host_limits_set (McHostLimits *self, GVariant *values, const char *origin, GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  Before before = before_change (self);
  GError *problem = NULL;
  guint64 reserve;

  if (g_variant_lookup (values, "HostReserve", "t", &reserve)
      && !mc_host_state_check_reserve (self->state, reserve, error))
    return FALSE;
  if (!mc_settings_set (self->context->settings, values, &problem))
    return fail_from (error, problem);
  undo_where_not_kept (self, g_steal_pointer (&undo));
  emit_changes (self, &before, origin);
  return TRUE;
}

gboolean
mc_host_limits_reset (McHostLimits *self,
                      const char *const *names,
                      const char *origin,
                      GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  Before before = before_change (self);
  GError *problem = NULL;

  if (!mc_settings_reset (self->context->settings, names, &problem))
    return fail_from (error, problem);
  undo_where_not_kept (self, g_steal_pointer (&undo));
  emit_changes (self, &before, origin);
  return TRUE;
}

void
mc_host_limits_set_dry_run (McHostLimits *self, gboolean dry_run, const char *origin)
{
  Undo *undo = undo_new (self);
  Before before = before_change (self);

  mc_settings_set_dry_run (self->context->settings, dry_run);
  undo_where_not_kept (self, undo);
  emit_changes (self, &before, origin);
}

/* One after the other: what was read last is in force. A file may be on a disk that hangs. */
typedef struct
{
  McHostLimits *limits; /* NULL: the service is disposed of, and nobody waits any more */
  GTask *task;
  char *origin;
  char *path;
  gboolean required;
  McConfig *config; /* that was read, or */
  GError *error;    /* why not */
} Reload;

static void
reload_free (Reload *reload)
{
  g_clear_object (&reload->task);
  g_free (reload->origin);
  g_free (reload->path);
  g_clear_pointer (&reload->config, mc_config_free);
  g_clear_error (&reload->error);
  g_free (reload);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reload, reload_free)

/* The settings in force stay, and that it was refused is shown until a reload succeeds. @problem:
 * (transfer full). Returns: FALSE */
static gboolean
refuse_config (McHostLimits *self, GError *problem, GError **error)
{
  g_free (self->refused);
  self->refused = g_strdup (problem->message);
  mc_event_configuration_refused (problem->message);
  mc_context_emit_changed (self->context, NULL);
  return fail_from (error, problem);
}

static gboolean
apply_config (McHostLimits *self, Reload *reload, GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  const char *origin = reload->origin;
  Before before = before_change (self);
  GError *problem = g_steal_pointer (&reload->error);
  McConfig *config = g_steal_pointer (&reload->config);

  if (config != NULL && !check_config (self, config, &problem))
    g_clear_pointer (&config, mc_config_free);
  if (config == NULL || !mc_settings_reload (self->context->settings, config, &problem))
    return refuse_config (self, problem, error);
  g_clear_pointer (&self->refused, g_free);
  undo_where_not_kept (self, g_steal_pointer (&undo));
  emit_changes (self, &before, origin);
  emit_configuration (self, &before, origin);
  self->context->heard_by->reloaded (self->context->listener);
  return TRUE;
}

static void begin_reload (McHostLimits *self);

static gboolean
on_config_read (gpointer user_data)
{
  g_autoptr (Reload) reload = user_data;
  McHostLimits *self = reload->limits;
  GError *error = NULL;
  gboolean fine;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  g_queue_pop_head (&self->reloads);
  fine = apply_config (self, reload, &error);
  begin_reload (self);
  if (fine)
    g_task_return_boolean (reload->task, TRUE);
  else
    g_task_return_error (reload->task, error);
  return G_SOURCE_REMOVE;
}

static gpointer
read_config (gpointer data)
{
  Reload *reload = data;

  reload->config = mc_config_load (reload->path, reload->required, &reload->error);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_config_read, reload, NULL);
  return NULL;
}

static void
begin_reload (McHostLimits *self)
{
  const McConfig *config = mc_settings_get_config (self->context->settings);
  Reload *reload = g_queue_peek_head (&self->reloads);

  if (reload == NULL)
    return;
  reload->path = g_strdup (config->path);
  reload->required = config->required;
  g_thread_unref (g_thread_new ("reload", read_config, reload));
}

void
mc_host_limits_reload_async (McHostLimits *self,
                             const char *origin,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  Reload *reload = g_new0 (Reload, 1);

  reload->limits = self;
  reload->task = g_task_new (NULL, NULL, callback, user_data);
  reload->origin = g_strdup (origin);
  g_queue_push_tail (&self->reloads, reload);
  if (g_queue_get_length (&self->reloads) == 1)
    begin_reload (self);
}

gboolean
mc_host_limits_reload_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mc_host_limits_init (McHostLimits *self, McContext *context, McHostState *state)
{
  *self = (McHostLimits){ context, state, G_QUEUE_INIT, NULL };
}

void
mc_host_limits_clear (McHostLimits *self)
{
  Reload *reading = g_queue_peek_head (&self->reloads), *reload;

  while ((reload = g_queue_pop_head (&self->reloads)) != NULL)
    {
      g_task_return_new_error (reload->task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                               "The service ends, and the configuration was not read again");
      g_clear_object (&reload->task);
      reload->limits = NULL;
      if (reload != reading) /* which its thread has */
        reload_free (reload);
    }
  g_clear_pointer (&self->refused, g_free);
}
