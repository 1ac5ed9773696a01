/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last moves of a VM's memory. Main thread. */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* One target that was set, or would have been in a dry run. */
typedef struct
{
  guint64 time; /* µs since the epoch */
  guint64 from;
  guint64 to;
  McReason reason;
  char *sentence;
} McVmMove;

/* Returns: (transfer full) (element-type McVmMove): to be filled, newest last */
GPtrArray *mc_vm_moves_new (void);
void mc_vm_moves_add (GPtrArray *self, const McVmMove *move);

/* Whether a move would be the last one, whose sentence begins with @prefix, once more: as large but
 * for less than @nearly. */
gboolean
mc_vm_moves_repeats (GPtrArray *self, guint64 from, guint64 to, const char *prefix, guint64 nearly);

G_END_DECLS
