/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1.VM: a VM's skeleton, and the answers to its methods. */
#pragma once

#include "authority.h"
#include "coordinator.h"
#include "mc-dbus.h"

G_BEGIN_DECLS

#define MC_TYPE_VM_METHODS (mc_vm_methods_get_type ())
G_DECLARE_FINAL_TYPE (McVmMethods, mc_vm_methods, MC, VM_METHODS, McDbusMemCoord1VMSkeleton)

McVmMethods *mc_vm_methods_new (McCoordinator *coordinator, McAuthority *authority, McVm *vm);

G_END_DECLS
