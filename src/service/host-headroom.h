/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM about to start could have. Main thread. */
#pragma once

#include "host-state.h"
#include "reservations.h"

G_BEGIN_DECLS

/* Returns: what there is now, by the last figures and the settings in force. */
McHostHeadroom mc_host_headroom_find (McContext *context, McHostState *state, McFleet *fleet);

G_END_DECLS
