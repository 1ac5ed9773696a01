/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is published. */
#include "config.h"

#include "views.h"

#include <string.h>

#include "events.h"
#include "service-manager.h"

static void
set_state (McHostView *self, McState state, guint64 wall_us)
{
  if (state != self->state || self->state_since == 0)
    self->state_since = wall_us;
  self->state = state;
}

static void
set_condition (McHostView *self, McHostCondition condition, guint64 wall_us)
{
  if (condition != self->host_condition || self->host_condition_since == 0)
    self->host_condition_since = wall_us;
  self->host_condition = condition;
}

static void
update_figures (McHostView *self, const McHostParts *host, guint64 wall_us)
{
  const McHostFigures *figures = &host->state.figures;
  const McHostDecision *decision = &host->state.decision;

  self->host_total = figures->total;
  self->host_available = figures->available;
  self->host_promised = decision->promised;
  self->host_used_percent = decision->used_percent;
  set_condition (self, mc_host_state_get_condition (&host->state), wall_us);
}

/* What managed VMs have less than their maximum, by their views. */
static guint64
find_reclaimed (const GPtrArray *vms)
{
  guint64 sum = 0;

  for (guint i = 0; i < vms->len; i++)
    {
      const McVmView *vm = mc_vm_get_view (vms->pdata[i]);

      if (vm->status == MC_VM_MANAGED)
        sum += saturating_sub (vm->policy.maximum, vm->balloon);
    }
  return sum;
}

static void
update_counted (McHostView *self, const McHostParts *host)
{
  const McCounting *counting = &host->counting;

  if (host->state.degraded == NULL)
    self->reclaimed = find_reclaimed (host->fleet.vms);
  self->counted = counting->total;
  self->counted_since = counting->since_us;
  self->need_of_last_hour_us = mc_counting_need_of_last_hour (counting);
}

static void
update_settings (McHostView *self, const McSettings *settings)
{
  self->dry_run = mc_settings_get_dry_run (settings);
  self->dry_run_configured = mc_settings_get_config (settings)->dry_run;
  self->thresholds = mc_settings_get_policy (settings)->thresholds;
  g_strfreev (self->overridden);
  self->overridden = mc_settings_list_overridden (settings);
}

void
mc_views_update_host (McViews *views, const McHostParts *host)
{
  McHostView *self = &views->host;
  McHypervisor *hypervisor = host->context->hypervisor;
  guint64 wall_us = (guint64)mc_clock_wall (host->context->clock);

  set_state (self, mc_host_state_get_state (&host->state, mc_host_parts_are_paused (host)),
             wall_us);
  self->hypervisor_uri = mc_hypervisor_get_uri (hypervisor);
  self->hypervisor_connected = mc_hypervisor_get_connected (hypervisor);
  update_settings (self, host->context->settings);
  self->reload_error = host->limits.refused != NULL ? host->limits.refused : "";
  self->pause_reason = mc_pause_get_reason (&host->pause);
  self->paused_until = host->pause.until_us;
  self->inhibited = host->inhibitors.list->len > 0;
  self->reserved = mc_reservations_get_total (&host->reservations);
  self->free_for_new_vm = mc_reservations_get_free_for_new_vm (&host->reservations);
  update_counted (self, host);
  if (mc_host_state_has_figures (&host->state))
    update_figures (self, host, wall_us);
}

static char *
describe_state (const McHostParts *host)
{
  const char *uri = mc_hypervisor_get_uri (host->context->hypervisor);
  const char *degraded = host->state.degraded;
  gboolean dry_run = mc_settings_get_dry_run (host->context->settings);
  guint n_vms = host->fleet.vms->len;
  char *paused;

  if (degraded != NULL)
    return g_strdup (degraded);
  if (!host->fleet.synced)
    return g_strdup_printf ("Connecting to %s", uri);
  paused = mc_host_parts_describe_pause (host);
  if (paused != NULL)
    return paused;
  return g_strdup_printf ("%s %u %s of %s", dry_run ? "Watching (dry run)" : "Balancing", n_vms,
                          n_vms == 1 ? "VM" : "VMs", uri);
}

/* Returns: (transfer full): one line for people, how the service is doing, with what an admin has
 * to see where the service manager shows it. */
static char *
describe (const McHostParts *host)
{
  g_autofree char *state = describe_state (host);
  const char *refused = host->limits.refused;

  if (refused == NULL)
    return g_steal_pointer (&state);
  if (g_str_has_suffix (state, "."))
    state[strlen (state) - 1] = '\0';
  return g_strdup_printf ("%s; the last reload was refused: %s", state, refused);
}

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
  g_autofree char *status = describe (host);

  if (g_strcmp0 (self->status, status) == 0)
    return;
  g_free (self->status);
  self->status = g_steal_pointer (&status);
  mc_service_manager_notify_status (self->status);
}

void
mc_views_update (McViews *self, const McHostParts *host)
{
  g_autofree char *paused = mc_host_parts_describe_pause (host);

  mc_fleet_update_views (&host->fleet, paused, host->state.degraded);
  mc_views_update_host (self, host);
  log_condition (self);
  notify_service_manager (self, host);
}

void
mc_views_update_vm (const McHostParts *host, McVm *vm)
{
  g_autofree char *paused = mc_host_parts_describe_pause (host);

  mc_vm_update_view (vm, paused, host->state.degraded);
}

void
mc_views_clear (McViews *self)
{
  g_strfreev (self->host.overridden);
  g_free (self->status);
  *self = (McViews){ 0 };
}
