/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken now, and from whom. */
#pragma once

#include "candidate.h"

G_BEGIN_DECLS

/* Sets every candidate's surplus and lacks, the decisions of those from whom memory is taken, and
 * when that was. Returns: whether anything is missing that others are to give. */
gboolean mc_reclaim (const McPolicyCycle *cycle, McCandidates *candidates);

G_END_DECLS
