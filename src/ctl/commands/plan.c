/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl plan: what the next cycle would do on the figures there are now, and where it would
 * end. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "forecast.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "output/table.h"
#include "output/text.h"
#include "output/times.h"
#include "size.h"

#include <glib/gi18n.h>

static const char *
name_of (McModel *model, const char *path)
{
  McModelVm *vm = mc_model_lookup_path (model, path);

  return vm != NULL ? vm->name : path;
}

/* Without a plan, there is nothing to move, or nothing is moved at all. */
static void
print_nothing (McModel *model)
{
  const char *state = mc_properties_text (model->host, "State");
  g_autofree char *nothing = g_strdup_printf (_ ("The service is %s, and plans nothing."), state);
  g_autofree char *why = NULL;

  if (model->vms->len == 0 && g_strcmp0 (state, "degraded") != 0)
    {
      mc_paragraph_print ("%s", mc_model_describe_no_vms (model));
      return;
    }
  if (model->vms->len > 0)
    why = mc_plain_text (mc_properties_text (
        ((McModelVm *)g_ptr_array_index (model->vms, 0))->properties, "StatusDetail"));
  if (g_strcmp0 (state, "degraded") == 0 && why != NULL)
    mc_paragraph_print ("%s %s", nothing, why);
  else
    mc_paragraph_print ("%s", nothing);
}

/* A plan is made when it is asked for; what it is made of is older. */
static void
print_age (McModel *model)
{
  guint64 oldest = 0, now = (guint64)g_get_real_time ();
  g_autofree char *age = NULL;

  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      guint64 reported = mc_properties_number (vm->properties, "StatsTime");

      if (reported > 0 && g_strcmp0 (mc_properties_text (vm->properties, "Status"), "managed") == 0)
        oldest = oldest > 0 ? MIN (oldest, reported) : reported;
    }
  if (oldest == 0)
    return;
  age = mc_times_format_age (oldest, now);
  mc_paragraph_print (_ ("Decided now, on reports of managed VMs up to %s old."), age);
  g_print ("\n");
}

/* Where its balloon ends, if that is not where it is. */
static void
add_end (McTable *table, McModel *model, const McForecast *forecast, const char *path)
{
  const McModelVm *vm = mc_model_lookup_path (model, path);
  guint64 balloon = vm != NULL ? mc_properties_number (vm->properties, "Balloon") : 0, end;
  g_autofree char *before = mc_size_format (balloon), *after = NULL;

  if (mc_forecast_lookup (forecast, path, &end))
    after = mc_size_format (end);
  if (after == NULL || g_str_equal (before, after))
    mc_table_add (table, "-", MC_STYLE_PLAIN);
  else
    mc_table_add (table, after, MC_STYLE_STRONG);
}

/* @plan: a(ottss). */
static void
print_plan (const McClient *client, McModel *model, GVariant *plan, const McForecast *forecast)
{
  const char *titles[] = { _ ("NAME"), _ ("STATUS"), _ ("MOVE"), _ ("ENDS AT"), _ ("WHY"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "nllrl");
  GVariantIter iter;
  const char *path, *status, *sentence;
  guint64 from, to;

  if (g_variant_n_children (plan) == 0)
    {
      print_nothing (model);
      return;
    }
  print_age (model);
  g_variant_iter_init (&iter, plan);
  while (g_variant_iter_next (&iter, "(&ott&s&s)", &path, &from, &to, &status, &sentence))
    {
      g_autofree char *move = from != to ? mc_text_move (from, to) : g_strdup ("-");

      mc_table_add (table, name_of (model, path), MC_STYLE_PLAIN);
      mc_table_add (table, status, mc_text_style_of_state (status));
      mc_table_add (table, move, from != to ? MC_STYLE_STRONG : MC_STYLE_PLAIN);
      add_end (table, model, forecast, path);
      mc_table_add (table, sentence, MC_STYLE_PLAIN);
    }
  mc_table_print (table, client);
  mc_forecast_print (forecast);
}

static GVariant *
json_of (McModel *model, GVariant *planned, const McForecast *forecast)
{
  GVariantBuilder members;
  const char *path, *status, *sentence;
  guint64 from, to, end;

  g_variant_get (planned, "(&ott&s&s)", &path, &from, &to, &status, &sentence);
  g_variant_builder_init (&members, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add_parsed (&members, "{'VM', <%o>}", path);
  g_variant_builder_add_parsed (&members, "{'Name', <%s>}", name_of (model, path));
  g_variant_builder_add_parsed (&members, "{'From', <%t>}", from);
  g_variant_builder_add_parsed (&members, "{'To', <%t>}", to);
  g_variant_builder_add_parsed (&members, "{'Status', <%s>}", status);
  g_variant_builder_add_parsed (&members, "{'Sentence', <%s>}", sentence);
  if (mc_forecast_lookup (forecast, path, &end))
    g_variant_builder_add_parsed (&members, "{'EndsAt', <%t>}", end);
  return g_variant_builder_end (&members);
}

static void
print_json (McModel *model, GVariant *plan, const McForecast *forecast)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (plan); i++)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (plan, i);

      g_variant_builder_add_value (&list, json_of (model, planned, forecast));
    }
  mc_json_print (g_variant_builder_end (&list));
}

int
mc_cmd_plan (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) plan = NULL;
  g_autoptr (McForecast) forecast = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  plan = mc_call_read (client, NULL, "Plan", "a(ottss)", &error);
  if (plan != NULL)
    forecast = mc_forecast_load (client, &error);
  if (forecast != NULL)
    model = mc_model_load (client, &error); /* which has all that these two tell of */
  if (model == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    print_json (model, plan, forecast);
  else
    print_plan (client, model, plan, forecast);
  return MC_EXIT_OK;
}
