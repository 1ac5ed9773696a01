/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: sample → decide → apply. It never overlaps itself. Main thread.
 *
 * Signals:
 *   "ended"  (gboolean pressing)  what it brought can be published; @pressing: the next one should
 *                                 come early
 */
#pragma once

#include "host-state.h"
#include "inhibitors.h"
#include "reservations.h"

G_BEGIN_DECLS

#define MC_TYPE_CYCLE (mc_cycle_get_type ())
G_DECLARE_FINAL_TYPE (McCycle, mc_cycle, MC, CYCLE, GObject)

/* @pause: of everything */
McCycle *mc_cycle_new (McContext *context,
                       McFleet *fleet,
                       McHostState *state,
                       McPause *pause,
                       McInhibitors *inhibitors,
                       McReservations *reservations);

/* Not before the last one has ended. */
void mc_cycle_begin (McCycle *self);

/* What the next cycle would do on the figures there are now. */
typedef struct
{
  McVm *vm;
  guint64 from;
  guint64 to;
  McVmStatus status;
  char *sentence;
} McPlanned;

/* Returns: (transfer full) (element-type McPlanned). Changes nothing. */
GPtrArray *mc_cycle_plan (McCycle *self);

G_END_DECLS
