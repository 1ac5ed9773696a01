/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system bus of another host, reached by ssh. Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether ssh takes @text as the name of a host: "web1", "root@web1". */
gboolean mc_remote_is_host (const char *text);

/*
 * Connects as "systemctl --host" does: ssh runs systemd-stdio-bridge there, as the user that one
 * logs in as, who is then the caller on that bus. Waits for ssh, which may ask for a password at
 * the terminal, and says by itself what is wrong. Descriptors cannot be passed.
 */
GDBusConnection *mc_remote_connect (const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
