/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl resume: ends a pause. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "model.h"
#include "output/json.h"

#include <glib/gi18n.h>

int
mc_cmd_resume (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (argc > 1)
    {
      model = mc_model_load (client, &error);
      vm = model != NULL ? mc_model_find_vm (model, argv[1], &error) : NULL;
      if (vm == NULL)
        return mc_client_fail (client, error);
    }
  if (!mc_call_change (client, vm, "Resume", NULL, &error))
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'VM': <%s>}", vm != NULL ? vm->name : ""));
  else
    g_print ("%s\n", _ ("Resumed."));
  return MC_EXIT_OK;
}
