/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was decided and is not done. */
#include "config.h"

#include "dry-run.h"

void
mc_dry_run_forget_move (McVmHistory *history, const McVmHistory *before)
{
  if (history->started_us != before->started_us)
    return; /* what was before is of another boot */
  history->granted_us = before->granted_us;
  history->granted = before->granted;
  history->reclaimed_us = before->reclaimed_us;
  /* The effect of what was not taken would be waited for for ever. */
  if (before->vain_balloon == 0)
    history->vain_balloon = 0;
}
