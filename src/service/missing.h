/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What VMs have less than their maximum, as memory was taken from them. Main thread. */
#pragma once

#include "vm.h"

G_BEGIN_DECLS

/* Logs in one line who of @vms (element-type McVm) lacks how much, where somebody does. @why:
 * (nullable): why those that could be given it were not, where that is the same for all */
void mc_missing_log (const GPtrArray *vms, const char *why);

G_END_DECLS
