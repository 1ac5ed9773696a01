/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps everything from being balanced, in words. */
#include "config.h"

#include "host-parts.h"

#include "error.h"

static char *
describe_pause (const McPause *pause)
{
  const char *reason = mc_pause_get_reason (pause);

  return g_strdup_printf ("All balancing is paused%s%s; resume it with 'memcoordctl resume'.",
                          *reason != '\0' ? ": " : "", reason);
}

static char *
describe_inhibitors (const McInhibitors *inhibitors)
{
  const McInhibitor *first = inhibitors->list->pdata[0];
  guint others = inhibitors->list->len - 1;
  g_autofree char *more = others > 0 ? g_strdup_printf (", and by %u more", others) : g_strdup ("");

  return g_strdup_printf (
      "All balancing is inhibited by %s (uid %u, pid %u)%s%s%s; it resumes when "
      "that ends.",
      first->who, first->uid, first->pid, *first->why != '\0' ? ": " : "", first->why, more);
}

char *
mc_host_parts_describe_pause (const McHostParts *self)
{
  if (self->pause.active)
    return describe_pause (&self->pause);
  return self->inhibitors.list->len > 0 ? describe_inhibitors (&self->inhibitors) : NULL;
}

gboolean
mc_host_parts_resume (
    McHostParts *self, McPause *pause, const char *name, const char *origin, GError **error)
{
  g_autofree char *paused = mc_host_parts_describe_pause (self);

  if (pause->active || paused == NULL)
    return mc_pause_end (pause, name, origin, error);
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_PAUSED, "%s is not paused itself. %s",
               name, paused);
  return FALSE;
}
