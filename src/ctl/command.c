/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a command's part of the command line is read. */
#include "config.h"

#include "command.h"

#include "duration.h"
#include "plain-text.h"
#include "remote.h"

#include <glib/gi18n.h>

void
mc_command_common_entries (McClient *client, char **color, GOptionEntry *entries)
{
  const GOptionEntry common[MC_N_COMMON_ENTRIES] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &client->json,
      N_ ("Print JSON, with the names and units of the bus"), NULL },
    { "host", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &client->hosts, N_ ("Ask another host, by ssh"),
      N_ ("HOST") },
    { "session", 0, 0, G_OPTION_ARG_NONE, &client->session, N_ ("Use the session bus"), NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, color, N_ ("Use colours: auto, always or never"),
      N_ ("MODE") },
    { NULL },
  };

  memcpy (entries, common, sizeof common);
}

gboolean
mc_command_set_color (McClient *client, const char *color, GError **error)
{
  if (color == NULL)
    return TRUE;
  if (g_strcmp0 (color, "auto") == 0)
    client->color = MC_COLOR_AUTO;
  else if (g_strcmp0 (color, "always") == 0)
    client->color = MC_COLOR_ALWAYS;
  else if (g_strcmp0 (color, "never") == 0)
    client->color = MC_COLOR_NEVER;
  else
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--color takes auto, always or never, not \"%s\""), color);
      return FALSE;
    }
  return TRUE;
}

int
mc_command_misused (const char *command, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *help = g_strdup_printf ("memcoordctl%s%s --help", command != NULL ? " " : "",
                                           command != NULL ? command : "");
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  plain = mc_plain_text (message);
  g_printerr ("memcoordctl: %s\n", plain);
  g_printerr (_ ("See \"%s\"."), help);
  g_printerr ("\n");
  return MC_EXIT_USAGE;
}

static GOptionContext *
new_context (McClient *client,
             const McCommand *command,
             const GOptionEntry *entries,
             GOptionEntry *common)
{
  g_autofree char *usage
      = g_strdup_printf ("%s %s", command->name, *command->arguments ? _ (command->arguments) : "");
  GOptionContext *context = g_option_context_new (g_strstrip (usage));

  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (*command->summary != '\0')
    g_option_context_set_summary (context, command->summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);
  return context;
}

/* A "--" that GOption leaves in place only ended the options. */
static void
drop_dashes (int *argc, char **argv)
{
  if (*argc < 2 || g_strcmp0 (argv[1], "--") != 0)
    return;
  memmove (&argv[1], &argv[2], sizeof *argv * (gsize)(*argc - 1));
  (*argc)--;
}

/* GOption forgets those of before the command where there are some behind it. */
static void
add_hosts (McClient *client, char **before)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  if (before != NULL)
    g_strv_builder_addv (all, (const char **)before);
  if (client->hosts != NULL)
    g_strv_builder_addv (all, (const char **)client->hosts);
  g_strfreev (client->hosts);
  client->hosts = g_strv_builder_end (all);
}

/* Whether the client's command can ask the hosts that were named; what is wrong was printed. */
static gboolean
check_hosts (McClient *client)
{
  const McCommand *command = client->command;
  guint count = g_strv_length (client->hosts);

  for (guint i = 0; i < count; i++)
    if (!mc_remote_is_host (client->hosts[i]))
      {
        mc_command_misused (command->name, _ ("\"%s\" is no host: write HOST or USER@HOST"),
                            client->hosts[i]);
        return FALSE;
      }
  if (count > 0 && client->session)
    mc_command_misused (command->name, "%s", _ ("--host is about system buses, not --session"));
  else if (count > 0 && command->reach == MC_REACH_THIS)
    mc_command_misused (command->name, _ ("%s works on its own host only: run it there"),
                        command->name);
  else if (count > 1 && command->reach != MC_REACH_SEVERAL)
    mc_command_misused (command->name, _ ("one host only: \"%s\" is too many"), client->hosts[1]);
  else
    {
      client->host = client->hosts[0];
      return TRUE;
    }
  return FALSE;
}

gboolean
mc_command_parse (
    McClient *client, const GOptionEntry *entries, McArity arity, int *argc, char ***argv)
{
  const McCommand *command = client->command;
  GOptionEntry common[MC_N_COMMON_ENTRIES];
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *color = NULL;
  g_auto (GStrv) before = g_steal_pointer (&client->hosts);

  mc_command_common_entries (client, &color, common);
  context = new_context (client, command, entries, common);
  g_option_context_set_strict_posix (context, arity.child);
  if (!g_option_context_parse (context, argc, argv, &error)
      || !mc_command_set_color (client, color, &error))
    {
      mc_command_misused (command->name, "%s", error->message);
      return FALSE;
    }
  drop_dashes (argc, *argv);
  add_hosts (client, before);
  if (!check_hosts (client))
    return FALSE;
  if (*argc - 1 < arity.least)
    mc_command_misused (command->name, _ ("too few arguments: it takes %s"),
                        _ (command->arguments));
  else if (arity.most >= 0 && *argc - 1 > arity.most)
    mc_command_misused (command->name, _ ("one argument too many: \"%s\""),
                        (*argv)[arity.most + 1]);
  else
    return TRUE;
  return FALSE;
}

gboolean
mc_command_read_seconds (const char *command, const char *text, guint *seconds)
{
  guint64 value = 0;

  if (text != NULL && (!mc_duration_parse (text, &value) || value > G_MAXUINT || value == 0))
    {
      mc_command_misused (command, _ ("\"%s\" is not a duration: write 90s, 10m, 2h or 1d"), text);
      return FALSE;
    }
  *seconds = (guint)value;
  return TRUE;
}
