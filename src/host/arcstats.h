/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/spl/kstat/zfs/arcstats. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * What ZFS keeps in its cache (ARC) and gives up when others need it, in bytes: what is above the
 * cache's minimum. *@bytes is touched only on success. Any thread.
 */
gboolean mc_arcstats_parse (const char *text, guint64 *bytes, GError **error);

G_END_DECLS
