/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VMs' memory, live on a terminal, plain elsewhere. Main thread. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/*
 * Shows what there is every @interval_s, @count times, or until the person ends it where that is 0.
 * @client: connected. Returns: what to exit with.
 */
int mc_live_run (McClient *client, guint interval_s, guint count);

G_END_DECLS
