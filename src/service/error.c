/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors, and what becomes of the ports' and the policy's. */
#include "config.h"

#include "error.h"

#include "hypervisor.h"
#include "threshold.h"

G_DEFINE_QUARK (mc_service_error_quark, mc_service_error)

/* What is not here has merely failed. */
static const struct
{
  GQuark (*domain) (void);
  int code;
  McServiceError made;
} codes[] = {
  { mc_threshold_error_quark, MC_THRESHOLD_ERROR_UNKNOWN, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD },
  { mc_threshold_error_quark, MC_THRESHOLD_ERROR_OUT_OF_RANGE, MC_SERVICE_ERROR_OUT_OF_RANGE },
  { mc_threshold_error_quark, MC_THRESHOLD_ERROR_CONFLICT, MC_SERVICE_ERROR_CONFLICT },
  { mc_hypervisor_error_quark, MC_HYPERVISOR_ERROR_NOT_CONNECTED, MC_SERVICE_ERROR_NOT_CONNECTED },
  { mc_hypervisor_error_quark, MC_HYPERVISOR_ERROR_NO_VM, MC_SERVICE_ERROR_UNKNOWN_VM },
};

GError *
mc_service_error_from (GError *error)
{
  McServiceError code = MC_SERVICE_ERROR_FAILED;
  GError *made;

  if (error->domain == MC_SERVICE_ERROR)
    return error;
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, codes[i].domain (), codes[i].code))
      code = codes[i].made;
  made = g_error_new_literal (MC_SERVICE_ERROR, (int)code, error->message);
  g_error_free (error);
  return made;
}
