/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl pause: no memory moves. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "duration.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"

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
read_pause (McModel *model, int argc, char **argv, const char *reason, Pause *pause, GError **error)
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
    mc_paragraph_print (_ ("Paused, until \"memcoordctl resume\"."));
  else if (pause->vm == NULL)
    mc_paragraph_print (_ ("Paused for %s."), time);
  else if (pause->seconds == 0)
    mc_paragraph_print (_ ("%s is paused, until \"memcoordctl resume\" for it."), name);
  else
    mc_paragraph_print (_ ("%s is paused for %s."), name, time);
}

int
mc_cmd_pause (McClient *client, int argc, char **argv)
{
  g_autofree char *duration = NULL;
  g_autofree char *reason = NULL;
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  Pause pause = { 0 };
  const GOptionEntry entries[] = {
    { "for", 'f', 0, G_OPTION_ARG_STRING, &duration, N_ ("End after this time, such as 10m"),
      N_ ("TIME") },
    { "reason", 'r', 0, G_OPTION_ARG_STRING, &reason, N_ ("The reason that others see"),
      N_ ("TEXT") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 0, 2 }, &argc, &argv)
      || !mc_command_read_seconds ("pause", duration, &pause.seconds))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model == NULL || !read_pause (model, argc, argv, reason, &pause, &error))
    return mc_client_fail (client, error);
  if (!mc_call_change (client, pause.vm, "Pause",
                       g_variant_new ("(su)", pause.reason, pause.seconds), &error))
    return mc_client_fail (client, error);
  print_paused (client, &pause);
  return MC_EXIT_OK;
}
