/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of something there was in the last hour, to within a minute: a ring of minutes. Zero-
 * initialised: nothing. Pure: times are microseconds of the caller's monotonic clock, not negative.
 * Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_LAST_HOUR_MINUTES 60

typedef struct
{
  guint64 amounts[MC_LAST_HOUR_MINUTES]; /* each in the place of its minute */
  gint64 minute;                         /* the newest, since the clock's begin */
} McLastHour;

/* Adds what there was until @now_us. */
void mc_last_hour_add (McLastHour *self, gint64 now_us, guint64 amount);

/* Returns: what there was in the hour before @now_us. */
guint64 mc_last_hour_sum (const McLastHour *self, gint64 now_us);

/* Returns: (transfer full): the amounts of the hour before @now_us, oldest first, joined by ";". */
char *mc_last_hour_format (const McLastHour *self, gint64 now_us);

/* Takes over what mc_last_hour_format() wrote @age_us before @now_us. FALSE, with *@self untouched,
 * where @text is anything else. */
gboolean mc_last_hour_parse (McLastHour *self, const char *text, gint64 now_us, gint64 age_us)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
