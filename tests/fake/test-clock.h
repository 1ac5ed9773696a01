/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clock that stands still until the test moves it. Main thread. */
#pragma once

#include "clock.h"

G_BEGIN_DECLS

#define MC_TYPE_TEST_CLOCK (mc_test_clock_get_type ())
G_DECLARE_FINAL_TYPE (McTestClock, mc_test_clock, MC, TEST_CLOCK, GObject)

McTestClock *mc_test_clock_new (void);

/*
 * Moves time on by @us, calling what becomes due in order, each at its time, and letting the main
 * context settle after each.
 */
void mc_test_clock_advance (McTestClock *self, gint64 us);

/* Steps the wall clock alone, as an administrator or NTP does. */
void mc_test_clock_step_wall (McTestClock *self, gint64 us);

/* Lets the main context run until nothing is left to do. */
void mc_test_clock_settle (void);

G_END_DECLS
