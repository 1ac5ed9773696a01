/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl dry-run: whether memory moves, or moves are only reported. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "output/json.h"

#include <glib/gi18n.h>

int
mc_cmd_dry_run (McClient *client, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean on;

  if (!mc_command_parse (client, NULL, (McArity){ 1, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  on = g_strcmp0 (argv[1], "on") == 0;
  if (!on && g_strcmp0 (argv[1], "off") != 0)
    return mc_command_misused ("dry-run", _ ("dry-run takes on or off, not \"%s\""), argv[1]);
  if (!mc_call_change (client, NULL, "SetDryRun", g_variant_new ("(b)", on), &error))
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'DryRun': <%b>}", on));
  else
    g_print ("%s\n",
             on ? _ ("Dry run on: no memory is moved.") : _ ("Dry run off: memory is moved."));
  return MC_EXIT_OK;
}
