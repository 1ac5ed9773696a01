/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/meminfo. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Finds MemTotal and MemAvailable, in bytes; both are touched only on success. Any thread. */
gboolean mc_meminfo_parse (const char *text, guint64 *total, guint64 *available, GError **error);

G_END_DECLS
