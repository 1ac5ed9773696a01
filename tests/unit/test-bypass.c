/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes past GDBus, on a bus of its own, as a client sees it: in order with what GDBus sends,
 * whole, and gone with the connection. Also for ThreadSanitizer: the main loop writes, and the
 * intake's thread takes.
 */
#include "config.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "intake.h"
#include "own-bus.h"

#define NAME "org.example.Bypass"
#define PATH "/org/example/Bypass"

/* More than sockets hold, and than may wait. */
#define LONG ((gsize)3 << 20)

/* What the intake reads at once, and more than a header has. */
#define CHUNK  ((gsize)64 << 10)
#define HEADER ((gsize)150)

#define ANSWER_MS 10000

typedef struct
{
  OwnBus bus;
  GDBusConnection *service, *client;
  guint object;
  gsize answer; /* the service's, in bytes */
  gboolean holds;
  GDBusMethodInvocation *held; /* (nullable): the call that it was to hold */

  GMutex lock;
  GString *heard; /* by the client's worker: a letter for each signal, in order */
} Fixture;

/* The service */

static void
say (Fixture *f, const char *member, gsize length)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);
  g_autofree char *text = g_strnfill (length, 'x');
  McWire *wire = mc_bypass_begin_signal (bypass, PATH, NAME, member, "s");

  mc_wire_add_string (wire, text);
  mc_bypass_end_signal (bypass);
}

static void
send_said (Fixture *f)
{
  mc_bypass_send (mc_intake_get_bypass (f->service), f->service);
}

static void
emit (Fixture *f, const char *member)
{
  g_dbus_connection_emit_signal (f->service, NULL, PATH, NAME, member, g_variant_new ("(s)", ""),
                                 NULL);
}

static void
answer_with_descriptor (GDBusMethodInvocation *invocation)
{
  g_autoptr (GUnixFDList) list = NULL;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  close (ends[0]);
  list = g_unix_fd_list_new_from_array (&ends[1], 1);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           list);
}

static void
answer_past_gdbus (Fixture *f, GDBusMethodInvocation *invocation)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);
  g_autofree char *text = g_strnfill (f->answer, 'x');
  McWire wire = { .bytes = g_byte_array_new () };
  g_autoptr (GBytes) body = NULL;

  mc_wire_add_string (&wire, text);
  body = g_byte_array_free_to_bytes (wire.bytes);
  mc_bypass_send_answer (bypass, invocation, "s", body);
}

/* Around each answer there is something else on the wire. */
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

  if (f->holds)
    {
      f->held = invocation;
      return;
    }
  say (f, "A", LONG);
  send_said (f);
  if (g_str_equal (method, "Take"))
    answer_with_descriptor (invocation);
  else
    answer_past_gdbus (f, invocation);
  say (f, "B", 1);
  send_said (f);
  emit (f, "C");
}

static void
begin_service (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GDBusNodeInfo) node
      = g_dbus_node_info_new_for_xml ("<node><interface name='" NAME "'>"
                                      "<method name='Take'><arg type='h' direction='out'/></method>"
                                      "<method name='Read'><arg type='s' direction='out'/></method>"
                                      "</interface></node>",
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
  if (f->service == NULL)
    return;
  g_dbus_connection_unregister_object (f->service, f->object);
  mc_intake_close (f->service);
  g_clear_object (&f->service);
}

/* The bus, and a client */

/* In the client's worker: each message as it comes. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  Fixture *f = data;
  const char *member = g_dbus_message_get_member (message);

  if (!incoming || g_strcmp0 (g_dbus_message_get_path (message), PATH) != 0)
    return message;
  g_mutex_lock (&f->lock);
  g_string_append (f->heard, member);
  g_mutex_unlock (&f->lock);
  g_object_unref (message);
  return NULL;
}

static void
begin_client (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  f->client = g_dbus_connection_new_for_address_sync (
      f->bus.address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_add_filter (f->client, on_message, f, NULL);
  reply = g_dbus_connection_call_sync (f->client, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "AddMatch",
                                       g_variant_new ("(s)", "type='signal'"), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_mutex_init (&f->lock);
  f->heard = g_string_new (NULL);
  own_bus_begin (&f->bus);
  begin_service (f);
  begin_client (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  end_service (f);
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  g_clear_object (&f->client);
  own_bus_end (&f->bus);
  g_string_free (f->heard, TRUE);
  g_mutex_clear (&f->lock);
}

/* Until so many signals have been heard, which are these. */
static void
assert_heard (Fixture *f, const char *expected)
{
  gboolean all = FALSE;

  while (!all)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
      g_mutex_lock (&f->lock);
      all = f->heard->len >= strlen (expected);
      g_mutex_unlock (&f->lock);
    }
  g_assert_cmpstr (f->heard->str, ==, expected);
}

