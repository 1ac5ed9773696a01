/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as people write them: "150M", "2G", "1073741824". Powers of 1024. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Reads @text as bytes: decimal digits, then nothing or one of B, K, M, G, T (also "KiB", "MB" and
 * lower case), a fraction where a unit follows ("1.5G"). FALSE, with *@bytes untouched, for all
 * else, and for what does not fit into 64 bits less one.
 */
gboolean mc_size_parse (const char *text, guint64 *bytes) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): @bytes as mc_size_parse() reads it back exactly: "150M", "1536K",
 * "1000". */
char *mc_size_format_exact (guint64 bytes);

/* Returns: (transfer full): for people, rounded: "150 MiB", "1.5 GiB", "0 B". */
char *mc_size_format (guint64 bytes);

G_END_DECLS
