/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of the host's NUMA nodes. */
#include "config.h"

#include "numa-nodes.h"

#include <string.h>

#define NODES "devices/system/node"

/* More nodes than any kernel is built for. */
#define MOST_NODES 1024

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

/* "Node 0 MemTotal:       16316412 kB" */
gboolean
mc_numa_nodes_get (const char *meminfo, const char *field, guint64 *bytes)
{
  g_autofree char *key = g_strdup_printf (" %s:", field);
  const char *value = strstr (meminfo, key);
  guint64 kib;
  char *end;

  if (value == NULL)
    return FALSE;
  value += strlen (key);
  value += strspn (value, " ");
  kib = g_ascii_strtoull (value, &end, 10);
  if (!g_ascii_isdigit (*value) || !g_str_has_prefix (end, " kB") || kib > G_MAXINT64 / 1024)
    return FALSE;
  *bytes = kib * 1024;
  return TRUE;
}

static gboolean
read_node (const char *system, guint node, McNumaFigure figure, guint64 *bytes)
{
  g_autofree char *path = g_strdup_printf ("%s/" NODES "/node%u/meminfo", system, node);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && figure (text, bytes);
}

gboolean
mc_numa_nodes_sum (const char *system, const char *nodes, McNumaFigure figure, guint64 *sum)
{
  gboolean wanted[MOST_NODES] = { FALSE };
  gboolean found = FALSE;

  *sum = 0;
  parse_nodes (nodes, wanted);
  for (guint node = 0; node < MOST_NODES; node++)
    {
      guint64 bytes;

      if (!wanted[node] || !read_node (system, node, figure, &bytes))
        continue;
      found = TRUE;
      *sum += bytes;
    }
  return found;
}
