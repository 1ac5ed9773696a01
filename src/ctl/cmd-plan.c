/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl plan: what the next cycle would do on the figures there are now. */
#include "config.h"

#include "command.h"
#include "json.h"
#include "model.h"
#include "table.h"

#include <glib/gi18n.h>

static const char *
name_of (McModel *model, const char *path)
{
  McModelVm *vm = mc_model_lookup_path (model, path);

  return vm != NULL ? vm->name : path;
}

/* @plan: a(ottss). */
static void
print_plan (const McClient *client, McModel *model, GVariant *plan)
{
  const char *titles[] = { _ ("NAME"), _ ("STATUS"), _ ("MOVE"), _ ("WHY"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "llll");
  GVariantIter iter;
  const char *path, *status, *sentence;
  guint64 from, to;

  if (g_variant_n_children (plan) == 0)
    {
      g_print ("%s\n", _ ("No VMs are active."));
      return;
    }
  g_variant_iter_init (&iter, plan);
  while (g_variant_iter_next (&iter, "(&ott&s&s)", &path, &from, &to, &status, &sentence))
    {
      g_autofree char *move = from != to ? mc_text_move (from, to) : g_strdup ("-");

      mc_table_add (table, name_of (model, path), MC_STYLE_PLAIN);
      mc_table_add (table, status, mc_text_style_of_state (status));
      mc_table_add (table, move, from != to ? MC_STYLE_STRONG : MC_STYLE_PLAIN);
      mc_table_add (table, sentence, MC_STYLE_PLAIN);
    }
  mc_table_print (table, client);
}

static void
print_json (McModel *model, GVariant *plan)
{
  GVariantBuilder list;
  GVariantIter iter;
  const char *path, *status, *sentence;
  guint64 from, to;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, plan);
  while (g_variant_iter_next (&iter, "(&ott&s&s)", &path, &from, &to, &status, &sentence))
    g_variant_builder_add_value (
        &list, g_variant_new_parsed ("{'VM': <%o>, 'Name': <%s>, 'From': <%t>, 'To': <%t>, "
                                     "'Status': <%s>, 'Sentence': <%s>}",
                                     path, name_of (model, path), from, to, status, sentence));
  mc_json_print (g_variant_builder_end (&list));
}

int
mc_cmd_plan (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) plan = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model != NULL)
    answer = mc_client_read (client, MC_CTL_ROOT_PATH, MC_CTL_ROOT_INTERFACE, "Plan", NULL,
                             "(a(ottss))", &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  plan = g_variant_get_child_value (answer, 0);
  if (client->json)
    print_json (model, plan);
  else
    print_plan (client, model, plan);
  return MC_EXIT_OK;
}
