/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's own memory, as the kernel reports it: how much it could still give out, and whether it
 * is short of it. Main thread; the files read here are the kernel's and never wait for a disk.
 *
 * Signals:
 *   "pressure" ()  the host stalls for memory
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_TYPE_HOST (mc_host_get_type ())
G_DECLARE_FINAL_TYPE (McHost, mc_host, MC, HOST, GObject)

/* Where the kernel, and in it ZFS of its cache, reports: (nullable): its own place where NULL */
McHost *
mc_host_new (const char *meminfo_path, const char *pressure_path, const char *arcstats_path);

/*
 * Reads, in bytes, the host's memory without its pool of huge pages, and what is available of it:
 * MemAvailable, and what ZFS has in its cache (ARC) above the cache's minimum, which the kernel
 * does not count.
 */
gboolean mc_host_read (McHost *self, guint64 *total, guint64 *available, GError **error);

/* Begins to watch for pressure; FALSE where the kernel has none, which is no reason not to run. */
gboolean mc_host_watch_pressure (McHost *self, GError **error);

G_END_DECLS
