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

  double balloon;        /* what it has */
  double balloon_before; /* a second ago */
  double target;         /* of its balloon device */
  double told;           /* what the coordinator last told it; below 0 = nothing */
  double kernel, bias, outside;
  double unseen; /* of what is free: in the kernel's per-CPU lists, where no figure shows it */
  double unseen_most;
  double resident_anon, swapped;
  double hot, cold;
  double occupied;    /* host memory, without its process's overhead */
  double out;         /* of what it uses, taken by the host and not touched since */
  guint killed_until; /* its process was killed for want of memory */
  guint unmet_seconds;

  /* other hands */
  guint n_events; /* that are past */
  gboolean unloaded, panicked, dumping, frozen;
  gboolean dead;  /* squeezed to where its kernel is silent for good */
  SimHand sets;   /* what becomes of a set: SIM_SETS_… */
  guint fails_at; /* the set that is under way; 0 = none */
  double told_before;

  double cpu;      /* seconds that its process has used */
  gboolean seldom; /* it is to report every ten seconds */

  /* what it reported last */
  gboolean reported;
  guint reports;
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
  double cache;     /* the host's own, beyond what it keeps: counted as available, and gone only
                       after a while */
  double pace;      /* of all balloons: 1 = as fast as each can */
  guint known_from; /* what was before, the coordinator does not know */
  SimGuest guests[SIM_VMS_MOST];
  double memory_moved;
} SimWorld;

void sim_world_init (SimWorld *world, const SimLoad *load);

/* Lets one second pass. */
void sim_world_tick (SimWorld *world);

/* Tells guest @i its target, as the service would: one set at a time. */
void sim_world_tell (SimWorld *world, guint i, double target);

/* The coordinator is started anew, and looks again from second @from on. */
void sim_world_forget (SimWorld *world, guint from);

/* Whether guest @i works, or would if it had what it needs. */
gboolean sim_world_is_alive (const SimWorld *world, guint i);

/* What guest @i could use now, reported or not. */
double sim_world_usable (const SimWorld *world, guint i);

/* What the hypervisor would tell of each guest and of the host. */
void sim_world_facts (const SimWorld *world, McVmFacts *facts);
McHostFigures sim_world_host (const SimWorld *world);
