/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a connection would start a daemon that was stopped, by a systemd of the test's own. */
#include "config.h"

#include <gio/gio.h>

#include "hypervisor.h"
#include "libvirt/local-daemon.h"
#include "names.h"

#define PATH "/run/memcoord-test/libvirt-sock"
#define URI  "qemu+unix:///system?socket=" PATH

static const char interfaces[]
    = "<node><interface name='org.freedesktop.systemd1.Unit'>"
      "<property name='ActiveState' type='s' access='read'/></interface>"
      "<interface name='org.freedesktop.systemd1.Socket'>"
      "<property name='Listen' type='a(ss)' access='read'/></interface></node>";

/* What systemd has, and whether it answers. */
static struct
{
  GMutex lock;
  const char *socket;
  const char *service;
  const char *listens;
  gboolean silent;
  guint n_asked;
  GDBusConnection *connection;
  GMainLoop *loop;
} systemd;

static GVariant *
get_property (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *property,
              GError **error,
              gpointer user_data)
{
  GVariant *value;

  g_mutex_lock (&systemd.lock);
  if (g_str_equal (property, "Listen"))
    value
        = g_variant_new_parsed ("[('Stream', '/run/elsewhere'), ('Stream', %s)]", systemd.listens);
  else
    value = g_variant_new_string (g_str_has_suffix (path, "_2esocket") ? systemd.socket
                                                                       : systemd.service);
  g_mutex_unlock (&systemd.lock);
  return value;
}

static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  gboolean silent;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_mutex_lock (&systemd.lock);
  systemd.n_asked++;
  silent = systemd.silent;
  g_mutex_unlock (&systemd.lock);
  if (!silent)
    return message;
  g_object_unref (message);
  return NULL;
}

static void
set_named (gboolean named)
{
  g_autoptr (GVariant) done = g_dbus_connection_call_sync (
      systemd.connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      named ? "RequestName" : "ReleaseName",
      named ? g_variant_new ("(su)", MC_SYSTEMD_NAME, 0) : g_variant_new ("(s)", MC_SYSTEMD_NAME),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_nonnull (done);
}

static gpointer
run_systemd (gpointer data)
{
  GMainLoop *loop = data;

  g_main_context_push_thread_default (g_main_loop_get_context (loop));
  g_main_loop_run (loop);
  return NULL;
}

/* Registered in the context in which it is to answer. */
static void
export_systemd (const char *address)
{
  const GDBusInterfaceVTable vtable = { .get_property = get_property };
  const char *const objects[] = { "libvirtd_2esocket", "libvirtd_2eservice" };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (interfaces, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();

  systemd.loop = g_main_loop_new (context, FALSE);
  g_main_context_push_thread_default (context);
  systemd.connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
  g_assert_nonnull (systemd.connection);
  g_dbus_connection_add_filter (systemd.connection, filter, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    for (guint j = 0; node->interfaces[j] != NULL; j++)
      {
        g_autofree char *path = g_strconcat (MC_SYSTEMD_PATH "/unit/", objects[i], NULL);

        g_assert_cmpuint (g_dbus_connection_register_object (systemd.connection, path,
                                                             node->interfaces[j], &vtable, NULL,
                                                             NULL, NULL),
                          !=, 0);
      }
  g_main_context_pop_thread_default (context);
}

static void
say (const char *socket, const char *service)
{
  g_mutex_lock (&systemd.lock);
  systemd.socket = socket;
  systemd.service = service;
  g_mutex_unlock (&systemd.lock);
}

static void
set_silent (gboolean silent)
{
  g_mutex_lock (&systemd.lock);
  systemd.silent = silent;
  g_mutex_unlock (&systemd.lock);
}

typedef struct
{
  McLocalDaemon *daemon;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  systemd.listens = PATH;
  say ("active", "active");
  f->daemon = mc_local_daemon_new (URI);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  mc_local_daemon_free (f->daemon);
}

static void
assert_connects (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_local_daemon_may_connect (f->daemon, &error));
  g_assert_no_error (error);
}

static void
assert_leaves_alone (Fixture *f, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mc_local_daemon_may_connect (f->daemon, &error));
  g_assert_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED);
  g_assert_cmpstr (error->message, ==, why);
}

#define STILL(how)                                                                                 \
  "libvirtd.service " how                                                                          \
  ", and MemCoord does not start it; \"systemctl start libvirtd.service\" "                        \
  "does"
#define STOPPED STILL ("is stopped")

static void
test_started_once (Fixture *f, gconstpointer data)
{
  say ("active", "inactive");
  assert_connects (f);
  assert_leaves_alone (f, STOPPED);
  assert_leaves_alone (f, STOPPED);
  say ("active", "active");
  assert_connects (f);
}

