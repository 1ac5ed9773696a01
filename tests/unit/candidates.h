/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A few VMs as the sharing leaves them, for the tests of what is reclaimed and granted. Sizes are
 * MiB.
 */
#pragma once

#include "candidate.h"

G_BEGIN_DECLS

#define STAGE_MOST 4
#define STAGE_NOW  (1000 * G_USEC_PER_SEC)

typedef struct
{
  McPolicySettings settings;
  McHostFigures host;
  McPolicyCycle cycle; /* comfortable, with nothing free */
  McVmFacts facts[STAGE_MOST];
  McVmHistory histories[STAGE_MOST];
  McVmDecision decisions[STAGE_MOST];
  McCandidate items[STAGE_MOST];
  guint64 figures[STAGE_MOST];
  McCandidates candidates;
} Stage;

void stage_init (Stage *stage);

/* Adds a VM of 1000 that is at rest at its target, uses @used, and should have @share. */
McCandidate *stage_add (Stage *stage, guint64 target, guint64 used, guint64 share);

/* The same of one at its low watermark. */
McCandidate *stage_add_in_need (Stage *stage, guint64 target, guint64 share);

/* What @candidate has lost, or, below 0, was granted. */
gint64 stage_taken (const McCandidate *candidate);

G_END_DECLS
