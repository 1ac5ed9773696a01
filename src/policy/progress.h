/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a balloon follows its target, and the host gets what it gives: what makes a VM stuck,
 * foreign or ineffective, and when a target is to be set again.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Takes in where the balloon is now. Call once a cycle, before balloon_before is set. */
void mc_progress_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

/* Whether its balloon was set to deflate and does not: its target is to be set again. */
gboolean mc_progress_is_to_repeat (gint64 now_us, const McVmHistory *history);

G_END_DECLS
