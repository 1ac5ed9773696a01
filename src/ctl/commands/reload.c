/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl reload: the configuration is read again. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "output/json.h"

#include <glib/gi18n.h>

int
mc_cmd_reload (McClient *client, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (!mc_call_change (client, NULL, "Reload", NULL, &error))
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'reloaded': <true>}"));
  else
    g_print ("%s\n", _ ("Configuration reloaded."));
  return MC_EXIT_OK;
}
