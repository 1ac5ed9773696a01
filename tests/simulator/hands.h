/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to guests that no coordinator has decided. */
#pragma once

#include "world.h"

/* Does to @guest what is due in this second. */
void sim_hands_act (SimWorld *world, SimGuest *guest);

/* Boots @guest: the target of its balloon stays. */
void sim_hands_boot (SimWorld *world, SimGuest *guest);
