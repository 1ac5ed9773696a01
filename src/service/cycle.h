/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: sample → decide → apply. It never overlaps itself. Main thread.
 */
#pragma once

#include "host-parts.h"

G_BEGIN_DECLS

/* Not before the last one has ended. */
void mc_cycle_begin (McHostParts *host);

/* What the next cycle would do on the figures there are now. */
typedef struct
{
  McVm *vm;
  guint64 from;
  guint64 to;
  McVmStatus status;
  char *sentence;
} McPlanned;

/* Returns: (transfer full) (element-type McPlanned). Changes nothing. */
GPtrArray *mc_cycle_plan (const McHostParts *host);

G_END_DECLS
