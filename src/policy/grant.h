/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given now, from memory that is free now. */
#pragma once

#include "candidate.h"

G_BEGIN_DECLS

/* After mc_reclaim(): sets the decisions of those who are granted memory, and when that was; says
 * of the others in need why they are not. */
void mc_grant (const McPolicyCycle *cycle, McCandidates *candidates);

G_END_DECLS
