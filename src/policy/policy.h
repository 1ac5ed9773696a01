/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision, pure: figures of the host and of its VMs in, a target for each VM and the reason
 * for it out.
 *
 * Nothing here reads a clock, a file or a bus. Sizes are bytes, times are microseconds of the
 * caller's monotonic clock. All functions may be called from any thread, as long as no two calls
 * share a McVmMemory.
 */
#pragma once

#include <glib.h>

#include "tuning.h"

G_BEGIN_DECLS

/* A figure that was not reported. Guests without the statistics service send the same value. */
#define MC_UNKNOWN G_MAXUINT64

#define MC_MIB ((guint64)1 << 20)
#define MC_GIB ((guint64)1 << 30)

/* Whether a guest's page cache may make its balloon grow: see policy/decide.c, "soft" need. */
typedef enum
{
  MC_CACHE_GROWTH_NEVER,
  MC_CACHE_GROWTH_COMFORTABLE,
  MC_CACHE_GROWTH_ALWAYS,
} McCacheGrowth;

/* What holds for the whole host. */
typedef struct
{
  guint64 low_watermark;  /* bytes unused at which a VM is running out */
  guint64 high_watermark; /* bytes unused at which a VM may release */
  guint64 host_reserve;   /* the host's floor */
  guint host_usage_limit; /* percent used above which memory goes back to the host */
  guint step_limit;       /* percent of a VM's capacity that one step moves at most */
  gint64 interval_us;     /* between cycles when nothing presses */
  gint64 stats_period_us; /* how often guests report */
  McCacheGrowth cache_growth;
  const McTuning *tuning; /* (nullable): the policy's own numbers; NULL = mc_tuning_default */
} McPolicySettings;

typedef struct
{
  guint64 total;
  guint64 available; /* what the host could still give out: MemAvailable */
} McHostFigures;

typedef enum
{
  MC_HOST_COMFORTABLE,
  MC_HOST_TIGHT,    /* used above the usage limit */
  MC_HOST_CRITICAL, /* available at or below the reserve */
} McHostCondition;

typedef enum
{
  MC_VM_MANAGED,
  MC_VM_PAUSED,      /* by whoever called Pause */
  MC_VM_OPTED_OUT,   /* by the VM's own policy */
  MC_VM_BOOTING,     /* its driver may not be there yet */
  MC_VM_BUSY,        /* its hypervisor process does not answer */
  MC_VM_SUSPENDED,   /* not running: figures stand still */
  MC_VM_NO_STATS,    /* the guest never reported */
  MC_VM_STALE,       /* the guest has stopped reporting, or reports what cannot be */
  MC_VM_STUCK,       /* it does not follow its target */
  MC_VM_INEFFECTIVE, /* the host gains nothing from what it gives */
  MC_VM_UNSUPPORTED, /* no balloon, or memory that cannot be moved */
} McVmStatus;

#define MC_N_VM_STATUSES (MC_VM_UNSUPPORTED + 1)

typedef enum
{
  MC_REASON_NONE,           /* never decided on */
  MC_REASON_ENOUGH,         /* between the watermarks, or nothing worth a move */
  MC_REASON_NEEDS,          /* hard need: usable is low */
  MC_REASON_SWAPPING,       /* hard need: the guest swaps */
  MC_REASON_GROWS,          /* will be in need before the cycle after the next */
  MC_REASON_CACHE,          /* soft need: unused is low, usable is ample */
  MC_REASON_BELOW_MINIMUM,  /* lifted to its minimum */
  MC_REASON_ABOVE_MAXIMUM,  /* brought down to its maximum */
  MC_REASON_RELEASES,       /* has more than it needs, and gives some */
  MC_REASON_HOST_TIGHT,     /* gives memory back to a host used above the limit */
  MC_REASON_OVERCOMMITTED,  /* gives because guests were promised more than the host has left */
  MC_REASON_FUNDS_OTHERS,   /* gives because another VM is in need */
  MC_REASON_EMERGENCY,      /* gives, or a grant is called back, to a host at its reserve */
  MC_REASON_NO_FREE_MEMORY, /* in need, and nothing can be given */
  MC_REASON_AT_MAXIMUM,     /* in need, and has all that it may have */
  MC_REASON_COOLING_DOWN,   /* would move, but has only just moved the other way */
  MC_REASON_UNREACHABLE,    /* target withdrawn: the guest does not reach it */
  MC_REASON_REPEATED,       /* has not taken what it was given: its target is set again */
  MC_REASON_IN_VAIN,        /* given back what it gave, since the host gained nothing */
  MC_REASON_FOREIGN,        /* somebody else has set its balloon: respected for a while */
  MC_REASON_LEFT_ALONE,     /* not managed: the status says why */
} McReason;

