/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes in bytes, as the code has them and as people write and read them: "150M", "1.5 GiB". Powers
 * of 1024. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_MIB ((guint64)1 << 20)
#define MC_GIB ((guint64)1 << 30)

/* A size, or another figure, that was not reported. */
#define MC_UNKNOWN G_MAXUINT64

/* What a VM's process was seen to occupy beside its guest's memory. */
#define MC_OVERHEAD_LEAST (30 * MC_MIB)
#define MC_OVERHEAD_MOST  (300 * MC_MIB)

/* Neither of these wraps. */
static inline guint64
saturating_sub (guint64 from, guint64 what)
{
  return from - MIN (from, what);
}

static inline guint64
distance (guint64 one, guint64 other)
{
  return MAX (one, other) - MIN (one, other);
}

/*
 * Reads @text as bytes: decimal digits, then nothing or one of B, K, M, G, T (also "KiB", "MB" and
 * lower case), a fraction where a unit follows ("1.5G"), rounded down to a byte. FALSE, with
 * *@bytes untouched, for all else, and for what does not fit into 64 bits less one.
 */
gboolean mc_size_parse (const char *text, guint64 *bytes) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): @bytes as mc_size_parse() reads it back exactly: "150M", "1536K",
 * "1000". */
char *mc_size_format_exact (guint64 bytes);

/*
 * Returns: (transfer full): for people: whole MiB, and tenths of what is larger: "150 MiB",
 * "1.5 GiB", "0 B". With the locale's decimal point, which is a full stop in the service.
 */
char *mc_size_format (guint64 bytes);

G_END_DECLS
