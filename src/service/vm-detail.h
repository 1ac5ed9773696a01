/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's status in one sentence that a person can act on. Main thread. */
#pragma once

#include "vm-parts.h"

G_BEGIN_DECLS

/* @decision: the last one; @all_paused: (nullable): why nothing is balanced. Returns:
 * (transfer full) */
char *mc_vm_detail_describe (const McVmParts *vm,
                             McVmStatus status,
                             const McVmDecision *decision,
                             const char *all_paused);

G_END_DECLS
