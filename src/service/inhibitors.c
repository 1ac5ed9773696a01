/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever keeps balancing paused by keeping a descriptor open. */
#include "config.h"

#include "inhibitors.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include "events.h"

/* Each costs a descriptor, and a process has a thousand. */
#define MOST_INHIBITORS 256

typedef struct
{
  McInhibitor shown; /* first: the list is one of these, for others */
  McInhibitors *owner;
  char *origin;
  int fd;
  guint watch;
} Inhibitor;

static void
inhibitor_free (gpointer data)
{
  Inhibitor *inhibitor = data;

  g_clear_handle_id (&inhibitor->watch, g_source_remove);
  close (inhibitor->fd);
  g_free (inhibitor->shown.who);
  g_free (inhibitor->shown.why);
  g_free (inhibitor->origin);
  g_free (inhibitor);
}

static void
emit_change (McInhibitors *self, gboolean before, const char *origin)
{
  mc_context_emit_changed (self->context, NULL);
  mc_context_emit_setting_changed (self->context, NULL, "Inhibited", g_variant_new_boolean (before),
                                   g_variant_new_boolean (self->list->len > 0), origin);
}

static gboolean
on_closed (int fd, GIOCondition condition, gpointer user_data)
{
  Inhibitor *inhibitor = user_data;
  McInhibitors *self = inhibitor->owner;
  g_autofree char *origin = g_strdup (inhibitor->origin);

  inhibitor->watch = 0;
  mc_event_uninhibited (inhibitor->shown.who);
  g_ptr_array_remove (self->list, inhibitor);
  emit_change (self, TRUE, origin);
  return G_SOURCE_REMOVE;
}

GUnixFDList *
mc_inhibitors_add (McInhibitors *self,
                   const char *who,
                   const char *why,
                   const char *origin,
                   guint uid,
                   guint pid,
                   GError **error)
{
  gboolean before = self->list->len > 0;
  int ends[2];
  Inhibitor *inhibitor;

  if (self->list->len >= MOST_INHIBITORS)
    {
      g_set_error (
          error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
          "There are %d inhibitors, as many as there may be; \"memcoordctl inhibitors\" lists "
          "them: end one of them first",
          MOST_INHIBITORS);
      return NULL;
    }
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return NULL;
  inhibitor = g_new (Inhibitor, 1);
  *inhibitor = (Inhibitor){
    .shown
    = { g_strdup (who), g_strdup (why), uid, pid, (guint64)mc_clock_wall (self->context->clock) },
    .owner = self,
    .origin = g_strdup (origin),
    .fd = ends[0],
    /* Nothing is polled for: what somebody may write stays unread, and a hangup is always
     * reported. */
    .watch = g_unix_fd_add (ends[0], 0, on_closed, inhibitor),
  };
  g_ptr_array_add (self->list, inhibitor);
  mc_event_inhibited (who, why, uid, pid);
  emit_change (self, before, origin);
  return g_unix_fd_list_new_from_array (&ends[1], 1);
}

void
mc_inhibitors_init (McInhibitors *self, McContext *context)
{
  *self = (McInhibitors){ context, g_ptr_array_new_with_free_func (inhibitor_free) };
}

void
mc_inhibitors_clear (McInhibitors *self)
{
  g_ptr_array_unref (self->list);
}
