/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a VM in one cycle, into its history. */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* Takes in what is seen of a VM in this cycle. Forgets everything about an earlier boot. */
void mc_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history);

G_END_DECLS
