/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the service's methods, of the host's or of a VM's. */
#include "config.h"

#include "call.h"

static const char *
path_of (const McModelVm *vm)
{
  return vm != NULL ? vm->path : MC_ROOT_PATH;
}

static const char *
interface_of (const McModelVm *vm)
{
  return vm != NULL ? MC_VM_INTERFACE : MC_ROOT_INTERFACE;
}

gboolean
mc_call_change (
    McClient *client, const McModelVm *vm, const char *method, GVariant *parameters, GError **error)
{
  g_autoptr (GVariant) answer = mc_client_change (client, path_of (vm), interface_of (vm), method,
                                                  parameters, "()", NULL, error);

  return answer != NULL;
}

GVariant *
mc_call_read (
    McClient *client, const McModelVm *vm, const char *method, const char *type, GError **error)
{
  g_autofree char *answer_type = g_strdup_printf ("(%s)", type);
  g_autoptr (GVariant) answer
      = mc_client_read (client, path_of (vm), interface_of (vm), method, NULL, answer_type, error);

  return answer != NULL ? g_variant_get_child_value (answer, 0) : NULL;
}
