/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures in time as characters, one above the other: how much there is, and how much of it is
 * used. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One column of it; NaN: not known. */
typedef struct
{
  double all;
  double used; /* of that */
} McPlotPoint;

typedef struct
{
  const McPlotPoint *points; /* as many as it has columns */
  guint n_points;
  guint rows;    /* how high it is, without the line of times */
  guint64 most;  /* bytes at the top */
  guint64 since; /* µs since the epoch, at the left */
  guint64 until; /* and at the right */
  gboolean utf8; /* whether blocks can be used; else ASCII */
} McPlot;

/* The columns that the sizes on the left take. */
#define MC_PLOT_MARGIN 11

/* Returns: (transfer full): the lines, each with a newline at its end */
char *mc_plot_format (const McPlot *self);

G_END_DECLS