#define MC_N_REASONS (MC_REASON_LEFT_ALONE + 1)

/* Everything known of one VM in this cycle. Figures from the guest are untrusted. */
typedef struct
{
  guint8 uuid[16]; /* breaks ties, so that the order of VMs does not matter */

  gboolean running;      /* FALSE: suspended, crashed or shutting down */
  gboolean busy;         /* its hypervisor process did not answer in time */
  gboolean has_balloon;  /* a balloon device is there */
  const char *immovable; /* why its memory cannot be moved (a clause), or NULL */
  gboolean opted_out;
  gboolean paused;
  gint64 started_us; /* when it started or last rebooted; 0 = before anybody looked */

  guint64 capacity; /* what the balloon can reach: maximum memory less what is hot-plugged */
  guint64 balloon;  /* what the guest has now */
  guint64 target;   /* what it was last told; MC_UNKNOWN = never told by us */
  guint64 resident; /* host memory that it occupies */

  guint64 unused;    /* the guest's MemFree */
  guint64 usable;    /* the guest's MemAvailable */
  guint64 available; /* the guest's MemTotal */
  guint64 swap_in;   /* bytes since the guest booted */
  guint64 swap_out;
  gint64 stats_time_s; /* when it last reported, as the hypervisor tells it; compared only with
                          itself; 0 = never */

  /* the policy in force for it */
  guint64 minimum;
  guint64 maximum;
  guint64 low_watermark;
  guint64 high_watermark;
  guint weight;
} McVmFacts;

/*
 * What the policy remembers of one VM from cycle to cycle. Zero-initialised when the VM is first
 * seen, kept by the caller, written by mc_policy_decide() alone. Callers read the two rates,
 * nothing else.
 */
