/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of the past of the host, and of a VM: the columns, by the names of the bus. Any
 * thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MC_HISTORY_VM_BALLOON,
  MC_HISTORY_VM_TARGET,
  MC_HISTORY_VM_USED,
  MC_HISTORY_VM_UNUSED,
  MC_HISTORY_VM_USABLE,
  MC_HISTORY_VM_AVAILABLE,
  MC_HISTORY_VM_RESIDENT,
  MC_HISTORY_VM_SWAP_IN_RATE,
  MC_HISTORY_VM_SWAP_OUT_RATE,
  MC_HISTORY_VM_MAXIMUM,
  MC_HISTORY_VM_N_COLUMNS,
} McHistoryVmColumn;

typedef enum
{
  MC_HISTORY_HOST_TOTAL,
  MC_HISTORY_HOST_AVAILABLE,
  MC_HISTORY_HOST_PROMISED,
  MC_HISTORY_HOST_CONDITION,
  MC_HISTORY_HOST_RECLAIMED,
  MC_HISTORY_HOST_N_COLUMNS,
} McHistoryHostColumn;

#define MC_HISTORY_MOST_COLUMNS MC_HISTORY_VM_N_COLUMNS

typedef struct
{
  const char *name;
  gboolean worst; /* of several moments the largest figure counts; else their mean */
} McHistoryColumn;

typedef struct
{
  const McHistoryColumn *columns;
  guint n_columns;
} McHistoryKind;

extern const McHistoryKind mc_history_of_vm;
extern const McHistoryKind mc_history_of_host;

/* Returns: (transfer full): floating: as: "Time", and the columns */
GVariant *mc_history_kind_list_columns (const McHistoryKind *self);

/* The finest step, and the one in which all that is older than an hour is kept, in seconds: so many
 * fine ones are in a coarse one. */
#define MC_HISTORY_FINE_S   10
#define MC_HISTORY_COARSE_S 300
#define MC_HISTORY_FINES    (MC_HISTORY_COARSE_S / MC_HISTORY_FINE_S)

/* How far back there are fine and coarse steps, and a little more, in steps: an hour, a week. */
#define MC_HISTORY_FINE_STEPS   420
#define MC_HISTORY_COARSE_STEPS 2018

/* The figures of one fine step; NaN: not known. */
typedef struct
{
  guint32 step; /* since the epoch */
  float figures[MC_HISTORY_MOST_COLUMNS];
} McHistoryRow;

G_END_DECLS
