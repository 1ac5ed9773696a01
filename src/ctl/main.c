/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl: sees and steers memcoordd, over the bus alone. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

static void
set_up_locale (void)
{
  /* For the uninstalled program; what is installed finds its catalogues by itself. */
  const char *directory = g_getenv ("MEMCOORD_LOCALEDIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, directory != NULL ? directory : LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/* Returns: (transfer full): the commands, for the help. */
static char *
describe_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));
  const McCommand *command;

  for (command = mc_commands; command->name != NULL; command++)
    g_string_append_printf (text, "\n  %-12s %s", command->name, _ (command->summary));
  g_string_append_printf (text, "\n\n%s", _ ("See \"memcoordctl COMMAND --help\" for a command."));
  return g_string_free (text, FALSE);
}

/* Reads the options that stand before the command, and leaves the rest. */
static gboolean
parse_options (McClient *client, int *argc, char ***argv, gboolean *version)
{
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, version, N_ ("Print the version"), NULL },
    { NULL },
  };
  GOptionEntry common[MC_N_COMMON_ENTRIES];
  g_autofree char *commands = describe_commands ();
  g_autofree char *color = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("[COMMAND …]"));
  g_autoptr (GError) error = NULL;

  mc_command_common_entries (client, &color, common);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (
      context, N_ ("Show and control how memory moves between this host and its VMs."));
  g_option_context_set_description (context, commands);
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, argc, argv, &error)
      && mc_command_set_color (client, color, &error))
    return TRUE;
  mc_command_misused (NULL, "%s", error->message);
  return FALSE;
}

static int
run (McClient *client, int argc, char **argv)
{
  static char *const no_arguments[] = { (char *)"status", NULL };
  g_auto (GStrv) status = NULL;

  if (argc < 2)
    {
      argv = status = g_strdupv ((char **)no_arguments);
      argc = 1;
    }
  else
    {
      argv++;
      argc--;
    }
  client->commands = mc_commands;
  client->command = mc_command_find (argv[0]);
  if (client->command == NULL)
    return mc_command_misused (NULL, _ ("there is no command \"%s\""), argv[0]);
  return client->command->run (client, argc, argv);
}

int
main (int argc, char **argv)
{
  McClient client = { 0 };
  gboolean version = FALSE;
  int code;

  set_up_locale ();
  g_set_prgname ("memcoordctl");
  if (!parse_options (&client, &argc, &argv, &version))
    return MC_EXIT_USAGE;
  if (version)
    {
      g_print ("memcoordctl %s\n", PACKAGE_VERSION);
      return MC_EXIT_OK;
    }
  code = run (&client, argc, argv);
  mc_client_clear (&client);
  /* A full disk behind a redirection is a failure that nobody else would notice. */
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      g_printerr ("memcoordctl: %s\n", _ ("the output could not be written"));
      return code != MC_EXIT_OK ? code : MC_EXIT_FAILED;
    }
  return code;
}
