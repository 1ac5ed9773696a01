/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors, and what becomes of the ports' and the policy's. */
#include "config.h"

#include "error.h"

#include "hypervisor.h"
#include "threshold.h"

G_DEFINE_QUARK (mc_service_error_quark, mc_service_error)

static McServiceError
code_of_threshold_error (int code)
{
  switch ((McThresholdError)code)
    {
    case MC_THRESHOLD_ERROR_UNKNOWN:
      return MC_SERVICE_ERROR_UNKNOWN_THRESHOLD;
    case MC_THRESHOLD_ERROR_OUT_OF_RANGE:
      return MC_SERVICE_ERROR_OUT_OF_RANGE;
    case MC_THRESHOLD_ERROR_CONFLICT:
      return MC_SERVICE_ERROR_CONFLICT;
    default:
      return MC_SERVICE_ERROR_FAILED;
    }
}

static McServiceError
code_of_hypervisor_error (int code)
{
  switch ((McHypervisorError)code)
    {
    case MC_HYPERVISOR_ERROR_NOT_CONNECTED:
      return MC_SERVICE_ERROR_NOT_CONNECTED;
    case MC_HYPERVISOR_ERROR_NO_VM:
      return MC_SERVICE_ERROR_UNKNOWN_VM;
    case MC_HYPERVISOR_ERROR_TIMED_OUT:
    case MC_HYPERVISOR_ERROR_BUSY:
    case MC_HYPERVISOR_ERROR_UNSUPPORTED:
    case MC_HYPERVISOR_ERROR_DENIED:
    case MC_HYPERVISOR_ERROR_FAILED:
    default:
      return MC_SERVICE_ERROR_FAILED;
    }
}

GError *
mc_service_error_from (GError *error)
{
  McServiceError code = MC_SERVICE_ERROR_FAILED;
  GError *made;

  if (error->domain == MC_SERVICE_ERROR)
    return error;
  if (error->domain == MC_THRESHOLD_ERROR)
    code = code_of_threshold_error (error->code);
  else if (error->domain == MC_HYPERVISOR_ERROR)
    code = code_of_hypervisor_error (error->code);
  made = g_error_new_literal (MC_SERVICE_ERROR, (int)code, error->message);
  g_error_free (error);
  return made;
}
