/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon of libvirt that a local URI reaches, as systemd has it: virtqemud or libvirtd. Where a
 * socket unit listens for it, each connection starts it, so one that somebody has stopped would not
 * stay stopped for longer than until the next attempt to reconnect. Functions that ask may wait for
 * the bus: not on the main thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _McLocalDaemon McLocalDaemon;

/* Returns: (transfer full) */
McLocalDaemon *mc_local_daemon_new (const char *uri);
void mc_local_daemon_free (McLocalDaemon *self);

/*
 * Whether to open a connection to it while there is none; else @error says what is to be done. A
 * stopped daemon is started once, by whoever comes first: after it has run, it stays stopped until
 * somebody else starts it. Without systemd, for other URIs, and where no socket unit listens, there
 * is nothing to spare: TRUE.
 */
gboolean mc_local_daemon_may_connect (McLocalDaemon *self, GError **error);

/* The same for a connection beside one that is open, perhaps to a daemon that ends just now: its
 * caller waits, so what systemd does not say at once is taken for a yes. */
gboolean mc_local_daemon_may_connect_again (McLocalDaemon *self, GError **error);

G_END_DECLS
