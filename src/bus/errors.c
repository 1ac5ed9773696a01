/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors, by their names on the bus. */
#include "config.h"

#include "errors.h"

#include "error.h"
#include "names.h"
#include "plain-text.h"

static const char *const names[] = {
  [MC_SERVICE_ERROR_UNKNOWN_THRESHOLD] = MC_ERROR_UNKNOWN_THRESHOLD,
  [MC_SERVICE_ERROR_OUT_OF_RANGE] = MC_ERROR_OUT_OF_RANGE,
  [MC_SERVICE_ERROR_CONFLICT] = MC_ERROR_CONFLICT,
  [MC_SERVICE_ERROR_UNKNOWN_VM] = MC_ERROR_UNKNOWN_VM,
  [MC_SERVICE_ERROR_NOT_PAUSED] = MC_ERROR_NOT_PAUSED,
  [MC_SERVICE_ERROR_NOT_CONNECTED] = MC_ERROR_NOT_CONNECTED,
  [MC_SERVICE_ERROR_NO_MEMORY] = MC_ERROR_NO_MEMORY,
  [MC_SERVICE_ERROR_UNKNOWN_RESERVATION] = MC_ERROR_UNKNOWN_RESERVATION,
  [MC_SERVICE_ERROR_INVALID_ARGUMENT] = MC_ERROR_INVALID_ARGUMENT,
  [MC_SERVICE_ERROR_FAILED] = MC_ERROR_FAILED,
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == MC_SERVICE_ERROR_FAILED + 1);

void
mc_errors_register (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_dbus_error_register_error (MC_SERVICE_ERROR, (int)i, names[i]);
}

void
mc_answer_error (GDBusMethodInvocation *invocation, GError *error)
{
  g_autofree char *message = mc_plain_text (error->message);

  g_dbus_method_invocation_return_error_literal (invocation, error->domain, error->code, message);
  g_error_free (error);
}

gboolean
mc_answer (GDBusMethodInvocation *invocation, GError *error)
{
  if (error != NULL)
    mc_answer_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  mc_coordinator_sync_finish (MC_COORDINATOR (source), result, &error);
  mc_answer (user_data, error);
}

gboolean
mc_answer_when_kept (McCoordinator *coordinator, GDBusMethodInvocation *invocation, GError *error)
{
  if (error != NULL)
    mc_answer_error (invocation, error);
  else
    mc_coordinator_sync_async (coordinator, on_kept, invocation);
  return TRUE;
}
