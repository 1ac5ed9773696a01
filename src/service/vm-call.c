/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call of the hypervisor for one VM: its end needs both, which may be gone from the list by then.
 */
#include "config.h"

#include "coordinator-private.h"

McVmCall *
mc_vm_call_new (McCoordinator *self, McVm *vm)
{
  McVmCall *call = g_new0 (McVmCall, 1);

  call->coordinator = g_object_ref (self);
  call->vm = g_object_ref (vm);
  return call;
}

void
mc_vm_call_free (McVmCall *self)
{
  g_object_unref (self->coordinator);
  g_object_unref (self->vm);
  g_free (self);
}
