/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a VM may be moved at all in this cycle, from what is known and remembered of it. What
 * makes a VM stuck: progress.h. */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* With no report for this long after its start a guest has no driver, or no statistics. */
#define MC_BOOT_GRACE_US (60 * G_USEC_PER_SEC)

/* A VM that is MC_VM_STUCK or MC_VM_INEFFECTIVE can still be given memory: only reclaiming is in
 * vain. */
McVmStatus mc_eligibility_status (const McPolicyCycle *cycle,
                                  const McVmFacts *facts,
                                  const McVmHistory *history);

/* Its driver may not be loaded yet: what its balloon does until then says nothing of its guest. */
static inline gboolean
mc_eligibility_is_booting (gint64 now_us, const McVmFacts *facts, const McVmHistory *history)
{
  return facts->started_us > 0 && !history->fresh && now_us - facts->started_us < MC_BOOT_GRACE_US;
}

/* Whether a VM of this status takes part in the sharing. */
gboolean mc_eligibility_may_be_moved (McVmStatus status);

/* Whether anything may be taken from it before the host was seen to get what it gave last. */
gboolean mc_eligibility_may_reclaim (const McVmHistory *history);

G_END_DECLS
