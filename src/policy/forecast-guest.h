/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as a forecast imagines it: it goes on using what it uses now, and its figures follow its
 * balloon.
 *
 * Its balloon takes what is free, then page cache, then what it uses, which the guest swaps out;
 * page cache that is gone does not come back. The host gets back only what was touched. A VM that
 * is stuck, ineffective or silent now stays so.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  McVmFacts facts;
  McVmHistory history;
  guint64 speed;     /* of its balloon where it takes what is free, bytes a second */
  guint64 overhead;  /* what its process occupies beside the guest's memory */
  guint64 reclaimed; /* of what it uses, by the host, and not touched since */
  guint64 swapped;   /* what it would swap in where there is room */
  gboolean reports;
  gboolean is_stuck;
  gboolean obeys;     /* its balloon goes to its target */
  gboolean is_pinned; /* the host gets nothing of what its balloon takes */
} McForecastGuest;

/* As the service knows it; all are asked. */
void mc_forecast_guest_init (McForecastGuest *self,
                             const McVmFacts *facts,
                             const McVmHistory *history,
                             gint64 now_us);

/* Takes its present state from what was just decided on it. */
void mc_forecast_guest_begin (McForecastGuest *self, const McVmDecision *decision, gint64 now_us);

/* Its target is set, if that was decided; it is not given back any more what it has. */
void mc_forecast_guest_apply (McForecastGuest *self, const McVmDecision *decision);

/* Lets time pass. Returns: by how much more the host is occupied then. */
gint64 mc_forecast_guest_pass (McForecastGuest *self, gint64 us);

G_END_DECLS
