/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a host in one run: its size, what else it does, and what each guest needs in
 * each second. Sizes are MiB. All is known before the run, so that the oracle can look ahead.
 */
#pragma once

#include "kernel.h"
#include "random.h"

#define SIM_SECONDS_MOST 3600
#define SIM_VMS_MOST     200
#define SIM_EVENTS_MOST  24 /* of one VM */

/* How a guest behaves towards its balloon; flags. */
typedef enum
{
  SIM_ORDINARY = 0,
  SIM_AUTODEFLATE = 1 << 0, /* takes memory back by itself when it has none left */
  SIM_REPORTING = 1 << 1,   /* free page reporting: what it frees goes back to the host at once */
  SIM_NO_SWAP = 1 << 2,
  SIM_STUCK = 1 << 3,     /* its balloon never inflates */
  SIM_PARTIAL = 1 << 4,   /* its balloon inflates to 70 % of its capacity at least */
  SIM_SLOW = 1 << 5,      /* its balloon inflates at 5 MB/s */
  SIM_LYING = 1 << 6,     /* always reports nothing usable */
  SIM_FOREIGN = 1 << 7,   /* somebody else sets its target once, at half time */
  SIM_FREE_ONLY = 1 << 8, /* reports total and free, as old guests do */
  SIM_TOGGLING = 1 << 9,  /* every other report says that nothing is usable */
  SIM_PINNED = 1 << 10,   /* the host gains nothing from its balloon, and nobody can see why */
  SIM_HUGE = 1 << 11,     /* its memory is in the host's pool of huge pages, as its XML says */
} SimKind;

/* What happens to a VM that nobody here has decided. */
typedef enum
{
  SIM_IS_SET,          /* somebody else sets its target to .value */
  SIM_IS_SET_ON_GRANT, /* the same, in the first second in which a grant is on its way */
  SIM_UNLOADS,         /* its balloon driver: the balloon goes to capacity, figures stop */
  SIM_LOADS,           /* its balloon driver, again */
  SIM_PANICS,          /* its kernel: figures stop, memory stays */
  SIM_DUMPS,           /* its dump kernel runs, and reports 200 MiB in all */
  SIM_REBOOTS,
  SIM_FREEZES, /* its figures stand still while their time moves */
  SIM_THAWS,
  SIM_IS_RECLAIMED, /* the host takes .value of its resident memory: zswap, or swap */
  SIM_SETS_WORK,
  SIM_SETS_FAIL_LATE, /* a set is accepted, never done, and fails after half a minute */
  SIM_SETS_ARE_LOST,  /* a set succeeds, and is never done */
} SimHand;

typedef struct
{
  guint t;
  SimHand what;
  double value;
} SimEvent;

typedef struct
{
  char name[72]; /* empty in loads that nobody reads VM by VM */
  double capacity, minimum, maximum;
  double begins;           /* its balloon at first; 0 = an equal part of the host */
  double low, high;        /* watermarks */
  double own;              /* what its QEMU occupies beside the guest's memory */
  double inflate, deflate; /* MiB a second at most */
  SimKernel kernel;
  gboolean opted_out;
  gboolean lags; /* its balloon is told as it was a second before, its report as it is */
  guint weight;
  guint kind;
  guint start;        /* the second in which it boots; 0 = it ran before */
  guint reboot_every; /* 0 = never */
  double idle_part;   /* of its anonymous memory that it never touches again */
  double reads;       /* MiB a second that it reads once: cold page cache */
  guint n_events;
  SimEvent events[SIM_EVENTS_MOST]; /* in the order of time */
  float demand[SIM_SECONDS_MOST];
  float hot_cache[SIM_SECONDS_MOST];
  float cold_cache[SIM_SECONDS_MOST]; /* read once, up to so much */
} SimPlan;

typedef struct
{
  char name[40];
  guint64 seed;
  guint n, seconds;
  double total;
  gboolean fits; /* at every second the host has room for what all need, watermarks and reserve
                    included */
  guint period_changed_at;        /* 0 = never: guests report every 10 s from then on */
  guint clock_jumps_at;           /* 0 = never */
  guint restarts_at;              /* the coordinator: it knows nothing any more; 0 = never */
  guint restart_takes;            /* seconds without it */
  double inflate_at_once;         /* MiB a second that all balloons together take; 0 = any */
  double cache_most, cache_least; /* what a cache of the host itself (ZFS's ARC) fills, and what it
                                     keeps of that; 0 = none */
  float base[SIM_SECONDS_MOST];   /* what the host itself uses, noise included */
  SimPlan vms[SIM_VMS_MOST];
} SimLoad;

/* The named loads, for what each shows. Ends with NULL. */
extern const char *const sim_load_names[];

/* Returns: (transfer full): free with g_free(). */
SimLoad *sim_load_named (const char *name);

/*
 * The random loads come in sets that share no seed. Tuning looks at the first alone; the second is
 * for the figures that are told, and the third, of which there are as many as numbers, for whoever
 * does not believe them.
 */
typedef enum
{
  SIM_TUNING,
  SIM_HOLD_OUT,
  SIM_FRESH,
} SimSet;

/* Which of the fresh sets. */
extern guint sim_fresh_number;

const char *sim_set_name (SimSet set);

/* The first seed of @set; @kind: of the loads that share no seeds either. */
guint64 sim_set_seeds (SimSet set, guint kind);

#define SIM_SET_SIZE 200

SimLoad *sim_load_random (SimSet set, guint number);

/* What guest @vm needs to run well in second @t, everything included. */
double sim_load_need (const SimLoad *load, guint vm, guint t);

/* The minimum that the daemon gives a VM of which nobody has said anything. */
double sim_default_minimum (double capacity);

#define SIM_RESERVE 200.0
