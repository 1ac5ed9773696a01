/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the service has done for all VMs, and how long it was not enough, counted over restarts.
 * What a cycle finds holds until the next one: time is what truly passed between the two by the
 * clock that only goes on, without that in which nothing is known of any VM. What is counted goes
 * to the disk within a minute, in the background, and not at all while nothing is. Main thread.
 */
#pragma once

#include "fleet.h"
#include "last-hour.h"

G_BEGIN_DECLS

/* To be read by others. */
typedef struct
{
  McContext *context;
  const McFleet *fleet;
  McCounters total;
  guint64 since_us; /* wall clock, µs since the epoch: nothing is counted from before */
  McLastHour need;  /* µs, of all VMs */

  gint64 found_us;         /* when the last cycle was; 0 = what it found does not hold any more */
  gboolean found_critical; /* the host */

  gint64 noted_us; /* when all this last went to the disk; 0 = not in this run */
} McCounting;

/* Goes on from what was kept. */
void mc_counting_init (McCounting *self, McContext *context, const McFleet *fleet);

/* A cycle has figures again, and the VMs still have the decisions of the last one. */
void mc_counting_begin_cycle (McCounting *self);

/* It has found the host so. */
void mc_counting_set_critical (McCounting *self, gboolean critical);

/* Nothing is known of any VM: what was found last does not hold on. */
void mc_counting_lose (McCounting *self);

/* A target is in force: @from, @to in bytes; one could not be set. What each VM counts, it counts
 * itself. */
void mc_counting_add_move (McCounting *self, guint64 from, guint64 to);
void mc_counting_add_failed_move (McCounting *self);

/* Returns: for how long VMs were in need in the last hour, together, in µs. */
guint64 mc_counting_need_of_last_hour (const McCounting *self);

/* Takes to the disk what was counted since, if that is due; all of it, at the end. */
void mc_counting_note_due (McCounting *self);
void mc_counting_note (McCounting *self);

G_END_DECLS
