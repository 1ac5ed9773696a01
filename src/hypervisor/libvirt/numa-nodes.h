/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of the host's NUMA nodes. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is wanted of a node's meminfo. FALSE: it does not say. */
typedef gboolean (*McNumaFigure) (const char *meminfo, guint64 *bytes);

/* A line of a node's meminfo: "MemTotal". FALSE where it has none, or no size in kB there. */
gboolean mc_numa_nodes_get (const char *meminfo, const char *field, guint64 *bytes);

/*
 * Adds up a figure of some nodes. @system: "/sys", whose files never wait for a disk. @nodes: as
 * libvirt writes them: "0-3,^2". Those that are not there have nothing. Returns FALSE where none is
 * there.
 */
gboolean
mc_numa_nodes_sum (const char *system, const char *nodes, McNumaFigure figure, guint64 *sum);

G_END_DECLS
