/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl list: the VMs, by their names. */
#include "config.h"

#include "command.h"
#include "model.h"
#include "output/json.h"
#include "output/table.h"

#include <glib/gi18n.h>

static void
print_list (const McClient *client, McModel *model)
{
  const char *titles[] = { _ ("ID"), _ ("NAME"), _ ("UUID"), _ ("STATUS"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "rnll");

  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      const char *status = mc_properties_text (vm->properties, "Status");
      g_autofree char *id
          = g_strdup_printf ("%u", (guint)mc_properties_number (vm->properties, "Id"));

      mc_table_add (table, id, MC_STYLE_PLAIN);
      mc_table_add (table, vm->name, MC_STYLE_PLAIN);
      mc_table_add (table, mc_properties_text (vm->properties, "UUID"), MC_STYLE_PLAIN);
      mc_table_add (table, status, mc_text_style_of_state (status));
    }
  mc_table_print (table, client);
}

int
mc_cmd_list (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (mc_model_vms_variant (model));
  else
    print_list (client, model);
  return MC_EXIT_OK;
}
