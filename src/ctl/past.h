/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host or of a VM, as the service has kept it. Main thread. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

/* Times are µs since the epoch. */
typedef struct
{
  char **columns;
  gsize n_rows;
  gsize n_columns;
  double *figures; /* row by row; NaN: not known */
} McPast;

/* Until now. @path: of the host's object or a VM's. */
McPast *mc_past_load (McClient *client, const char *path, guint64 since_us, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void mc_past_free (McPast *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McPast, mc_past_free)

/* Returns: NaN where it is not known, or there is no such column */
double mc_past_get (const McPast *self, gsize row, const char *column);
guint64 mc_past_get_time (const McPast *self, gsize row);

/* Whether there is any figure in that row, beside its time. */
gboolean mc_past_is_known (const McPast *self, gsize row);

/* Returns: (transfer full): a(ottts), as GetMoves() has it */
GVariant *mc_past_load_moves (McClient *client, const char *path, guint64 since_us, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
