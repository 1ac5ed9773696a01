/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of each VM for the next run of the service. */
#include "config.h"

#include "vm-notes.h"

#include <string.h>

#define GROUP_PREFIX "VM "
#define KEY_ID       "id"
#define KEY_TAKEN    "reclaimed"

char *
mc_vm_notes_group (const char *uuid)
{
  return g_strconcat (GROUP_PREFIX, uuid, NULL);
}

void
mc_vm_notes_save (McStore *store, const char *uuid, int id)
{
  g_autofree char *group = mc_vm_notes_group (uuid);

  g_key_file_set_integer (mc_store_get_keys (store), group, KEY_ID, id);
  mc_store_save (store);
}

void
mc_vm_notes_open (McStore *store, const char *uuid, int id)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_autofree char *group = mc_vm_notes_group (uuid);

  if (g_key_file_has_group (keys, group)
      && g_key_file_get_integer (keys, group, KEY_ID, NULL) != id)
    mc_vm_notes_forget (store, uuid);
}

void
mc_vm_notes_forget (McStore *store, const char *uuid)
{
  g_autofree char *group = mc_vm_notes_group (uuid);

  if (g_key_file_remove_group (mc_store_get_keys (store), group, NULL))
    mc_store_save (store);
}

gboolean
mc_vm_notes_has_reclaimed (McStore *store, const char *uuid)
{
  g_autofree char *group = mc_vm_notes_group (uuid);

  return g_key_file_get_boolean (mc_store_get_keys (store), group, KEY_TAKEN, NULL);
}

void
mc_vm_notes_set_reclaimed (McStore *store, const char *uuid, int id, gboolean reclaimed)
{
  g_autofree char *group = mc_vm_notes_group (uuid);

  if (reclaimed)
    g_key_file_set_boolean (mc_store_get_keys (store), group, KEY_TAKEN, TRUE);
  else
    g_key_file_remove_key (mc_store_get_keys (store), group, KEY_TAKEN, NULL);
  mc_vm_notes_save (store, uuid, id);
}

void
mc_vm_notes_sweep (McStore *store, GHashTable *present)
{
  GKeyFile *keys = mc_store_get_keys (store);
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      const char *uuid = groups[i] + strlen (GROUP_PREFIX);

      if (!g_str_has_prefix (groups[i], GROUP_PREFIX) || g_hash_table_contains (present, uuid))
        continue;
      g_key_file_remove_group (keys, groups[i], NULL);
      mc_store_save (store);
    }
}
