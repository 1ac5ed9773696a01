/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to one libvirtd, for worker threads. */
#include "config.h"

#include "connection-pool.h"

#include "events.h"
#include "hypervisor.h"
#include "libvirt-error.h"
#include "local-daemon.h"

/* Those that stay open for the next call. */
#define CONNECTIONS_KEPT 3

/* Others do for so long after their last: many VMs at once would open and close one for each. */
#define LINGER_US (10 * G_USEC_PER_SEC)

#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      5

typedef struct
{
  virConnectPtr connection;
  gboolean in_use;
  gint64 used_us;                /* until then */
  GArray *watches;               /* of the one that carries events; NULL: one beside it */
  virConnectCloseFunc on_closed; /* of the same */
  gboolean dropped;
} Member;

struct _McConnectionPool
{
  gatomicrefcount references;
  char *uri;
  McLocalDaemon *daemon;
  GThread *main_thread;
  GMutex lock;
  GPtrArray *members; /* (element-type Member) */
};

static void
member_free (gpointer data)
{
  Member *member = data;

  /* Each event and the close callback hold a reference to the connection. */
  if (member->watches != NULL)
    {
      mc_libvirt_unwatch (member->connection, member->watches);
      virConnectUnregisterCloseCallback (member->connection, member->on_closed);
      g_array_unref (member->watches);
    }
  virConnectClose (member->connection);
  g_free (member);
}

McConnectionPool *
mc_connection_pool_new (const char *uri)
{
  McConnectionPool *self = g_new0 (McConnectionPool, 1);

  g_atomic_ref_count_init (&self->references);
  self->uri = g_strdup (uri);
  self->daemon = mc_local_daemon_new (uri);
  self->main_thread = g_thread_self ();
  g_mutex_init (&self->lock);
  self->members = g_ptr_array_new ();
  return self;
}

McConnectionPool *
mc_connection_pool_ref (McConnectionPool *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
mc_connection_pool_unref (McConnectionPool *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->members);
  g_mutex_clear (&self->lock);
  mc_local_daemon_free (self->daemon);
  g_free (self->uri);
  g_free (self);
}

/* *@remote: whether it can be lost. Drivers within this process (test:///) have no keepalive, and
 * need none. */
static virConnectPtr
open_connection (McConnectionPool *self, gboolean *remote, GError **error)
{
  virConnectPtr connection;
  g_autofree char *what = g_strconcat ("connect to ", self->uri, NULL);

  g_assert (g_thread_self () != self->main_thread);
  connection = virConnectOpen (self->uri);
  if (connection == NULL)
    {
      mc_libvirt_set_error (error, what);
      return NULL;
    }
  *remote = virConnectSetKeepAlive (connection, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT) >= 0;
  return connection;
}

static void
add_member (McConnectionPool *self, Member member)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->members, g_memdup2 (&member, sizeof member));
  g_mutex_unlock (&self->lock);
}

void
mc_connection_pool_add (McConnectionPool *self,
                        virConnectPtr connection,
                        GArray *watches,
                        virConnectCloseFunc on_closed)
{
  add_member (self,
              (Member){ .connection = connection, .watches = watches, .on_closed = on_closed });
}

gboolean
mc_connection_pool_may_open (McConnectionPool *self, GError **error)
{
  g_assert (g_thread_self () != self->main_thread);
  return mc_local_daemon_may_connect (self->daemon, error);
}

virConnectPtr
mc_connection_pool_open (McConnectionPool *self,
                         virConnectCloseFunc on_closed,
                         gpointer user_data,
                         virFreeCallback free_data,
                         GError **error)
{
  gboolean remote = FALSE;
  virConnectPtr connection = open_connection (self, &remote, error);

  /* A driver that is not remote says that it has taken the callback, and never frees the data. */
  if (!remote || virConnectRegisterCloseCallback (connection, on_closed, user_data, free_data) < 0)
    free_data (user_data);
  return connection;
}

/* With the lock held. */
static Member *
find_free (McConnectionPool *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = self->members->pdata[i];

      if (!member->dropped && !member->in_use)
        return member;
    }
  return NULL;
}

static guint
count_live (McConnectionPool *self)
{
  guint live = 0;

  for (guint i = 0; i < self->members->len; i++)
    live += !((const Member *)self->members->pdata[i])->dropped;
  return live;
}

virConnectPtr
mc_connection_pool_acquire (McConnectionPool *self, GError **error)
{
  virConnectPtr connection = NULL;
  Member *member;
  gboolean remote;
  guint live;

  g_assert (g_thread_self () != self->main_thread);
  g_mutex_lock (&self->lock);
  member = find_free (self);
  live = count_live (self);
  if (member != NULL)
    {
      member->in_use = TRUE;
      connection = member->connection;
    }
  g_mutex_unlock (&self->lock);
  if (connection != NULL)
    return connection;
  if (live == 0 || live >= MC_CONNECTIONS_MOST)
    {
      g_set_error (error, MC_HYPERVISOR_ERROR,
                   live == 0 ? MC_HYPERVISOR_ERROR_NOT_CONNECTED : MC_HYPERVISOR_ERROR_BUSY, "%s",
                   live == 0 ? "the hypervisor is not connected"
                             : "too many calls to the hypervisor hang");
      return NULL;
    }
  if (!mc_local_daemon_may_connect_again (self->daemon, error))
    return NULL;
  connection = open_connection (self, &remote, error);
  if (connection == NULL)
    return NULL;
  add_member (self, (Member){ .connection = connection, .in_use = TRUE });
  return connection;
}

/* With the lock held. One beside the first may be lost alone, which no event says:
 * virConnectIsAlive() asks nobody. */
static gboolean
is_wanted (McConnectionPool *self, const Member *member)
{
  if (member->in_use)
    return TRUE;
  if (member->dropped)
    return FALSE;
  if (member->watches != NULL)
    return TRUE;
  if (count_live (self) > CONNECTIONS_KEPT && g_get_monotonic_time () - member->used_us > LINGER_US)
    return FALSE;
  return virConnectIsAlive (member->connection) == 1;
}

void
mc_connection_pool_release (McConnectionPool *self, virConnectPtr connection)
{
  g_autoptr (GPtrArray) unwanted = g_ptr_array_new_with_free_func (member_free);

  g_assert (g_thread_self () != self->main_thread);
  g_mutex_lock (&self->lock);
  for (guint i = self->members->len; i > 0; i--)
    {
      Member *member = self->members->pdata[i - 1];

      if (member->connection == connection)
        {
          member->in_use = FALSE;
          member->used_us = g_get_monotonic_time ();
        }
      if (!is_wanted (self, member))
        g_ptr_array_add (unwanted, g_ptr_array_steal_index (self->members, i - 1));
    }
  g_mutex_unlock (&self->lock);
}

static gpointer
close_members (gpointer data)
{
  g_autoptr (GPtrArray) members = data;

  g_ptr_array_set_free_func (members, member_free);
  return NULL;
}

void
mc_connection_pool_drop (McConnectionPool *self)
{
  GPtrArray *unused = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  for (guint i = self->members->len; i > 0; i--)
    {
      Member *member = self->members->pdata[i - 1];

      member->dropped = TRUE;
      if (!member->in_use)
        g_ptr_array_add (unused, g_ptr_array_steal_index (self->members, i - 1));
    }
  g_mutex_unlock (&self->lock);
  /* Closing says goodbye, and may wait for an answer. */
  g_thread_unref (g_thread_new ("libvirt-close", close_members, unused));
}
