/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl reserve: memory freed and held for a VM that is about to start. */
#include "config.h"

#include "child.h"
#include "command.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "size.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>

typedef struct
{
  guint64 asked;
  guint64 granted;
  guint seconds;
  gboolean partial; /* less will do as well */
  char *id;
} Reservation;

static void
print_granted (const McClient *client, const Reservation *reservation)
{
  g_autofree char *granted = mc_size_format (reservation->granted);
  g_autofree char *asked = mc_size_format (reservation->asked);

  if (client->json)
    {
      mc_json_print_line (g_variant_new_parsed (
          "{'Id': <%s>, 'Asked': <%t>, 'Granted': <%t>, 'Seconds': <%u>}", reservation->id,
          reservation->asked, reservation->granted, reservation->seconds));
      return;
    }
  if (reservation->granted < reservation->asked)
    mc_paragraph_print (_ ("Holding %s, less than the %s asked for."), granted, asked);
  else
    mc_paragraph_print (_ ("Holding %s."), granted);
  fflush (stdout);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  g_main_loop_quit (user_data);
}

/* Prints what is held, and waits until the time is up, the user ends it, or the service stops. */
static void
hold (McClient *client, const Reservation *reservation)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint watch = g_bus_watch_name_on_connection (
      client->bus, MC_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, loop, NULL);

  g_unix_signal_add (SIGINT, mc_client_on_end, loop);
  g_unix_signal_add (SIGTERM, mc_client_on_end, loop);
  g_unix_signal_add (SIGHUP, mc_client_on_end, loop);
  if (reservation->seconds > 0)
    g_timeout_add_seconds (reservation->seconds, mc_client_on_end, loop);
  print_granted (client, reservation); /* last: whoever reads it may end us at once */
  g_main_loop_run (loop);
  g_bus_unwatch_name (watch);
}

static gboolean
reserve (McClient *client, Reservation *reservation, GError **error)
{
  g_autoptr (GVariant) answer = NULL;

  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Reserve",
                             g_variant_new ("(tu)", reservation->asked, reservation->seconds),
                             "(ts)", NULL, error);
  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(ts)", &reservation->granted, &reservation->id);
  return TRUE;
}

/* It may have ended by itself, and ends with us anyway: a failure says nothing that anybody needs
 * to know. */
static void
release (McClient *client, const Reservation *reservation)
{
  g_autoptr (GVariant) answer G_GNUC_UNUSED
      = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Release",
                          g_variant_new ("(s)", reservation->id), "()", NULL, NULL);
}

/* How much the service thinks that it could free. */
static gboolean
ask_free (McClient *client, guint64 *bytes, GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) value = NULL;

  answer = mc_client_read (client, MC_ROOT_PATH, MC_PROPERTIES_INTERFACE, "Get",
                           g_variant_new ("(ss)", MC_ROOT_INTERFACE, "FreeForNewVM"), "(v)", error);
  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(v)", &value);
  *bytes = g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) ? g_variant_get_uint64 (value) : 0;
  return TRUE;
}

/* A VM that starts without the room it asked for takes it from the others. */
static int
refuse_less (guint64 bytes)
{
  g_autofree char *granted = mc_size_format (bytes);

  g_printerr ("memcoordctl: ");
  g_printerr (_ ("only %s could be freed; use \"--partial\" to accept less"), granted);
  g_printerr ("\n");
  return MC_EXIT_FAILED;
}

/* Options may stand before the size and after it, but not behind the command's name: those are the
 * command's. */
static gboolean
parse (McClient *client,
       int *argc,
       char ***argv,
       char **duration,
       gboolean *partial,
       const char **size)
{
  const GOptionEntry entries[] = {
    { "for", 'f', 0, G_OPTION_ARG_STRING, duration, N_ ("End after this time, such as 10m"),
      N_ ("TIME") },
    { "partial", 0, 0, G_OPTION_ARG_NONE, partial, N_ ("Accept less if there is not enough"),
      NULL },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 1, -1, TRUE }, argc, argv))
    return FALSE;
  *size = (*argv)[1];
  (*argv)[1] = (*argv)[0];
  (*argc)--;
  (*argv)++;
  return mc_command_parse (client, entries, (McArity){ 0, -1, TRUE }, argc, argv);
}

static int
run (McClient *client, const Reservation *reservation, char **command)
{
  print_granted (client, reservation);
  return mc_child_run (command);
}

int
mc_cmd_reserve (McClient *client, int argc, char **argv)
{
  g_autofree char *duration = NULL;
  g_autoptr (GError) error = NULL;
  Reservation reservation = { 0 };
  const char *size = NULL;
  guint64 possible = 0;
  int code = MC_EXIT_OK;

  if (!parse (client, &argc, &argv, &duration, &reservation.partial, &size)
      || !mc_command_read_seconds ("reserve", duration, &reservation.seconds))
    return MC_EXIT_USAGE;
  if (!mc_size_parse (size, &reservation.asked) || reservation.asked == 0)
    return mc_command_misused ("reserve", _ ("\"%s\" is not a size: write 512M or 2G"), size);
  if (!ask_free (client, &possible, &error))
    return mc_client_fail (client, error);
  /* Nothing is reclaimed where less than what was asked can be freed. */
  if (possible > 0 && possible < reservation.asked && !reservation.partial)
    return refuse_less (possible);
  if (!reserve (client, &reservation, &error))
    return mc_client_fail (client, error);
  if (reservation.granted < reservation.asked && !reservation.partial)
    code = refuse_less (reservation.granted);
  else if (argc > 1)
    code = run (client, &reservation, argv + 1);
  else
    hold (client, &reservation);
  release (client, &reservation);
  g_free (reservation.id);
  return code;
}
