/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VMs, by UUID. */
#include "config.h"

#include "fleet.h"

#include "counters-file.h"
#include "error.h"
#include "events.h"
#include "state-file.h"

#define REREAD_ALL_US (60 * G_USEC_PER_SEC)

static McVm *
lookup (const McFleet *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

/* VMs that come and go */

/* The one after it is not left out of the round. */
static void
remove_from_round (McFleet *self, McVm *vm)
{
  guint i;

  if (g_ptr_array_find (self->vms, vm, &i) && i < self->next_reread)
    self->next_reread--;
}

static void
remove_vm (McFleet *self, McVm *vm)
{
  g_autoptr (McVm) kept G_GNUC_UNUSED = g_object_ref (vm);
  const char *uuid = mc_vm_get_uuid (vm);
  g_autoptr (GError) gone = g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
                                         "The VM %s is no longer there", mc_vm_get_name (vm));

  g_hash_table_remove (self->by_uuid, uuid);
  remove_from_round (self, vm);
  g_ptr_array_remove (self->vms, vm);
  mc_vm_close (vm, gone);
  mc_state_file_forget_vm (self->context->store, &mc_vm_get_parts (vm)->domain);
  mc_counters_file_forget_vm (self->context->counters, &mc_vm_get_parts (vm)->domain);
  if (!mc_vm_get_parts (vm)->domain.announced)
    return;
  mc_event_vm_vanished (mc_vm_get_name (vm), uuid);
  self->context->heard_by->vm_removed (self->context->listener, &mc_vm_get_parts (vm)->domain);
}

static gint64
started_when (McFleet *self, const char *uuid)
{
  gint64 *when_us = g_hash_table_lookup (self->starts, uuid);
  gint64 started_us = when_us != NULL ? *when_us : 0;

  /* One that appeared between two samples without an event has started since, too. */
  if (when_us == NULL && self->synced)
    started_us = mc_context_now (self->context);
  g_hash_table_remove (self->starts, uuid);
  return started_us;
}

/* Returns: the bytes that it has, if it has just started. */
static guint64
add_vm (McFleet *self, const McVmSample *sample, gint64 began_us)
{
  gint64 started_us = started_when (self, sample->uuid);
  McVm *vm = mc_vm_new (self->context, sample, started_us);

  g_ptr_array_add (self->vms, vm);
  g_hash_table_insert (self->by_uuid, (char *)mc_vm_get_uuid (vm), vm);
  mc_vm_update_from_sample (vm, sample, began_us, self->n_samples);
  mc_description_refresh (&mc_vm_get_parts (vm)->description);
  return started_us > 0 && sample->balloon != MC_UNKNOWN ? sample->balloon : 0;
}

/* Whether it stopped since a sample of then was asked for. */
static gboolean
is_gone_since (McFleet *self, const char *uuid, gint64 then_us)
{
  const gint64 *stopped_us = g_hash_table_lookup (self->gone, uuid);

  return stopped_us != NULL && *stopped_us >= then_us;
}

static gboolean
is_before (gpointer key, gpointer value, gpointer user_data)
{
  return *(const gint64 *)value < *(const gint64 *)user_data;
}

/* One that was there after the sample was asked for is not missing in it: a part of a sample may be
 * a late answer. */
static void
remove_unseen (McFleet *self, gint64 began_us)
{
  for (guint i = self->vms->len; i > 0; i--)
    {
      McVm *vm = self->vms->pdata[i - 1];
      const McDomain *domain = &mc_vm_get_parts (vm)->domain;

      if (domain->n_sample != self->n_samples && domain->sampled_us <= began_us)
        remove_vm (self, vm);
    }
}

guint64
mc_fleet_reconcile (McFleet *self, const McSample *sample)
{
  guint64 started = 0;

  self->n_samples++;
  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *of_vm = sample->vms->pdata[i];
      McVm *vm = lookup (self, of_vm->uuid);

      if (is_gone_since (self, of_vm->uuid, sample->began_us))
        continue;
      if (vm != NULL && mc_vm_get_parts (vm)->domain.id != of_vm->id)
        {
          remove_vm (self, vm); /* the same VM, restarted unseen */
          vm = NULL;
        }
      if (vm == NULL && mc_vm_sample_is_unheard (of_vm))
        continue; /* it comes with its figures */
      if (vm == NULL)
        started += add_vm (self, of_vm, sample->began_us);
      else
        mc_vm_update_from_sample (vm, of_vm, sample->began_us, self->n_samples);
    }
  g_hash_table_foreach_remove (self->gone, is_before, (gpointer)&sample->began_us);
  remove_unseen (self, sample->began_us);
  if (!self->synced)
    {
      mc_state_file_sweep_vms (self->context->store, self->by_uuid);
      mc_counters_file_sweep_vms (self->context->counters, self->by_uuid);
    }
  self->synced = TRUE;
  return started;
}

