/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was taken from a VM is given back at once where somebody asks for it, up to its maximum, as
 * far as the host has memory that nobody has a claim to.
 */
#pragma once

#include "candidate.h"
#include "policy-cycle.h"

G_BEGIN_DECLS

/* Whether it could be given anything now. Its guest's figures are not needed for that: nobody is
 * harmed by more memory, and one that no longer reports may lack it most. */
gboolean mc_give_back_is_possible (const McVmFacts *facts, const McVmHistory *history);

/* Returns: what it has less than its maximum, and less than it may come to have by its target; 0
 * where it cannot be given anything. */
guint64 mc_give_back_missing (const McVmFacts *facts, const McVmHistory *history);

/* For those with @give_back or @released, after everything else was decided: who is in need comes
 * first. Where not all of it is free, of the host or of a group, each has the same part of what it
 * misses. @candidates: their groups, and room for figures */
void mc_give_back (const McPolicyCycle *cycle,
                   const McCandidates *candidates,
                   gsize n_vms,
                   const McVmFacts *facts,
                   McVmHistory *histories[],
                   McVmDecision *decisions);

G_END_DECLS
