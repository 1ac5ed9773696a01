/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits that a VM shares with others: the memory.max of the slices above its cgroup, and the
 * memory of the NUMA nodes that it is strictly bound to. How much of them is left is read again
 * with each sample. Groups do not change once they are made. Any thread.
 */
#pragma once

#include "memory-ceilings.h"

G_BEGIN_DECLS

/* Which limit it is follows from the name: two of the same name are the same. */
typedef struct
{
  char *name;  /* "memory.max of machine-prod.slice", "the memory of NUMA node 0" */
  char *slice; /* as cgroups.h has it; NULL: it is nodes */
  char *nodes; /* "0-1,^1"; NULL: it is a slice */
} McMemoryGroup;

McMemoryGroup *mc_memory_group_ref (McMemoryGroup *self);
void mc_memory_group_unref (McMemoryGroup *self);

/*
 * Returns: (transfer full) (nullable) (element-type McMemoryGroup): those of a VM, the outermost
 * slice first, whether or not they are limited now; NULL where it has none. @system: as that of
 * mc_memory_ceilings_find().
 */
GPtrArray *mc_memory_groups_new (const McMemoryCeilings *ceilings, const char *system);

/* Returns: (transfer full): NULL-terminated. */
char **mc_memory_groups_list_names (const GPtrArray *groups);

/*
 * @groups: name → McMemoryGroup. Returns: (transfer full): name → guint64 *: the bytes that what
 * lives under it can still come to occupy; of those alone that are limited now.
 */
GHashTable *mc_memory_groups_read_left (GHashTable *groups, const char *system);

G_END_DECLS
