/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When cycles begin: at their interval, sooner when somebody needs memory or something happens, and
 * never while one is under way. Main thread.
 */
#pragma once

#include "context.h"

G_BEGIN_DECLS

typedef struct _McSchedule McSchedule;

/* @begin: begins a cycle, whose end is for mc_schedule_end_cycle() */
McSchedule *mc_schedule_new (McContext *context, GSourceOnceFunc begin, gpointer user_data);
void mc_schedule_free (McSchedule *self);

/* Begins the first cycle. Before that, and after the stop, there are none. */
void mc_schedule_start (McSchedule *self);
void mc_schedule_stop (McSchedule *self);

/* The next cycle should not wait for the interval. */
void mc_schedule_wake (McSchedule *self);

/* Nor should it, but it asks all who are awake for the sake of those who are woken: two follow at
 * once, so that one that wakes is asked and its report is read, and then two a second. */
void mc_schedule_wake_for_woken (McSchedule *self);

/* @pressing: the next one should come as soon as guests report again */
void mc_schedule_end_cycle (McSchedule *self, gboolean pressing);

/* FALSE when no cycle began for much longer than the interval. */
gboolean mc_schedule_is_on_time (McSchedule *self);

G_END_DECLS
