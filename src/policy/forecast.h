/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the balloons would come to rest: the policy, played forward on guests that go on using what
 * they use now (forecast-guest.h), cycle by cycle, until nothing moves any more.
 *
 * Any thread. What is given stays as it is, histories included.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* However long they would go on. */
#define MC_FORECAST_CYCLES_MOST 600

/* One VM; sizes of its balloon. */
typedef struct
{
  guint64 from; /* now; 0 where it is not known */
  guint64 to;   /* at the end */
  McVmStatus status;
  McReason reason;   /* of the last decision */
  gboolean is_short; /* it is in need at the end, and is not given what it needs */
} McVmForecast;

typedef struct
{
  guint64 taken, given;       /* Σ of those whose balloon shrinks, and grows … */
  guint taken_from, given_to; /* … and how many those are */
  guint n_short;
  guint64 host_available; /* at the end */
  gint64 until_us;        /* from now until the last move has ended */
  gboolean at_rest;       /* FALSE: it would still go on then */
} McForecast;

/*
 * @histories: (array length=n_vms): what is remembered of each
 * @vms: (array length=n_vms) (out caller-allocates)
 *
 * Of each cycle the cost is that of mc_policy_decide() and less than that again; of all, at most
 * MC_FORECAST_CYCLES_MOST times as much.
 */
McForecast mc_forecast_make (const McPolicySettings *settings,
                             const McHostFigures *host,
                             gint64 now_us,
                             gsize n_vms,
                             const McVmFacts *facts,
                             const McVmHistory *histories,
                             McVmForecast *vms);

G_END_DECLS
