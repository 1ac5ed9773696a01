/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits that VMs share, by their descriptions, as groups for the policy. */
#include "config.h"

#include "vm-groups.h"

static void
add (GHashTable *members, const char *name, guint vm)
{
  GArray *of_group = g_hash_table_lookup (members, name);

  if (of_group == NULL)
    {
      of_group = g_array_new (FALSE, FALSE, sizeof vm);
      g_hash_table_insert (members, (gpointer)name, of_group);
    }
  g_array_append_val (of_group, vm);
}

/* Returns: (transfer full): name → GArray of places, of the limits that are known. */
static GHashTable *
find_members (const GPtrArray *vms, GHashTable *left)
{
  GHashTable *members = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < vms->len; i++)
    {
      const McVmDescription *description = mc_vm_get_parts (vms->pdata[i])->description.current;
      char **names = description != NULL ? description->groups : NULL;

      for (; names != NULL && *names != NULL; names++)
        if (g_hash_table_contains (left, *names))
          add (members, *names, i);
    }
  return members;
}

McVmGroups *
mc_vm_groups_new (const GPtrArray *vms, GHashTable *left)
{
  McVmGroups *self = g_new0 (McVmGroups, 1);
  g_autoptr (GHashTable) members = NULL;
  GHashTableIter iter;
  gpointer name, of_group;

  if (left == NULL)
    return self;
  members = find_members (vms, left);
  self->items = g_new (McGroup, g_hash_table_size (members) + 1);
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &name, &of_group))
    {
      McGroup *group = &self->items[self->n++];
      const guint64 *bytes = g_hash_table_lookup (left, name);

      /* A decision keeps the name. */
      *group = (McGroup){ .name = g_intern_string (name), .left = *bytes };
      group->n_members = ((GArray *)of_group)->len;
      group->members = (const guint *)(void *)g_array_free (of_group, FALSE);
    }
  return self;
}

void
mc_vm_groups_free (McVmGroups *self)
{
  for (gsize i = 0; i < self->n; i++)
    g_free ((gpointer)self->items[i].members);
  g_free (self->items);
  g_free (self);
}
