/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a sum from those who have most to spare, in few moves that are worth it. */
#pragma once

#include "candidate.h"

G_BEGIN_DECLS

/* What has to be taken at once for the host to be seen to get it, of a VM's capacity. */
#define MC_PROOF_PERCENT 4

/* Returns: what was taken: @amount to whole MiB, or 0 where that is not worth a move. */
guint64 mc_reclaim_from (const McPolicyCycle *cycle,
                         McCandidate *candidate,
                         guint64 amount,
                         McReason reason);

/* Takes @total in all, from those with the largest surplus first. Returns: what was taken. */
guint64 mc_reclaim_evenly (const McPolicyCycle *cycle,
                           McCandidates *candidates,
                           guint64 total,
                           McReason reason);

G_END_DECLS
