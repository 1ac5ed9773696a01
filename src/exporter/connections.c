/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is connected, the oldest first. */
#include "config.h"

#include "connections.h"

#include <sys/socket.h>

#define MOST_CONNECTIONS 32
#define LIFETIME_S       10

struct _McConnections
{
  GQueue queue; /* of McConnection */
};

struct _McConnection
{
  int fd;
  guint deadline; /* 0 = it was shut down */
};

McConnections *
mc_connections_new (void)
{
  McConnections *self = g_new0 (McConnections, 1);

  g_queue_init (&self->queue);
  return self;
}

void
mc_connections_free (McConnections *self)
{
  g_return_if_fail (g_queue_is_empty (&self->queue));
  g_free (self);
}

static gboolean
on_deadline (gpointer data)
{
  McConnection *connection = data;

  connection->deadline = 0;
  shutdown (connection->fd, SHUT_RDWR);
  return G_SOURCE_REMOVE;
}

static void
shut_down_oldest (McConnections *self)
{
  for (GList *link = self->queue.head; link != NULL; link = link->next)
    {
      McConnection *connection = link->data;

      if (connection->deadline == 0)
        continue;
      g_clear_handle_id (&connection->deadline, g_source_remove);
      shutdown (connection->fd, SHUT_RDWR);
      return;
    }
}

McConnection *
mc_connections_add (McConnections *self, int fd)
{
  McConnection *connection = g_new0 (McConnection, 1);

  connection->fd = fd;
  connection->deadline = g_timeout_add_seconds (LIFETIME_S, on_deadline, connection);
  g_queue_push_tail (&self->queue, connection);
  if (self->queue.length > MOST_CONNECTIONS)
    shut_down_oldest (self);
  return connection;
}

void
mc_connections_remove (McConnections *self, McConnection *connection)
{
  g_clear_handle_id (&connection->deadline, g_source_remove);
  g_queue_remove (&self->queue, connection);
  g_free (connection);
}

guint
mc_connections_count (const McConnections *self)
{
  return self->queue.length;
}
