/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From shares to moves: what is taken now, and what is given now from memory that is free now.
 *
 * A VM that is not managed has no candidate here. Both functions fill in the decisions' target,
 * move, reason and figures, and remember when a VM was moved.
 */
#pragma once

#include "demand.h"
#include "share.h"

G_BEGIN_DECLS

typedef struct
{
  const McVmFacts *facts;
  McVmHistory *history;
  McVmDecision *decision;
  McDemand demand;
  guint64 floor;   /* the size that it claims to survive with */
  guint64 backed;  /* of its guest's memory, by the host */
  guint64 share;   /* what it should have, in the end */
  guint64 surplus; /* what it could give in this cycle */
  guint64 lacks;   /* what it should be given in this cycle */
} McCandidate;

typedef struct
{
  const McPolicySettings *settings;
  const McTuning *tuning;
  gint64 now_us;
  McHostCondition condition;
  double ease;      /* 1: the host is at its limit or below; 0: at its reserve */
  double lambda;    /* mc_share_out() */
  guint64 pool;     /* is to be kept free for whoever needs it next */
  gint64 free;      /* nobody has a claim to it; negative when more is promised than there is */
  gint64 lent;      /* of what is promised: nobody granted it, and nobody is about to touch it */
  gint64 grantable; /* VMs in need may be granted it now, … */
  gint64 grantable_to_thrashing; /* … and those who swap so much */
  guint64 excess;                /* used above the host's limit */
  guint64 comfort;               /* may be granted before the host's limit is reached */
} McCycle;

/* Sets every candidate's surplus and lacks. @scratch has room for one figure for each. */
void
mc_reclaim (const McCycle *cycle, McCandidate *candidates, gsize n_candidates, guint64 *scratch);
void mc_grant (const McCycle *cycle, McCandidate *candidates, gsize n_candidates, guint64 *scratch);

G_END_DECLS
