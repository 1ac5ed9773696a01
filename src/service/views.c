/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is published. */
#include "config.h"

#include "views.h"

#include "events.h"
#include "host-headroom.h"
#include "service-manager.h"

static void
log_condition (McViews *self)
{
  McHostCondition before = self->condition;

  self->condition = self->host.host_condition;
  if (self->condition != before)
    mc_event_host_condition (mc_host_condition_nick (before),
                             mc_host_condition_nick (self->condition), self->host.host_available);
}

static void
notify_service_manager (McViews *self, const McHostParts *host)
{
  g_autofree char *status = mc_host_view_describe (host);

  if (g_strcmp0 (self->status, status) == 0)
    return;
  g_free (self->status);
  self->status = g_steal_pointer (&status);
  mc_service_manager_notify_status (self->status);
}

void
mc_views_update (McViews *self, const McHostParts *host)
{
  g_autofree char *paused = mc_host_view_describe_pause (host);
  McHostHeadroom headroom = mc_host_headroom_find (host->context, host->state, host->fleet);

  mc_reservations_set_headroom (host->reservations, &headroom);
  mc_fleet_update_views (host->fleet, paused, mc_host_state_get_degraded (host->state));
  mc_host_view_update (&self->host, host);
  log_condition (self);
  notify_service_manager (self, host);
}

void
mc_views_update_vm (const McHostParts *host, McVm *vm)
{
  g_autofree char *paused = mc_host_view_describe_pause (host);

  mc_vm_update_view (vm, paused, mc_host_state_get_degraded (host->state));
}

void
mc_views_clear (McViews *self)
{
  mc_host_view_clear (&self->host);
  g_free (self->status);
  *self = (McViews){ 0 };
}
