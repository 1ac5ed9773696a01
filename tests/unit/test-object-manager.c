/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs on a bus that does not read for a while: what is held back for it, and what a client that
 * asks meanwhile comes to know. The order of all is this test's: nothing but it runs the main loop.
 */
#include "config.h"

#include "object-manager.h"

#include <signal.h>

#include "coordinator-fixture.h"
#include "intake.h"
#include "names.h"
#include "own-bus.h"

#define ANSWER_MS 60000

/* More than sockets hold. */
#define LONG ((gsize)3 << 20)

typedef struct
{
  Fixture of_service;
  OwnBus bus;
  GDBusConnection *service, *client;
  McObjectManager *manager;
  McVm *vm;
  char *path;

  GMutex lock;
  GPtrArray *heard; /* by the client's worker: the status in each answer and signal, in order */
  guint n_calls;    /* by the service's worker */
  guint n_answers;
} World;

/* The client */

static char *
status_in (GVariant *values)
{
  const char *status;

  return g_variant_lookup (values, "Status", "&s", &status) ? g_strdup (status) : NULL;
}

/* Returns: (transfer full) (nullable): the status that it tells. */
static char *
read_message (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);
  g_autoptr (GVariant) values = NULL;

  if (body != NULL && g_variant_is_of_type (body, G_VARIANT_TYPE ("(a{sv})")))
    values = g_variant_get_child_value (body, 0);
  else if (g_strcmp0 (g_dbus_message_get_member (message), "PropertiesChanged") == 0)
    values = g_variant_get_child_value (body, 1);
  return values != NULL ? status_in (values) : NULL;
}

/* In the client's worker: each message as it comes. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  World *world = data;
  char *status = incoming ? read_message (message) : NULL;

  g_mutex_lock (&world->lock);
  if (status != NULL)
    g_ptr_array_add (world->heard, status);
  g_mutex_unlock (&world->lock);
  return message;
}

static guint
count_heard (World *world)
{
  guint count;

  g_mutex_lock (&world->lock);
  count = world->heard->len;
  g_mutex_unlock (&world->lock);
  return count;
}

static const char *
get_heard (World *world, guint index)
{
  const char *status;

  g_mutex_lock (&world->lock);
  status = world->heard->pdata[index];
  g_mutex_unlock (&world->lock);
  return status;
}

static GDBusConnection *
connect_client (World *world)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  GDBusConnection *client = g_dbus_connection_new_for_address_sync (
      world->bus.address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  g_dbus_connection_add_filter (client, on_message, world, NULL);
  reply = g_dbus_connection_call_sync (
      client, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
      g_variant_new ("(s)", "type='signal'"), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  return client;
}

/* The service */

/* In the service's worker. */
static GDBusMessage *
count_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  World *world = data;
  GDBusMessageType type = g_dbus_message_get_message_type (message);

  g_mutex_lock (&world->lock);
  world->n_calls += incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
  world->n_answers += !incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN;
  g_mutex_unlock (&world->lock);
  return message;
}

static gboolean
has_come (World *world, const guint *count)
{
  gboolean come;

  g_mutex_lock (&world->lock);
  come = *count > 0;
  g_mutex_unlock (&world->lock);
  return come;
}

static void
set_up (World *world, gconstpointer data)
{
  g_autoptr (McAuthority) authority = NULL;
  g_autoptr (GError) error = NULL;
  McFakeVm *fake;

  g_mutex_init (&world->lock);
  world->heard = g_ptr_array_new_with_free_func (g_free);
  own_bus_begin (&world->bus);
  fixture_set_up (&world->of_service, data);
  fake = fixture_add_guest (&world->of_service, "vm", MC_GIB, MC_GIB / 2, 200 * MC_MIB);
  fixture_start_service (&world->of_service);
  fixture_pass (&world->of_service, 3); /* its guest has reported */
  world->vm = fixture_vm_of (&world->of_service, fake);
  world->path = mc_vm_path (mc_vm_get_uuid (world->vm));
  world->service = mc_intake_connect (G_BUS_TYPE_SESSION, &error);
  g_assert_no_error (error);
  g_dbus_connection_add_filter (world->service, count_message, world, NULL);
  authority = mc_authority_new (world->service);
  world->manager
      = mc_object_manager_new (world->service, world->of_service.coordinator, authority, &error);
  g_assert_no_error (error);
  mc_object_manager_add (world->manager, world->vm);
  world->client = connect_client (world);
}

static void
tear_down (World *world, gconstpointer data)
{
  mc_object_manager_free (world->manager);
  mc_intake_close (world->service);
  g_clear_object (&world->service);
  g_dbus_connection_close_sync (world->client, NULL, NULL);
  g_clear_object (&world->client);
  fixture_tear_down (&world->of_service, data);
  own_bus_end (&world->bus);
  g_ptr_array_unref (world->heard);
  g_free (world->path);
  g_mutex_clear (&world->lock);
}

