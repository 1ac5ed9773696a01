/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several rows of figures made into one: the mean, or the worst, of what is known. Pure. Any
 * thread. */
#pragma once

#include "history-kind.h"

G_BEGIN_DECLS

/* Zero-initialised: of no row. */
typedef struct
{
  double sums[MC_HISTORY_MOST_COLUMNS];
  guint known[MC_HISTORY_MOST_COLUMNS]; /* rows */
} McGather;

void mc_gather_add (McGather *self, const McHistoryKind *kind, const float *figures);

/* Whether there was any figure. */
gboolean mc_gather_has_any (const McGather *self, const McHistoryKind *kind);

/* Returns: of one column; NaN: of no row was it known */
double mc_gather_get (const McGather *self, const McHistoryKind *kind, guint column);

G_END_DECLS
