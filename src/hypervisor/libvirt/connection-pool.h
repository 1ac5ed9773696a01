/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections to one libvirtd, for worker threads; each is opened by the thread that needs it, and
 * closed by the one that gives it back or, when all are forgotten, by a thread of its own.
 *
 * A connection carries one call at a time; further connections are opened beside it for calls that
 * meet, and while calls hang. Sharing one is what libvirt means to allow, but up to 9.7 a call that
 * follows another at once, while a third waits on the same connection, may not be sent until
 * something else arrives (its wake-up is lost when it comes just before the waiting thread polls):
 * seen as 5 s of silence from a VM beside one that hung. One at a time also keeps far from the five
 * calls of a connection at which libvirtd stops to read its keepalive. All functions but new, ref,
 * unref, add and drop may wait for libvirtd: never call them on the main thread, which aborts
 * there.
 */
#pragma once

#include <gio/gio.h>
#include <libvirt/libvirt.h>

G_BEGIN_DECLS

/* As many as there are calls at once: less than libvirtd's 20 workers, which others want too. */
#define MC_CONNECTIONS_MOST 19

typedef struct _McConnectionPool McConnectionPool;

/* Returns: (transfer full): without a connection. To be called on the main thread, which it
 * remembers. */
McConnectionPool *mc_connection_pool_new (const char *uri);
McConnectionPool *mc_connection_pool_ref (McConnectionPool *self);
void mc_connection_pool_unref (McConnectionPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McConnectionPool, mc_connection_pool_unref)

/* Whether to open the first connection: not where that would start a daemon that was stopped, which
 * @error says then. */
gboolean mc_connection_pool_may_open (McConnectionPool *self, GError **error);

/*
 * Opens the first connection. @on_closed is called once when it is lost, in any thread, with
 * @user_data, which is released with @free_data. Returns: (transfer full): for
 * mc_connection_pool_add().
 */
virConnectPtr mc_connection_pool_open (McConnectionPool *self,
                                       virConnectCloseFunc on_closed,
                                       gpointer user_data,
                                       virFreeCallback free_data,
                                       GError **error);

/* From now on, calls get @connection. (transfer full) both. @watches: of mc_libvirt_watch(). */
void mc_connection_pool_add (McConnectionPool *self,
                             virConnectPtr connection,
                             GArray *watches,
                             virConnectCloseFunc on_closed);

/* Returns: (transfer full): a connection with room for a call; give it back with
 * mc_connection_pool_release(). */
virConnectPtr mc_connection_pool_acquire (McConnectionPool *self, GError **error);
void mc_connection_pool_release (McConnectionPool *self, virConnectPtr connection);

/* Forgets all connections; those in use are closed when they are released. May be called on the
 * main thread. */
void mc_connection_pool_drop (McConnectionPool *self);

G_END_DECLS