/* @lost: (nullable): why nothing is known of it: its status is "busy" then, and else what it was.
 */
static void
publish (World *world, const char *lost)
{
  mc_vm_update_view (world->vm, NULL, lost);
  mc_object_manager_show (world->manager, world->vm);
  mc_object_manager_send (world->manager);
}

/* The bus reads no more, and as much waits for it as may. */
static void
crowd (World *world)
{
  McBypass *bypass = mc_intake_get_bypass (world->service);
  g_autofree char *text = g_strnfill (LONG, 'x');

  g_subprocess_send_signal (world->bus.process, SIGSTOP);
  for (gsize sent = 0; sent <= MC_BYPASS_CROWDED + LONG; sent += LONG)
    {
      McWire *wire = mc_bypass_begin_signal (bypass, MC_ROOT_PATH, "a.b", "C", "s");

      mc_wire_add_string (wire, text);
      mc_bypass_end_signal (bypass);
      mc_bypass_send (bypass, world->service);
    }
  g_assert_cmpuint (mc_bypass_get_waiting (bypass), >, MC_BYPASS_CROWDED);
}

static void
relieve (World *world)
{
  g_subprocess_send_signal (world->bus.process, SIGCONT);
}

static void
run_until_heard (World *world, guint count)
{
  while (count_heard (world) < count)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* Whatever was sent before is heard, too. */
static void
run_until_quiet (World *world)
{
  McBypass *bypass = mc_intake_get_bypass (world->service);
  g_autoptr (GVariant) reply = NULL;

  while (mc_bypass_get_waiting (bypass) > 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_dbus_connection_flush_sync (world->service, NULL, NULL);
  /* It comes and goes behind the rest, on both connections. */
  reply = g_dbus_connection_call_sync (world->service,
                                       g_dbus_connection_get_unique_name (world->client), "/",
                                       "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                                       G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, NULL, NULL);
  g_assert_nonnull (reply);
}

/* What it says was heard in the client's worker. */
static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  g_assert_no_error (error);
}

/* A client asks; the call has come, and nobody has looked at it yet. */
static void
begin_to_ask (World *world)
{
  world->n_calls = world->n_answers = 0;
  g_dbus_connection_call (world->client, g_dbus_connection_get_unique_name (world->service),
                          world->path, MC_PROPERTIES_INTERFACE, "GetAll",
                          g_variant_new ("(s)", MC_VM_INTERFACE), NULL, G_DBUS_CALL_FLAGS_NONE,
                          ANSWER_MS, NULL, on_answered, NULL);
  while (!has_come (world, &world->n_calls))
    g_usleep (1000);
}

static void
answer (World *world)
{
  while (!has_come (world, &world->n_answers))
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* Tests */

static void
test_changes_are_told (World *world, gconstpointer data)
{
  publish (world, NULL);
  publish (world, "lost");
  publish (world, NULL);
  run_until_heard (world, 2);
  g_assert_cmpstr (get_heard (world, 0), ==, "busy");
  g_assert_cmpstr (get_heard (world, 1), ==, "managed");
}

static void
test_what_is_held_back_is_told_once (World *world, gconstpointer data)
{
  publish (world, NULL);
  crowd (world);
  publish (world, "lost");
  publish (world, NULL);
  publish (world, "lost again");
  relieve (world);
  run_until_heard (world, 1);
  run_until_quiet (world);
  g_assert_cmpuint (count_heard (world), ==, 1);
  g_assert_cmpstr (get_heard (world, 0), ==, "busy");
}

/* Who asked in between was answered with what was then, and has to be told that it is so no longer:
 * what has changed back before it could be sent is a change all the same. */
static void
test_who_asked_meanwhile_is_told_what_changed_back (World *world, gconstpointer data)
{
  publish (world, NULL);
  begin_to_ask (world);
  crowd (world);
  publish (world, "lost");
  answer (world);
  publish (world, NULL);
  relieve (world);
  run_until_heard (world, 1);
  run_until_quiet (world);
  g_assert_cmpuint (count_heard (world), ==, 2);
  g_assert_cmpstr (get_heard (world, 0), ==, "busy");
  g_assert_cmpstr (get_heard (world, 1), ==, "managed");
}

#define TEST(name, function) g_test_add (name, World, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("/object-manager/told", test_changes_are_told);
  TEST ("/object-manager/held-back", test_what_is_held_back_is_told_once);
  TEST ("/object-manager/changed-back", test_who_asked_meanwhile_is_told_what_changed_back);
  return g_test_run ();
}
