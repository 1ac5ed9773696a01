/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host lets a VM's process have at most.
 *
 * Where libvirt works without systemd, or the host has cgroups of version 1, also beside those of
 * version 2, no limit of a cgroup is known.
 */
#include "config.h"

#include "memory-ceilings.h"

#include "cgroups.h"
#include "numa-nodes.h"

#define DEFAULT_PARTITION "/machine"

/* libvirt's word for "unlimited" is of this size. */
#define NO_LIMIT ((guint64)1 << 62)

typedef struct
{
  guint64 bytes;
  char *name;
} Lowest;

static void
keep_lower (Lowest *lowest, guint64 bytes, char *name)
{
  if (bytes == 0 || bytes >= NO_LIMIT || (lowest->name != NULL && lowest->bytes <= bytes))
    {
      g_free (name);
      return;
    }
  g_free (lowest->name);
  *lowest = (Lowest){ .bytes = bytes, .name = name };
}

/* Of a description */

static char *
find_nodes (const McXmlNode *domain)
{
  const McXmlNode *memory = mc_xml_node_child (mc_xml_node_child (domain, "numatune"), "memory");

  if (!mc_xml_node_has (memory, "mode", "strict")
      && !mc_xml_node_has (memory, "mode", "restrictive"))
    return NULL;
  return mc_xml_node_get (memory, "nodeset");
}

McMemoryCeilings *
mc_memory_ceilings_new (const McXmlNode *domain)
{
  McMemoryCeilings *self = g_new0 (McMemoryCeilings, 1);

  self->hard_limit = mc_xml_node_get_size (
      mc_xml_node_child (mc_xml_node_child (domain, "memtune"), "hard_limit"), NULL);
  self->partition = mc_xml_node_get_content (
      mc_xml_node_child (mc_xml_node_child (domain, "resource"), "partition"));
  if (self->partition == NULL)
    self->partition = g_strdup (DEFAULT_PARTITION);
  self->nodes = find_nodes (domain);
  return self;
}

void
mc_memory_ceilings_free (McMemoryCeilings *self)
{
  g_free (self->partition);
  g_free (self->nodes);
  g_free (self);
}

/* Their names */

char *
mc_memory_ceilings_name_slice (const char *slice)
{
  g_autofree char *name = g_path_get_basename (slice);

  return g_strdup_printf ("memory.max of %s", name);
}

char *
mc_memory_ceilings_name_nodes (const char *nodes)
{
  return g_strdup_printf ("the memory of NUMA node %s", nodes);
}

/* Of the host */

static void
read_cgroup (const char *system, const char *cgroup, char *name, Lowest *lowest)
{
  guint64 bytes;

  if (mc_cgroups_read (system, cgroup, "memory.max", &bytes)) /* "max": no number, no limit */
    keep_lower (lowest, bytes, name);
  else
    g_free (name);
}

static void
read_scope (const char *system, const char *slice, int id, Lowest *lowest)
{
  g_autofree char *scope = mc_cgroups_find_scope (system, slice, id);
  g_autofree char *inner = NULL;

  if (scope == NULL)
    return;
  inner = g_build_filename (scope, "libvirt", NULL);
  read_cgroup (system, scope, g_strdup ("memory.max of its cgroup"), lowest);
  read_cgroup (system, inner, g_strdup ("memory.max of its cgroup"), lowest);
}

static void
read_cgroups (const McMemoryCeilings *self, const char *system, int id, Lowest *lowest)
{
  g_auto (GStrv) slices = mc_cgroups_list_slices (self->partition);
  const char *innermost = "";

  if (!mc_cgroups_exist (system))
    return;
  for (char **slice = slices; *slice != NULL; slice++)
    {
      read_cgroup (system, *slice, mc_memory_ceilings_name_slice (*slice), lowest);
      innermost = *slice;
    }
  read_scope (system, innermost, id, lowest);
}

static gboolean
get_total (const char *meminfo, guint64 *bytes)
{
  return mc_numa_nodes_get (meminfo, "MemTotal", bytes);
}

static void
read_nodes (const McMemoryCeilings *self, const char *system, Lowest *lowest)
{
  g_autofree char *name = NULL;
  guint64 sum;

  if (self->nodes == NULL || !mc_numa_nodes_sum (system, self->nodes, get_total, &sum))
    return;
  name = mc_memory_ceilings_name_nodes (self->nodes);
  keep_lower (lowest, sum, g_strdup_printf ("%s, to which it is bound,", name));
}

char *
mc_memory_ceilings_find (const McMemoryCeilings *self, const char *system, int id, guint64 *bytes)
{
  Lowest lowest = { 0 };

  keep_lower (&lowest, self->hard_limit, g_strdup ("the hard_limit of its <memtune>"));
  if (system != NULL)
    {
      read_cgroups (self, system, id, &lowest);
      read_nodes (self, system, &lowest);
    }
  *bytes = lowest.bytes;
  return lowest.name;
}
