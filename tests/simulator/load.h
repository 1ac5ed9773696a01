/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a host in one run: its size, what else it does, and what each guest needs in
 * each second. Sizes are MiB. All is known before the run, so that the oracle can look ahead.
 */
#pragma once

#include "random.h"

#define SIM_SECONDS_MOST 1800
#define SIM_VMS_MOST     24

/* How a guest behaves towards its balloon; flags. */
typedef enum
{
  SIM_ORDINARY = 0,
  SIM_AUTODEFLATE = 1 << 0, /* takes memory back by itself when it has none left */
  SIM_REPORTING = 1 << 1,   /* free page reporting: what it frees goes back to the host at once */
  SIM_NO_SWAP = 1 << 2,
  SIM_STUCK = 1 << 3,   /* its balloon never inflates */
  SIM_PARTIAL = 1 << 4, /* its balloon inflates to 70 % of its capacity at least */
  SIM_SLOW = 1 << 5,    /* its balloon inflates at 5 MB/s */
  SIM_LYING = 1 << 6,   /* always reports nothing usable */
  SIM_FOREIGN = 1 << 7, /* somebody else sets its target once, at half time */
} SimKind;

typedef struct
{
  double capacity, minimum;
  guint weight;
  guint kind;
  guint start;        /* the second in which it boots; 0 = it ran before */
  guint reboot_every; /* 0 = never */
  double idle_part;   /* of its anonymous memory that it never touches again */
  double reads;       /* MiB a second that it reads once: cold page cache */
  float demand[SIM_SECONDS_MOST];
  float hot_cache[SIM_SECONDS_MOST];
} SimPlan;

typedef struct
{
  char name[40];
  guint64 seed;
  guint n, seconds;
  double total;
  gboolean fits; /* at every second the host has room for what all need, watermarks and reserve
                    included */
  guint period_changed_at;      /* 0 = never: guests report every 10 s from then on */
  guint clock_jumps_at;         /* 0 = never */
  float base[SIM_SECONDS_MOST]; /* what the host itself uses, noise included */
  SimPlan vms[SIM_VMS_MOST];
} SimLoad;

/* The named loads, for what each shows. Ends with NULL. */
extern const char *const sim_load_names[];

/* Returns: (transfer full): free with g_free(). */
SimLoad *sim_load_named (const char *name);

/*
 * The random loads come in two sets that share no seed. Tuning looks at the first alone; the second
 * is for the figures that are told.
 */
typedef enum
{
  SIM_TUNING,
  SIM_HOLD_OUT,
} SimSet;

#define SIM_SET_SIZE 200

SimLoad *sim_load_random (SimSet set, guint number);

/* What guest @vm needs to run well in second @t, everything included. */
double sim_load_need (const SimLoad *load, guint vm, guint t);
double sim_kernel_of (double capacity);
double sim_bias_of (double capacity);

#define SIM_RESERVE  200.0
#define SIM_OUTSIDE  40.0 /* of a guest's memory, not in its MemTotal */
#define SIM_OVERHEAD 60.0
