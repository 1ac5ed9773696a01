/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's policy: its thresholds, the dry run and the configuration, changed and told. */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"
#include "size.h"

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
before_change (McCoordinator *self)
{
  return (Before){ *mc_settings_get_policy (self->settings),
                   *mc_settings_get_config (self->settings),
                   mc_settings_get_dry_run (self->settings) };
}

static GVariant *
threshold_to_variant (const McPolicySettings *settings, const McThreshold *threshold)
{
  return mc_threshold_to_variant (threshold, mc_host_threshold_get (settings, threshold));
}

/* Consumes both values. */
static void
tell_change (
    McCoordinator *self, const char *setting, GVariant *old, GVariant *new, const char *origin)
{
  g_autoptr (GVariant) before = g_variant_ref_sink (old);
  g_autoptr (GVariant) after = g_variant_ref_sink (new);

  if (!g_variant_equal (before, after))
    mc_coordinator_emit_policy_changed (self, NULL, setting, before, after, origin);
}

static GVariant *
period_to_variant (const McPolicySettings *settings)
{
  return g_variant_new_uint32 ((guint32)(settings->stats_period_us / G_USEC_PER_SEC));
}

/* What only the configuration says. */
static void
tell_configuration (McCoordinator *self, const Before *before, const char *origin)
{
  const McConfig *old = &before->config, *new = mc_settings_get_config (self->settings);

  tell_change (self, "CacheGrowth",
               g_variant_new_string (mc_cache_growth_nick (old->policy.cache_growth)),
               g_variant_new_string (mc_cache_growth_nick (new->policy.cache_growth)), origin);
  tell_change (self, "DefaultMinimum", g_variant_new_uint64 (old->default_minimum),
               g_variant_new_uint64 (new->default_minimum), origin);
  tell_change (self, "DefaultWeight", g_variant_new_uint32 (old->default_weight),
               g_variant_new_uint32 (new->default_weight), origin);
  tell_change (self, "Manage", g_variant_new_string (mc_config_get_manage (old)),
               g_variant_new_string (mc_config_get_manage (new)), origin);
  tell_change (self, "StatsPeriod", period_to_variant (&old->policy),
               period_to_variant (&new->policy), origin);
}

static void
tell_changes (McCoordinator *self, const Before *before, const char *origin)
{
  const McPolicySettings *after = mc_settings_get_policy (self->settings);

  mc_coordinator_publish (self);
  for (guint i = 0; mc_host_thresholds[i].name != NULL; i++)
    tell_change (self, mc_host_thresholds[i].name,
                 threshold_to_variant (&before->policy, &mc_host_thresholds[i]),
                 threshold_to_variant (after, &mc_host_thresholds[i]), origin);
  tell_change (self, "DryRun", g_variant_new_boolean (before->dry_run),
               g_variant_new_boolean (mc_settings_get_dry_run (self->settings)), origin);
  mc_cycle_bring_forward (self);
}

/* What could not be kept */

typedef struct
{
  McCoordinator *coordinator;
  McSettingsState *state;
} Undo;

static Undo *
undo_new (McCoordinator *self)
{
  Undo *undo = g_new (Undo, 1);

  *undo = (Undo){ g_object_ref (self), mc_settings_get_state (self->settings) };
  return undo;
}

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  mc_settings_state_free (undo->state);
  g_object_unref (undo->coordinator);
  g_free (undo);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Undo, undo_free)

static void
undo_change (gpointer data)
{
  Undo *undo = data;
  McCoordinator *self = undo->coordinator;
  Before before = before_change (self);

  if (self->clock == NULL)
    return; /* disposed of */
  mc_settings_return_to (self->settings, undo->state);
  tell_changes (self, &before, "disk");
  tell_configuration (self, &before, "disk");
}

/* Consumes @undo. */
static void
undo_where_not_kept (McCoordinator *self, Undo *undo)
{
  mc_store_undo_with (self->store, undo_change, undo, undo_free);
}

/* Changes */

/* A host that is to keep more than it has would take all of it from its VMs. */
gboolean
mc_host_policy_check_reserve (McCoordinator *self, guint64 reserve, GError **error)
{
  g_autofree char *asked = mc_size_format (reserve);
  g_autofree char *total = mc_size_format (self->figures.total);

  if (self->figures.total == 0 || reserve < self->figures.total)
    return TRUE;
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT,
               "HostReserve %s is not below HostTotal %s", asked, total);
  return FALSE;
}

static gboolean
check_config (McCoordinator *self, const McConfig *config, GError **error)
{
  if (mc_host_policy_check_reserve (self, config->policy.host_reserve, error))
    return TRUE;
  if (config->reserve_line > 0)
    g_prefix_error (error, "%s:%u: host-reserve: ", config->path, config->reserve_line);
  return FALSE;
}

