/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of memcoordctl: its connection to the bus, and how a failure becomes a message and an
 * exit code. */
#include "config.h"

#include "client.h"

#include "plain-text.h"
#include "remote.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <unistd.h>

#define READ_TIMEOUT_MS 10000

G_DEFINE_QUARK (mc_client_error_quark, mc_client_error)

/*
 * GLib's sockets ignore SIGPIPE for the whole process, and do not need to: they ask for no signal
 * with each message. A filter that is read no more has to end, and so have the commands that are
 * run from here.
 */
static GDBusConnection *
get_bus (const McClient *self, GError **error)
{
  struct sigaction before;
  GDBusConnection *bus;

  sigaction (SIGPIPE, NULL, &before);
  if (self->host != NULL)
    bus = mc_remote_connect (self->host, error);
  else
    bus = g_bus_get_sync (self->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, NULL, error);
  sigaction (SIGPIPE, &before, NULL);
  return bus;
}

gboolean
mc_client_connect (McClient *self, GError **error)
{
  if (self->bus != NULL)
    return TRUE;
  self->bus = get_bus (self, error);
  if (self->bus == NULL)
    {
      g_prefix_error (error, "%s: ", _ ("no connection to the bus"));
      if (error != NULL)
        {
          (*error)->domain = MC_CLIENT_ERROR;
          (*error)->code = MC_EXIT_UNREACHABLE;
        }
      return FALSE;
    }
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  return TRUE;
}

void
mc_client_disconnect (McClient *self)
{
  if (self->agent != NULL)
    g_subprocess_send_signal (self->agent, SIGTERM);
  g_clear_object (&self->agent);
  g_clear_object (&self->bus);
}

void
mc_client_clear (McClient *self)
{
  mc_client_disconnect (self);
  g_clear_pointer (&self->hosts, g_strfreev);
  self->host = NULL;
}

GVariant *
mc_client_read (McClient *self,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                const char *reply_type,
                GError **error)
{
  g_autoptr (GVariant) owned = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;

  if (!mc_client_connect (self, error))
    return NULL;
  return g_dbus_connection_call_sync (self->bus, MC_BUS_NAME, path, interface, method, owned,
                                      G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                      self->patience_ms > 0 ? self->patience_ms : READ_TIMEOUT_MS,
                                      NULL, error);
}

/*
 * polkit asks through an agent of the session. A terminal need not have one, so bring our own,
 * which steps back where there is one ("--fallback"); it says that it is ready by closing the
 * descriptor it was given.
 */
static void
start_agent (McClient *self)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int)getpid ());
  int ready[2];
  char nothing;

  /* On another host there is nothing to bring it to. */
  if (self->session || self->host != NULL || geteuid () == 0
      || !g_unix_open_pipe (ready, FD_CLOEXEC, NULL))
    return;
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  g_subprocess_launcher_take_fd (launcher, ready[1], 3);
  self->agent = g_subprocess_launcher_spawn (launcher, NULL, "pkttyagent", "--process", pid,
                                             "--notify-fd", "3", "--fallback", NULL);
  g_clear_object (&launcher);
  while (self->agent != NULL && read (ready[0], &nothing, 1) > 0)
    ;
  close (ready[0]);
}

GVariant *
mc_client_change (McClient *self,
                  const char *path,
                  const char *interface,
                  const char *method,
                  GVariant *parameters,
                  const char *reply_type,
                  GUnixFDList **fds,
                  GError **error)
{
  g_autoptr (GVariant) owned = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  GDBusCallFlags flags = G_DBUS_CALL_FLAGS_NO_AUTO_START;

  if (!mc_client_connect (self, error))
    return NULL;
  if (isatty (STDIN_FILENO))
    {
      flags |= G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
      if (self->agent == NULL)
        start_agent (self);
    }
  return g_dbus_connection_call_with_unix_fd_list_sync (self->bus, MC_BUS_NAME, path, interface,
                                                        method, owned, G_VARIANT_TYPE (reply_type),
                                                        flags, G_MAXINT, NULL, fds, NULL, error);
}

gboolean
mc_client_on_end (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static McExit
exit_code_of_name (const char *name)
{
  static const struct
  {
    const char *name;
    McExit code;
  } codes[] = {
    { "org.freedesktop.DBus.Error.AccessDenied", MC_EXIT_DENIED },
    { "org.freedesktop.DBus.Error.AuthFailed", MC_EXIT_DENIED },
    { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", MC_EXIT_DENIED },
    { "org.freedesktop.DBus.Error.ServiceUnknown", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.NameHasNoOwner", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.NoReply", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.Timeout", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.TimedOut", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.Disconnected", MC_EXIT_UNREACHABLE },
    { "org.freedesktop.DBus.Error.UnknownObject", MC_EXIT_NO_VM },
    { MC_ERROR_UNKNOWN_VM, MC_EXIT_NO_VM },
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_strcmp0 (codes[i].name, name) == 0)
        return codes[i].code;
    }
  return MC_EXIT_FAILED;
}

gboolean
mc_client_is_late (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT);
}

McExit
mc_client_exit_code (const GError *error)
{
  g_autofree char *name = NULL;

  if (error->domain == MC_CLIENT_ERROR)
    return (McExit)error->code;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return MC_EXIT_UNREACHABLE;
  name = g_dbus_error_get_remote_error (error);
  return exit_code_of_name (name);
}

/* Returns: (transfer none) (nullable): what to do about an error of the service, where its message
 * cannot know: what is typed here. */
static const char *
hint_of (const char *name)
{
  static const char *const denied[]
      = { "org.freedesktop.DBus.Error.AccessDenied",
          "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", NULL };

  if (name == NULL || !g_strv_contains (denied, name))
    return NULL;
  return _ ("Run it as root, or have an administrator allow it: see AUTHORISATION in "
            "memcoordctl(1).");
}

int
mc_client_fail (McClient *self, const GError *error)
{
  g_autoptr (GError) copy = g_error_copy (error);
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  const char *hint = hint_of (name);
  g_autofree char *message = NULL;
  McExit code = mc_client_exit_code (error);

  g_dbus_error_strip_remote_error (copy);
  message = mc_plain_text (copy->message);
  g_printerr ("memcoordctl: %s%s%s\n", self->host != NULL ? self->host : "",
              self->host != NULL ? ": " : "", message);
  if (hint != NULL)
    g_printerr ("%s\n", hint);
  if (error->domain == MC_CLIENT_ERROR || code != MC_EXIT_UNREACHABLE)
    return code;
  if (self->session)
    g_printerr ("%s\n", _ ("Is memcoordd running on the session bus (memcoordd --session)?"));
  else
    g_printerr ("%s\n", _ ("Is the service running? See \"systemctl status memcoordd\"."));
  return code;
}
