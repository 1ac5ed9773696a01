/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM has from the host, and may come to have: what the host backs of its guest's memory,
 * what its process occupies beside that, and what was promised to it and not touched yet.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 backed;  /* of its guest's memory, what the host backs, or has backed and swapped or
                      compressed since; 0 where nothing is known */
  guint64 promise; /* granted and not touched yet: it may, at any time and without asking */
  guint64 doubt;   /* it may touch so much more, at the worst that its process may occupy already */
} McBacking;

/* What it has from the host, and may come to have. */
McBacking mc_backing_of (const McVmFacts *facts, const McVmHistory *history);

/* What its process occupies beside the guest's memory, most likely. */
guint64 mc_backing_overhead (const McVmHistory *history);

/* The least of it that the host can back now, at the worst that its process may occupy. */
guint64 mc_backing_least (const McVmFacts *facts, const McVmHistory *history);

/* How far its promise may be too large, at the least that its process may occupy. */
guint64 mc_backing_likely_doubt (const McVmHistory *history);

/* Whether its guest claims to use what the host does not back. */
gboolean mc_backing_is_exceeded (const McVmFacts *facts, const McVmHistory *history);

/* The most that a guest of this capacity was seen to leave out of its MemTotal. */
guint64 mc_backing_reserved (const McVmFacts *facts);

/* What its kernel cannot live below. */
guint64 mc_backing_kernel (const McVmFacts *facts, const McVmHistory *history);

/* The most that its kernel hides of what a balloon gave back lately. */
guint64 mc_backing_hidden (guint64 capacity, guint64 deflated);

/* Take in what a new report says, what its process occupies, and, before balloon_before does, what
 * its balloon has. */
void mc_backing_remember_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history);
void mc_backing_remember_resident (gint64 now_us, const McVmFacts *facts, McVmHistory *history);
void mc_backing_remember_balloon (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

G_END_DECLS