/* Tests */

static void
test_order (Fixture *f, gconstpointer data)
{
  emit (f, "A");
  say (f, "B", 5);
  say (f, "C", LONG);
  send_said (f);
  emit (f, "D");
  say (f, "E", 0);
  send_said (f);
  send_said (f); /* nothing */
  say (f, "F", LONG);
  send_said (f);
  emit (f, "G");
  assert_heard (f, "ABCDEFG");
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) list = NULL;
  GVariant **reply = user_data;

  *reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &list,
                                                            result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (list != NULL, ==, g_variant_is_of_type (*reply, G_VARIANT_TYPE ("(h)")));
}

static void
begin_call (Fixture *f, const char *method, GVariant **reply)
{
  g_dbus_connection_call_with_unix_fd_list (f->client, NAME, PATH, NAME, method, NULL, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, NULL, NULL,
                                            on_answered, reply);
}

static GVariant *
call (Fixture *f, const char *method)
{
  GVariant *reply = NULL;

  begin_call (f, method, &reply);
  while (reply == NULL)
    g_main_context_iteration (NULL, TRUE);
  return reply;
}

/* The descriptor goes with its own message, behind a long one that has none. */
static void
test_descriptors (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GVariant) reply = call (f, "Take");

      g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(h)")));
    }
  assert_heard (f, "ABCABCABC");
}

/* Returns: (transfer full): a signal through GDBus that is longer than its text by what is always
 * the same. */
static GDBusMessage *
make_signal (const char *member, gsize length)
{
  GDBusMessage *message = g_dbus_message_new_signal (PATH, NAME, member);
  g_autofree char *text = g_strnfill (length, 'x');

  g_dbus_message_set_body (message, g_variant_new ("(s)", text));
  return message;
}

/* @size: of all of it, in bytes */
static void
emit_of_size (Fixture *f, const char *member, gsize size)
{
  g_autoptr (GDBusMessage) empty = make_signal (member, 0);
  g_autoptr (GDBusMessage) message = NULL;
  g_autofree guchar *blob = NULL;
  gsize least;

  g_dbus_message_set_serial (empty, 1);
  blob = g_dbus_message_to_blob (empty, &least, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
  message = make_signal (member, size - least);
  g_dbus_connection_send_message (f->service, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* All of it lies before the intake when that comes to read it, behind a parcel. */
static void
answer_behind (Fixture *f, gsize size)
{
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  say (f, "A", LONG);
  send_said (f);
  g_dbus_connection_flush_sync (f->service, NULL, NULL);
  g_usleep (10000); /* it has taken the parcel, and reads nothing more */
  emit_of_size (f, "B", size);
  answer_with_descriptor (g_steal_pointer (&f->held));
  g_dbus_connection_flush_sync (f->service, NULL, NULL);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
}

/* What is read at once ends within the header of the descriptor's message. */
static void
test_descriptor_whose_header_comes_in_parts (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  f->holds = TRUE;
  for (gsize size = CHUNK - HEADER; size <= CHUNK; size += 5)
    {
      g_autoptr (GVariant) reply = NULL;

      begin_call (f, "Take", &reply);
      while (f->held == NULL)
        g_main_context_iteration (NULL, TRUE);
      answer_behind (f, size);
      while (reply == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_string_append (expected, "AB");
    }
  assert_heard (f, expected->str);
}

static void
test_answer (Fixture *f, gconstpointer data)
{
  for (f->answer = 0; f->answer <= LONG; f->answer += LONG / 2)
    {
      g_autoptr (GVariant) reply = call (f, "Read");
      const char *text;

      g_variant_get (reply, "(&s)", &text);
      g_assert_cmpuint (strlen (text), ==, f->answer);
    }
  assert_heard (f, "ABCABCABC");
}

/* What GDBus has let go before the end has reached the bus then. */
static void
test_end (Fixture *f, gconstpointer data)
{
  say (f, "A", LONG);
  send_said (f);
  emit (f, "B");
  say (f, "C", LONG);
  send_said (f);
  g_dbus_connection_flush_sync (f->service, NULL, NULL);
  end_service (f);
  assert_heard (f, "ABC");
}

/* A bus that does not read: it is known that much waits, and all of it is freed with the
 * connection. */
static void
test_bus_that_does_not_read (Fixture *f, gconstpointer data)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);

  g_assert_cmpuint (mc_bypass_get_waiting (bypass), <=, MC_BYPASS_CROWDED);
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  for (guint i = 0; i < 10; i++)
    {
      say (f, "A", LONG);
      send_said (f);
    }
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), >, MC_BYPASS_CROWDED);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
  assert_heard (f, "AAAAAAAAAA");
  while (mc_bypass_get_waiting (bypass) > MC_BYPASS_CROWDED)
    g_usleep (1000);
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  say (f, "A", LONG);
  send_said (f);
  say (f, "A", LONG);
  end_service (f);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
}

