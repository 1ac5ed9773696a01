/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's inside, for the coordinator's files alone. */
#pragma once

#include "clock.h"
#include "hypervisor.h"
#include "metadata.h"
#include "settings.h"
#include "vm.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean active;
  char *reason;
  guint64 until_us;     /* wall clock, µs since the epoch; 0 = until resumed */
  guint seconds;        /* that it was asked for; 0 = until resumed */
  gint64 ends_us;       /* of the clock */
  guint timer;          /* of the clock */
  gpointer coordinator; /* (unowned) while the timer runs */
  McVm *vm;             /* (unowned) (nullable): NULL for the pause of everything */
} McPause;

/* Something that the hypervisor was asked for and did not do, so many times in a row. */
typedef struct
{
  char *words; /* the hypervisor's for the last of these; NULL = it was done */
  guint times;
  gint64 not_before_us; /* it is not asked again before that */
  gboolean lasts;       /* until somebody changes something */
} McVmRefusal;

/* The target that is on its way, and what became of those before it: target.c. */
typedef struct
{
  gboolean under_way;
  gint64 since_us;
  guint64 from;
  guint64 to;
  guint64 before; /* what the facts had as target: true again when it fails */
  McReason reason;
  char *sentence; /* NULL: nobody is told of it */

  gboolean late; /* for too long under way, or to be tried again later */
  McVmRefusal refusal;
  gboolean unknown; /* what is in force may be what an earlier run, or a lost call, has left */
} McVmTarget;

/* How often it reports: stats-period.c. */
typedef struct
{
  gboolean recalled; /* what an earlier run has noted was looked up */
  gboolean noted;    /* original_s is on the disk */
  gboolean under_way;
  gboolean done;    /* it was put back, or has nothing to be put back */
  guint original_s; /* what it had before any run of the service changed it */
  guint set_s;      /* what it was last set to; 0 = not by the service */
  gint64 set_us;
  guint found_s;  /* what it was when it was last looked at, or set */
  guint contests; /* changes by somebody else since it was undisturbed */
  gint64 not_before_us;
  McVmRefusal refusal;
} McVmPeriod;

/* What is shown of a VM's status, and what was logged of it: vm-status.c. */
typedef struct
{
  McVmStatus found; /* by the last decision */
  gint64 found_us;  /* since when */
  McVmStatus shown;
  gint64 changes_us[6]; /* when another was shown, the oldest first; 0 = never */
  McVmStatus logged;
  gint64 logged_us;
  guint unlogged; /* changes that were shown since */
} McVmStatusHistory;

/* Entries in the log about one VM. */
typedef struct
{
  guint n;
  gint64 counted_us;
  guint left_out;
  gint64 left_out_us; /* since when */
} McVmEntries;

struct _McVm
{
  GObject parent;

  char *uuid;
  McVmFacts facts;     /* but for the policy in force, which mc_vm_fill_facts() adds */
  McVmHistory history; /* the policy's */
  McVmDecision decision;
  McVmStatusHistory status;
  McVmEntries entries;
  McVmView view;
  GPtrArray *moves; /* (element-type McVmMove) */

  McVmDescription *description; /* NULL until it was read */
  gboolean describing;
  gboolean describe_again; /* what is being read is already old */
  McVmRefusal describe_refusal;
  gboolean announced;
  gboolean crashed;  /* its kernel did, and has not started anew since */
  gint64 state_us;   /* when an event last told whether it runs; g_get_monotonic_time() */
  gboolean was_busy; /* in the last sample; a VM without any counts as busy */
  guint64 seen;      /* the number of the last sample that had it */
  gint64 stats_seen_wall_us;
  gboolean looked;   /* at its figures */
  gboolean reported; /* since then */

  McMetadata metadata;
  char *metadata_error;
  GQueue changes;      /* (element-type GTask): of its policy, the first of them under way */
  guint changes_timer; /* of the clock: when the first is tried again, or given up */
  gboolean write_left; /* one that nobody waits for any more is still on its way */

  McPause pause;
  McVmTarget target;
  McVmPeriod period;
};

/* Takes @error over as the last refusal. Returns: whether it is to be logged: nobody was told this
 * before, and it is no mere delay. */
gboolean mc_vm_refusal_take (McVmRefusal *refusal, const GError *error, gint64 now_us);
void mc_vm_refusal_clear (McVmRefusal *refusal);

McVm *mc_vm_new (const McVmSample *sample);

/* Takes the figures of @sample over; an absent figure stays unknown. @now_us, @wall_us: when they
 * were read. */
/* @began_us: when it was asked for. @wall_us: when it came. */
void mc_vm_take_sample (McVm *self, const McVmSample *sample, gint64 began_us, gint64 wall_us);

/* Returns: what the policy is to judge: the figures, and the policy in force for this VM. */
McVmFacts mc_vm_get_facts (McVm *self, const McSettings *settings, gboolean all_paused);

/* By its own policy, or by the configuration's for those that have none. */
gboolean mc_vm_is_opted_out (McVm *self, const McSettings *settings);

/* Brings the view up to date with the last decision; @degraded: (nullable): why no figure can be
 * believed. */
void mc_vm_update_view (McVm *self,
                        const McSettings *settings,
                        const char *all_paused,
                        const char *degraded);

/* Remembers a decision that moves, in words, and when. */
void mc_vm_add_move (McVm *self, guint64 wall_us, guint64 from, guint64 to, const char *sentence);

/* Sets the last reason without a move. @sentence: (transfer full) */
void mc_vm_take_reason (McVm *self, guint64 wall_us, char *sentence);

/* What a threshold of this VM is in force at, its own or what it follows. */
guint64 mc_vm_get_threshold (McVm *self, const McSettings *settings, const McThreshold *threshold);

G_END_DECLS
