/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept of each VM for the next run of the service: its pause, and what was changed in it.
 * Notes belong to one life of a VM, which libvirt's id tells: the next one starts from what its XML
 * says.
 */
#include "config.h"

#include <string.h>

#include "coordinator-private.h"

#define GROUP_PREFIX "VM "
#define KEY_ID       "id"

char *
mc_vm_notes_group (McVm *vm)
{
  return g_strconcat (GROUP_PREFIX, vm->uuid, NULL);
}

void
mc_vm_notes_save (McCoordinator *self, McVm *vm)
{
  GKeyFile *keys = mc_store_get_keys (self->store);
  g_autofree char *group = mc_vm_notes_group (vm);

  g_key_file_set_integer (keys, group, KEY_ID, vm->view.id);
  mc_store_save (self->store);
}

void
mc_vm_notes_open (McCoordinator *self, McVm *vm)
{
  GKeyFile *keys = mc_store_get_keys (self->store);
  g_autofree char *group = mc_vm_notes_group (vm);

  if (!g_key_file_has_group (keys, group)
      || g_key_file_get_integer (keys, group, KEY_ID, NULL) == vm->view.id)
    return;
  mc_vm_notes_forget (self, vm);
}

void
mc_vm_notes_forget (McCoordinator *self, McVm *vm)
{
  g_autofree char *group = mc_vm_notes_group (vm);

  if (g_key_file_remove_group (mc_store_get_keys (self->store), group, NULL))
    mc_store_save (self->store);
}

void
mc_vm_notes_sweep (McCoordinator *self)
{
  GKeyFile *keys = mc_store_get_keys (self->store);
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      const char *uuid = groups[i] + strlen (GROUP_PREFIX);

      if (!g_str_has_prefix (groups[i], GROUP_PREFIX)
          || g_hash_table_contains (self->by_uuid, uuid))
        continue;
      g_key_file_remove_group (keys, groups[i], NULL);
      mc_store_save (self->store);
    }
}
