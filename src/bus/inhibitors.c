/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rest for as long as somebody keeps a descriptor open. */
#include "config.h"

#include "inhibitors.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

/* Each costs a descriptor, and a process has a thousand. */
#define MOST_INHIBITORS 256

struct _McInhibitors
{
  McCoordinator *coordinator;
  GPtrArray *held; /* (element-type Held) */
};

typedef struct
{
  McInhibitors *inhibitors; /* unowned */
  guint id;                 /* of the coordinator */
  int fd;
  guint watch;
} Held;

static void
held_free (gpointer data)
{
  Held *held = data;

  mc_coordinator_uninhibit (held->inhibitors->coordinator, held->id);
  g_clear_handle_id (&held->watch, g_source_remove);
  close (held->fd);
  g_free (held);
}

static gboolean
on_closed (int fd, GIOCondition condition, gpointer user_data)
{
  Held *held = user_data;

  held->watch = 0;
  g_ptr_array_remove (held->inhibitors->held, held);
  return G_SOURCE_REMOVE;
}

McInhibitors *
mc_inhibitors_new (McCoordinator *coordinator)
{
  McInhibitors *self = g_new0 (McInhibitors, 1);

  self->coordinator = g_object_ref (coordinator);
  self->held = g_ptr_array_new_with_free_func (held_free);
  return self;
}

void
mc_inhibitors_free (McInhibitors *self)
{
  g_ptr_array_unref (self->held);
  g_object_unref (self->coordinator);
  g_free (self);
}

GUnixFDList *
mc_inhibitors_add (
    McInhibitors *self, const char *who, const char *why, const McCaller *caller, GError **error)
{
  int ends[2];
  Held *held;

  if (self->held->len >= MOST_INHIBITORS)
    {
      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                   "There are %d inhibitors already", MOST_INHIBITORS);
      return NULL;
    }
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return NULL;
  held = g_new (Held, 1);
  *held = (Held){
    .inhibitors = self,
    .id = mc_coordinator_inhibit (self->coordinator, who, why, caller->origin, caller->uid,
                                  caller->pid),
    .fd = ends[0],
    /* Nothing is asked for: what somebody may write stays unread, and the end is told anyway. */
    .watch = g_unix_fd_add (ends[0], 0, on_closed, held),
  };
  g_ptr_array_add (self->held, held);
  return g_unix_fd_list_new_from_array (&ends[1], 1);
}
