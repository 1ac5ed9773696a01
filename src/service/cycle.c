/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cycle: sample → decide → apply → publish. It never overlaps itself. */
#include "config.h"

#include "coordinator-private.h"
#include "journal.h"

/* While somebody needs memory, cycles follow each other as closely as guests report. */
#define ATTENTIVE_US (1 * G_USEC_PER_SEC)

/* Events come in bursts: a host that starts twenty VMs is looked at five times a second, not
 * twenty. */
#define CLOSEST_US (G_USEC_PER_SEC / 5)

#define SAMPLE_AT_LEAST_US (1 * G_USEC_PER_SEC)
#define SAMPLE_AT_MOST_US  (5 * G_USEC_PER_SEC)

/* One late sample is a hiccup. */
#define LATE_SAMPLES 2

#define CONNECT_WITHIN_US (2 * G_USEC_PER_SEC)

#define DRY_RUN_PREFIX "dry run: "
#define NEARLY_PERCENT 5

static void
on_tick (gpointer user_data)
{
  McCoordinator *self = user_data;

  self->tick = 0;
  mc_cycle_begin (self);
}

static void
arm (McCoordinator *self, gint64 when_us)
{
  mc_clock_cancel (self->clock, &self->tick);
  self->tick_us = when_us;
  self->tick = mc_clock_call_at (self->clock, when_us, on_tick, self);
}

void
mc_cycle_bring_forward (McCoordinator *self)
{
  gint64 when_us = MAX (mc_clock_now (self->clock), self->began_us + CLOSEST_US);

  if (!self->started || mc_coordinator_is_ending (self))
    return;
  if (self->sampling)
    {
      self->again = TRUE;
      return;
    }
  if (self->tick == 0 || self->tick_us > when_us)
    arm (self, when_us);
}

static void
arm_next (McCoordinator *self, gboolean pressing)
{
  gint64 interval_us = mc_settings_get_policy (self->settings)->interval_us;
  gint64 after_us = self->again ? CLOSEST_US
                    : pressing  ? MIN (interval_us, ATTENTIVE_US)
                                : interval_us;

  self->again = FALSE;
  arm (self, MAX (self->began_us + after_us, mc_clock_now (self->clock)));
}

McPolicySettings
mc_cycle_settings (McCoordinator *self)
{
  McPolicySettings settings = *mc_settings_get_policy (self->settings);

  settings.reserved = mc_reservations_total (self);
  settings.host_reserve += settings.reserved;
  return settings;
}

/* Sampled VMs: those that came, and those that went */

static void
announce (McCoordinator *self, McVm *vm)
{
  if (vm->announced)
    return;
  vm->announced = TRUE;
  mc_journal_vm_appeared (vm->view.name, vm->uuid);
  g_signal_emit_by_name (self, "vm-added", vm);
}

static gint64
started_when (McCoordinator *self, const char *uuid)
{
  gint64 *when_us = g_hash_table_lookup (self->starts, uuid);
  gint64 started_us = when_us != NULL ? *when_us : 0;

  /* One that appeared between two samples without a word has started since, too. */
  if (when_us == NULL && self->synced)
    started_us = mc_clock_now (self->clock);
  g_hash_table_remove (self->starts, uuid);
  return started_us;
}

static McVm *
add_vm (McCoordinator *self, const McVmSample *sample, gint64 began_us)
{
  McVm *vm = mc_vm_new (sample);

  vm->facts.started_us = started_when (self, sample->uuid);
  g_ptr_array_add (self->vms, vm);
  g_hash_table_insert (self->by_uuid, vm->uuid, vm);
  mc_vm_take_sample (vm, sample, began_us, mc_clock_wall (self->clock));
  mc_vm_notes_open (self, vm);
  if (vm->facts.started_us > 0 && sample->balloon != MC_UNKNOWN)
    mc_reservations_use (self, sample->balloon);
  mc_pauses_restore_vm (self, vm);
  mc_vm_policy_describe (self, vm);
  return vm;
}

/* Whether it stopped since a sample of then was asked for. */
static gboolean
is_gone_since (McCoordinator *self, const char *uuid, gint64 then_us)
{
  const gint64 *stopped_us = g_hash_table_lookup (self->gone, uuid);

  return stopped_us != NULL && *stopped_us >= then_us;
}

static gboolean
is_before (gpointer key, gpointer value, gpointer user_data)
{
  return *(const gint64 *)value < *(const gint64 *)user_data;
}

