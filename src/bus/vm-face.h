/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.example.MemCoord1.VM: a VM's skeleton, and the answers to its methods. */
#pragma once

#include "authority.h"
#include "coordinator.h"
#include "mc-dbus.h"

G_BEGIN_DECLS

#define MC_TYPE_VM_FACE (mc_vm_face_get_type ())
G_DECLARE_FINAL_TYPE (McVmFace, mc_vm_face, MC, VM_FACE, McDbusMemCoord1VMSkeleton)

McVmFace *mc_vm_face_new (McCoordinator *coordinator, McAuthority *authority, McVm *vm);

G_END_DECLS
