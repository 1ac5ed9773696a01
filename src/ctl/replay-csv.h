/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of VMs as CSV, in the columns that the test bed's recorder writes, for the simulator to
 * decide again on (simulate --replay). Main thread. */
#pragma once

#include "past.h"

G_BEGIN_DECLS

/*
 * Returns: (transfer full): a line of names, and a line for each VM and step in which it and the
 * host are known, oldest first. Seconds count from the first one; what is not known is empty. What
 * was swapped is summed up from its rates.
 * @names, @pasts: of each VM (element-type utf8) (element-type McPast)
 */
char *mc_replay_csv_format (const McPast *host, const GPtrArray *names, const GPtrArray *pasts);

G_END_DECLS
