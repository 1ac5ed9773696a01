/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is connected. Each client has a few seconds for all of it, and where there are too many the
 * one that has been there longest goes: so that nobody keeps others out, however slow they are.
 * Main thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _McConnections McConnections;
typedef struct _McConnection McConnection;

McConnections *mc_connections_new (void);

/* Once all of them have been removed. */
void mc_connections_free (McConnections *self);

/* @fd: a connected socket, which stays the caller's. It is shut down when it has to go; the caller
 * then finds it closed by its client. */
McConnection *mc_connections_add (McConnections *self, int fd);

void mc_connections_remove (McConnections *self, McConnection *connection);

guint mc_connections_count (const McConnections *self);

G_END_DECLS
