/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl why: how a VM came to have what it has, in words. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "output/table.h"
#include "output/times.h"
#include "size.h"
#include "threshold.h"

#include <glib/gi18n.h>
#include <string.h>

/* Its own thresholds, which may be why, and how to be rid of them. */
static void
print_own (GVariant *vm)
{
  g_autoptr (GString) own = g_string_new (NULL);
  g_autofree char *word
      = mc_plain_text_as_word (mc_properties_text (vm, "Name"), mc_properties_text (vm, "UUID"));

  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    {
      g_autofree char *value
          = mc_threshold_format (threshold, mc_properties_number (vm, threshold->name));

      if (mc_properties_overrides (vm, threshold->name))
        g_string_append_printf (own, "%s%s %s", own->len > 0 ? ", " : "", threshold->key, value);
    }
  if (own->len > 0)
    mc_paragraph_print (_ ("Its own: %s; \"memcoordctl reset %s\" returns to what holds for all "
                           "VMs."),
                        own->str, word);
}

static void
print_now (const McClient *client, GVariant *vm)
{
  g_autofree char *name = mc_plain_text (mc_properties_text (vm, "Name"));
  g_autofree char *detail = mc_plain_text (mc_properties_text (vm, "StatusDetail"));
  g_autofree char *reason = mc_plain_text (mc_properties_text (vm, "LastReason"));
  g_autofree char *balloon = mc_size_format (mc_properties_number (vm, "Balloon"));
  g_autofree char *maximum = mc_size_format (mc_properties_number (vm, "Maximum"));
  g_autofree char *unused = mc_size_format (mc_properties_number (vm, "Unused"));
  g_autofree char *usable = mc_size_format (mc_properties_number (vm, "Usable"));
  g_autofree char *age
      = mc_times_format_age (mc_properties_number (vm, "LastChange"), (guint64)g_get_real_time ());
  const char *status = mc_properties_text (vm, "Status");
  g_autofree char *line = g_strconcat (status, *detail != '\0' ? ": " : "", detail, NULL);

  mc_paragraph_print (_ ("%s has %s of %s, %s of it unused, %s usable."), name, balloon, maximum,
                      unused, usable);
  mc_paragraph_print_marked (client, line, 0, strlen (status), mc_text_style_of_state (status));
  if (*reason != '\0')
    mc_paragraph_print (_ ("%s ago: %s"), age, reason);
  print_own (vm);
}

/* @decisions: a(tttss), newest last. */
static void
print_decisions (const McClient *client, GVariant *decisions)
{
  const char *titles[] = { _ ("WHEN"), _ ("MOVED"), _ ("WHY"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "lll");
  GVariantIter iter;
  guint64 time, from, to;
  const char *code, *sentence;

  if (g_variant_n_children (decisions) == 0)
    {
      g_print ("\n%s\n", _ ("Nothing was moved yet."));
      return;
    }
  g_variant_iter_init (&iter, decisions);
  while (g_variant_iter_next (&iter, "(ttt&s&s)", &time, &from, &to, &code, &sentence))
    {
      g_autofree char *when = mc_times_format (time);
      g_autofree char *move = mc_text_move (from, to);

      mc_table_add (table, when, MC_STYLE_PLAIN);
      mc_table_add (table, move, MC_STYLE_PLAIN);
      mc_table_add (table, sentence, MC_STYLE_PLAIN);
    }
  g_print ("\n");
  mc_table_print (table, client);
}

static void
print_json (GVariant *vm, GVariant *decisions)
{
  GVariantBuilder list;
  GVariantIter iter;
  guint64 time, from, to;
  const char *code, *sentence;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, decisions);
  while (g_variant_iter_next (&iter, "(ttt&s&s)", &time, &from, &to, &code, &sentence))
    g_variant_builder_add_value (
        &list, g_variant_new_parsed (
                   "{'Time': <%t>, 'From': <%t>, 'To': <%t>, 'ReasonCode': <%s>, 'Sentence': <%s>}",
                   time, from, to, code, sentence));
  mc_json_print (g_variant_new_parsed (
      "{'Name': <%s>, 'UUID': <%s>, 'Status': <%s>, 'StatusDetail': <%s>, "
      "'StatusDetailCode': <%s>, 'LastReason': <%s>, 'LastReasonCode': <%s>, "
      "'LastChange': <%t>, 'Decisions': <%@aa{sv}>}",
      mc_properties_text (vm, "Name"), mc_properties_text (vm, "UUID"),
      mc_properties_text (vm, "Status"), mc_properties_text (vm, "StatusDetail"),
      mc_properties_text (vm, "StatusDetailCode"), mc_properties_text (vm, "LastReason"),
      mc_properties_text (vm, "LastReasonCode"), mc_properties_number (vm, "LastChange"),
      g_variant_builder_end (&list)));
}

int
mc_cmd_why (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GVariant) decisions = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm;

  if (!mc_command_parse (client, NULL, (McArity){ 1, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  vm = model != NULL ? mc_model_find_vm (model, argv[1], &error) : NULL;
  if (vm != NULL)
    decisions = mc_call_read (client, vm, "GetDecisions", "a(tttss)", &error);
  if (decisions == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    {
      print_json (vm->properties, decisions);
      return MC_EXIT_OK;
    }
  print_now (client, vm->properties);
  print_decisions (client, decisions);
  return MC_EXIT_OK;
}
