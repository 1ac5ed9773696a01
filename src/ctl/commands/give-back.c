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

/* Whom the call was about: without names, the service tells that by giving. */
static gboolean
is_meant (McModel *before, char **typed, const McModelVm *vm)
{
  const McModelVm *was = mc_model_lookup_path (before, vm->path);

  for (char **word = typed; was != NULL && *word != NULL; word++)
    if (mc_model_find_vm (before, *word, NULL) == was)
      return TRUE;
  return was != NULL && *typed == NULL
         && mc_properties_number (vm->properties, "Target")
                > mc_properties_number (was->properties, "Target");
}

/* Returns: what they have less than their maximum now; 0 where nobody says that any more */
static guint64
find_missing (McClient *client, McModel *before, char **typed)
{
  g_autoptr (McModel) now = mc_model_load (client, NULL);
  guint64 missing = 0;

  for (guint i = 0; now != NULL && i < now->vms->len; i++)
    {
      const McModelVm *vm = now->vms->pdata[i];

      if (is_meant (before, typed, vm))
        missing += saturating_sub (mc_properties_number (vm->properties, "Maximum"),
                                   mc_properties_number (vm->properties, "Target"));
    }
  return missing;
}

static void
print_missing (guint64 bytes)
{
  g_autofree char *size = mc_size_format (bytes);

  if (bytes >= MC_MIB)
    mc_paragraph_print (
        _ ("%s are still missing: the host, or a limit that VMs share, has no more."), size);
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
  gboolean dry_run;
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
  dry_run = mc_properties_flag (model->host, "DryRun");
  print_given (client, dry_run, bytes);
  if (!client->json && !dry_run && bytes > 0)
    print_missing (find_missing (client, model, argv + 1));
  return MC_EXIT_OK;
}
