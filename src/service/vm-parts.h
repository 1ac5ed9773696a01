/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM of the service consists of. */
#pragma once

#include "pause.h"
#include "stats-period.h"
#include "vm-changes.h"

G_BEGIN_DECLS

typedef struct
{
  McDomain domain;
  McDescription description;
  McVmLimits limits;
  McVmChanges changes;
  McTarget target;
  McStatsPeriod period;
  McPause pause;
} McVmParts;

G_END_DECLS
