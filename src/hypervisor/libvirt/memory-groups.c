/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits that a VM shares with others, and what is left of them.
 *
 * Of a slice that is its memory.max less its working set, as the kubelet computes that of a cgroup:
 * memory.current less inactive_file, the page cache that the kernel drops first.
 *
 * Of a node it is what the kernel's si_mem_available() counts for the whole host, from what a
 * node's meminfo has: what is free, and half of the page cache and of the slabs that can be
 * reclaimed. The kernel takes off at most the other half, and no more than its low watermarks,
 * which are not there.
 */
#include "config.h"

#include "memory-groups.h"

#include "cgroups.h"
#include "numa-nodes.h"
#include "size.h"

static void
group_clear (gpointer data)
{
  McMemoryGroup *self = data;

  g_free (self->name);
  g_free (self->slice);
  g_free (self->nodes);
}

McMemoryGroup *
mc_memory_group_ref (McMemoryGroup *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
mc_memory_group_unref (McMemoryGroup *self)
{
  g_atomic_rc_box_release_full (self, group_clear);
}

/* @name: (transfer full); of the others one is NULL */
static void
add_group (GPtrArray *groups, char *name, const char *slice, const char *nodes)
{
  McMemoryGroup *group = g_atomic_rc_box_new0 (McMemoryGroup);

  group->name = name;
  group->slice = g_strdup (slice);
  group->nodes = g_strdup (nodes);
  g_ptr_array_add (groups, group);
}

GPtrArray *
mc_memory_groups_new (const McMemoryCeilings *ceilings, const char *system)
{
  g_autoptr (GPtrArray) groups
      = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_memory_group_unref);
  g_auto (GStrv) slices = mc_cgroups_list_slices (ceilings->partition);

  if (system == NULL)
    return NULL;
  if (mc_cgroups_exist (system))
    for (char **slice = slices; *slice != NULL; slice++)
      add_group (groups, mc_memory_ceilings_name_slice (*slice), *slice, NULL);
  if (ceilings->nodes != NULL)
    add_group (groups, mc_memory_ceilings_name_nodes (ceilings->nodes), NULL, ceilings->nodes);
  return groups->len > 0 ? g_steal_pointer (&groups) : NULL;
}

char **
mc_memory_groups_list_names (const GPtrArray *groups)
{
  char **names = g_new0 (char *, groups->len + 1);

  for (guint i = 0; i < groups->len; i++)
    names[i] = g_strdup (((const McMemoryGroup *)groups->pdata[i])->name);
  return names;
}

/* What is left */

/* A slice without a limit costs one file. */
static gboolean
read_slice (const char *system, const char *slice, guint64 *left)
{
  guint64 max, current, inactive;

  if (!mc_cgroups_read (system, slice, "memory.max", &max)
      || !mc_cgroups_read (system, slice, "memory.current", &current))
    return FALSE;
  inactive = mc_cgroups_read_stat (system, slice, "inactive_file");
  /* The two files are of two moments. */
  *left = saturating_sub (max, saturating_sub (current, inactive));
  return TRUE;
}

static gboolean
get_left (const char *meminfo, guint64 *bytes)
{
  guint64 active = 0, inactive = 0, slabs = 0;

  if (!mc_numa_nodes_get (meminfo, "MemFree", bytes))
    return FALSE;
  mc_numa_nodes_get (meminfo, "Active(file)", &active);
  mc_numa_nodes_get (meminfo, "Inactive(file)", &inactive);
  mc_numa_nodes_get (meminfo, "SReclaimable", &slabs);
  *bytes += (active + inactive) / 2 + slabs / 2;
  return TRUE;
}

static gboolean
read_left (const McMemoryGroup *group, const char *system, guint64 *left)
{
  return group->slice != NULL ? read_slice (system, group->slice, left)
                              : mc_numa_nodes_sum (system, group->nodes, get_left, left);
}

GHashTable *
mc_memory_groups_read_left (GHashTable *groups, const char *system)
{
  GHashTable *all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const McMemoryGroup *group = value;
      guint64 left;

      if (read_left (group, system, &left))
        g_hash_table_insert (all, g_strdup (group->name), g_memdup2 (&left, sizeof left));
    }
  return all;
}