typedef struct
{
  guint64 swap_in_rate; /* bytes a second */
  guint64 swap_out_rate;

  /* reports */
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

  /* the balloon as the guest saw it when it reported */
  guint64 balloon_reported; /* the least that it can have been */
  guint64 balloon_at_stats;
  guint64 balloon_before;    /* at the cycle before */
  guint64 deflated;          /* what it was given lately, less what was taken since */
  gint64 deflating_us;       /* when it was last seen to deflate */
  gint64 balloon_since_us;   /* since when it has not moved */
  guint64 outside_available; /* balloon less MemTotal, once it was seen at rest */
  gboolean outside_known;
  gboolean unbacked;  /* it claims to use more than the host backs */
  gboolean disagrees; /* its newest report is of another balloon than was seen or told */

  /* demand */
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
  guint64 swapped;         /* swapped out and not back yet, as far as the counters tell */
  guint thrashing_reports; /* consecutive reports with swapping or nothing usable, up to 3 */

  /* moves */
  gint64 granted_us;
  gint64 reclaimed_us;
  guint64 granted;       /* the size that it was given up to, less what was taken since */
  gint64 unmet_since_us; /* since when it lacks memory; 0 = it does not */
  guint64 inflating;     /* how fast its balloon was seen to inflate, bytes a second */
  gint64 speed_us;       /* … at that time */

  /* host memory */
  guint64 overhead_least; /* what its process is known to occupy beside the guest's memory */
  guint64 overhead_most; /* … and what it may occupy, as far as reports tell; 0 = no report yet */
  guint64 in_use;        /* of the guest's memory, at its newest report with the balloon at rest */
  guint64 resident;      /* at the cycle before */
  gint64 resident_us;
  guint64
      touching; /* how fast it came to occupy more, bytes a second: rises at once, falls slowly */
  guint64 touched; /* the most of the guest's memory that the host was seen to back, less what
                      the balloon has taken since */

  /* targets that are not followed */
  gboolean reached;       /* the balloon has been at the present target */
  guint64 target_before;  /* at the cycle before … */
  gint64 target_since_us; /* … and since then */
  gint64 progress_us;     /* when an inflating balloon last moved; 0 = not inflating */
  guint64 progress_balloon;
  gint64 stuck_until_us;
  guint stuck_times;
  gint64
      deflated_us; /* when a balloon that is to deflate last did, or was told to; 0 = it is not */
  guint64 deflated_balloon;
  guint repeated; /* how often its target was set again since */
  gint64 foreign_until_us;
  gint64 idle_since_us; /* target reached by inflating, and the process still occupies more */
  gint64 ineffective_until_us;
  guint ineffective_times;
  gboolean effective;   /* the host was seen to get what it gave */
  guint64 vain_balloon; /* its balloon when memory was first taken from it; 0 = never was */

  /* figures that cannot be */
  gint64 implausible_until_us;
  guint implausible_times;
} McVmHistory;

typedef struct
{
  guint64 target; /* what to tell it; equal to what it was told (or has) when nothing is to move */
  gboolean move;  /* target is to be set */
  McVmStatus status;
  McReason reason;
  guint64 before;    /* what it was told, or has, before this decision */
  guint64 promise;   /* granted and not yet touched */
  gboolean pressing; /* the next cycle should come early for its sake */

  /* the figures that the reason's sentence tells */
  guint64 figure;
  guint64 limit;
  guint64 budget;
} McVmDecision;

typedef struct
{
  McHostCondition condition;
  guint64 promised; /* Σ promise */
  guint64 free; /* what nobody has a claim to: available − reserve − margin − promised, not below 0
                 */
  guint64 grantable; /* what VMs in need may be granted at the most: that, and most of what was
                        promised by nobody and is not touched */
  double used_percent;
  gboolean pressing;
  double lambda; /* part of the headroom they want that VMs can have: 1 = all; -1 = some lack what
                    they need */
} McHostDecision;

/**
 * mc_policy_decide:
 * @facts: (array length=n_vms): one for each VM, in any order
 * @memories: (array length=n_vms): what is remembered of each; updated
 * @decisions: (array length=n_vms) (out caller-allocates): what to do with each
 *
 * Decides one cycle at the time @now_us.
 */
void mc_policy_decide (const McPolicySettings *settings,
                       const McHostFigures *host,
                       gint64 now_us,
                       gsize n_vms,
                       const McVmFacts *facts,
                       McVmHistory *histories[],
                       McVmDecision *decisions,
                       McHostDecision *host_decision);

/* The watermarks that are in force for a VM: a small one has less than those of its policy. */
void mc_policy_watermarks (const McVmFacts *facts, guint64 *low, guint64 *high);

/* How the host stands by its figures and settings alone. */
McHostCondition
mc_policy_host_condition (const McPolicySettings *settings, const McHostFigures *host);

/* The nicks that the bus, the configuration and people use; never NULL. */
const char *mc_vm_status_nick (McVmStatus status);
const char *mc_host_condition_nick (McHostCondition condition);
const char *mc_reason_nick (McReason reason);

/* Returns: (transfer full): one sentence with the decision's figures, for people. */
char *mc_decision_describe (const McVmDecision *decision);

G_END_DECLS
