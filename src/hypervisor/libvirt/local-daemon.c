/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a connection would start a daemon that was stopped.
 *
 * It would where a socket unit listens at the daemon's socket and its service is not active. To try
 * the socket itself is what starts the service, so systemd is asked, which lets everybody ask this.
 */
#include "config.h"

#include "local-daemon.h"

#include <gio/gio.h>
#include <string.h>

#include "hypervisor.h"
#include "names.h"

#define UNIT_PATH        MC_SYSTEMD_PATH "/unit/"
#define UNIT_INTERFACE   MC_SYSTEMD_NAME ".Unit"
#define SOCKET_INTERFACE MC_SYSTEMD_NAME ".Socket"

/* It answers nobody while it reads all units again, which takes seconds on a large host. */
#define ANSWERS_WITHIN_MS 5000
#define AT_ONCE_MS        500

typedef struct
{
  const char *socket_path;
  const char *service;
  const char *socket_object; /* as systemd has it on the bus */
  const char *service_object;
} Daemon;

/* Of two sockets that are there, libvirt takes the first. */
static const Daemon daemons[] = {
  { "/run/libvirt/virtqemud-sock", "virtqemud.service", UNIT_PATH "virtqemud_2esocket",
    UNIT_PATH "virtqemud_2eservice" },
  { "/run/libvirt/libvirt-sock", "libvirtd.service", UNIT_PATH "libvirtd_2esocket",
    UNIT_PATH "libvirtd_2eservice" },
};

typedef enum
{
  UNSAID,
  NOT_LISTENED_FOR, /* by systemd: nothing would start it */
  RUNNING,          /* or on its way */
  STOPPED,          /* and a connection would start it */
} State;

struct _McLocalDaemon
{
  char *uri;
  GMutex lock;
  gboolean answered;   /* systemd has, so that silence is no proof of its absence */
  const Daemon *spent; /* has run, or was started */
};

McLocalDaemon *
mc_local_daemon_new (const char *uri)
{
  McLocalDaemon *self = g_new0 (McLocalDaemon, 1);

  self->uri = g_strdup (uri);
  g_mutex_init (&self->lock);
  return self;
}

void
mc_local_daemon_free (McLocalDaemon *self)
{
  g_mutex_clear (&self->lock);
  g_free (self->uri);
  g_free (self);
}

/* Returns: (transfer full) (nullable): the value of a parameter of the URI */
static char *
find_parameter (GUri *uri, const char *name)
{
  const char *query = g_uri_get_query (uri);
  g_autoptr (GHashTable) parameters
      = query != NULL ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_NONE, NULL) : NULL;

  return parameters != NULL ? g_strdup (g_hash_table_lookup (parameters, name)) : NULL;
}

static const Daemon *
find_daemon_of_socket (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *end = g_strconcat ("/", name, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (daemons); i++)
    if (g_str_has_suffix (daemons[i].socket_path, end))
      return &daemons[i];
  return NULL;
}

/* @path: (out) (transfer full): of its socket. Returns: (nullable): the daemon that @uri reaches */
static const Daemon *
find_daemon (const char *uri, char **path)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;

  *path = NULL;
  if (parsed == NULL || (host != NULL && *host != '\0')
      || !g_str_equal (g_uri_get_path (parsed), "/system"))
    return NULL;
  if (!g_str_equal (g_uri_get_scheme (parsed), "qemu")
      && !g_str_equal (g_uri_get_scheme (parsed), "qemu+unix"))
    return NULL;
  *path = find_parameter (parsed, "socket");
  if (*path != NULL)
    return find_daemon_of_socket (*path);
  for (guint i = 0; i < G_N_ELEMENTS (daemons); i++)
    if (g_file_test (daemons[i].socket_path, G_FILE_TEST_EXISTS))
      {
        *path = g_strdup (daemons[i].socket_path);
        return &daemons[i];
      }
  return NULL;
}

/* Returns: (transfer full) (nullable): NULL where systemd does not say, or says something else */
static GVariant *
ask (GDBusConnection *bus,
     const char *object,
     const char *interface,
     const char *property,
     const char *type,
     int timeout_ms)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      bus, MC_SYSTEMD_NAME, object, MC_PROPERTIES_INTERFACE, "Get",
      g_variant_new ("(ss)", interface, property), G_VARIANT_TYPE ("(v)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, NULL, &error);
  g_autoptr (GVariant) value = NULL;

  if (answer == NULL)
    {
      g_debug ("systemd does not say the %s of %s: %s", property, object, error->message);
      return NULL;
    }
  g_variant_get (answer, "(v)", &value);
  return g_variant_is_of_type (value, G_VARIANT_TYPE (type)) ? g_steal_pointer (&value) : NULL;
}

