/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl inhibit: memory rests while a command runs. */
#include "config.h"

#include "child.h"
#include "command.h"
#include "output/text.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

/* The most characters that the service accepts; as columns, which are never fewer. */
#define WHO_MOST 200

/* Returns: (transfer full): the command line as plain text, no longer than the service accepts. */
static char *
describe_command (char **argv)
{
  g_autofree char *line = g_strjoinv (" ", argv);
  g_autofree char *clean = mc_plain_text (line);

  return mc_text_ellipsize (clean, WHO_MOST);
}

int
mc_cmd_inhibit (McClient *client, int argc, char **argv)
{
  g_autofree char *who = NULL;
  g_autofree char *why = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "who", 0, 0, G_OPTION_ARG_STRING, &who,
      N_ ("Who inhibits balancing (default: the command line)"), N_ ("TEXT") },
    { "why", 0, 0, G_OPTION_ARG_STRING, &why, N_ ("The reason that others see"), N_ ("TEXT") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 1, -1, TRUE }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (who == NULL)
    who = describe_command (argv + 1);
  if (why == NULL)
    why = g_strdup (_ ("a command is running"));
  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Inhibit",
                             g_variant_new ("(ss)", who, why), "(h)", &fds, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  /* The descriptor in @fds is the inhibitor: closed on return, or by the kernel if we crash. */
  return mc_child_run (argv + 1);
}
