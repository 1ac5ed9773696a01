/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs loads under coordinators and prints the tables; writes what the plots are drawn from. */
#pragma once

#include "classes.h"
#include "measure.h"

typedef struct
{
  const char *only; /* (nullable): coordinators whose name fits one of these patterns */
  const char *data; /* (nullable): directory for the plots' figures */
  guint count;      /* how many loads of a set, at most */
  guint load_class; /* of the loads of a set */
  gboolean each;    /* a line for each load and coordinator, nothing else */
} SimReport;

gboolean sim_report_wants (const SimReport *report, const SimCoordinator *coordinator);

/* One named load, which there is. */
gboolean sim_report_load (const SimReport *report, const char *name, GError **error);

/* The table of classes: @n of them from @first on. */
void sim_report_classes (const SimReport *report, SimSet set, guint first, guint n);

/* Of those whose rows are in the table of classes, unless others were asked for. */
gboolean sim_report_is_of_interest (const SimReport *report, const SimCoordinator *coordinator);

gboolean sim_report_set (const SimReport *report, SimSet set, GError **error);

/* Runs MemCoord alone on @set, once for each of @values of the knob @name. */
void sim_report_sweep (
    const SimReport *report, SimSet set, const char *name, const guint *values, guint n_values);
