/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was decided and is not done: in a dry run. */
#pragma once

#include "history.h"

G_BEGIN_DECLS

/* Takes from @history what a decision made on @before left in it of its own move; what was seen of
 * the VM stays. */
void mc_dry_run_forget_move (McVmHistory *history, const McVmHistory *before);

G_END_DECLS
