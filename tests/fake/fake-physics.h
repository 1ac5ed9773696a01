/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What memory does in a guest and its host, step by step. */
#pragma once

#include "fake-vm.h"

G_BEGIN_DECLS

/* One step of @seconds, as mc_fake_hypervisor_tick() has it. Returns: whether its balloon moved. */
gboolean mc_fake_physics_step (McFakeVm *vm, guint seconds);

G_END_DECLS
