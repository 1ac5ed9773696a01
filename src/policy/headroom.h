/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of the host's memory nobody has a claim to, and what a new VM could have.
 *
 * There is one computation of what is free: the policy grants from it, a new VM is promised it, and
 * a reservation is answered with it.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Not given, beside the reserve of a host of @total memory: for what grows unmanaged between two
 * cycles. */
guint64 mc_headroom_margin (const McPolicySettings *settings, guint64 total);

/* Returns: of the margin of any host, what not even a VM that swaps is given. */
guint64 mc_headroom_firm_margin (const McPolicySettings *settings);

/* Returns: of the @doubt about what processes occupy (McBacking), what is not granted where so much
 * @margin is kept. */
guint64 mc_headroom_doubted (guint64 margin, guint64 doubt);

/* available − reserve − margin − @promised (McHostDecision). Below 0 where more was promised than
 * there is. */
gint64
mc_headroom_free (const McPolicySettings *settings, const McHostFigures *host, guint64 promised);

/* What a VM of this status could give without coming to its high watermark or its minimum. */
guint64 mc_headroom_spare (const McVmFacts *facts,
                           McVmStatus status,
                           guint64 high_watermark,
                           guint64 minimum);

/* What a VM could start with: @free (mc_headroom_free()), and what the others could @spare, less
 * what is @reserved already. */
guint64 mc_headroom_for_new_vm (gint64 free, guint64 spare, guint64 reserved);

G_END_DECLS