void
mc_fleet_lose (McFleet *self)
{
  self->synced = FALSE;
}

void
mc_fleet_catch_up (McFleet *self)
{
  self->reread_us = mc_context_now (self->context);
  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_parts_catch_up (mc_vm_get_parts (self->vms->pdata[i]));
}

void
mc_fleet_announce (McFleet *self)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];
      McDomain *domain = &mc_vm_get_parts (vm)->domain;

      if (domain->announced || !mc_vm_is_presentable (vm))
        continue;
      mc_domain_set_announced (domain);
      mc_event_vm_appeared (domain->name, domain->uuid);
      self->context->heard_by->vm_added (self->context->listener, domain);
    }
}

void
mc_fleet_refresh_all (McFleet *self)
{
  self->reread_us = mc_context_now (self->context);
  for (guint i = 0; i < self->vms->len; i++)
    mc_description_refresh (&mc_vm_get_parts (self->vms->pdata[i])->description);
}

/* Each VM is read again once in the time of a round, however many there are. Returns: how many of
 * them are due. */
static guint
count_due (McFleet *self, gint64 now_us)
{
  gint64 each_us = REREAD_ALL_US / MAX (self->vms->len, 1);
  gint64 due = MIN ((now_us - self->reread_us) / each_us, self->vms->len);

  self->reread_us = due < self->vms->len ? self->reread_us + due * each_us : now_us;
  return (guint)due;
}

/* Periods are overwritten by other clients, and metadata by people. */
void
mc_fleet_refresh_due (McFleet *self)
{
  gint64 now_us = mc_context_now (self->context);

  for (guint i = 0; i < self->vms->len; i++)
    if (mc_vm_is_to_be_read (self->vms->pdata[i], now_us))
      mc_description_read (&mc_vm_get_parts (self->vms->pdata[i])->description);
  for (guint due = count_due (self, now_us); due > 0; due--)
    {
      self->next_reread %= self->vms->len;
      mc_description_refresh (
          &mc_vm_get_parts (self->vms->pdata[self->next_reread++])->description);
    }
}

void
mc_fleet_stir (McFleet *self, McDomain *domain)
{
  if (domain != NULL)
    {
      mc_domain_stir (domain);
      return;
    }
  for (guint i = 0; i < self->vms->len; i++)
    mc_domain_stir (&mc_vm_get_parts (self->vms->pdata[i])->domain);
}

GHashTable *
mc_fleet_list_asleep (McFleet *self, gboolean all_awake)
{
  GHashTable *asleep = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < self->vms->len; i++)
    if (!all_awake && mc_vm_may_sleep (self->vms->pdata[i]))
      g_hash_table_add (asleep, g_strdup (mc_vm_get_uuid (self->vms->pdata[i])));
  return asleep;
}

void
mc_fleet_follow_clock (McFleet *self)
{
  for (guint i = 0; i < self->vms->len; i++)
    mc_pause_follow_clock (&mc_vm_get_parts (self->vms->pdata[i])->pause);
}

void
mc_fleet_update_views (const McFleet *self, const char *all_paused, const char *degraded)
{
  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_update_view (self->vms->pdata[i], all_paused, degraded);
}

/* The hypervisor's events */

static void
on_vm_started (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McFleet *self = user_data;
  gint64 now_us = mc_context_now (self->context);

  g_hash_table_insert (self->starts, g_strdup (uuid), g_memdup2 (&now_us, sizeof now_us));
  mc_context_want_cycle (self->context);
}

static void
on_vm_stopped (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McFleet *self = user_data;
  McVm *vm = lookup (self, uuid);
  gint64 stopped_us = g_get_monotonic_time ();

  g_hash_table_remove (self->starts, uuid);
  g_hash_table_insert (self->gone, g_strdup (uuid), g_memdup2 (&stopped_us, sizeof stopped_us));
  if (vm != NULL)
    remove_vm (self, vm);
  mc_context_want_cycle (self->context);
}

