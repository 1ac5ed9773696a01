/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/meminfo. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Finds what can be given to anybody at all, and what of that is available, in bytes: MemTotal less
 * the pool of huge pages, which is set aside for programs that ask for such pages, and
 * MemAvailable. Both are touched only on success. Any thread.
 */
gboolean mc_meminfo_parse (const char *text, guint64 *total, guint64 *available, GError **error);

G_END_DECLS
