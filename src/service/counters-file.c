/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted, kept over a restart of the service, by type. */
#include "config.h"

#include "counters-file.h"

#include "boot-id.h"

#include <string.h>

#define GROUP_COUNTERS "Counters"
#define GROUP_VMS      "VMs"

#define KEY_SINCE   "since"
#define KEY_TOTAL   "total"
#define KEY_NEED    "need"
#define KEY_WRITTEN "written"

/* Of all VMs and the host */

/* What is there instead may be anything, and is not repeated. */
static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s is invalid", what);
  return FALSE;
}

static gboolean
read_number (GKeyFile *keys, const char *key, guint64 *number, GError **error)
{
  g_autofree char *text = g_key_file_get_value (keys, GROUP_COUNTERS, key, error);

  return text != NULL
         && (g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, number, NULL)
             || fail (error, key));
}

static gboolean
read_total (GKeyFile *keys, McCounters *total, GError **error)
{
  g_autofree char *text = g_key_file_get_value (keys, GROUP_COUNTERS, KEY_TOTAL, error);

  return text != NULL && (mc_counters_parse (total, text) || fail (error, KEY_TOTAL));
}

static gboolean
read_need (GKeyFile *keys, McLastHour *need, gint64 now_us, gint64 age_us, GError **error)
{
  g_autofree char *text = g_key_file_get_value (keys, GROUP_COUNTERS, KEY_NEED, error);

  return text != NULL
         && (mc_last_hour_parse (need, text, now_us, age_us) || fail (error, KEY_NEED));
}

guint64
mc_counters_file_get_total (
    McStore *store, McCounters *total, McLastHour *need, gint64 now_us, gint64 wall_us)
{
  GKeyFile *keys = mc_store_get_keys (store);
  guint64 since_us, written_us;

  if (!read_number (keys, KEY_SINCE, &since_us, NULL)
      || !read_number (keys, KEY_WRITTEN, &written_us, NULL) || !read_total (keys, total, NULL)
      || !read_need (keys, need, now_us, wall_us - (gint64)written_us, NULL))
    return 0;
  return since_us;
}

void
mc_counters_file_set_total (McStore *store,
                            guint64 since_us,
                            const McCounters *total,
                            const McLastHour *need,
                            gint64 now_us,
                            gint64 wall_us)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_autofree char *total_text = mc_counters_format (total);
  g_autofree char *need_text = mc_last_hour_format (need, now_us);

  g_key_file_set_uint64 (keys, GROUP_COUNTERS, KEY_SINCE, since_us);
  g_key_file_set_value (keys, GROUP_COUNTERS, KEY_TOTAL, total_text);
  g_key_file_set_value (keys, GROUP_COUNTERS, KEY_NEED, need_text);
  g_key_file_set_int64 (keys, GROUP_COUNTERS, KEY_WRITTEN, wall_us);
}

/* VMs */

/* Returns: (nullable): its counters, behind its id; NULL where @text was not written for a VM. */
static const char *
skip_id (const char *text, int *id)
{
  const char *end = strchr (text, ';');
  g_autofree char *first = end != NULL ? g_strndup (text, (gsize)(end - text)) : NULL;
  gint64 number;

  if (end == NULL || !g_ascii_string_to_signed (first, 10, G_MININT, G_MAXINT, &number, NULL))
    return NULL;
  *id = (int)number;
  return end + 1;
}

void
mc_counters_file_get_vm (McStore *store, const McDomain *domain, McCounters *counters)
{
  g_autofree char *text
      = g_key_file_get_value (mc_store_get_keys (store), GROUP_VMS, domain->uuid, NULL);
  int id = 0;
  const char *numbers = text != NULL ? skip_id (text, &id) : NULL;

  if (numbers != NULL && (id != domain->id || !mc_counters_parse (counters, numbers)))
    mc_counters_file_forget_vm (store, domain);
}

void
mc_counters_file_set_vm (McStore *store, const McDomain *domain, const McCounters *counters)
{
  g_autofree char *numbers = mc_counters_format (counters);
  g_autofree char *text = g_strdup_printf ("%d;%s", domain->id, numbers);

  g_key_file_set_value (mc_store_get_keys (store), GROUP_VMS, domain->uuid, text);
}

void
mc_counters_file_forget_vm (McStore *store, const McDomain *domain)
{
  g_key_file_remove_key (mc_store_get_keys (store), GROUP_VMS, domain->uuid, NULL);
}

void
mc_counters_file_sweep_vms (McStore *store, GHashTable *present)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_auto (GStrv) uuids = g_key_file_get_keys (keys, GROUP_VMS, NULL, NULL);

  for (guint i = 0; uuids != NULL && uuids[i] != NULL; i++)
    if (!g_hash_table_contains (present, uuids[i]))
      g_key_file_remove_key (keys, GROUP_VMS, uuids[i], NULL);
}

void
mc_counters_file_begin_boot (McStore *store)
{
  GKeyFile *keys = mc_store_get_keys (store);

  if (mc_boot_id_note (keys))
    g_key_file_remove_group (keys, GROUP_VMS, NULL);
}

/* The whole */

static gboolean
check_vms (GKeyFile *keys, GError **error)
{
  g_auto (GStrv) uuids = g_key_file_get_keys (keys, GROUP_VMS, NULL, NULL);

  for (guint i = 0; uuids != NULL && uuids[i] != NULL; i++)
    {
      g_autofree char *text = g_key_file_get_value (keys, GROUP_VMS, uuids[i], error);
      const char *numbers;
      McCounters counters;
      int id;

      if (text == NULL)
        return FALSE;
      numbers = skip_id (text, &id);
      if (numbers == NULL || !mc_counters_parse (&counters, numbers))
        return fail (error, "a VM's entry");
    }
  return TRUE;
}

static gboolean
check (GKeyFile *keys, GError **error)
{
  McCounters total;
  McLastHour need;
  guint64 number;

  return read_number (keys, KEY_SINCE, &number, error)
         && read_number (keys, KEY_WRITTEN, &number, error) && read_total (keys, &total, error)
         && read_need (keys, &need, 0, 0, error) && check_vms (keys, error);
}

const McStoreKind mc_counters_file_kind = { "counters", "Counters", check };
