/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of one load under one coordinator, and what is measured in it. */
#pragma once

#include <stdio.h>

#include "coordinator.h"

#define SIM_RELIEFS_MOST 32768

/* One VM's part */
typedef struct
{
  double swap_in;         /* MiB */
  guint stalled, in_need; /* seconds */
  double least, last;     /* its balloon */
  guint moves;
  guint killed; /* times that a process of it was, or it was for good */
} SimVmResult;

typedef struct
{
  double swap_in, swap_out, refaults; /* MiB */
  guint stalled;                      /* VM-seconds */
  guint in_need; /* VM-seconds with as little usable as the low watermark, and less than its maximum
                  */
  guint kills;
  guint moves, reversals;
  double moved;                    /* MiB */
  guint late_moves;                /* after five minutes */
  guint below_reserve, below_zero; /* seconds of the host */
  double deepest;                  /* MiB below the reserve, at worst */
  double floor;                    /* least that the host had available, MiB; not in sums */
  double used_percent;             /* of the host, in the end */
  double jain,
      jain_weighted; /* over the satisfied part of each guest's demand, and that by its weight */
  double reclaimed,
      slack; /* MiB, mean over time: what guests do not have, and have without using */
  double vm_hours;
  guint cycles;
  guint asked; /* guests, in all cycles */
  guint n_reliefs;
  float reliefs[SIM_RELIEFS_MOST]; /* how long each stall lasted, seconds */
  SimVmResult vms[SIM_VMS_MOST];   /* not in sums */
} SimResult;

/* @trace: (nullable): a line for each second, for the plots. */
void
sim_run (const SimLoad *load, const SimCoordinator *coordinator, SimResult *result, FILE *trace);

/* Adds @one's figures to @sum. */
void sim_result_add (SimResult *sum, const SimResult *one);

/* Part @part of the stalls were over in this many seconds. Sorts the reliefs. */
double sim_result_relief (SimResult *result, double part);
