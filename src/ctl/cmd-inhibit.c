/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl inhibit and inhibitors: memory rests while something runs. */
#include "config.h"

#include "child.h"
#include "command.h"
#include "json.h"
#include "table.h"
#include "text.h"
#include "times.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

/* The most characters that the service takes; as columns, which are never fewer. */
#define WHO_MOST 200

/* Returns: (transfer full): the command line as plain text, no longer than the service takes it. */
static char *
describe_command (char **argv)
{
  g_autofree char *line = g_strjoinv (" ", argv);
  g_autofree char *clean = mc_plain_text (line);

  return mc_text_ellipsize (clean, WHO_MOST);
}

int
mc_cmd_inhibit (McClient *client, int argc, char **argv)
{
  g_autofree char *who = NULL;
  g_autofree char *why = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "who", 0, 0, G_OPTION_ARG_STRING, &who, N_ ("Who asks; the command line by itself"),
      N_ ("TEXT") },
    { "why", 0, 0, G_OPTION_ARG_STRING, &why, N_ ("Why, for those who wonder"), N_ ("TEXT") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 1, -1, TRUE }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (who == NULL)
    who = describe_command (argv + 1);
  if (why == NULL)
    why = g_strdup (_ ("a command is running"));
  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Inhibit",
                             g_variant_new ("(ss)", who, why), "(h)", &fds, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  /* The descriptor in @fds is the inhibitor: it is closed on return, or by the kernel if we crash.
   */
  return mc_child_run (argv + 1);
}

/* @inhibitors: a(ssuut). */
static void
print_inhibitors (const McClient *client, GVariant *inhibitors)
{
  const char *titles[] = { _ ("WHO"), _ ("UID"), _ ("PID"), _ ("SINCE"), _ ("WHY"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "lrrll");
  GVariantIter iter;
  const char *who, *why;
  guint uid, pid;
  guint64 since;

  if (g_variant_n_children (inhibitors) == 0)
    {
      g_print ("%s\n", _ ("Nobody holds memory still."));
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
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) inhibitors = NULL;
  g_autoptr (GError) error = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  answer = mc_client_read (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "ListInhibitors", NULL,
                           "(a(ssuut))", &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  inhibitors = g_variant_get_child_value (answer, 0);
  if (client->json)
    print_json (inhibitors);
  else
    print_inhibitors (client, inhibitors);
  return MC_EXIT_OK;
}
