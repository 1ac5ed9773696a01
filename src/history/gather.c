/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several rows of figures made into one. */
#include "config.h"

#include "gather.h"

#include <math.h>

void
mc_gather_add (McGather *self, const McHistoryKind *kind, const float *figures)
{
  for (guint i = 0; i < kind->n_columns; i++)
    {
      double figure = (double)figures[i];

      if (!isfinite (figure))
        continue;
      if (!kind->columns[i].worst)
        self->sums[i] += figure;
      else if (self->known[i] == 0 || figure > self->sums[i])
        self->sums[i] = figure;
      self->known[i]++;
    }
}

gboolean
mc_gather_has_any (const McGather *self, const McHistoryKind *kind)
{
  for (guint i = 0; i < kind->n_columns; i++)
    if (self->known[i] > 0)
      return TRUE;
  return FALSE;
}

double
mc_gather_get (const McGather *self, const McHistoryKind *kind, guint column)
{
  if (self->known[column] == 0)
    return (double)NAN;
  return kind->columns[column].worst ? self->sums[column]
                                     : self->sums[column] / self->known[column];
}
