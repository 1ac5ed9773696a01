/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1.VM: the answers to its methods. Main thread. */
#pragma once

#include "authority.h"
#include "coordinator.h"

G_BEGIN_DECLS

/* Answers a call of a method that the interface has, if its caller may make it. @invocation:
 * (transfer full) */
void mc_vm_methods_call (McCoordinator *coordinator,
                         McAuthority *authority,
                         McVm *vm,
                         GDBusMethodInvocation *invocation);

G_END_DECLS
