/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a VM may be moved at all in this cycle, from what is known and remembered of it. */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* The most that a VM or a host is believed to have: 64 TiB, beyond what Linux and QEMU run today;
 * the sums of a hundred thousand such VMs stay within 63 bits. */
#define MC_CAPACITY_MOST ((guint64)1 << 46)

/* How a target that is not followed, or helps nobody, is let go: one minute, doubled each time, up
 * to ten. */
#define MC_BACK_OFF_LEAST_US ((gint64)60 * G_USEC_PER_SEC)
#define MC_BACK_OFF_MOST_US  ((gint64)600 * G_USEC_PER_SEC)

/* Takes in how the balloon follows its target. Call once a cycle, after mc_demand_remember(). */
void mc_eligibility_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

/* A VM that is MC_VM_STUCK or MC_VM_INEFFECTIVE can still be given memory: only taking is in vain.
 */
McVmStatus mc_eligibility_status (const McPolicySettings *settings,
                                  gint64 now_us,
                                  const McVmFacts *facts,
                                  const McVmHistory *history);

/* Whether its figures cannot be: beyond its capacity, or of another size altogether. */
gboolean mc_eligibility_contradicts (const McVmFacts *facts, const McVmHistory *history);

/* Whether anything may be taken from it before the host was seen to get what it gave last. */
gboolean mc_eligibility_may_reclaim (const McVmHistory *history);

/* Whether its balloon was told to deflate and does not: its target is to be set again. */
gboolean mc_eligibility_is_to_repeat (gint64 now_us, const McVmHistory *history);

G_END_DECLS
