/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done with a VM beside the sharing: a target that is not reached is withdrawn, one that is
 * not taken is set again, one that somebody else has set is respected for a while, and what was
 * taken in vain is given back.
 */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* @backed: of its guest's memory, by the host. Returns: whether the others' needs have no part in
 * what is done with it in this cycle. */
gboolean mc_correction_decide (const McPolicyCycle *cycle,
                               const McVmFacts *facts,
                               guint64 backed,
                               McVmHistory *history,
                               McVmDecision *decision);

G_END_DECLS
