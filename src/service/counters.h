/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was done, and for how long it was not enough: of a VM, or of all of them. Each only grows.
 * Pure: it reads no clock, and is told how much time has passed. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 moves;        /* targets that are in force */
  guint64 failed_moves; /* that could not be set */
  guint64 granted;      /* Σ of what targets were raised by, in bytes, */
  guint64 reclaimed;    /* and lowered by */
  guint64 need_us;      /* a VM was in need while it had less than its maximum */
  guint64 critical_us;  /* the host was critical; of a VM always 0 */
  gboolean noted;       /* nothing has changed since they were noted */
} McCounters;

/* A target is in force: @from, @to in bytes. */
void mc_counters_add_move (McCounters *self, guint64 from, guint64 to);

void mc_counters_add_failed_move (McCounters *self);

/* @us: not negative */
void mc_counters_add_need (McCounters *self, gint64 us);
void mc_counters_add_critical (McCounters *self, gint64 us);

/* They are on their way to the disk: "noted" until something is added. */
void mc_counters_set_noted (McCounters *self);

/* Returns: (transfer full): all of them, as numbers in the order above with ";" between. */
char *mc_counters_format (const McCounters *self);

/* Takes over what mc_counters_format() wrote. FALSE, with *@self untouched, where @text is anything
 * else; a later version may have more numbers at the end, which are ignored. */
gboolean mc_counters_parse (McCounters *self, const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
