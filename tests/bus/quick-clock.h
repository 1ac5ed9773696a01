/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's clock, only quicker: what the service waits for a second for takes a part of one.
 * Main thread. */
#pragma once

#include "clock.h"

G_BEGIN_DECLS

#define MC_TYPE_QUICK_CLOCK (mc_quick_clock_get_type ())
G_DECLARE_FINAL_TYPE (McQuickClock, mc_quick_clock, MC, QUICK_CLOCK, GObject)

/* Returns: (transfer full). @speed: how many of its seconds pass in one of ours. @later_s: how many
 * seconds the clock on the wall is ahead at first; less than 0: behind */
McClock *mc_quick_clock_new (guint speed, int later_s);

G_END_DECLS
