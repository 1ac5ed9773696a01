/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl __complete: what the shells' completions offer, a word a line. Silent where nothing
 * can be had. */
#include "config.h"

#include "command.h"
#include "model.h"
#include "plain-text.h"
#include "setting.h"

#include <glib/gi18n.h>

static void
print_vms (McClient *client)
{
  g_autoptr (McModel) model = mc_model_load (client, NULL);

  for (guint i = 0; model != NULL && i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      g_autofree char *name = mc_plain_text (vm->name);

      g_print ("%s\n", name);
    }
}

static void
print_thresholds (const McThreshold *thresholds)
{
  for (; thresholds->name != NULL; thresholds++)
    g_print ("%s\n", thresholds->key);
}

static void
print_vm_thresholds (void)
{
  print_thresholds (mc_vm_thresholds);
  g_print (MC_SETTING_MANAGED_KEY "\n");
}

static void
print_commands (const McCommand *command)
{
  /* With what each does: zsh and fish show it. */
  for (; command->name != NULL; command++)
    g_print ("%s\t%s\n", command->name, _ (command->summary));
}

int
mc_cmd_complete (McClient *client, int argc, char **argv)
{
  if (!mc_command_parse (client, NULL, (McArity){ 1, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (g_strcmp0 (argv[1], "vms") == 0)
    print_vms (client);
  else if (g_strcmp0 (argv[1], "thresholds") == 0)
    print_thresholds (mc_host_thresholds);
  else if (g_strcmp0 (argv[1], "vm-thresholds") == 0)
    print_vm_thresholds ();
  else if (g_strcmp0 (argv[1], "commands") == 0)
    print_commands (client->commands);
  else
    return MC_EXIT_USAGE;
  return MC_EXIT_OK;
}
