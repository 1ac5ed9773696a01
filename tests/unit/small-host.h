/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host and a few guests, second by second, around the real policy: what a VM's owner would see.
 * Sizes are MiB, speeds MiB a second.
 *
 * Simpler than the simulator on purpose, and not made of it: what both show is less likely to be a
 * fault of the model.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

#define GUESTS_MOST 64

typedef struct
{
  /* what it is */
  double capacity, minimum, maximum;
  double own;     /* its process has beside the guest's memory */
  double outside; /* its MemTotal is below the balloon by that */
  double inflate; /* how fast its balloon takes */
  double hides;   /* of what it was given last, at most: neither free nor used until touched */
  guint weight;

  /* what goes on in it; tests change it as they like */
  double uses;      /* its kernel included */
  double comes_to;  /* what it will use, … */
  double ramp;      /* … by steps of this a second */
  double cache;     /* files that it has read */
  double reads_to;  /* and how much of those it would keep */
  double claims;    /* reports this as unused and usable; below 0 = the truth */
  gboolean blind;   /* reports total and free only */
  gboolean silent;  /* reports nothing any more */
  gboolean frozen;  /* reports the same for ever, with a new time */
  gboolean hangs;   /* its driver: the balloon stays where it is */
  gboolean gone;    /* its driver: the balloon is full, whatever it is told */
  gboolean deaf;    /* sets succeed and are never done */
  gboolean pinned;  /* the host gains nothing from its balloon */
  gboolean dumps;   /* its dump kernel runs */
  gboolean grouped; /* it shares the host's group_limit with others */
  gboolean lags;    /* its balloon is told as it was a second ago */
  gboolean sleeps;  /* it does not run; its driver empties the balloon */
  gboolean paused;  /* by whoever called Pause */
  gboolean claimed; /* somebody has just said that it is managed: until the next cycle */
  gboolean autodeflate;
  double started; /* the second; 0 = before anybody looked */

  /* how it is */
  double balloon, target, told; /* told < 0: nothing */
  double balloon_before;
  double resident; /* of what it uses */
  double touched;  /* of its memory, by the host's account */
  double out;      /* of what it uses, swapped or compressed by the host */
  double unseen;
  double swap_in, swap_out;
  McVmFacts report;
  McVmHistory history;
  McVmDecision decision;

  /* what was seen */
  guint moves, grants, takings, statuses;
  double largest_step;
  double least_usable; /* since small_host_watch() */
  double most_balloon, least_balloon;
} Guest;

typedef struct
{
  McPolicySettings settings;
  double total, base;
  double group_limit; /* what the processes of those who are grouped may occupy together */
  guint n;
  Guest guests[GUESTS_MOST];
  double now, due;
  double most_grouped;    /* likewise */
  double least_available; /* since small_host_watch() */
  McHostDecision decision;
  gboolean away; /* the service does not run */
  gboolean trace;
} SmallHost;

/* Returns: (transfer full): a host with the daemon's settings; free with g_free(). */
SmallHost *small_host_new (double total);

/* Adds a guest that has touched what it uses. */
Guest *small_host_add (SmallHost *host, double capacity, double balloon, double uses);

/* Lets the host itself use what leaves @available now. */
void small_host_leave (SmallHost *host, double available);

double small_host_available (const SmallHost *host);

/* What the processes of those who are grouped occupy. */
double small_host_grouped (const SmallHost *host);

/* Begins to look at what happens: the measures start anew. */
void small_host_watch (SmallHost *host);

void small_host_run (SmallHost *host, guint seconds);

/* The service is started anew: it knows nothing. */
void small_host_restart (SmallHost *host);

/* It has touched all that it has. */
void guest_touch_all (Guest *guest);

/* It was told what it has, by the service. */
void guest_was_told (Guest *guest);

double guest_usable (const Guest *guest);
double guest_swapped (const Guest *guest);

G_END_DECLS