static void
reconcile (McCoordinator *self, const McSample *sample)
{
  gint64 wall_us = mc_clock_wall (self->clock);

  self->n_samples++;
  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *of_vm = sample->vms->pdata[i];
      McVm *vm = g_hash_table_lookup (self->by_uuid, of_vm->uuid);

      if (is_gone_since (self, of_vm->uuid, sample->began_us))
        continue;
      if (vm != NULL && vm->view.id != of_vm->id)
        {
          mc_coordinator_remove_vm (self, vm); /* the same VM, started anew unseen */
          vm = NULL;
        }
      if (vm == NULL)
        vm = add_vm (self, of_vm, sample->began_us);
      else
        mc_vm_take_sample (vm, of_vm, sample->began_us, wall_us);
      vm->seen = self->n_samples;
    }

  g_hash_table_foreach_remove (self->gone, is_before, (gpointer)&sample->began_us);
  for (guint i = self->vms->len; i > 0; i--)
    {
      McVm *vm = self->vms->pdata[i - 1];

      if (vm->seen != self->n_samples)
        mc_coordinator_remove_vm (self, vm);
    }
  if (!self->synced)
    mc_vm_notes_sweep (self);
  self->synced = TRUE;
}

/*
 * Periods are overwritten by other tools, and metadata by people: one VM is looked at again in each
 * cycle, and those that could not be read are tried again.
 */
static void
describe_again (McCoordinator *self)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];

      if (vm->description == NULL && !vm->describing && !vm->facts.busy)
        mc_vm_policy_describe (self, vm);
    }
  if (self->vms->len == 0)
    return;
  self->next_described = (self->next_described + 1) % self->vms->len;
  mc_vm_policy_describe (self, self->vms->pdata[self->next_described]);
}

/* Sets whether the host has what it is to keep: it may have less than before, and is not always
 * known at the start. */
static void
check_reserve (McCoordinator *self)
{
  guint64 reserve = mc_settings_get_policy (self->settings)->host_reserve;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->reserve_too_large, g_free);
  if (self->host_unreadable == NULL && !mc_host_policy_check_reserve (self, reserve, &error))
    self->reserve_too_large = g_strdup (error->message);
}

/* Sets why the host's figures are not known, or that they are. */
static void
read_host (McCoordinator *self, const McSample *sample)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->host_unreadable, g_free);
  self->figures
      = (McHostFigures){ .total = sample->host_total, .available = sample->host_available };
  if (mc_hypervisor_is_local (self->hypervisor))
    {
      if (!mc_host_read (self->host, &self->figures.total, &self->figures.available, &error))
        {
          self->host_unreadable = g_strdup (error->message);
          return;
        }
    }
  if (self->figures.total == MC_HYPERVISOR_UNKNOWN
      || self->figures.available == MC_HYPERVISOR_UNKNOWN)
    self->host_unreadable = g_strdup ("the hypervisor tells nothing of it");
}

/* In a dry run nothing changes, so the next cycle decides the same, or nearly: told once. */
static gboolean
was_told (McVm *vm, const McVmDecision *decision)
{
  const McVmMove *last = vm->moves->len > 0 ? vm->moves->pdata[vm->moves->len - 1] : NULL;
  guint64 by;

  if (last == NULL || last->from != decision->before
      || !g_str_has_prefix (last->sentence, DRY_RUN_PREFIX)
      || (last->to > last->from) != (decision->target > decision->before))
    return FALSE;
  by = MAX (last->to, decision->target) - MIN (last->to, decision->target);
  return by < vm->facts.capacity / 100 * NEARLY_PERCENT;
}

static void
tell (McCoordinator *self, McVm *vm, const McVmDecision *decision)
{
  g_autofree char *sentence = mc_decision_describe (decision);
  g_autofree char *told = g_strconcat (DRY_RUN_PREFIX, sentence, NULL);

  if (was_told (vm, decision))
    return;
  mc_vm_add_move (vm, (guint64)mc_clock_wall (self->clock), decision->before, decision->target,
                  told);
  if (mc_vm_may_log (vm, mc_clock_now (self->clock)))
    mc_journal_memory_would_move (vm->view.name, vm->uuid, decision->before, decision->target,
                                  mc_reason_nick (decision->reason), sentence);
}

static void
apply_one (McCoordinator *self, McVm *vm)
{
  const McVmDecision *decision = &vm->decision;

  if (!decision->move)
    return;
  /* A target that was set before the dry run, and is out of reach, is not left in force. */
  if (mc_settings_get_dry_run (self->settings) && decision->reason != MC_REASON_UNREACHABLE
      && decision->target != decision->before)
    tell (self, vm, decision);
  else
    mc_target_apply (self, vm, decision);
}

