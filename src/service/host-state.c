/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the host and its hypervisor stand. */
#include "config.h"

#include "host-state.h"

#include "error.h"
#include "events.h"
#include "headroom.h"
#include "size.h"

/* One late sample is a hiccup. */
#define LATE_SAMPLES 2

#define CONNECT_WITHIN_US (2 * G_USEC_PER_SEC)

/* What keeps it from the hypervisor may become clear only after a while: first the connection is
 * lost, then its daemon is found stopped. An outage that finds ever new words is no news. */
#define REASONS_LOGGED 5

const char *
mc_state_nick (McState state)
{
  static const char *const nicks[] = {
    [MC_STATE_STARTING] = "starting",
    [MC_STATE_RUNNING] = "running",
    [MC_STATE_PAUSED] = "paused",
    [MC_STATE_DEGRADED] = "degraded",
  };

  g_return_val_if_fail ((guint)state < G_N_ELEMENTS (nicks), "degraded");
  return nicks[state];
}

/* A host that is to keep more than it has would take all of it from its VMs. */
gboolean
mc_host_state_check_reserve (const McHostState *self, guint64 reserve, GError **error)
{
  g_autofree char *asked = mc_size_format (reserve);
  g_autofree char *total = mc_size_format (self->figures.total);

  if (self->figures.total == 0 || reserve < self->figures.total)
    return TRUE;
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT,
               "HostReserve %s is not below HostTotal %s", asked, total);
  return FALSE;
}

/* Sets whether the host has what it is to keep: it may have less than before, and is not always
 * known at the start. */
static void
update_reserve (McHostState *self)
{
  guint64 reserve = mc_context_get_policy (self->context)->thresholds.host_reserve;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->reserve_too_large, g_free);
  if (self->unreadable == NULL && !mc_host_state_check_reserve (self, reserve, &error))
    self->reserve_too_large = g_strdup (error->message);
}

/* Sets why the host's figures are not known, or that they are. */
static void
read_host (McHostState *self, const McSample *sample)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->unreadable, g_free);
  self->figures
      = (McHostFigures){ .total = sample->host_total, .available = sample->host_available };
  if (mc_hypervisor_is_local (self->context->hypervisor)
      && !mc_host_read (self->host, &self->figures.total, &self->figures.available, &error))
    {
      self->unreadable = g_strdup (error->message);
      return;
    }
  if (self->figures.total == MC_UNKNOWN || self->figures.available == MC_UNKNOWN)
    self->unreadable = g_strdup ("the hypervisor does not report it");
}

gboolean
mc_host_state_read_host (McHostState *self)
{
  return mc_hypervisor_is_local (self->context->hypervisor)
         && mc_host_read (self->host, &self->figures.total, &self->figures.available, NULL);
}

void
mc_host_state_start (McHostState *self)
{
  self->started_us = mc_context_now (self->context);
}

static gboolean
is_connecting (McHostState *self)
{
  return self->fleet->n_samples == 0
         && mc_context_now (self->context) - self->started_us < CONNECT_WITHIN_US;
}

/* @why: (out) (transfer none): "" where nothing is to be said of it yet */
static McHostDegradation
find_degradation (McHostState *self, const char **why)
{
  McHypervisor *hypervisor = self->context->hypervisor;

  *why = "";
  if (!mc_hypervisor_get_connected (hypervisor))
    {
      *why = is_connecting (self) ? "" : mc_hypervisor_get_status (hypervisor);
      return **why != '\0' ? MC_DEGRADED_BY_HYPERVISOR : MC_DEGRADED_NOT;
    }
  if (self->late >= LATE_SAMPLES)
    {
      *why = "the hypervisor does not answer";
      return MC_DEGRADED_BY_HYPERVISOR;
    }
  if (self->unreadable != NULL)
    {
      *why = "the host's memory cannot be read";
      return MC_DEGRADED_BY_HOST;
    }
  if (self->reserve_too_large == NULL)
    return MC_DEGRADED_NOT;
  *why = self->reserve_too_large;
  return MC_DEGRADED_BY_RESERVE;
}

