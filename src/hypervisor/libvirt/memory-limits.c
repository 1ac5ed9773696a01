/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host lets a VM's process have at most.
 *
 * The cgroup is found as systemd names it (version 2 of cgroups): partition /machine/prod is
 * machine.slice/machine-prod.slice, in which the VM's scope has its id in its name. Where libvirt
 * works without systemd, or the host has cgroups of version 1, also beside those of version 2, no
 * limit of a cgroup is known.
 */
#include "config.h"

#include "memory-limits.h"

#include <string.h>

#define CGROUPS "fs/cgroup"
#define NODES   "devices/system/node"

#define DEFAULT_PARTITION "/machine"
#define SCOPE_FORMAT      "machine-qemu\\x2d%d\\x2d"

/* More nodes than any kernel is built for. */
#define MOST_NODES 1024

/* libvirt's word for "unlimited" is of this size. */
#define NO_LIMIT ((guint64)1 << 62)

typedef struct
{
  guint64 bytes;
  char *name;
} Lowest;

static void
take_lower (Lowest *lowest, guint64 bytes, char *name)
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

McMemoryLimits *
mc_memory_limits_new (const McXmlNode *domain)
{
  McMemoryLimits *self = g_new0 (McMemoryLimits, 1);

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
mc_memory_limits_free (McMemoryLimits *self)
{
  g_free (self->partition);
  g_free (self->nodes);
  g_free (self);
}

/* Of cgroups */

/* Version 1, alone or with version 2 in a directory of its own, has no such file at the root. A
 * host stays as it has booted, so it is logged once. */
static gboolean
has_cgroups (const char *system)
{
  static int logged;
  g_autofree char *file = g_build_filename (system, CGROUPS, "cgroup.controllers", NULL);

  if (g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  if (g_atomic_int_compare_and_exchange (&logged, FALSE, TRUE))
    g_message ("Memory limits of cgroups are not known: %s/" CGROUPS " is not of version 2; the "
               "hard_limit and NUMA nodes of a VM's own description count",
               system);
  return FALSE;
}

static void
read_cgroup (const char *path, char *name, Lowest *lowest)
{
  g_autofree char *file = g_build_filename (path, "memory.max", NULL);
  g_autofree char *text = NULL;

  if (g_file_get_contents (file, &text, NULL, NULL)) /* "max": no number, no limit */
    take_lower (lowest, g_ascii_strtoull (text, NULL, 10), name);
  else
    g_free (name);
}

/* As systemd writes it: what is no letter and no digit is written as its number. */
static void
append_escaped (GString *slice, const char *part)
{
  for (; *part != '\0'; part++)
    if (g_ascii_isalnum (*part) || strchr (":_.", *part) != NULL)
      g_string_append_c (slice, *part);
    else
      g_string_append_printf (slice, "\\x%02x", (guchar)*part);
}

static void
read_scope (const char *path, int id, Lowest *lowest)
{
  g_autofree char *prefix = g_strdup_printf (SCOPE_FORMAT, id);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, prefix))
      {
        g_autofree char *scope = g_build_filename (path, name, NULL);
        g_autofree char *inner = g_build_filename (scope, "libvirt", NULL);

        read_cgroup (scope, g_strdup ("memory.max of its cgroup"), lowest);
        read_cgroup (inner, g_strdup ("memory.max of its cgroup"), lowest);
        return;
      }
}

static void
read_cgroups (const McMemoryLimits *self, const char *system, int id, Lowest *lowest)
{
  g_auto (GStrv) parts = g_strsplit (self->partition, "/", -1);
  g_autoptr (GString) slice = g_string_new (NULL);
  g_autofree char *path = g_build_filename (system, CGROUPS, NULL);

  if (!has_cgroups (system))
    return;
  for (char **part = parts; *part != NULL; part++)
    {
      g_autofree char *above = NULL;
      g_autofree char *name = NULL;

      if (**part == '\0')
        continue;
      if (slice->len > 0)
        g_string_append_c (slice, '-');
      append_escaped (slice, *part);
      name = g_strconcat (slice->str, ".slice", NULL);
      above = path;
      path = g_build_filename (above, name, NULL);
      read_cgroup (path, g_strdup_printf ("memory.max of %s", name), lowest);
    }
  read_scope (path, id, lowest);
}

/* Of NUMA nodes */

static guint64
read_node (const char *system, guint node)
{
  g_autofree char *path = g_strdup_printf ("%s/" NODES "/node%u/meminfo", system, node);
  g_autofree char *text = NULL;
  const char *total;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  total = strstr (text, "MemTotal:");
  return total != NULL ? g_ascii_strtoull (total + strlen ("MemTotal:"), NULL, 10) * 1024 : 0;
}

/* "0-3,^2,7": what stands later goes before. */
static void
parse_nodes (const char *text, gboolean wanted[MOST_NODES])
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  for (char **part = parts; *part != NULL; part++)
    {
      const char *from = g_strstrip (*part);
      gboolean want = *from != '^';
      char *end;
      guint64 first = g_ascii_strtoull (from + !want, &end, 10), last = first;

      if (end == from + !want)
        continue;
      if (*end == '-')
        last = g_ascii_strtoull (end + 1, NULL, 10);
      for (guint64 node = first; node <= last && node < MOST_NODES; node++)
        wanted[node] = want;
    }
}

static void
read_nodes (const McMemoryLimits *self, const char *system, Lowest *lowest)
{
  gboolean wanted[MOST_NODES] = { FALSE };
  guint64 sum = 0;

  if (self->nodes == NULL)
    return;
  parse_nodes (self->nodes, wanted);
  for (guint node = 0; node < MOST_NODES; node++)
    if (wanted[node])
      sum += read_node (system, node);
  take_lower (lowest, sum,
              g_strdup_printf ("the memory of NUMA node %s, to which it is bound,", self->nodes));
}

char *
mc_memory_limits_find (const McMemoryLimits *self, const char *system, int id, guint64 *bytes)
{
  Lowest lowest = { 0 };

  take_lower (&lowest, self->hard_limit, g_strdup ("the hard_limit of its <memtune>"));
  if (system != NULL)
    {
      read_cgroups (self, system, id, &lowest);
      read_nodes (self, system, &lowest);
    }
  *bytes = lowest.bytes;
  return lowest.name;
}
