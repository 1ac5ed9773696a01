/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl pause, resume, dry-run and reload: whether memory moves. */
#include "config.h"

#include "command.h"
#include "duration.h"
#include "json.h"
#include "model.h"
#include "text.h"

#include <glib/gi18n.h>

typedef struct
{
  McModelVm *vm; /* (nullable): the whole host */
  const char *reason;
  guint seconds;
} Pause;

static gboolean
has_blank (const char *text)
{
  return strpbrk (text, " \t") != NULL;
}

/*
 * Tells a VM from a reason. A single word that names no VM is an error and not a reason: a name
 * mistyped must not pause the whole host.
 */
static gboolean
take_pause (McModel *model, int argc, char **argv, const char *reason, Pause *pause, GError **error)
{
  gboolean alone = argc == 2 && reason == NULL && has_blank (argv[1]);

  pause->reason = reason != NULL ? reason : argc > 2 ? argv[2] : "";
  if (argc < 2)
    return TRUE;
  pause->vm = mc_model_find_vm (model, argv[1], alone ? NULL : error);
  if (pause->vm != NULL)
    return TRUE;
  if (alone)
    pause->reason = argv[1];
  return alone;
}

static void
print_paused (const McClient *client, const Pause *pause)
{
  g_autofree char *name = mc_plain_text (pause->vm != NULL ? pause->vm->name : "");
  g_autofree char *time = mc_duration_format (pause->seconds);

  if (client->json)
    {
      mc_json_print (g_variant_new_parsed ("{'VM': <%s>, 'Reason': <%s>, 'Seconds': <%u>}", name,
                                           pause->reason, pause->seconds));
      return;
    }
  if (pause->vm == NULL && pause->seconds == 0)
    g_print (_ ("Paused, until \"memcoordctl resume\"."));
  else if (pause->vm == NULL)
    g_print (_ ("Paused for %s."), time);
  else if (pause->seconds == 0)
    g_print (_ ("%s is paused, until \"memcoordctl resume\" for it."), name);
  else
    g_print (_ ("%s is paused for %s."), name, time);
  g_print ("\n");
}

int
mc_cmd_pause (McClient *client, int argc, char **argv)
{
  g_autofree char *duration = NULL;
  g_autofree char *reason = NULL;
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  Pause pause = { 0 };
  const GOptionEntry entries[] = {
    { "for", 'f', 0, G_OPTION_ARG_STRING, &duration,
      N_ ("End by itself after this time, such as 10m"), N_ ("TIME") },
    { "reason", 'r', 0, G_OPTION_ARG_STRING, &reason, N_ ("Why, for those who wonder"),
      N_ ("TEXT") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 0, 2 }, &argc, &argv)
      || !mc_command_take_seconds ("pause", duration, &pause.seconds))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model == NULL || !take_pause (model, argc, argv, reason, &pause, &error))
    return mc_client_fail (client, error);
  answer
      = mc_client_change (client, mc_scope_path (pause.vm), mc_scope_interface (pause.vm), "Pause",
                          g_variant_new ("(su)", pause.reason, pause.seconds), "()", NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  print_paused (client, &pause);
  return MC_EXIT_OK;
}

int
mc_cmd_resume (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) answer = NULL;
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
  answer = mc_client_change (client, mc_scope_path (vm), mc_scope_interface (vm), "Resume", NULL,
                             "()", NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'VM': <%s>}", vm != NULL ? vm->name : ""));
  else
    g_print ("%s\n", _ ("Resumed."));
  return MC_EXIT_OK;
}

int
mc_cmd_dry_run (McClient *client, int argc, char **argv)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  gboolean on;

  if (!mc_command_parse (client, NULL, (McArity){ 1, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  on = g_strcmp0 (argv[1], "on") == 0;
  if (!on && g_strcmp0 (argv[1], "off") != 0)
    return mc_command_misused ("dry-run", _ ("dry-run takes on or off, not \"%s\""), argv[1]);
  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "SetDryRun",
                             g_variant_new ("(b)", on), "()", NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'DryRun': <%b>}", on));
  else
    g_print ("%s\n",
             on ? _ ("From now on, nothing is moved.") : _ ("From now on, memory is moved."));
  return MC_EXIT_OK;
}

int
mc_cmd_reload (McClient *client, int argc, char **argv)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Reload", NULL, "()", NULL,
                             &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'reloaded': <true>}"));
  else
    g_print ("%s\n", _ ("The configuration was read again."));
  return MC_EXIT_OK;
}