/* What is taken goes out first: it takes longer. */
static void
apply (McCoordinator *self)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];

      if (vm->decision.target < vm->decision.before)
        apply_one (self, vm);
    }
  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];

      if (vm->decision.target >= vm->decision.before)
        apply_one (self, vm);
      mc_target_probe (self, vm);
    }
}

static gboolean
worth_telling (McReason reason)
{
  return reason == MC_REASON_NO_FREE_MEMORY || reason == MC_REASON_UNREACHABLE
         || reason == MC_REASON_FOREIGN;
}

static void
take_decision (McCoordinator *self, McVm *vm, const McVmDecision *decision)
{
  McVmDecision before = vm->decision;

  vm->decision = *decision;
  if (!decision->move && decision->reason != before.reason && worth_telling (decision->reason))
    mc_vm_take_reason (vm, (guint64)mc_clock_wall (self->clock), mc_decision_describe (decision));
  mc_vm_follow_status (vm, mc_clock_now (self->clock));
}

typedef struct
{
  gsize n_vms;
  McVmFacts *facts;
  McVmHistory **histories;
  McVmDecision *decisions;
} Table;

static void
table_free (Table *table)
{
  g_free (table->facts);
  g_free (table->histories);
  g_free (table->decisions);
  g_free (table);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)

static Table *
table_new (McCoordinator *self)
{
  Table *table = g_new (Table, 1);
  gboolean all_paused = self->pause_detail != NULL;

  table->n_vms = self->vms->len;
  table->facts = g_new (McVmFacts, table->n_vms + 1);
  table->histories = g_new (McVmHistory *, table->n_vms + 1);
  table->decisions = g_new (McVmDecision, table->n_vms + 1);
  for (gsize i = 0; i < table->n_vms; i++)
    {
      McVm *vm = self->vms->pdata[i];

      mc_target_update (self, vm);
      table->facts[i] = mc_vm_get_facts (vm, self->settings, all_paused);
      table->histories[i] = &vm->history;
    }
  return table;
}

static void
decide (McCoordinator *self)
{
  g_autoptr (Table) table = table_new (self);
  McPolicySettings settings = mc_cycle_settings (self);
  gint64 now_us = mc_clock_now (self->clock);

  mc_policy_decide (&settings, &self->figures, now_us, table->n_vms, table->facts, table->histories,
                    table->decisions, &self->decision);
  for (gsize i = 0; i < table->n_vms; i++)
    take_decision (self, self->vms->pdata[i], &table->decisions[i]);
}

static McPlanned *
planned_new (McVm *vm, const McVmDecision *decision)
{
  McPlanned *planned = g_new (McPlanned, 1);

  *planned = (McPlanned){
    .vm = g_object_ref (vm),
    .from = decision->before,
    .to = decision->target,
    .status = decision->status,
    .sentence = mc_decision_describe (decision),
  };
  return planned;
}

static void
planned_free (gpointer data)
{
  McPlanned *planned = data;

  g_object_unref (planned->vm);
  g_free (planned->sentence);
  g_free (planned);
}

GPtrArray *
mc_coordinator_plan (McCoordinator *self)
{
  GPtrArray *plan = g_ptr_array_new_with_free_func (planned_free);
  g_autoptr (Table) table = table_new (self);
  g_autofree McVmHistory *histories = g_new (McVmHistory, table->n_vms + 1);
  McPolicySettings settings = mc_cycle_settings (self);
  McHostDecision host;

  if (self->degraded != NULL || !self->synced)
    return plan;
  for (gsize i = 0; i < table->n_vms; i++)
    {
      histories[i] = *table->histories[i];
      table->histories[i] = &histories[i];
    }
  mc_policy_decide (&settings, &self->figures, mc_clock_now (self->clock), table->n_vms,
                    table->facts, table->histories, table->decisions, &host);
  for (gsize i = 0; i < table->n_vms; i++)
    g_ptr_array_add (plan, planned_new (self->vms->pdata[i], &table->decisions[i]));
  return plan;
}

static gboolean
anybody_presses (McCoordinator *self)
{
  if (self->decision.pressing)
    return TRUE;
  for (guint i = 0; i < self->vms->len; i++)
    {
      const McVm *vm = self->vms->pdata[i];

      if (vm->decision.pressing || vm->was_busy != vm->facts.busy
          || (vm->status.found == MC_VM_BUSY && vm->status.shown != MC_VM_BUSY))
        return TRUE;
    }
  return FALSE;
}