static void
log_degraded (McHostState *self, McHostDegradation before, const char *why)
{
  const char *uri = mc_hypervisor_get_uri (self->context->hypervisor);

  if (self->degraded_by == MC_DEGRADED_BY_HOST)
    mc_event_host_unreadable (self->unreadable);
  else if (self->degraded_by == MC_DEGRADED_BY_RESERVE)
    mc_event_reserve_too_large (why);
  else if (self->degraded_by == MC_DEGRADED_BY_HYPERVISOR)
    mc_event_hypervisor_lost (uri, why);
  else if (before == MC_DEGRADED_BY_HOST)
    mc_event_host_readable ();
  else if (before == MC_DEGRADED_BY_RESERVE)
    mc_event_reserve_fits ();
  else
    mc_event_hypervisor_back (uri);
}

void
mc_host_state_update (McHostState *self)
{
  const char *why;
  McHostDegradation before = self->degraded_by;
  g_autofree char *said = g_steal_pointer (&self->degraded);

  self->degraded_by = find_degradation (self, &why);
  self->degraded = *why != '\0' ? g_strdup_printf ("Nothing is moved: %s.", why) : NULL;
  if (self->degraded_by != before)
    self->n_reasons = 0;
  else if (self->degraded_by != MC_DEGRADED_BY_HYPERVISOR || g_strcmp0 (self->degraded, said) == 0
           || self->n_reasons >= REASONS_LOGGED)
    return;
  self->n_reasons++;
  log_degraded (self, before, why);
}

void
mc_host_state_update_from_sample (McHostState *self, const McSample *sample)
{
  self->late = 0;
  g_clear_pointer (&self->group_left, g_hash_table_unref);
  if (sample->groups != NULL)
    self->group_left = g_hash_table_ref (sample->groups);
  read_host (self, sample);
  update_reserve (self);
  mc_host_state_update (self);
}

void
mc_host_state_miss_sample (McHostState *self)
{
  self->late++;
  mc_host_state_update (self);
}

void
mc_host_state_catch_up (McHostState *self)
{
  self->late = 0;
}

gboolean
mc_host_state_is_ready (const McHostState *self)
{
  return self->degraded == NULL && self->fleet->synced;
}

gboolean
mc_host_state_has_figures (const McHostState *self)
{
  return self->fleet->synced && self->unreadable == NULL;
}

McHostCondition
mc_host_state_get_condition (const McHostState *self)
{
  return mc_policy_host_condition (mc_context_get_policy (self->context), &self->figures);
}

static guint64
spare_of (McVm *vm)
{
  McVmFacts facts = mc_vm_get_facts (vm, FALSE);
  guint64 low, high;

  mc_policy_watermarks (&facts, &low, &high);
  return mc_headroom_spare (&facts, mc_vm_get_decision (vm)->status, high, facts.policy.minimum);
}

McHostHeadroom
mc_host_state_find_headroom (const McHostState *self)
{
  const GPtrArray *vms = self->fleet->vms;
  guint64 spare = 0;

  if (!mc_host_state_is_ready (self))
    return (McHostHeadroom){ .known = FALSE };
  for (guint i = 0; i < vms->len; i++)
    spare += spare_of (vms->pdata[i]);
  return (McHostHeadroom){
    .known = TRUE,
    .free = mc_headroom_free (mc_context_get_policy (self->context), &self->figures,
                              self->decision.promised),
    .spare = spare,
  };
}

McState
mc_host_state_get_state (const McHostState *self, gboolean paused)
{
  if (self->degraded != NULL)
    return MC_STATE_DEGRADED;
  if (!self->fleet->synced)
    return MC_STATE_STARTING;
  return paused ? MC_STATE_PAUSED : MC_STATE_RUNNING;
}

void
mc_host_state_init (McHostState *self, McContext *context, McHost *host, const McFleet *fleet)
{
  *self = (McHostState){ .context = context, .host = g_object_ref (host), .fleet = fleet };
}

void
mc_host_state_clear (McHostState *self)
{
  g_clear_pointer (&self->group_left, g_hash_table_unref);
  g_free (self->unreadable);
  g_free (self->reserve_too_large);
  g_free (self->degraded);
  g_object_unref (self->host);
}
