/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept over a restart of the service, by type. */
#include "config.h"

#include "state-file.h"

#include "boot-id.h"

#include <string.h>

#define GROUP_THRESHOLDS "Thresholds"
#define GROUP_SETTINGS   "Settings"
#define GROUP_PAUSE      "Pause"
#define GROUP_VM         "VM "

#define KEY_DRY_RUN   "dry-run"
#define KEY_REASON    "pause-reason"
#define KEY_UNTIL     "paused-until"
#define KEY_LENGTH    "pause-seconds"
#define KEY_ID        "id"
#define KEY_PERIOD    "original-stats-period"
#define KEY_RECLAIMED "reclaimed"

const McStoreKind mc_state_file_kind = { "settings", "Runtime settings", NULL };

/* Settings */

static void
get_threshold (GKeyFile *keys, const char *name, McHostThresholds *overrides)
{
  g_autoptr (GError) error = NULL;
  const McThreshold *threshold = mc_threshold_require (mc_host_thresholds, name, &error);
  guint64 value
      = threshold != NULL ? g_key_file_get_uint64 (keys, GROUP_THRESHOLDS, name, &error) : 0;

  if (error != NULL || !mc_host_threshold_set (overrides, threshold, value, &error))
    g_warning ("A runtime setting is dropped: %s", error->message);
}

static gboolean
get_dry_run (GKeyFile *keys, gboolean *dry_run)
{
  g_autoptr (GError) error = NULL;
  gboolean kept = g_key_file_get_boolean (keys, GROUP_SETTINGS, KEY_DRY_RUN, &error);

  if (error == NULL)
    *dry_run = kept;
  else if (g_error_matches (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE))
    g_warning ("A runtime setting is dropped: %s", error->message);
  return error == NULL;
}

gboolean
mc_state_file_get_settings (McStore *store, McHostThresholds *overrides, gboolean *dry_run)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_auto (GStrv) names = g_key_file_get_keys (keys, GROUP_THRESHOLDS, NULL, NULL);

  *overrides = MC_ALL_UNSET (McHostThresholds);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    get_threshold (keys, names[i], overrides);
  return get_dry_run (keys, dry_run);
}

void
mc_state_file_set_settings (McStore *store,
                            const McHostThresholds *overrides,
                            const gboolean *dry_run)
{
  GKeyFile *keys = mc_store_get_keys (store);

  g_key_file_remove_group (keys, GROUP_THRESHOLDS, NULL);
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    {
      guint64 value = mc_host_threshold_get (overrides, threshold);

      if (value != MC_UNSET)
        g_key_file_set_uint64 (keys, GROUP_THRESHOLDS, threshold->name, value);
    }
  if (dry_run != NULL)
    g_key_file_set_boolean (keys, GROUP_SETTINGS, KEY_DRY_RUN, *dry_run);
  else
    g_key_file_remove_group (keys, GROUP_SETTINGS, NULL);
  mc_store_save (store);
}

/* A VM; where @domain is NULL, everything */

static char *
group_of (const McDomain *domain)
{
  return domain != NULL ? g_strconcat (GROUP_VM, domain->uuid, NULL) : g_strdup (GROUP_PAUSE);
}

/* What was set in @group. */
static void
save (McStore *store, const McDomain *domain, const char *group)
{
  if (domain != NULL)
    g_key_file_set_integer (mc_store_get_keys (store), group, KEY_ID, domain->id);
  mc_store_save (store);
}

char *
mc_state_file_get_pause (McStore *store, const McDomain *domain, guint64 *until_us, guint64 *length)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_autofree char *group = group_of (domain);

  *until_us = g_key_file_get_uint64 (keys, group, KEY_UNTIL, NULL);
  *length = g_key_file_get_uint64 (keys, group, KEY_LENGTH, NULL);
  return g_key_file_get_string (keys, group, KEY_REASON, NULL);
}

void
mc_state_file_set_pause (
    McStore *store, const McDomain *domain, const char *reason, guint64 until_us, guint64 length)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_autofree char *group = group_of (domain);

  g_key_file_set_string (keys, group, KEY_REASON, reason);
  g_key_file_set_uint64 (keys, group, KEY_UNTIL, until_us);
  g_key_file_set_uint64 (keys, group, KEY_LENGTH, length);
  save (store, domain, group);
}

void
mc_state_file_unset_pause (McStore *store, const McDomain *domain)
{
  static const char *const unset[] = { KEY_REASON, KEY_UNTIL, KEY_LENGTH };
  g_autofree char *group = group_of (domain);

  for (guint i = 0; i < G_N_ELEMENTS (unset); i++)
    g_key_file_remove_key (mc_store_get_keys (store), group, unset[i], NULL);
  save (store, domain, group);
}

gboolean
mc_state_file_get_original_period (McStore *store, const McDomain *domain, guint *seconds)
{
  g_autofree char *group = group_of (domain);
  g_autoptr (GError) error = NULL;
  int noted = g_key_file_get_integer (mc_store_get_keys (store), group, KEY_PERIOD, &error);

  if (error == NULL)
    *seconds = (guint)MAX (noted, 0);
  return error == NULL;
}

void
mc_state_file_set_original_period (McStore *store, const McDomain *domain, guint seconds)
{
  g_autofree char *group = group_of (domain);

  g_key_file_set_integer (mc_store_get_keys (store), group, KEY_PERIOD, (int)seconds);
  save (store, domain, group);
}

void
mc_state_file_unset_original_period (McStore *store, const McDomain *domain)
{
  g_autofree char *group = group_of (domain);

  if (g_key_file_remove_key (mc_store_get_keys (store), group, KEY_PERIOD, NULL))
    mc_store_save (store);
}

gboolean
mc_state_file_get_reclaimed (McStore *store, const McDomain *domain)
{
  g_autofree char *group = group_of (domain);

  return g_key_file_get_boolean (mc_store_get_keys (store), group, KEY_RECLAIMED, NULL);
}

void
mc_state_file_set_reclaimed (McStore *store, const McDomain *domain, gboolean reclaimed)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_autofree char *group = group_of (domain);

  if (reclaimed)
    g_key_file_set_boolean (keys, group, KEY_RECLAIMED, TRUE);
  else
    g_key_file_remove_key (keys, group, KEY_RECLAIMED, NULL);
  save (store, domain, group);
}

/* Lives of VMs */

void
mc_state_file_forget_vm (McStore *store, const McDomain *domain)
{
  g_autofree char *group = group_of (domain);

  if (g_key_file_remove_group (mc_store_get_keys (store), group, NULL))
    mc_store_save (store);
}

void
mc_state_file_begin_vm (McStore *store, const McDomain *domain)
{
  g_autofree char *group = group_of (domain);

  if (g_key_file_get_integer (mc_store_get_keys (store), group, KEY_ID, NULL) != domain->id)
    mc_state_file_forget_vm (store, domain);
}

void
mc_state_file_sweep_vms (McStore *store, GHashTable *present)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      const char *uuid = groups[i] + strlen (GROUP_VM);

      if (!g_str_has_prefix (groups[i], GROUP_VM)
          || (present != NULL && g_hash_table_contains (present, uuid)))
        continue;
      g_key_file_remove_group (keys, groups[i], NULL);
      mc_store_save (store);
    }
}

void
mc_state_file_begin_boot (McStore *store)
{
  /* It is saved with what is noted next. */
  if (mc_boot_id_note (mc_store_get_keys (store)))
    mc_state_file_sweep_vms (store, NULL);
}
