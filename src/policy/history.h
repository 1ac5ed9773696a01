/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the policy remembers of one VM from cycle to cycle. Zero-initialised when the VM is first
 * seen, kept by the caller, who may read it; written by the policy alone.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So many sets by somebody else make a VM theirs. */
#define MC_FOREIGN_SETS 3

/* What a process had used at a time. */
typedef struct
{
  gint64 at_us; /* 0: none */
  guint64 cpu_us;
} McCpuMark;

/* They reach back further than a report is old, of one that sleeps. */
#define MC_CPU_MARKS         4
#define MC_CPU_MARK_EVERY_US (4 * G_USEC_PER_SEC)

typedef struct
{
  guint64 swap_in_rate; /* bytes a second */
  guint64 swap_out_rate;

  /* reports: remember.c and report.c */
  gboolean looked;          /* it has been looked at before, … */
  gint64 looked_us;         /* … since then */
  gint64 started_us;        /* of the boot that all of this is about */
  gint64 stats_time_s;      /* of the newest report */
  gint64 stats_seen_us;     /* when that was first seen; 0 = no report yet */
  gint64 stats_interval_us; /* how far apart reports are seen to be */
  gboolean reported;        /* since the boot was seen; maybe by the boot before */
  gboolean fresh;           /* reported by this boot, and while somebody looked */
  gboolean frozen;          /* its figures have not answered to a move of its balloon */
  guint64 swap_in;          /* figures of the newest report */
  guint64 swap_out;
  guint64 unused;
  guint64 usable;
  guint64 available;
  gint64 answered_us;       /* when any of them last changed … */
  guint64 answered_balloon; /* … and its balloon then */

  /* the balloon as the guest saw it when it reported, and since: remember.c, report.c, backing.c */
  guint64 balloon_reported; /* the least that it can have been */
  guint64 balloon_at_stats;
  guint64 balloon_before;    /* at the cycle before */
  guint64 deflated;          /* what it was given lately, less what was taken since */
  gint64 deflating_us;       /* when it was last seen to deflate */
  gint64 balloon_since_us;   /* since when it has not moved */
  guint64 outside_available; /* balloon less MemTotal, once it was seen at rest */
  gboolean outside_known;
  gboolean unbacked;  /* it claims to use more than the host backs */
  gboolean disagrees; /* its newest report is of another balloon than was seen or set */

  /* use: report.c */
  guint64 used;    /* balloon less usable, at the newest report */
  gint64 velocity; /* of that, smoothed, bytes a second */
  guint64 peak;    /* of used, held for a while, then decaying */
  gint64 peak_us;
  guint64 surge; /* the largest growth between two reports, likewise */
  gint64 surge_us;
  guint64 turned_at; /* the most or least of used since it last turned */
  gint64 turned_us;
  gboolean falls;          /* used was last seen to fall by much */
  guint turns;             /* how often it has turned soon after it had */
  guint64 swapped;         /* swapped out and not back yet, as far as the counters show */
  guint thrashing_reports; /* consecutive reports with swapping or nothing usable, up to 3 */

  /* moves: reclaim.c, grant.c; the speed is progress.c's */
  gint64 granted_us;
  gint64 reclaimed_us;
  guint64 granted;       /* the size that it was given up to, less what was taken since */
  gint64 unmet_since_us; /* since when it lacks memory; 0 = it does not */
  guint64 inflating;     /* how fast its balloon was seen to inflate, bytes a second */
  gint64 speed_us;       /* … at that time */

  /* host memory: backing.c */
  guint64 overhead_least; /* what its process is known to occupy beside the guest's memory */
  guint64 overhead_most;  /* … and what it may occupy, as far as reports show; 0 = no report yet */
  guint64 in_use;         /* of the guest's memory, at its newest report with the balloon at rest */
  guint64 resident;       /* at the cycle before */
  gint64 resident_us;
  guint64
      touching; /* how fast it came to occupy more, bytes a second: rises at once, falls slowly */
  guint64 touched; /* the most of the guest's memory that the host was seen to back, less what
                      the balloon has taken since */

  /* targets that are not followed: progress.c, foreign.c, correction.c */
  gboolean reached;       /* the balloon has been at the present target */
  guint64 target_before;  /* at the cycle before … */
  gint64 target_since_us; /* … and since then */
  gint64 progress_us;     /* when an inflating balloon last moved; 0 = not inflating */
  guint64 progress_balloon;
  gint64 stuck_until_us;
  guint stuck_times;
  gint64 deflated_us; /* when a balloon that is to deflate last did, or was set to; 0 = it is not */
  guint64 deflated_balloon;
  guint repeated;       /* how often its target was set again since */
  gint64 idle_since_us; /* target reached by inflating, and the process still occupies more */
  gint64 ineffective_until_us;
  guint ineffective_times;
  gboolean effective;   /* the host was seen to get what it gave */
  guint64 vain_balloon; /* its balloon when memory was first taken from it; 0 = never was */

  /* what somebody else sets: foreign.c, correction.c */
  gint64 foreign_until_us; /* respected until then; 0 = nothing is; G_MAXINT64 = left alone */
  gint64 foreign_sets_us[MC_FOREIGN_SETS]; /* when somebody else was seen to set it; newest last */
  guint64 foreign_place;    /* where its balloon was put last, and has been; 0 = not known */
  guint64 foreign_capacity; /* … and its capacity then */
  gint64 foreign_left_us;   /* when it left that place, while it is not sure why; 0 = it did not */
  gboolean foreign_takes;   /* … downwards */

  /* how long it has not been asked, and what it can have used since: asked.c, sleep.c */
  guint attention;          /* McAttention, as it was decided last */
  gboolean slept;           /* since its newest report */
  gboolean told_asleep;     /* that report is of when it slept, and may be as old as those are */
  gboolean woken;           /* by its own CPU time, since its newest report */
  gint64 awake_since_us;    /* it is asked in each cycle since; 0 = it sleeps */
  gint64 calm_us;           /* when it was last left, or sent, asleep */
  gint64 asked_us;          /* when its guest last answered, … */
  guint64 cpu_asked_us;     /* … and the CPU time of its process just before */
  guint64 cpu_rate;         /* µs a second, lately */
  guint64 cpu_at_report_us; /* no more than it was when its newest report was made */
  McCpuMark cpu_marks[MC_CPU_MARKS]; /* what it was lately, oldest first */

  /* implausible figures: plausibility.c */
  gint64 implausible_until_us;
  guint implausible_times;
} McVmHistory;

/* Whether somebody else has set its balloon so often that it is left to them. */
static inline gboolean
mc_vm_history_is_left_alone (const McVmHistory *history)
{
  return history->foreign_until_us == G_MAXINT64;
}

G_END_DECLS
