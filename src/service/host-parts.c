/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service consists of, and what keeps it from balancing, in words. */
#include "config.h"

#include "host-parts.h"

#include "error.h"

static char *
describe_pause (const McPause *pause)
{
  const char *reason = mc_pause_get_reason (pause);

  return g_strdup_printf ("All balancing is paused%s%s; resume it with \"memcoordctl resume\".",
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

void
mc_host_parts_init (McHostParts *self, McContext *context, McHost *host)
{
  self->context = context;
  mc_fleet_init (&self->fleet, context);
  mc_host_state_init (&self->state, context, host, &self->fleet);
  mc_host_limits_init (&self->limits, context, &self->state);
  mc_pause_init (&self->pause, context, NULL);
  mc_inhibitors_init (&self->inhibitors, context);
  mc_reservations_init (&self->reservations, context);
  mc_give_back_calls_init (&self->give_back_calls, context, &self->fleet, &self->state);
  mc_counting_init (&self->counting, context, &self->fleet);
}

void
mc_host_parts_clear (McHostParts *self, const GError *why)
{
  g_autoptr (McContext) context G_GNUC_UNUSED = g_steal_pointer (&self->context);

  mc_give_back_calls_abandon (&self->give_back_calls, why);
  mc_give_back_calls_clear (&self->give_back_calls);
  mc_host_limits_clear (&self->limits);
  mc_reservations_clear (&self->reservations);
  mc_inhibitors_clear (&self->inhibitors);
  mc_pause_clear (&self->pause);
  mc_host_state_clear (&self->state);
  mc_fleet_clear (&self->fleet, why);
}
