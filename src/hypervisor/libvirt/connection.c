/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to libvirt, made, watched, and made again; connection-pool.c closes it. */
#include "config.h"

#include "connection.h"

#include "events.h"

#define RECONNECT_AT_LEAST_MS 1000
#define RECONNECT_AT_MOST_MS  10000

/* A daemon that was stopped is only looked at, which costs nothing; once somebody has started it,
 * the connection takes its time, too. */
#define LOOK_AGAIN_AT_MOST_MS 5000

struct _McConnection
{
  GObject parent;

  McConnectionPool *pool;
  GWeakRef hypervisor;
  gboolean connecting;
  gboolean lost_early; /* the connection that is being prepared */
  gboolean stopping;
  guint generation;
  guint reconnect; /* source */
  guint delay_ms;
};

G_DEFINE_FINAL_TYPE (McConnection, mc_connection, G_TYPE_OBJECT)

static void
set_connected (McConnection *self, gboolean connected, const char *status)
{
  g_autoptr (McHypervisor) hypervisor = g_weak_ref_get (&self->hypervisor);

  if (hypervisor != NULL)
    mc_hypervisor_set_connection (hypervisor, connected, status);
}

static gboolean
is_connected (McConnection *self)
{
  g_autoptr (McHypervisor) hypervisor = g_weak_ref_get (&self->hypervisor);

  return hypervisor != NULL && mc_hypervisor_get_connected (hypervisor);
}

static void begin_to_connect (McConnection *self);

static gboolean
on_reconnect (gpointer user_data)
{
  McConnection *self = user_data;

  self->reconnect = 0;
  begin_to_connect (self);
  return G_SOURCE_REMOVE;
}

static void
connect_later (McConnection *self)
{
  if (self->stopping || self->reconnect != 0)
    return;
  self->reconnect = g_timeout_add (self->delay_ms, on_reconnect, self);
  self->delay_ms = MIN (self->delay_ms * 2, RECONNECT_AT_MOST_MS);
}

static void
lose (McConnection *self, const char *why)
{
  if (!is_connected (self))
    return;
  self->generation++;
  mc_connection_pool_drop (self->pool);
  set_connected (self, FALSE, why);
  self->delay_ms = RECONNECT_AT_LEAST_MS;
  connect_later (self);
}

/* A lost connection, in whatever thread finds it */
typedef struct
{
  GWeakRef self;
  guint generation;
  int reason;
} Loss;

static void
loss_free (void *data)
{
  Loss *loss = data;

  g_weak_ref_clear (&loss->self);
  g_free (loss);
}

static const char *
describe_loss (int reason)
{
  switch ((virConnectCloseReason)reason)
    {
    case VIR_CONNECT_CLOSE_REASON_EOF:
      return "libvirt has ended the connection";
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
      return "libvirt does not answer";
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
      return "the connection was closed";
    case VIR_CONNECT_CLOSE_REASON_ERROR:
    default:
      return "the connection to libvirt has failed";
    }
}

static gboolean
on_lost_main (gpointer user_data)
{
  Loss *loss = user_data;
  g_autoptr (McConnection) self = g_weak_ref_get (&loss->self);

  if (self == NULL || loss->generation != self->generation)
    return G_SOURCE_REMOVE;
  if (self->connecting)
    self->lost_early = TRUE;
  else
    lose (self, describe_loss (loss->reason));
  return G_SOURCE_REMOVE;
}

static Loss *
loss_new (McConnection *self, guint generation)
{
  Loss *loss = g_new0 (Loss, 1);

  g_weak_ref_init (&loss->self, self);
  loss->generation = generation;
  return loss;
}

static void
on_closed (virConnectPtr connection, int reason, void *data)
{
  Loss *watched = data;
  g_autoptr (McConnection) self = g_weak_ref_get (&watched->self);
  Loss *loss;

  if (self == NULL)
    return;
  loss = loss_new (self, watched->generation);
  loss->reason = reason;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_lost_main, loss, loss_free);
}

typedef struct
{
  McConnection *self;
  Loss *loss;       /* until libvirt takes it */
  gboolean stopped; /* the daemon, so that no connection was opened */
  GError *error;
} Connecting;

