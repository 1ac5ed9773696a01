/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a guest reports: changed where it is needed, for as long as the service runs.
 *
 * What a VM had is on the disk before anything is set in it: a service that is killed finds it
 * there, and knows that the target in force may be one that nobody watches. Other clients set the
 * period, too: one that serves is left as it is, others are set again a few times, and then
 * accepted.
 *
 * Main thread.
 */
#pragma once

#include "description.h"
#include "target.h"
#include "vm-limits.h"

G_BEGIN_DECLS

#define MC_TYPE_STATS_PERIOD (mc_stats_period_get_type ())
G_DECLARE_FINAL_TYPE (McStatsPeriod, mc_stats_period, MC, STATS_PERIOD, GObject)

McStatsPeriod *mc_stats_period_new (McContext *context,
                                    McDomain *domain,
                                    McDescription *description,
                                    McVmLimits *limits,
                                    McTarget *target);

/* After the description was read: sets the period, or gives it back, where that is needed. */
void mc_stats_period_sync (McStatsPeriod *self);

/* Returns: (transfer none) (nullable): why it cannot be set, in the hypervisor's words */
const char *mc_stats_period_get_problem (McStatsPeriod *self);

/* It may be set again at once. */
void mc_stats_period_forget_refusal (McStatsPeriod *self);

/* At the end. Returns: whether a call is under way, whose end calls @ended. */
gboolean mc_stats_period_put_back (McStatsPeriod *self, GSourceOnceFunc ended, gpointer user_data);

/* The target was put back, too: where the period was, nothing is left to be noted. */
void mc_stats_period_drop_note (McStatsPeriod *self);

G_END_DECLS