/* /var/run is a link to /run, and either may be written. */
static const char *
without_var (const char *path)
{
  return g_str_has_prefix (path, "/var/run/") ? path + strlen ("/var") : path;
}

/* @listen: a(ss), kind and address of each. */
static gboolean
listens_at (GVariant *listen, const char *path)
{
  GVariantIter iter;
  const char *kind, *address;

  g_variant_iter_init (&iter, listen);
  while (g_variant_iter_next (&iter, "(&s&s)", &kind, &address))
    if (g_str_equal (without_var (address), without_var (path)))
      return TRUE;
  return FALSE;
}

static gboolean
is_active (GVariant *state)
{
  const char *const active[] = { "active", "activating", "reloading", "refreshing", NULL };

  return g_strv_contains (active, g_variant_get_string (state, NULL));
}

/* What an ActiveState that is none of those is, in words: one that had to be killed when it was
 * stopped has failed, too. */
static const char *
describe (const char *state)
{
  if (g_str_equal (state, "failed"))
    return "has failed";
  return g_str_equal (state, "deactivating") ? "is stopping" : "is stopped";
}

/* @how: (out): what it is, where it is STOPPED */
static State
find_state (
    GDBusConnection *bus, const Daemon *daemon, const char *path, int timeout_ms, const char **how)
{
  g_autoptr (GVariant) socket
      = ask (bus, daemon->socket_object, UNIT_INTERFACE, "ActiveState", "s", timeout_ms);
  g_autoptr (GVariant) listen = NULL, service = NULL;

  if (socket == NULL)
    return UNSAID;
  if (!is_active (socket))
    return NOT_LISTENED_FOR;
  listen = ask (bus, daemon->socket_object, SOCKET_INTERFACE, "Listen", "a(ss)", timeout_ms);
  if (listen == NULL)
    return UNSAID;
  if (!listens_at (listen, path))
    return NOT_LISTENED_FOR;
  service = ask (bus, daemon->service_object, UNIT_INTERFACE, "ActiveState", "s", timeout_ms);
  if (service == NULL)
    return UNSAID;
  *how = describe (g_variant_get_string (service, NULL));
  return is_active (service) ? RUNNING : STOPPED;
}

/* Returns: (transfer full) (nullable): a bus that is lost does not come back, and nobody can be
 * asked any more. */
static GDBusConnection *
find_bus (void)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);

  if (bus == NULL || g_dbus_connection_is_closed (bus))
    return NULL;
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  return g_steal_pointer (&bus);
}

/* Returns: whether @daemon may be connected to; @state is what was found of it. */
static gboolean
judge (McLocalDaemon *self, const Daemon *daemon, State state, gboolean patient)
{
  gboolean may;

  g_mutex_lock (&self->lock);
  may = state == UNSAID ? !patient || !self->answered : state != STOPPED || self->spent != daemon;
  self->answered |= state != UNSAID;
  if (state == RUNNING || state == STOPPED)
    self->spent = daemon;
  g_mutex_unlock (&self->lock);
  return may;
}

static gboolean
may_connect (McLocalDaemon *self, gboolean patient, GError **error)
{
  g_autofree char *path = NULL;
  const Daemon *daemon = find_daemon (self->uri, &path);
  g_autoptr (GDBusConnection) bus = daemon != NULL ? find_bus () : NULL;
  const char *how = NULL;
  State state;

  if (bus == NULL)
    return TRUE;
  state = find_state (bus, daemon, path, patient ? ANSWERS_WITHIN_MS : AT_ONCE_MS, &how);
  if (judge (self, daemon, state, patient))
    return TRUE;
  if (state == UNSAID)
    g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                 "systemd does not say whether %s is running, and a connection might start it",
                 daemon->service);
  else
    g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                 "%s %s, and MemCoord does not start it; \"systemctl start %s\" does",
                 daemon->service, how, daemon->service);
  return FALSE;
}

gboolean
mc_local_daemon_may_connect (McLocalDaemon *self, GError **error)
{
  return may_connect (self, TRUE, error);
}

gboolean
mc_local_daemon_may_connect_again (McLocalDaemon *self, GError **error)
{
  return may_connect (self, FALSE, error);
}
