/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's errors as those of the port. */
#include "config.h"

#include "libvirt-error.h"

#include <libvirt/virterror.h>

#include "hypervisor.h"

static McHypervisorError
code_of (int code)
{
  switch (code)
    {
    case VIR_ERR_NO_DOMAIN:
      return MC_HYPERVISOR_ERROR_NO_VM;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return MC_HYPERVISOR_ERROR_UNSUPPORTED;
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return MC_HYPERVISOR_ERROR_DENIED;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_SYSTEM_ERROR:
      return MC_HYPERVISOR_ERROR_NOT_CONNECTED;
    default:
      return MC_HYPERVISOR_ERROR_FAILED;
    }
}

void
mc_libvirt_set_error (GError **error, const char *what)
{
  virErrorPtr last = virGetLastError ();

  if (last == NULL)
    g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED, "failed to %s", what);
  else
    g_set_error (error, MC_HYPERVISOR_ERROR, (int)code_of (last->code), "failed to %s: %s", what,
                 last->message);
}
