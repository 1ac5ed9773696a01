/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread between the bus and GDBus, on a bus of its own: what it carries, and what ends while
 * it is at work. Above all for ThreadSanitizer: three threads meet here, and the service has no
 * other place where a connection begins and ends again and again.
 */
#include "config.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "intake.h"
#include "own-bus.h"

#define NAME "org.example.Intake"
#define PATH "/org/example/Intake"
/* Of each kind: a bus may let a client wait for 128. */
#define CALLS 50
#define ENDS  10

typedef struct
{
  OwnBus bus;
  GDBusConnection *service;
  guint object;
  guint heard;
  guint looked, answered, refused; /* what came of the client's calls */
} Fixture;

/* Returns: (transfer full): a descriptor, so that those are carried, too. */
static GUnixFDList *
make_descriptor (void)
{
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  close (ends[0]);
  return g_unix_fd_list_new_from_array (&ends[1], 1);
}

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GUnixFDList) descriptors = make_descriptor ();

  f->heard++;
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           descriptors);
}

static void
begin_service (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (
      "<node><interface name='" NAME "'><method name='Look'><arg type='h' direction='out'/>"
      "</method></interface></node>",
      &error);

  g_assert_no_error (error);
  f->service = mc_intake_connect (G_BUS_TYPE_SESSION, &error);
  g_assert_no_error (error);
  f->object = g_dbus_connection_register_object (f->service, PATH, node->interfaces[0], &vtable, f,
                                                 NULL, &error);
  g_assert_no_error (error);
  reply = g_dbus_connection_call_sync (f->service, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", NAME, 4), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

static void
end_service (Fixture *f)
{
  g_dbus_connection_unregister_object (f->service, f->object);
  mc_intake_close (f->service);
  g_clear_object (&f->service);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  own_bus_begin (&f->bus);
  begin_service (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  end_service (f);
  own_bus_end (&f->bus);
}

static GDBusConnection *
connect_client (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *client = g_dbus_connection_new_for_address_sync (
      f->bus.address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  return client;
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) descriptors = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &descriptors, result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_unix_fd_list_get_length (descriptors), ==, 1);
  f->looked++;
}

static void
on_introspected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    {
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED);
      g_assert_nonnull (strstr (error->message, "list every VM")); /* by us, not by the bus */
    }
  f->answered += reply != NULL;
  f->refused += reply == NULL;
}

/* All at once: one kind of them is refused in the thread but for a few, and the other is answered
 * by the main loop. */
static void
test_answers_and_refusals (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) client = connect_client (f);
  gint64 began_us = g_get_monotonic_time ();

  for (guint i = 0; i < CALLS; i++)
    {
      g_dbus_connection_call_with_unix_fd_list (client, NAME, PATH, NAME, "Look", NULL, NULL,
                                                G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_looked,
                                                f);
      g_dbus_connection_call (client, NAME, PATH, "org.freedesktop.DBus.Introspectable",
                              "Introspect", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                              on_introspected, f);
      if (i % 10 == 9)
        g_main_context_iteration (NULL, FALSE);
    }
  while (f->looked < CALLS || f->answered + f->refused < CALLS)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->heard, ==, CALLS);
  g_assert_cmpuint (f->answered, >=, 4);
  g_assert_cmpuint (f->refused, >, 0);
  /* A thousand in a second, ten at once. */
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, (f->refused - 1) / 10 * 10000);
}

static void
send_unasked (GDBusConnection *client)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NAME, PATH, NAME, "Look");

  g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* What is dropped in the thread, and now and then what is not. */
static gpointer
flood (gpointer data)
{
  GDBusConnection *client = data;

  while (!g_dbus_connection_is_closed (client))
    {
      g_autoptr (GVariant) reply = NULL;

      for (guint i = 0; i < 20; i++)
        send_unasked (client);
      reply = g_dbus_connection_call_sync (client, NAME, PATH, NAME, "Look", NULL, NULL,
                                           G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
    }
  return NULL;
}

/* It ends, and begins again, in the middle of a flood. */
static void
test_ends_in_a_flood (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) client = connect_client (f);
  GThread *thread = g_thread_new ("flood", flood, client);

  for (guint i = 0; i < ENDS; i++)
    {
      guint before = f->heard;

      while (f->heard < before + 5)
        g_main_context_iteration (NULL, TRUE);
      end_service (f);
      begin_service (f);
    }
  g_dbus_connection_close_sync (client, NULL, NULL);
  g_thread_join (thread);
}

/* The thread ends by itself then, and GDBus is told. */
static void
test_bus_goes_away (Fixture *f, gconstpointer data)
{
  g_dbus_connection_set_exit_on_close (f->service, FALSE);
  own_bus_end (&f->bus);
  while (!g_dbus_connection_is_closed (f->service))
    g_main_context_iteration (NULL, TRUE);
  end_service (f);
  own_bus_begin (&f->bus);
  begin_service (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/intake/answers-and-refusals", Fixture, NULL, set_up, test_answers_and_refusals,
              tear_down);
  g_test_add ("/intake/ends-in-a-flood", Fixture, NULL, set_up, test_ends_in_a_flood, tear_down);
  g_test_add ("/intake/bus-goes-away", Fixture, NULL, set_up, test_bus_goes_away, tear_down);
  return g_test_run ();
}
