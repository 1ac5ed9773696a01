/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket that systemd listens on and passes at the start. */
#include "config.h"

#include "activation.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

int
mc_activation_take_socket (GError **error)
{
  int count = sd_listen_fds (TRUE);

  if (count <= 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                   _ ("no socket was passed: run \"systemctl start memcoord-exporter.socket\", or "
                      "\"systemd-socket-activate --listen=127.0.0.1:19177 memcoord-exporter\""));
      return -1;
    }
  if (count > 1)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("%d sockets were passed, and it serves one"), count);
      return -1;
    }
  if (sd_is_socket (SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, TRUE) <= 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("what was passed is no stream socket that listens"));
      return -1;
    }
  return SD_LISTEN_FDS_START;
}