/* What was set when the host had more. */
static void
drop_reserve (McCoordinator *self)
{
  const char *names[] = { "HostReserve", NULL };
  guint64 reserve = mc_settings_get_policy (self->settings)->host_reserve;
  g_autoptr (GError) error = NULL;

  if (!mc_host_policy_check_reserve (self, reserve, &error)
      && mc_settings_reset (self->settings, names, NULL))
    g_warning ("What was set at run time is dropped: %s", error->message);
}

gboolean
mc_coordinator_check_host (McCoordinator *self, GError **error)
{
  /* What cannot be known yet is told once it is. */
  if (!mc_hypervisor_is_local (self->hypervisor)
      || !mc_host_read (self->host, &self->figures.total, &self->figures.available, NULL))
    return TRUE;
  if (!check_config (self, mc_settings_get_config (self->settings), error))
    return FALSE;
  drop_reserve (self);
  return TRUE;
}

gboolean
mc_coordinator_set_thresholds (McCoordinator *self,
                               GVariant *values,
                               const char *origin,
                               GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  Before before = before_change (self);
  GError *problem = NULL;
  guint64 reserve;

  if (g_variant_lookup (values, "HostReserve", "t", &reserve)
      && !mc_host_policy_check_reserve (self, reserve, error))
    return FALSE;
  if (!mc_settings_set (self->settings, values, &problem))
    return fail_from (error, problem);
  undo_where_not_kept (self, g_steal_pointer (&undo));
  tell_changes (self, &before, origin);
  return TRUE;
}

gboolean
mc_coordinator_reset_thresholds (McCoordinator *self,
                                 const char *const *names,
                                 const char *origin,
                                 GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  Before before = before_change (self);
  GError *problem = NULL;

  if (!mc_settings_reset (self->settings, names, &problem))
    return fail_from (error, problem);
  undo_where_not_kept (self, g_steal_pointer (&undo));
  tell_changes (self, &before, origin);
  return TRUE;
}

gboolean
mc_coordinator_set_dry_run (McCoordinator *self,
                            gboolean dry_run,
                            const char *origin,
                            GError **error)
{
  Undo *undo = undo_new (self);
  Before before = before_change (self);

  mc_settings_set_dry_run (self->settings, dry_run);
  undo_where_not_kept (self, undo);
  tell_changes (self, &before, origin);
  return TRUE;
}

/* One after the other: what was read last is what is in force. A file may be on a disk that hangs.
 */
typedef struct
{
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
  g_object_unref (reload->task);
  g_free (reload->origin);
  g_free (reload->path);
  g_free (reload);
}

static gboolean
take_config (McCoordinator *self, Reload *reload, GError **error)
{
  g_autoptr (Undo) undo = undo_new (self);
  const char *origin = reload->origin;
  Before before = before_change (self);
  GError *problem = g_steal_pointer (&reload->error);
  McConfig *config = g_steal_pointer (&reload->config);

  if (config != NULL && !check_config (self, config, &problem))
    g_clear_pointer (&config, mc_config_free);
  if (config == NULL || !mc_settings_reload (self->settings, config, &problem))
    {
      mc_event_configuration_refused (problem->message);
      return fail_from (error, problem);
    }
  undo_where_not_kept (self, g_steal_pointer (&undo));
  tell_changes (self, &before, origin);
  tell_configuration (self, &before, origin);
  /* For the statistics period, and the metadata that was judged by the old values. */
  if (mc_hypervisor_get_connected (self->hypervisor))
    for (guint i = 0; i < self->vms->len; i++)
      mc_vm_policy_describe (self, self->vms->pdata[i]);
  return TRUE;
}

static void begin_reload (McCoordinator *self);

static gboolean
on_config_read (gpointer user_data)
{
  Reload *reload = user_data;
  g_autoptr (McCoordinator) self = g_object_ref (g_task_get_source_object (reload->task));
  GError *error = NULL;

  g_queue_pop_head (&self->reloads);
  if (take_config (self, reload, &error))
    g_task_return_boolean (reload->task, TRUE);
  else
    g_task_return_error (reload->task, error);
  reload_free (reload);
  begin_reload (self);
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
begin_reload (McCoordinator *self)
{
  const McConfig *config = mc_settings_get_config (self->settings);
  Reload *reload = g_queue_peek_head (&self->reloads);

  if (reload == NULL)
    return;
  reload->path = g_strdup (config->path);
  reload->required = config->required;
  g_thread_unref (g_thread_new ("reload", read_config, reload));
}

void
mc_coordinator_reload_async (McCoordinator *self,
                             const char *origin,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  Reload *reload = g_new0 (Reload, 1);

  reload->task = g_task_new (self, NULL, callback, user_data);
  reload->origin = g_strdup (origin);
  g_queue_push_tail (&self->reloads, reload);
  if (g_queue_get_length (&self->reloads) == 1)
    begin_reload (self);
}

gboolean
mc_coordinator_reload_finish (McCoordinator *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
