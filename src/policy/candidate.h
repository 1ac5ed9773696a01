/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM that takes part in the sharing of one cycle: what it should have, lacks, and could give. */
#pragma once

#include "backing.h"
#include "demand.h"

G_BEGIN_DECLS

typedef struct
{
  const McVmFacts *facts;
  McVmHistory *history;
  McVmDecision *decision;
  McDemand demand;
  guint64 floor; /* the floor that it claims */
  McBacking backing;
  guint64 share;       /* what it should have, in the end */
  guint64 surplus;     /* what it could give in this cycle */
  guint64 lacks;       /* what it should be granted in this cycle, … */
  guint64 room;        /* … and what its groups have for its page cache */
  guint64 budget;      /* what its groups have for all of their members */
  gboolean scarce;     /* one of them has not room for all that is desired in it */
  gboolean kept_short; /* it lacks more than one of them can grant */
  const char *group;   /* (nullable): the one that its share is of, or that kept it short */
} McCandidate;

/* A group of the host in one cycle: group.c */
typedef struct
{
  const char *name;
  McCandidate **members; /* those of its VMs that take part */
  gsize n_members;
  gint64 free;      /* of its limit nobody has a claim to this, … */
  gint64 grantable; /* … and it may be granted now */
} McGroupCycle;

typedef struct
{
  McCandidate *items;
  gsize n;
  guint64 *figures; /* room for one figure for each */
  McGroupCycle *groups;
  gsize n_groups;
} McCandidates;

/* A smaller move than this costs more calls than it brings. */
#define MC_LEAST_MOVE (4 * MC_MIB)

/* Returns: what it should be granted now. */
guint64 mc_candidate_lacking (const McPolicyCycle *cycle, const McCandidate *candidate);

/* Returns: what should be freed for it beyond that, for the cycles to come. */
guint64 mc_candidate_lacking_ahead (const McPolicyCycle *cycle, const McCandidate *candidate);

/* What its balloon is still to bring of what it was asked for; what of that will have come before
 * long; and what the host will no longer back when its target is reached, at whatever speed. */
guint64 mc_candidate_coming (const McCandidate *candidate);
guint64 mc_candidate_coming_soon (const McPolicyCycle *cycle, const McCandidate *candidate);
guint64 mc_candidate_coming_to_the_host (const McCandidate *candidate);

/* Whether memory was taken from it too short a time ago for a grant. */
gboolean mc_candidate_has_just_given (const McPolicyCycle *cycle, const McCandidate *candidate);

/* What one step moves at the most: less of a VM that was stuck. */
guint64 mc_candidate_small_step (const McCandidate *candidate, guint64 step);

/* What is worth a move of it: a part of its capacity, but no more than @counts for those who miss
 * it. */
guint64 mc_candidate_worth (const McCandidate *candidate, guint percents, guint64 counts);

/* Fill in its decision. */
void mc_candidate_explain (McCandidate *candidate, McReason reason);
void mc_candidate_move_to (McCandidate *candidate, guint64 target, McReason reason, guint64 limit);

G_END_DECLS
