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

/* To be read by others. */
typedef struct
{
  McContext *context;
  McDomain *domain;
  McDescription *description;
  const McVmLimits *limits;
  McTarget *target;

  gboolean recalled; /* what an earlier run has noted was looked up */
  gboolean noted;    /* original_s is on the disk */
  gboolean under_way;
  gboolean setting;    /* what is under way is a set */
  gboolean seldom;     /* nobody asks for its reports: they may be far apart */
  gboolean hurries;    /* a report is waited for */
  gboolean done;       /* it was put back, or has nothing to be put back */
  guint original_s;    /* what it had before any run of the service changed it */
  guint asked_s;       /* what it is being set to */
  guint set_s;         /* what it was last set to; 0 = not by the service */
  guint found_s;       /* what it was when it was last looked at, or set */
  guint contests;      /* changes by somebody else since it was undisturbed */
  gint64 set_us;       /* when the service last set it */
  gint64 disturbed_us; /* when somebody else had changed it, or it was set again after that */
  gint64 not_before_us;
  gint64 looked_into_us; /* since when a report was to come, when that was looked into */
  McRefusal refusal;     /* why it cannot be set */

  GSourceOnceFunc ended; /* of the call that puts it back */
  gpointer user_data;
} McStatsPeriod;

void mc_stats_period_init (McStatsPeriod *self,
                           McContext *context,
                           McDomain *domain,
                           McDescription *description,
                           const McVmLimits *limits,
                           McTarget *target);
void mc_stats_period_clear (McStatsPeriod *self);

/* After the description was read: sets the period, or gives it back, where that is needed. */
void mc_stats_period_sync (McStatsPeriod *self);

/* After a decision on figures of this cycle: reports are as far apart as the guest is asked. One
 * that was woken reports now, and a cycle is wanted when that is set. */
void mc_stats_period_follow (McStatsPeriod *self, const McVmDecision *decision);

/* Returns: whether another tool may have told its guest to report less often, or not at all, which
 * its description says: once for each silence, and now and then while its reports come late. */
gboolean
mc_stats_period_may_be_another (McStatsPeriod *self, const McVmHistory *history, gint64 now_us);

/* At the end. Returns: whether a call is under way, whose end calls @ended. */
gboolean mc_stats_period_put_back (McStatsPeriod *self, GSourceOnceFunc ended, gpointer user_data);

/* The target was put back, too: where the period was, nothing is left to be noted. */
void mc_stats_period_drop_note (McStatsPeriod *self);

G_END_DECLS