/* A VM shows itself when what it is made of is known, or will not be for a while. */
static void
announce_new (McCoordinator *self)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      McVm *vm = self->vms->pdata[i];

      if (vm->description != NULL || !vm->describing || vm->facts.busy)
        announce (self, vm);
    }
}

/* The first connection takes a moment, which is no reason for alarm. */
static gboolean
connecting (McCoordinator *self)
{
  return self->n_samples == 0 && mc_clock_now (self->clock) - self->started_us < CONNECT_WITHIN_US;
}

/* @why: (out) (transfer none): "" where nothing is to be said of it yet */
static McDegradation
find_degradation (McCoordinator *self, const char **why)
{
  *why = "";
  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      *why = connecting (self) ? "" : mc_hypervisor_get_status (self->hypervisor);
      return **why != '\0' ? MC_DEGRADED_BY_HYPERVISOR : MC_DEGRADED_NOT;
    }
  if (self->late >= LATE_SAMPLES)
    {
      *why = "the hypervisor does not answer";
      return MC_DEGRADED_BY_HYPERVISOR;
    }
  if (self->host_unreadable != NULL)
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
log_degraded (McCoordinator *self, McDegradation before, McDegradation now, const char *why)
{
  const char *uri = mc_hypervisor_get_uri (self->hypervisor);

  if (now == MC_DEGRADED_BY_HOST)
    mc_journal_host_unreadable (self->host_unreadable);
  else if (now == MC_DEGRADED_BY_RESERVE)
    mc_journal_reserve_too_large (why);
  else if (now == MC_DEGRADED_BY_HYPERVISOR)
    mc_journal_hypervisor_lost (uri, why);
  else if (before == MC_DEGRADED_BY_HOST)
    mc_journal_host_readable ();
  else if (before == MC_DEGRADED_BY_RESERVE)
    mc_journal_reserve_fits ();
  else
    mc_journal_hypervisor_back (uri);
}

void
mc_cycle_find_degraded (McCoordinator *self)
{
  const char *why;
  McDegradation before = self->degraded_by;

  self->degraded_by = find_degradation (self, &why);
  if (self->degraded_by != before)
    log_degraded (self, before, self->degraded_by, why);
  g_free (self->degraded);
  self->degraded = *why != '\0' ? g_strdup_printf ("Nothing is moved: %s.", why) : NULL;
}

static void
take_sample (McCoordinator *self, const McSample *sample)
{
  self->late = 0;
  reconcile (self, sample);
  read_host (self, sample);
  check_reserve (self);
  mc_cycle_find_degraded (self);
  if (self->degraded != NULL)
    return;
  decide (self);
  apply (self);
  mc_reservations_settle (self);
  describe_again (self);
}

static void
on_sampled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McCoordinator) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSample) sample
      = mc_hypervisor_sample_finish (MC_HYPERVISOR (source), result, &error);

  self->sampling = FALSE;
  if (mc_coordinator_is_ending (self))
    return;
  if (sample != NULL)
    {
      take_sample (self, sample);
    }
  else
    {
      g_debug ("A sample brought nothing: %s", error->message);
      self->late++;
      mc_cycle_find_degraded (self);
    }
  self->ended_us = mc_clock_now (self->clock);
  announce_new (self);
  mc_coordinator_publish (self);
  arm_next (self, self->degraded == NULL && anybody_presses (self));
}

static void
miss (McCoordinator *self)
{
  gint64 interval_us = mc_settings_get_policy (self->settings)->interval_us;

  self->missed++;
  g_debug ("%u cycles were missed while a sample is under way", self->missed);
  arm (self, mc_clock_now (self->clock) + interval_us);
}

void
mc_cycle_begin (McCoordinator *self)
{
  gint64 interval_us = mc_settings_get_policy (self->settings)->interval_us;
  gint64 patience_us = CLAMP (interval_us / 4 * 3, SAMPLE_AT_LEAST_US, SAMPLE_AT_MOST_US);

  if (mc_coordinator_is_ending (self))
    return;
  if (self->sampling)
    {
      miss (self);
      return;
    }
  self->missed = 0;
  self->began_us = mc_clock_now (self->clock);
  arm (self, self->began_us + interval_us);
  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      self->ended_us = self->began_us;
      mc_cycle_find_degraded (self);
      mc_coordinator_publish (self);
      return;
    }
  self->sampling = TRUE;
  mc_hypervisor_sample_async (self->hypervisor, g_get_monotonic_time () + patience_us, on_sampled,
                              g_object_ref (self));
}
