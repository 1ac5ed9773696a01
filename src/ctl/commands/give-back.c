/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl give-back: VMs are given back what was taken from them. */
#include "config.h"

#include "command.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "size.h"

#include <glib/gi18n.h>

/* Returns: floating: ao, of the VMs that @typed names; NULL with @error. */
static GVariant *
find_paths (McModel *model, char **typed, GError **error)
{
  GVariantBuilder paths;

  g_variant_builder_init (&paths, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (; *typed != NULL; typed++)
    {
      const McModelVm *vm = mc_model_find_vm (model, *typed, error);

      if (vm == NULL)
        {
          g_variant_builder_clear (&paths);
          return NULL;
        }
      g_variant_builder_add (&paths, "o", vm->path);
    }
  return g_variant_builder_end (&paths);
}

static void
print_given (const McClient *client, gboolean dry_run, guint64 bytes)
{
  g_autofree char *size = mc_size_format (bytes);

  if (client->json)
    {
      mc_json_print (g_variant_new_parsed ("{'Bytes': <%t>, 'DryRun': <%b>}", bytes, dry_run));
      return;
    }
  if (bytes == 0)
    mc_paragraph_print ("%s", _ ("There is nothing to give back."));
  else if (dry_run)
    mc_paragraph_print (_ ("Dry run: %s would be given back."), size);
  else
    mc_paragraph_print (_ ("%s are given back."), size);
}

int
mc_cmd_give_back (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *paths = NULL;
  guint64 bytes;

  if (!mc_command_parse (client, NULL, (McArity){ 0, -1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model != NULL)
    paths = find_paths (model, argv + 1, &error);
  if (paths != NULL)
    answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "GiveBack",
                               g_variant_new ("(@ao)", paths), "(t)", NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  g_variant_get (answer, "(t)", &bytes);
  print_given (client, mc_properties_flag (model->host, "DryRun"), bytes);
  return MC_EXIT_OK;
}