static gboolean
on_relief (gpointer user_data)
{
  guint *reliefs = user_data;

  ++*reliefs;
  return G_SOURCE_CONTINUE;
}

/* Who waits for it is told, once and in the main loop. */
static void
test_relief (Fixture *f, gconstpointer data)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);
  guint reliefs = 0;

  mc_bypass_set_relief (bypass, on_relief, &reliefs);
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  for (guint i = 0; i < 10; i++)
    {
      say (f, "A", LONG);
      send_said (f);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (reliefs, ==, 0);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
  while (reliefs == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_heard (f, "AAAAAAAAAA");
  g_assert_cmpuint (reliefs, ==, 1);
  mc_bypass_set_relief (bypass, NULL, NULL);
}

/* What is written counts before it is sent, so that one batch is no longer than what may wait; and
 * who waits for relief is told also where nothing of that batch was sent. */
static void
test_what_is_written_waits (Fixture *f, gconstpointer data)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);
  guint reliefs = 0;

  mc_bypass_set_relief (bypass, on_relief, &reliefs);
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  for (guint i = 0; i < 5; i++)
    {
      say (f, "A", LONG);
      send_said (f);
    }
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), <=, MC_BYPASS_CROWDED);
  say (f, "B", LONG);
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), >, MC_BYPASS_CROWDED);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
  while (reliefs == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_heard (f, "AAAAA");
  send_said (f);
  assert_heard (f, "AAAAAB");
  g_assert_cmpuint (reliefs, ==, 1);
  mc_bypass_set_relief (bypass, NULL, NULL);
}

/* However many there are: that is those who ask, and not a bus that does not read. */
static void
test_answers_are_no_crowd (Fixture *f, gconstpointer data)
{
  GDBusMethodInvocation *calls[8];
  GVariant *replies[G_N_ELEMENTS (calls)] = { NULL };
  McBypass *bypass = mc_intake_get_bypass (f->service);

  f->holds = TRUE;
  f->answer = LONG;
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      begin_call (f, "Read", &replies[i]);
      while (f->held == NULL)
        g_main_context_iteration (NULL, TRUE);
      calls[i] = g_steal_pointer (&f->held);
    }
  g_subprocess_send_signal (f->bus.process, SIGSTOP);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    answer_past_gdbus (f, calls[i]);
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), <=, MC_BYPASS_CROWDED);
  g_subprocess_send_signal (f->bus.process, SIGCONT);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      while (replies[i] == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_variant_unref (replies[i]);
    }
}

static void
test_closed_connection (Fixture *f, gconstpointer data)
{
  McBypass *bypass = mc_intake_get_bypass (f->service);

  g_dbus_connection_close_sync (f->service, NULL, NULL);
  for (guint i = 0; i < 10; i++)
    {
      say (f, "A", LONG);
      send_said (f);
    }
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), ==, 0);
}

#define TEST(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("/bypass/order", test_order);
  TEST ("/bypass/descriptors", test_descriptors);
  TEST ("/bypass/descriptor-whose-header-comes-in-parts",
        test_descriptor_whose_header_comes_in_parts);
  TEST ("/bypass/answer", test_answer);
  TEST ("/bypass/end", test_end);
  TEST ("/bypass/bus-that-does-not-read", test_bus_that_does_not_read);
  TEST ("/bypass/relief", test_relief);
  TEST ("/bypass/written", test_what_is_written_waits);
  TEST ("/bypass/answers-are-no-crowd", test_answers_are_no_crowd);
  TEST ("/bypass/closed-connection", test_closed_connection);
  return g_test_run ();
}