static void
test_stopped_after_it_ran (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *state;
    const char *why;
  } stopped[] = {
    { "inactive", STOPPED },
    { "failed", STILL ("has failed") },
    { "deactivating", STILL ("is stopping") },
    { "maintenance", STOPPED },
  };
  const char *const on_its_way[] = { "activating", "reloading", "refreshing" };

  assert_connects (f);
  for (guint i = 0; i < G_N_ELEMENTS (stopped); i++)
    {
      say ("active", stopped[i].state);
      assert_leaves_alone (f, stopped[i].why);
      g_assert_false (mc_local_daemon_may_connect_again (f->daemon, NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (on_its_way); i++)
    {
      say ("active", on_its_way[i]);
      assert_connects (f);
      g_assert_true (mc_local_daemon_may_connect_again (f->daemon, NULL));
    }
}

/* Nothing would start it. */
static void
test_socket_that_is_stopped (Fixture *f, gconstpointer data)
{
  assert_connects (f);
  say ("inactive", "inactive");
  assert_connects (f);
  say ("failed", "failed");
  assert_connects (f);
}

static void
test_socket_elsewhere (Fixture *f, gconstpointer data)
{
  systemd.listens = "/run/memcoord-test/other/libvirt-sock";
  assert_connects (f);
  say ("active", "inactive");
  assert_connects (f);
}

static void
test_var_run_is_run (Fixture *f, gconstpointer data)
{
  systemd.listens = "/var" PATH;
  assert_connects (f);
  say ("active", "inactive");
  assert_leaves_alone (f, STOPPED);
}

/* Of which nothing is known is connected to, as it always was. */
static void
test_no_systemd (Fixture *f, gconstpointer data)
{
  say ("active", "inactive");
  set_named (FALSE);
  for (guint i = 0; i < 3; i++)
    assert_connects (f);
  set_named (TRUE);
}

#define UNSAID                                                                                     \
  "systemd does not say whether libvirtd.service is running, and a connection might start it"

static void
test_systemd_that_starts_anew (Fixture *f, gconstpointer data)
{
  assert_connects (f);
  say ("active", "inactive");
  set_named (FALSE);
  assert_leaves_alone (f, UNSAID);
  g_assert_true (mc_local_daemon_may_connect_again (f->daemon, NULL));
  set_named (TRUE);
  assert_leaves_alone (f, STOPPED);
}

static void
test_systemd_that_is_silent (Fixture *f, gconstpointer data)
{
  gint64 begun_us;

  assert_connects (f);
  set_silent (TRUE);
  begun_us = g_get_monotonic_time ();
  g_assert_true (mc_local_daemon_may_connect_again (f->daemon, NULL));
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 3 * G_USEC_PER_SEC);
  assert_leaves_alone (f, UNSAID);
  set_silent (FALSE);
  assert_connects (f);
}

static void
test_other_uris (Fixture *f, gconstpointer data)
{
  const char *const others[] = {
    "test:///default",
    "qemu:///session",
    "qemu+ssh://host/system",
    "qemu+unix:///system?socket=/run/memcoord-test/other-sock",
    "qemu+unix:///system?socket=/run/memcoord-test/not-libvirt-sock",
    "qemu+unix:///system?socket=",
    "xen:///system",
    "qemu://host/system",
    "no URI",
    "",
  };
  guint before = systemd.n_asked;

  say ("active", "inactive");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      McLocalDaemon *daemon = mc_local_daemon_new (others[i]);

      for (guint j = 0; j < 2; j++)
        g_assert_true (mc_local_daemon_may_connect (daemon, NULL));
      mc_local_daemon_free (daemon);
    }
  g_assert_cmpuint (systemd.n_asked, ==, before);
}

/* Without a socket's path, the one that libvirt takes: whichever is there on this machine, or none.
 */
static void
test_default_socket (Fixture *f, gconstpointer data)
{
  McLocalDaemon *daemon = mc_local_daemon_new ("qemu:///system");

  g_assert_true (mc_local_daemon_may_connect (daemon, NULL));
  mc_local_daemon_free (daemon);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/local-daemon/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  GThread *thread;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  export_systemd (g_test_dbus_get_bus_address (bus));
  thread = g_thread_new ("systemd", run_systemd, systemd.loop);
  set_named (TRUE);
  TEST ("started-once", test_started_once);
  TEST ("stopped-after-it-ran", test_stopped_after_it_ran);
  TEST ("socket-that-is-stopped", test_socket_that_is_stopped);
  TEST ("socket-elsewhere", test_socket_elsewhere);
  TEST ("var-run-is-run", test_var_run_is_run);
  TEST ("no-systemd", test_no_systemd);
  TEST ("systemd-that-starts-anew", test_systemd_that_starts_anew);
  TEST ("systemd-that-is-silent", test_systemd_that_is_silent);
  TEST ("other-uris", test_other_uris);
  TEST ("default-socket", test_default_socket);
  status = g_test_run ();
  g_main_loop_quit (systemd.loop);
  g_thread_join (thread);
  g_object_unref (systemd.connection);
  g_main_loop_unref (systemd.loop);
  g_test_dbus_down (bus);
  return status;
}