static void
on_vm_rebooted (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McFleet *self = user_data;
  McVm *vm = lookup (self, uuid);

  if (vm == NULL)
    return;
  mc_domain_set_started (&mc_vm_get_parts (vm)->domain, mc_context_now (self->context));
  mc_context_want_cycle (self->context);
}

static void
on_vm_crashed (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McFleet *self = user_data;
  McVm *vm = lookup (self, uuid);

  if (vm != NULL && mc_domain_set_crashed (&mc_vm_get_parts (vm)->domain))
    mc_context_want_cycle (self->context);
}

static void
on_vm_changed (McHypervisor *hypervisor, const char *uuid, gpointer user_data)
{
  McVm *vm = lookup (user_data, uuid);

  if (vm == NULL)
    return;
  mc_domain_stir (&mc_vm_get_parts (vm)->domain);
  mc_description_refresh (&mc_vm_get_parts (vm)->description);
}

static void
on_vm_state (McHypervisor *hypervisor, const char *uuid, gboolean running, gpointer user_data)
{
  McFleet *self = user_data;
  McVm *vm = lookup (self, uuid);

  if (vm != NULL
      && mc_domain_set_running (&mc_vm_get_parts (vm)->domain, running,
                                mc_context_now (self->context)))
    mc_context_want_cycle (self->context);
}

static void
on_balloon_changed (McHypervisor *hypervisor, const char *uuid, guint64 bytes, gpointer user_data)
{
  McVm *vm = lookup (user_data, uuid);

  if (vm != NULL)
    mc_domain_set_balloon (&mc_vm_get_parts (vm)->domain, bytes);
}

static void
on_target_ended (McHypervisor *hypervisor,
                 const char *uuid,
                 const GError *error,
                 gpointer user_data)
{
  McFleet *self = user_data;
  McVm *vm = lookup (self, uuid);

  if (vm == NULL)
    return;
  mc_target_ended (&mc_vm_get_parts (vm)->target, error);
  mc_context_want_cycle (self->context);
}

static void
listen (McFleet *self)
{
  McHypervisor *hypervisor = self->context->hypervisor;

  g_signal_connect (hypervisor, "vm-started", G_CALLBACK (on_vm_started), self);
  g_signal_connect (hypervisor, "vm-stopped", G_CALLBACK (on_vm_stopped), self);
  g_signal_connect (hypervisor, "vm-rebooted", G_CALLBACK (on_vm_rebooted), self);
  g_signal_connect (hypervisor, "vm-changed", G_CALLBACK (on_vm_changed), self);
  g_signal_connect (hypervisor, "vm-state", G_CALLBACK (on_vm_state), self);
  g_signal_connect (hypervisor, "balloon-changed", G_CALLBACK (on_balloon_changed), self);
  g_signal_connect (hypervisor, "vm-crashed", G_CALLBACK (on_vm_crashed), self);
  g_signal_connect (hypervisor, "target-ended", G_CALLBACK (on_target_ended), self);
}

void
mc_fleet_stop_listening (McFleet *self)
{
  g_signal_handlers_disconnect_by_data (self->context->hypervisor, self);
}

/* Life */

void
mc_fleet_abandon_changes (McFleet *self, const GError *why)
{
  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_changes_abandon (&mc_vm_get_parts (self->vms->pdata[i])->changes, why);
}

void
mc_fleet_init (McFleet *self, McContext *context)
{
  *self = (McFleet){
    .context = context,
    .vms = g_ptr_array_new_with_free_func (g_object_unref),
    .by_uuid = g_hash_table_new (g_str_hash, g_str_equal),
    .starts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .reread_us = mc_context_now (context),
  };
  listen (self);
}

void
mc_fleet_clear (McFleet *self, const GError *why)
{
  mc_fleet_stop_listening (self);
  for (guint i = 0; i < self->vms->len; i++)
    mc_vm_close (self->vms->pdata[i], why);
  g_hash_table_unref (self->by_uuid);
  g_hash_table_unref (self->starts);
  g_hash_table_unref (self->gone);
  g_ptr_array_unref (self->vms);
}
