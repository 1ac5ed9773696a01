/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's status in one sentence that a person can act on. Main thread. */
#pragma once

#include "vm-parts.h"

G_BEGIN_DECLS

typedef struct
{
  const char *code; /* (static) what it says, for programs; StatusDetailCode lists them */
  const char *text;
  char *own; /* (nullable) what of it is freed */
} McVmDetail;

void mc_vm_detail_clear (McVmDetail *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McVmDetail, mc_vm_detail_clear)

/* @decision: the last one; @all_paused: (nullable): why nothing is balanced, which the result may
 * point to. Returns: to be cleared */
McVmDetail mc_vm_detail_describe (const McVmParts *vm,
                                  McVmStatus status,
                                  const McVmDecision *decision,
                                  const char *all_paused);

G_END_DECLS
