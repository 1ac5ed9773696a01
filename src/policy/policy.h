/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision, pure: figures of the host and of its VMs in, a target for each VM and the reason
 * for it out.
 *
 * Nothing here reads a clock, a file or a bus. Sizes are bytes, times are microseconds of the
 * caller's monotonic clock. All functions may be called from any thread, as long as no two calls
 * share a McVmHistory.
 */
#pragma once

#include <glib.h>

#include "history.h"
#include "threshold.h"
#include "tuning.h"

G_BEGIN_DECLS

/* Whether a guest's page cache may make its balloon grow: cache_pressure in demand.h. */
typedef enum
{
  MC_CACHE_GROWTH_NEVER,
  MC_CACHE_GROWTH_COMFORTABLE,
  MC_CACHE_GROWTH_ALWAYS,
} McCacheGrowth;

/* What holds for the whole host. */
typedef struct
{
  McHostThresholds thresholds; /* with what is reserved in host_reserve */
  guint64 reserved;            /* of that, for VMs about to start */
  gint64 stats_period_us;      /* how often guests report */
  McCacheGrowth cache_growth;
  const McTuning *tuning; /* (nullable): the policy's own numbers; NULL = mc_tuning_default */
} McPolicySettings;

static inline gint64
mc_policy_interval_us (const McPolicySettings *settings)
{
  return (gint64)settings->thresholds.interval_s * G_USEC_PER_SEC;
}

static inline const McTuning *
mc_policy_tuning (const McPolicySettings *settings)
{
  return settings->tuning != NULL ? settings->tuning : &mc_tuning_default;
}

/* While somebody needs memory, cycles follow each other as closely as guests report. */
#define MC_POLICY_ATTENTIVE_US (1 * G_USEC_PER_SEC)

/* Returns: from one cycle to the next, as @pressing says of the one. */
static inline gint64
mc_policy_pace_us (const McPolicySettings *settings, gboolean pressing)
{
  gint64 interval_us = mc_policy_interval_us (settings);

  return pressing ? MIN (interval_us, MC_POLICY_ATTENTIVE_US) : interval_us;
}

/* VMs that share a limit within the host's: of a slice's cgroup, or of NUMA nodes. A VM may be in
 * several. */
typedef struct
{
  const char *name;     /* of the limit, for "… has no memory left"; interned */
  guint64 left;         /* what is under the limit may come to occupy so much more */
  const guint *members; /* which of the VMs: their places in the facts */
  gsize n_members;
} McGroup;

typedef struct
{
  guint64 total;
  guint64 available; /* what the host could still give out: MemAvailable */
  const McGroup *groups;
  gsize n_groups;
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
  MC_VM_PAUSED,      /* by whoever called Pause or Inhibit */
  MC_VM_OPTED_OUT,   /* by the VM's own policy or by the configuration */
  MC_VM_BOOTING,     /* its driver may not be there yet */
  MC_VM_BUSY,        /* its hypervisor process does not answer */
  MC_VM_SUSPENDED,   /* not running: figures stand still */
  MC_VM_FOREIGN,     /* somebody else sets its balloon again and again, and it is left to them */
  MC_VM_NO_STATS,    /* the guest never reported */
  MC_VM_STALE,       /* the guest has stopped reporting, or reports implausible figures */
  MC_VM_STUCK,       /* it does not follow its target */
  MC_VM_INEFFECTIVE, /* the host gains nothing from what it gives */
  MC_VM_UNSUPPORTED, /* no balloon, or memory that cannot be moved */
} McVmStatus;

#define MC_N_VM_STATUSES (MC_VM_UNSUPPORTED + 1)

typedef enum
{
  MC_REASON_NONE,           /* never decided on */
  MC_REASON_ENOUGH,         /* between the watermarks, or nothing worth a move */
  MC_REASON_NEEDS,          /* in need: usable is low */
  MC_REASON_SWAPPING,       /* in need: the guest swaps */
  MC_REASON_GROWS,          /* will be in need before the cycle after the next */
  MC_REASON_CACHE,          /* cache_pressure: unused is low, usable is ample */
  MC_REASON_BELOW_MINIMUM,  /* lifted to its minimum */
  MC_REASON_ABOVE_MAXIMUM,  /* brought down to its maximum */
  MC_REASON_RELEASES,       /* has more than it needs, and gives some */
  MC_REASON_HOST_TIGHT,     /* gives memory back to a host used above the limit */
  MC_REASON_OVERCOMMITTED,  /* gives because guests were promised more than the host has left */
  MC_REASON_FUNDS_OTHERS,   /* gives because another VM is in need */
  MC_REASON_EMERGENCY,      /* gives, or a grant is called back, to a host at its reserve */
  MC_REASON_NO_FREE_MEMORY, /* in need, and nothing can be given */
  MC_REASON_AT_MAXIMUM,     /* in need, and has all that it may have */
  MC_REASON_GROUP_FULL,     /* in need, and a limit that it shares with others has nothing left */
  MC_REASON_COOLING_DOWN,   /* would move, but has only just moved the other way */
  MC_REASON_UNREACHABLE,    /* target withdrawn: the guest does not reach it */
  MC_REASON_REPEATED,       /* has not taken what it was given: its target is set again */
  MC_REASON_IN_VAIN,        /* given back what it gave, since the host gained nothing */
  MC_REASON_GIVEN_BACK,     /* given back what was taken from it, as somebody asked for */
  MC_REASON_FOREIGN,        /* somebody else has set its balloon: respected for a while */
  MC_REASON_LEFT_ALONE,     /* not managed: the status says why */
} McReason;

