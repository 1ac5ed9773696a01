/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl reset: thresholds of the host, or of one VM, are what is configured again. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "model.h"
#include "output/json.h"
#include "setting.h"

#include <glib/gi18n.h>

static GVariant *
names_variant (const McThreshold *thresholds, char **typed)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (; *typed != NULL; typed++)
    g_variant_builder_add (&builder, "s", mc_setting_bus_name (thresholds, *typed));
  return g_variant_builder_end (&builder);
}

static int
reset (McClient *client, const McModelVm *vm, char **typed)
{
  g_autoptr (GVariant) names = NULL;
  g_autoptr (GError) error = NULL;

  names = g_variant_ref_sink (
      names_variant (vm != NULL ? mc_vm_thresholds : mc_host_thresholds, typed));
  if (!mc_call_change (client, vm, "ResetThresholds", g_variant_new ("(@as)", names), &error))
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'reset': <%@as>}", names));
  else
    g_print ("%s\n", _ ("Reset to the configuration."));
  return MC_EXIT_OK;
}

int
mc_cmd_reset (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, -1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (argc < 2)
    return reset (client, NULL, argv + 1);
  model = mc_model_load (client, &error);
  if (model == NULL)
    return mc_client_fail (client, error);
  if (!mc_setting_read_scope (model, mc_threshold_find_typed (mc_host_thresholds, argv[1]) != NULL,
                              &argc, &argv, &vm, &error))
    return mc_client_fail (client, error);
  return reset (client, vm, argv + 1);
}