static void
connecting_free (Connecting *connecting)
{
  g_object_unref (connecting->self);
  g_clear_pointer (&connecting->loss, loss_free);
  g_clear_error (&connecting->error);
  g_free (connecting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Connecting, connecting_free)

static gboolean
on_connected_main (gpointer user_data)
{
  g_autoptr (Connecting) connecting = user_data;
  McConnection *self = connecting->self;

  self->connecting = FALSE;
  if (self->stopping)
    {
      mc_connection_pool_drop (self->pool);
      return G_SOURCE_REMOVE;
    }
  if (connecting->error != NULL)
    {
      set_connected (self, FALSE, connecting->error->message);
      if (connecting->stopped)
        self->delay_ms = MIN (self->delay_ms, LOOK_AGAIN_AT_MOST_MS);
      connect_later (self);
      return G_SOURCE_REMOVE;
    }
  if (self->lost_early)
    {
      self->generation++;
      mc_connection_pool_drop (self->pool);
      set_connected (self, FALSE, "libvirt has ended the connection at once");
      connect_later (self);
      return G_SOURCE_REMOVE;
    }
  self->delay_ms = RECONNECT_AT_LEAST_MS;
  set_connected (self, TRUE, "");
  return G_SOURCE_REMOVE;
}

static gpointer
run_connect (gpointer data)
{
  Connecting *connecting = data;
  McConnection *self = connecting->self;
  virConnectPtr connection = NULL;

  connecting->stopped = !mc_connection_pool_may_open (self->pool, &connecting->error);
  if (!connecting->stopped)
    connection = mc_connection_pool_open (
        self->pool, on_closed, g_steal_pointer (&connecting->loss), loss_free, &connecting->error);
  if (connection != NULL)
    mc_connection_pool_add (self->pool, connection,
                            mc_libvirt_watch (connection, &self->hypervisor), on_closed);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_connected_main, connecting, NULL);
  return NULL;
}

/* In a thread of its own: a libvirtd that was stopped accepts a connection and never says hello. */
static void
begin_to_connect (McConnection *self)
{
  Connecting *connecting;

  if (self->connecting || is_connected (self) || self->stopping)
    return;
  self->connecting = TRUE;
  self->lost_early = FALSE;
  connecting = g_new0 (Connecting, 1);
  connecting->self = g_object_ref (self);
  connecting->loss = loss_new (self, self->generation);
  g_thread_unref (g_thread_new ("libvirt-connect", run_connect, connecting));
}

/* Life */

void
mc_connection_start (McConnection *self)
{
  begin_to_connect (self);
}

void
mc_connection_stop (McConnection *self)
{
  self->stopping = TRUE;
  g_clear_handle_id (&self->reconnect, g_source_remove);
}

void
mc_connection_begin_to_close (McConnection *self)
{
  mc_connection_pool_drop (self->pool);
}

guint
mc_connection_get_generation (McConnection *self)
{
  return self->generation;
}

McConnectionPool *
mc_connection_get_pool (McConnection *self)
{
  return self->pool;
}

static void
mc_connection_finalize (GObject *object)
{
  McConnection *self = MC_CONNECTION (object);

  g_clear_handle_id (&self->reconnect, g_source_remove);
  mc_connection_pool_unref (self->pool);
  g_weak_ref_clear (&self->hypervisor);
  G_OBJECT_CLASS (mc_connection_parent_class)->finalize (object);
}

static void
mc_connection_class_init (McConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_connection_finalize;
}

static void
mc_connection_init (McConnection *self)
{
  self->delay_ms = RECONNECT_AT_LEAST_MS;
}

McConnection *
mc_connection_new (McHypervisor *hypervisor)
{
  McConnection *self = g_object_new (MC_TYPE_CONNECTION, NULL);

  self->pool = mc_connection_pool_new (mc_hypervisor_get_uri (hypervisor));
  g_weak_ref_init (&self->hypervisor, hypervisor);
  set_connected (self, FALSE, "connecting");
  return self;
}
