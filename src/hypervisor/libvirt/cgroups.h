/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups (version 2) of VMs, found as systemd names them. A cgroup is named by its path below
 * their root: "machine.slice/machine-prod.slice". @system is "/sys", whose files never wait for a
 * disk. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the host has them; with version 1, alone or beside, it has not, which is logged once. */
gboolean mc_cgroups_exist (const char *system);

/* Returns: (transfer full): the slices above the VMs of a partition ("/machine/prod"), the
 * outermost first. */
char **mc_cgroups_list_slices (const char *partition);

/* Returns: (transfer full) (nullable): that of the VM with this id, in @slice. */
char *mc_cgroups_find_scope (const char *system, const char *slice, int id);

/* Returns FALSE where the file is not there or has no number in it ("max"). */
gboolean
mc_cgroups_read (const char *system, const char *cgroup, const char *file, guint64 *number);

/* A line of its memory.stat; 0 where it has none. */
guint64 mc_cgroups_read_stat (const char *system, const char *cgroup, const char *field);

G_END_DECLS
