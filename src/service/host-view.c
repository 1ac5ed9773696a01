/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy of the host's state that is published. */
#include "config.h"

#include "host-view.h"

static void
update_figures (McHostView *self, const McHostParts *host)
{
  const McHostFigures *figures = mc_host_state_get_figures (host->state);
  const McHostDecision *decision = mc_host_state_get_decision (host->state);

  self->host_total = figures->total;
  self->host_available = figures->available;
  self->host_promised = decision->promised;
  self->host_used_percent = decision->used_percent;
  /* By the host's own reserve: what is reserved for a VM about to start is no reason for alarm. */
  self->host_condition = mc_policy_host_condition (mc_context_get_policy (host->context), figures);
}

static void
update_settings (McHostView *self, const McSettings *settings)
{
  self->dry_run = mc_settings_get_dry_run (settings);
  self->thresholds = mc_settings_get_policy (settings)->thresholds;
  g_strfreev (self->overridden);
  self->overridden = mc_settings_list_overridden (settings);
}

static gboolean
is_paused (const McHostParts *host)
{
  return mc_pause_is_active (host->pause) || !mc_inhibitors_is_empty (host->inhibitors);
}

void
mc_host_view_update (McHostView *self, const McHostParts *host)
{
  McHypervisor *hypervisor = host->context->hypervisor;

  self->state = mc_host_state_get_state (host->state, is_paused (host));
  self->hypervisor_uri = mc_hypervisor_get_uri (hypervisor);
  self->hypervisor_connected = mc_hypervisor_get_connected (hypervisor);
  update_settings (self, host->context->settings);
  self->pause_reason = mc_pause_get_reason (host->pause);
  self->paused_until = mc_pause_get_until (host->pause);
  self->inhibited = !mc_inhibitors_is_empty (host->inhibitors);
  self->reserved = mc_reservations_get_total (host->reservations);
  self->free_for_new_vm = mc_reservations_get_free (host->reservations);
  if (mc_host_state_has_figures (host->state))
    update_figures (self, host);
}

void
mc_host_view_clear (McHostView *self)
{
  g_strfreev (self->overridden);
}

char *
mc_host_view_describe_pause (const McHostParts *host)
{
  const char *reason = mc_pause_get_reason (host->pause);
  const McInhibitor *first;

  if (mc_pause_is_active (host->pause))
    return *reason != '\0'
               ? g_strdup_printf ("All balancing is paused: %s", reason)
               : g_strdup ("All balancing is paused; resume it with 'memcoordctl resume'.");
  if (mc_inhibitors_is_empty (host->inhibitors))
    return NULL;
  first = mc_inhibitors_list (host->inhibitors)->pdata[0];
  return g_strdup_printf ("All balancing is inhibited by %s: %s", first->who, first->why);
}

char *
mc_host_view_describe (const McHostParts *host)
{
  const char *uri = mc_hypervisor_get_uri (host->context->hypervisor);
  const char *degraded = mc_host_state_get_degraded (host->state);
  gboolean dry_run = mc_settings_get_dry_run (host->context->settings);
  guint n_vms = mc_fleet_get_vms (host->fleet)->len;
  char *paused;

  if (degraded != NULL)
    return g_strdup (degraded);
  if (!mc_fleet_is_synced (host->fleet))
    return g_strdup_printf ("Connecting to %s", uri);
  paused = mc_host_view_describe_pause (host);
  if (paused != NULL)
    return paused;
  return g_strdup_printf ("%s %u %s of %s", dry_run ? "Watching (dry run)" : "Balancing", n_vms,
                          n_vms == 1 ? "VM" : "VMs", uri);
}
