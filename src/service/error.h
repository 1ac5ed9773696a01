/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors, and what becomes of the ports' and the policy's. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Each has its name on the bus: org.example.MemCoord1.Error.<Name>. */
typedef enum
{
  MC_SERVICE_ERROR_UNKNOWN_THRESHOLD,
  MC_SERVICE_ERROR_OUT_OF_RANGE,
  MC_SERVICE_ERROR_CONFLICT,
  MC_SERVICE_ERROR_UNKNOWN_VM,
  MC_SERVICE_ERROR_NOT_PAUSED,
  MC_SERVICE_ERROR_NOT_CONNECTED,
  MC_SERVICE_ERROR_NO_MEMORY,
  MC_SERVICE_ERROR_UNKNOWN_RESERVATION,
  MC_SERVICE_ERROR_INVALID_ARGUMENT,
  MC_SERVICE_ERROR_FAILED,
} McServiceError;

#define MC_SERVICE_ERROR (mc_service_error_quark ())
GQuark mc_service_error_quark (void);

/* Makes a service error of one of the ports' or of the policy's; @error is consumed. */
GError *mc_service_error_from (GError *error);

G_END_DECLS
