/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a VM may be moved at all in this cycle, from what is known and remembered of it. */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Takes in the figures of a new report, if there is one: rates, swapping, when it came. */
void mc_triage_remember (const McPolicySettings *settings,
                         gint64 now_us,
                         const McVmFacts *facts,
                         McVmMemory *memory);

McVmStatus mc_triage_status (const McPolicySettings *settings,
                             gint64 now_us,
                             const McVmFacts *facts,
                             const McVmMemory *memory);

G_END_DECLS
