/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to one libvirtd, for worker threads. */
#include "config.h"

#include "libvirt-link.h"

#include <libvirt/virterror.h>

#include "hypervisor.h"
#include "libvirt-events.h"

/* Those that stay open for the next call. */
#define LINKS_KEPT 3

/* Others do for so long after their last one: many VMs at once would open and close one for each.
 */
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
} Link;

struct _McLinks
{
  gatomicrefcount references;
  char *uri;
  GThread *main_thread;
  GMutex lock;
  GPtrArray *links; /* (element-type Link) */
};

static void
link_free (gpointer data)
{
  Link *link = data;

  /* Each event and the close callback hold a reference to the connection. */
  if (link->watches != NULL)
    {
      mc_libvirt_unwatch (link->connection, link->watches);
      virConnectUnregisterCloseCallback (link->connection, link->on_closed);
      g_array_unref (link->watches);
    }
  virConnectClose (link->connection);
  g_free (link);
}

McLinks *
mc_links_new (const char *uri)
{
  McLinks *self = g_new0 (McLinks, 1);

  g_atomic_ref_count_init (&self->references);
  self->uri = g_strdup (uri);
  self->main_thread = g_thread_self ();
  g_mutex_init (&self->lock);
  self->links = g_ptr_array_new ();
  return self;
}

McLinks *
mc_links_ref (McLinks *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
mc_links_unref (McLinks *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->links);
  g_mutex_clear (&self->lock);
  g_free (self->uri);
  g_free (self);
}

static McHypervisorError
code_of (int code)
{
  switch (code)
    {
    case VIR_ERR_NO_DOMAIN:
      return MC_HYPERVISOR_ERROR_NO_VM;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return MC_HYPERVISOR_ERROR_UNSUPPORTED;
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return MC_HYPERVISOR_ERROR_DENIED;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_SYSTEM_ERROR:
      return MC_HYPERVISOR_ERROR_NOT_CONNECTED;
    default:
      return MC_HYPERVISOR_ERROR_FAILED;
    }
}

void
mc_libvirt_take_error (GError **error, const char *what)
{
  virErrorPtr last = virGetLastError ();

  if (last == NULL)
    g_set_error (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED, "failed to %s", what);
  else
    g_set_error (error, MC_HYPERVISOR_ERROR, (int)code_of (last->code), "failed to %s: %s", what,
                 last->message);
}

/* *@remote: whether it can be lost. Drivers within this process (test:///) have no keepalive, and
 * need none. */
static virConnectPtr
open_connection (McLinks *self, gboolean *remote, GError **error)
{
  virConnectPtr connection;
  g_autofree char *what = g_strconcat ("connect to ", self->uri, NULL);

  g_assert (g_thread_self () != self->main_thread);
  connection = virConnectOpen (self->uri);
  if (connection == NULL)
    {
      mc_libvirt_take_error (error, what);
      return NULL;
    }
  *remote = virConnectSetKeepAlive (connection, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT) >= 0;
  return connection;
}

static void
add_link (McLinks *self, Link link)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->links, g_memdup2 (&link, sizeof link));
  g_mutex_unlock (&self->lock);
}

void
mc_links_add (McLinks *self,
              virConnectPtr connection,
              GArray *watches,
              virConnectCloseFunc on_closed)
{
  add_link (self, (Link){ .connection = connection, .watches = watches, .on_closed = on_closed });
}

virConnectPtr
mc_links_open (McLinks *self,
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
static Link *
find_free (McLinks *self)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      Link *link = self->links->pdata[i];

      if (!link->dropped && !link->in_use)
        return link;
    }
  return NULL;
}

static guint
count_live (McLinks *self)
{
  guint live = 0;

  for (guint i = 0; i < self->links->len; i++)
    live += !((const Link *)self->links->pdata[i])->dropped;
  return live;
}

virConnectPtr
mc_links_acquire (McLinks *self, GError **error)
{
  virConnectPtr connection = NULL;
  Link *link;
  gboolean remote;
  guint live;

  g_assert (g_thread_self () != self->main_thread);
  g_mutex_lock (&self->lock);
  link = find_free (self);
  live = count_live (self);
  if (link != NULL)
    {
      link->in_use = TRUE;
      connection = link->connection;
    }
  g_mutex_unlock (&self->lock);
  if (connection != NULL)
    return connection;
  if (live == 0 || live >= MC_LINKS_MOST)
    {
      g_set_error (error, MC_HYPERVISOR_ERROR,
                   live == 0 ? MC_HYPERVISOR_ERROR_NOT_CONNECTED : MC_HYPERVISOR_ERROR_BUSY, "%s",
                   live == 0 ? "the hypervisor is not connected"
                             : "too many calls to the hypervisor hang");
      return NULL;
    }
  connection = open_connection (self, &remote, error);
  if (connection == NULL)
    return NULL;
  add_link (self, (Link){ .connection = connection, .in_use = TRUE });
  return connection;
}

/* With the lock held. One beside the first may be lost alone, which nobody tells:
 * virConnectIsAlive() asks nobody. */
static gboolean
is_wanted (McLinks *self, const Link *link)
{
  if (link->in_use)
    return TRUE;
  if (link->dropped)
    return FALSE;
  if (link->watches != NULL)
    return TRUE;
  if (count_live (self) > LINKS_KEPT && g_get_monotonic_time () - link->used_us > LINGER_US)
    return FALSE;
  return virConnectIsAlive (link->connection) == 1;
}

void
mc_links_release (McLinks *self, virConnectPtr connection)
{
  g_autoptr (GPtrArray) unwanted = g_ptr_array_new_with_free_func (link_free);

  g_assert (g_thread_self () != self->main_thread);
  g_mutex_lock (&self->lock);
  for (guint i = self->links->len; i > 0; i--)
    {
      Link *link = self->links->pdata[i - 1];

      if (link->connection == connection)
        {
          link->in_use = FALSE;
          link->used_us = g_get_monotonic_time ();
        }
      if (!is_wanted (self, link))
        g_ptr_array_add (unwanted, g_ptr_array_steal_index (self->links, i - 1));
    }
  g_mutex_unlock (&self->lock);
}

static gpointer
close_links (gpointer data)
{
  g_autoptr (GPtrArray) links = data;

  g_ptr_array_set_free_func (links, link_free);
  return NULL;
}

void
mc_links_drop (McLinks *self)
{
  GPtrArray *unused = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  for (guint i = self->links->len; i > 0; i--)
    {
      Link *link = self->links->pdata[i - 1];

      link->dropped = TRUE;
      if (!link->in_use)
        g_ptr_array_add (unused, g_ptr_array_steal_index (self->links, i - 1));
    }
  g_mutex_unlock (&self->lock);
  /* Closing says goodbye, and may wait for an answer. */
  g_thread_unref (g_thread_new ("libvirt-close", close_links, unused));
}
