/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever decides on targets: MemCoord itself, its peers, and the two ends of the scale. */
#pragma once

#include "world.h"

typedef struct
{
  const SimWorld *world; /* for the oracles, and for what peers' agents in the guest know */
  const McHostFigures *host;
  const McVmFacts *facts;
  guint n;
  guint t;
  gboolean *seldom; /* whether each guest reports only every ten seconds from now on: FALSE */
  guint *asked; /* how many guests were asked for their figures: all of them, unless it says less */
} SimView;

typedef struct
{
  const char *name;
  guint interval; /* seconds */
  gpointer (*start) (const SimLoad *load,
                     guint interval); /* state, freed with g_free(); NULL = none needed */
  /*
   * @targets: MiB; what is there on entry is what each was told or has, and what is left untouched
   * is not set. Returns: in how many seconds to be called again.
   */
  guint (*decide) (gpointer state, guint interval, const SimView *view, double *targets);
} SimCoordinator;

/* MemCoord's own numbers in the next run. */
extern McTuning sim_tuning;

/* Ends with a name of NULL. In the order of the tables. */
extern const SimCoordinator sim_coordinators[];

guint sim_mom_decide (gpointer state, guint interval, const SimView *view, double *targets);
gpointer sim_mom_start (const SimLoad *load, guint interval);
guint sim_proxmox_decide (gpointer state, guint interval, const SimView *view, double *targets);
guint sim_squeezed_decide (gpointer state, guint interval, const SimView *view, double *targets);
gpointer sim_squeezed_start (const SimLoad *load, guint interval);
guint sim_qmemman_decide (gpointer state, guint interval, const SimView *view, double *targets);
gpointer sim_qmemman_start (const SimLoad *load, guint interval);
gpointer sim_qmemman_scaled_start (const SimLoad *load, guint interval);
guint sim_hyperv_decide (gpointer state, guint interval, const SimView *view, double *targets);
guint sim_esx_decide (gpointer state, guint interval, const SimView *view, double *targets);
gpointer sim_esx_start (const SimLoad *load, guint interval);

gpointer sim_oracle_start (const SimLoad *load, guint interval);
gpointer sim_oracle_of_the_present_start (const SimLoad *load, guint interval);
gpointer sim_oracle_of_reports_start (const SimLoad *load, guint interval);
gpointer sim_oracle_of_steps_start (const SimLoad *load, guint interval);
guint sim_oracle_decide (gpointer state, guint interval, const SimView *view, double *targets);

/* Figures of facts, MiB. A guest that has not reported uses all it has. */
double sim_mib (guint64 bytes);
gboolean sim_has_stats (const McVmFacts *facts);
double sim_used (const SimView *view, guint i);

/*
 * Sets those targets that are below first, then of the others what free memory pays for: @free MiB,
 * which is cut proportionally where all together ask for more.
 */
void sim_free_before_give (const SimView *view, const double *wanted, double free, double *targets);
