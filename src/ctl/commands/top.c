/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl top: the VMs' memory, live. */
#include "config.h"

#include "command.h"
#include "top/live.h"

#include <glib/gi18n.h>
#include <unistd.h>

int
mc_cmd_top (McClient *client, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *interval = NULL;
  guint seconds = 0;
  int count = -1;
  const GOptionEntry entries[] = {
    { "interval", 'i', 0, G_OPTION_ARG_STRING, &interval, N_ ("Refresh interval (default: 1s)"),
      N_ ("TIME") },
    { "count", 'n', 0, G_OPTION_ARG_INT, &count,
      N_ ("Number of refreshes, 0: no end (in a pipe: 1)"), N_ ("NUMBER") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 0, 0 }, &argc, &argv)
      || !mc_command_read_seconds ("top", interval, &seconds))
    return MC_EXIT_USAGE;
  if (!mc_client_connect (client, &error))
    return mc_client_fail (client, error);
  if (count < 0)
    count = isatty (STDOUT_FILENO) ? 0 : 1;
  return mc_live_run (client, seconds > 0 ? seconds : 1, (guint)count);
}
