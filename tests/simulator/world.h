/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host and its guests, second by second. MiB, and MiB a second, throughout.
 *
 * A guest's memory: what its kernel holds, anonymous memory (resident or swapped), hot and cold
 * page cache, free memory. An allocation takes free memory, then cache, then swaps out; swapped
 * pages that are in use come back. The host is charged for what guests have touched, cut by what
 * their balloons took.
 */
#pragma once

#include "load.h"
#include "policy.h"

typedef struct
{
  const SimPlan *plan;
  gboolean running;
  guint booted; /* the second */

  double balloon; /* what it has */
  double target;  /* of its balloon device */
  double told;    /* what the coordinator last told it; below 0 = nothing */
  double kernel, bias;
  double unseen; /* of what is free: in the kernel's per-CPU lists, where no figure shows it */
  double resident_anon, swapped;
  double hot, cold;
  double occupied;    /* host memory, without its process's overhead */
  guint killed_until; /* its process was killed for want of memory */
  guint unmet_seconds;

  /* what it reported last */
  gboolean reported;
  guint reported_at; /* the second, without clock jumps */
  double unused, usable, available;
  double swap_in, swap_out; /* cumulative */
  double reported_in, reported_out;

  /* measures */
  gboolean stalled; /* in this second */
  double satisfied; /* part of its demand that is in memory, in this second */
  double total_in, total_out, refaults, kills;
} SimGuest;

typedef struct
{
  const SimLoad *load;
  guint t;
  SimRandom random;
  double available; /* of the host; below zero it swaps */
  SimGuest guests[SIM_VMS_MOST];
  double memory_moved;
} SimWorld;

void sim_world_init (SimWorld *world, const SimLoad *load);

/* Lets one second pass. */
void sim_world_tick (SimWorld *world);

/* What the hypervisor would tell of each guest and of the host. @targets: what each was last told.
 */
void sim_world_facts (const SimWorld *world, McVmFacts *facts);
McHostFigures sim_world_host (const SimWorld *world);
