/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system bus of another host, reached by ssh. */
#include "config.h"

#include "remote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What begins with a dash would be an option of ssh's. */
gboolean
mc_remote_is_host (const char *text)
{
  return *text != '\0' && *text != '-' && strpbrk (text, " \t\n") == NULL;
}

/* @end: one end of a pair of sockets, which becomes the child's input and output. */
static gboolean
start_ssh (const char *host, int end, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) ssh = NULL;

  g_subprocess_launcher_take_stdin_fd (launcher, dup (end));
  g_subprocess_launcher_take_stdout_fd (launcher, end);
  ssh = g_subprocess_launcher_spawn (launcher, error, "ssh", "-xT", "--", host,
                                     "systemd-stdio-bridge", NULL);
  return ssh != NULL;
}

static GSocketConnection *
open_stream (const char *host, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  socket = g_socket_new_from_fd (ends[0], error);
  if (socket == NULL)
    {
      close (ends[0]);
      close (ends[1]);
      return NULL;
    }
  if (!start_ssh (host, ends[1], error))
    return NULL;
  return g_socket_connection_factory_create_connection (socket);
}

GDBusConnection *
mc_remote_connect (const char *host, GError **error)
{
  g_autoptr (GSocketConnection) stream = open_stream (host, error);

  if (stream == NULL)
    return NULL;
  return g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, NULL, error);
}
