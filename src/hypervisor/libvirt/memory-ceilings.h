/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host lets a VM's process have at most, whatever the host has left: a limit in its
 * description, those of its cgroup and of the slices above it, and the size of the NUMA nodes that
 * it is bound to. Of cgroups version 2 alone is read: with version 1 those have no limit here,
 * which is logged once.
 */
#pragma once

#include "xml-node.h"

G_BEGIN_DECLS

/* As a domain's description has it. */
typedef struct
{
  guint64 hard_limit; /* bytes; 0 = none */
  char *partition;    /* where its cgroup is: "/machine" */
  char *nodes;        /* which it is strictly bound to: "0-1,^1"; NULL = none */
} McMemoryCeilings;

McMemoryCeilings *mc_memory_ceilings_new (const McXmlNode *domain);
void mc_memory_ceilings_free (McMemoryCeilings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McMemoryCeilings, mc_memory_ceilings_free)

/*
 * Finds the lowest limit. @system: "/sys", whose files never wait for a disk; NULL for a host that
 * is not this one. @id: the VM's. Sets *@bytes and returns its name, for "… lets it have":
 * (transfer full); or returns NULL where there is none.
 */
char *
mc_memory_ceilings_find (const McMemoryCeilings *self, const char *system, int id, guint64 *bytes);

/* Returns: (transfer full): how a limit is named, for "… lets it have". @slice: as cgroups.h has
 * it. */
char *mc_memory_ceilings_name_slice (const char *slice);
char *mc_memory_ceilings_name_nodes (const char *nodes);

G_END_DECLS