#define MC_N_REASONS (MC_REASON_LEFT_ALONE + 1)

/* Whether a VM's guest is to be asked in the next cycle: sleep.h */
typedef enum
{
  MC_ATTENTION_AWAKE,  /* in every cycle; it reports every statistics period */
  MC_ATTENTION_TURN,   /* once, for what it has reported meanwhile */
  MC_ATTENTION_ASLEEP, /* not at all; it may report as seldom as it likes */
} McAttention;

/* Everything known of one VM in this cycle. Figures from the guest are untrusted. */
typedef struct
{
  guint8 uuid[16]; /* breaks ties, so that the order of VMs does not matter */

  gboolean running;      /* FALSE: suspended, crashed or shutting down */
  gboolean busy;         /* its hypervisor process did not answer in time */
  gboolean has_balloon;  /* a balloon device is there */
  const char *immovable; /* why its memory cannot be moved (a clause), or NULL */
  gboolean denied;    /* the hypervisor does not let it be moved; its memory is like any other's */
  gboolean reclaimed; /* memory was taken from it, maybe by an earlier run of the service */
  gboolean give_back; /* what it lacks is to be given back: somebody asks for that */
  gboolean released;  /* the same of what was taken, as it is not managed any more */
  gboolean opted_out;
  gboolean paused;
  gboolean claimed;     /* somebody has just said that it is managed */
  gboolean autodeflate; /* its guest may take back memory by itself */
  gboolean asleep;      /* its guest was not asked in this cycle: what it reported, and what its
                           process occupies, is of an earlier one */
  gboolean unanswered;  /* it was asked, and all the same its figures are of an earlier cycle */
  gboolean emulated;    /* its processors are: they are slow */
  gint64 started_us;    /* when it started or last rebooted; 0 = before anybody looked */

  guint64 capacity;    /* the most that the balloon can reach: all of the VM's memory but
                          virtio-mem, NVDIMM, virtio-pmem and SGX */
  guint64 balloon;     /* what the guest has now */
  guint64 target;      /* what it was last set to; MC_UNKNOWN = never by us */
  guint64 resident;    /* host memory that it occupies */
  guint64 cpu_time_us; /* that its process has used; MC_UNKNOWN: it never sleeps */

  guint64 unused;    /* the guest's MemFree */
  guint64 usable;    /* the guest's MemAvailable */
  guint64 available; /* the guest's MemTotal */
  guint64 swap_in;   /* bytes since the guest booted */
  guint64 swap_out;
  gint64 stats_time_s; /* when it last reported, as the hypervisor reports it; compared only with
                          itself; 0 = never */
  gint64 stats_age_us; /* how old that report is at the most; 0 = nobody knows */

  McVmPolicy policy; /* in force for it */
} McVmFacts;

typedef struct
{
  guint64 target; /* what to set; equal to before when nothing is to move */
  gboolean move;  /* target is to be set */
  McVmStatus status;
  McReason reason;
  guint64 before;  /* its target, or its balloon when it has none, before this decision */
  guint64 promise; /* granted and not yet touched */
  const char
      *group; /* (nullable): the name of the limit that decided, where it was not the host's */
  gboolean in_need;      /* it is, and has less than its maximum */
  gboolean pressing;     /* the next cycle should come early for its sake */
  McAttention attention; /* in the next cycle */
  gboolean woken;        /* by its own CPU time, and has not reported since */

  /* the figures of the reason's sentence, in bytes; of MC_REASON_FOREIGN, limit is in seconds */
  guint64 figure;
  guint64 limit;
  guint64 budget;
} McVmDecision;

typedef struct
{
  guint64 promised; /* Σ promise */
  double used_percent;
  gboolean pressing;

  /* For tests and the simulator: the service shows what holds with the settings of the moment. */
  McHostCondition condition;
  guint64 free;      /* what nobody has a claim to: available − reserve − margin − promised, or 0 */
  guint64 grantable; /* what VMs in need may be granted at the most: that, and most of what was
                        promised by nobody and is not touched */
  double lambda;     /* part of the desired headroom that VMs can have: 1 = all; -1 = some lack what
                        they need */
} McHostDecision;

/**
 * mc_policy_decide:
 * @facts: (array length=n_vms): one for each VM, in any order
 * @histories: (array length=n_vms): what is remembered of each; updated
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
