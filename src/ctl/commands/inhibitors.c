/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl inhibitors: who inhibits balancing. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "output/json.h"
#include "output/table.h"
#include "output/times.h"

#include <glib/gi18n.h>

/* @inhibitors: a(ssuut). */
static void
print_inhibitors (const McClient *client, GVariant *inhibitors)
{
  const char *titles[] = { _ ("WHO"), _ ("UID"), _ ("PID"), _ ("SINCE"), _ ("WHY"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "nrrll");
  GVariantIter iter;
  const char *who, *why;
  guint uid, pid;
  guint64 since;

  if (g_variant_n_children (inhibitors) == 0)
    {
      g_print ("%s\n", _ ("No inhibitors."));
      return;
    }
  g_variant_iter_init (&iter, inhibitors);
  while (g_variant_iter_next (&iter, "(&s&suut)", &who, &why, &uid, &pid, &since))
    {
      g_autofree char *user = g_strdup_printf ("%u", uid);
      g_autofree char *process = g_strdup_printf ("%u", pid);
      g_autofree char *when = mc_times_format (since);

      mc_table_add (table, who, MC_STYLE_PLAIN);
      mc_table_add (table, user, MC_STYLE_PLAIN);
      mc_table_add (table, process, MC_STYLE_PLAIN);
      mc_table_add (table, when, MC_STYLE_PLAIN);
      mc_table_add (table, why, MC_STYLE_PLAIN);
    }
  mc_table_print (table, client);
}

static void
print_json (GVariant *inhibitors)
{
  GVariantBuilder list;
  GVariantIter iter;
  const char *who, *why;
  guint uid, pid;
  guint64 since;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, inhibitors);
  while (g_variant_iter_next (&iter, "(&s&suut)", &who, &why, &uid, &pid, &since))
    g_variant_builder_add_value (
        &list,
        g_variant_new_parsed ("{'Who': <%s>, 'Why': <%s>, 'UID': <%u>, 'PID': <%u>, 'Since': <%t>}",
                              who, why, uid, pid, since));
  mc_json_print (g_variant_builder_end (&list));
}

int
mc_cmd_inhibitors (McClient *client, int argc, char **argv)
{
  g_autoptr (GVariant) inhibitors = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  inhibitors = mc_call_read (client, NULL, "ListInhibitors", "a(ssuut)", &error);
  if (inhibitors == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    print_json (inhibitors);
  else
    print_inhibitors (client, inhibitors);
  return MC_EXIT_OK;
}
