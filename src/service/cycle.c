/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cycle: sample → decide → apply. */
#include "config.h"

#include "cycle.h"

#include "host-headroom.h"

#define SAMPLE_AT_LEAST_US (1 * G_USEC_PER_SEC)
#define SAMPLE_AT_MOST_US  (5 * G_USEC_PER_SEC)

struct _McCycle
{
  GObject parent;

  McContext *context;
  McFleet *fleet;
  McHostState *state;
  McPause *pause;
  McInhibitors *inhibitors;
  McReservations *reservations;
};

enum
{
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McCycle, mc_cycle, G_TYPE_OBJECT)

/* What the policy judges */

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
table_new (McCycle *self)
{
  Table *table = g_new (Table, 1);
  GPtrArray *vms = mc_fleet_get_vms (self->fleet);
  gboolean all_paused
      = mc_pause_is_active (self->pause) || !mc_inhibitors_is_empty (self->inhibitors);

  table->n_vms = vms->len;
  table->facts = g_new (McVmFacts, table->n_vms + 1);
  table->histories = g_new (McVmHistory *, table->n_vms + 1);
  table->decisions = g_new (McVmDecision, table->n_vms + 1);
  for (gsize i = 0; i < table->n_vms; i++)
    {
      table->facts[i] = mc_vm_get_facts (vms->pdata[i], all_paused);
      table->histories[i] = mc_vm_get_history (vms->pdata[i]);
    }
  return table;
}

/* By the settings in force, with what is reserved added to the host's floor. */
static void
table_decide (McCycle *self, Table *table, McHostDecision *host)
{
  McPolicySettings settings = *mc_context_get_policy (self->context);

  settings.reserved = mc_reservations_get_total (self->reservations);
  settings.thresholds.host_reserve += settings.reserved;
  mc_policy_decide (&settings, mc_host_state_get_figures (self->state),
                    mc_context_now (self->context), table->n_vms, table->facts, table->histories,
                    table->decisions, host);
}

/* The plan */

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
mc_cycle_plan (McCycle *self)
{
  GPtrArray *plan = g_ptr_array_new_with_free_func (planned_free);
  GPtrArray *vms = mc_fleet_get_vms (self->fleet);
  g_autoptr (Table) table = NULL;
  g_autofree McVmHistory *histories = NULL;
  McHostDecision host;

  if (!mc_host_state_is_ready (self->state))
    return plan;
  table = table_new (self);
  histories = g_new (McVmHistory, table->n_vms + 1);
  for (gsize i = 0; i < table->n_vms; i++)
    {
      histories[i] = *table->histories[i];
      table->histories[i] = &histories[i];
    }
  table_decide (self, table, &host);
  for (gsize i = 0; i < table->n_vms; i++)
    g_ptr_array_add (plan, planned_new (vms->pdata[i], &table->decisions[i]));
  return plan;
}

/* The cycle */

static void
decide (McCycle *self)
{
  GPtrArray *vms = mc_fleet_get_vms (self->fleet);
  g_autoptr (Table) table = NULL;
  McHostDecision host;

  for (guint i = 0; i < vms->len; i++)
    mc_vm_begin_cycle (vms->pdata[i]);
  table = table_new (self);
  table_decide (self, table, &host);
  mc_host_state_store_decision (self->state, &host);
  for (gsize i = 0; i < table->n_vms; i++)
    mc_vm_store_decision (vms->pdata[i], &table->decisions[i]);
}

/* What is reclaimed goes out first: it takes longer. */
static void
apply (McCycle *self)
{
  GPtrArray *vms = mc_fleet_get_vms (self->fleet);

  for (guint i = 0; i < vms->len; i++)
    {
      const McVmDecision *decision = mc_vm_get_decision (vms->pdata[i]);

      if (decision->target < decision->before)
        mc_vm_apply_decision (vms->pdata[i]);
    }
  for (guint i = 0; i < vms->len; i++)
    {
      const McVmDecision *decision = mc_vm_get_decision (vms->pdata[i]);

      if (decision->target >= decision->before)
        mc_vm_apply_decision (vms->pdata[i]);
      mc_vm_probe_target (vms->pdata[i]);
    }
}

static void
answer_reservations (McCycle *self)
{
  McHostHeadroom headroom;

  if (mc_reservations_get_total (self->reservations) == 0)
    return;
  headroom = mc_host_headroom_find (self->context, self->state, self->fleet);
  mc_reservations_set_headroom (self->reservations, &headroom);
  mc_reservations_answer_due (self->reservations);
}

static void
work_on (McCycle *self, const McSample *sample)
{
  mc_reservations_use (self->reservations, mc_fleet_reconcile (self->fleet, sample));
  mc_host_state_update_from_sample (self->state, sample);
  if (mc_host_state_get_degraded (self->state) != NULL)
    return;
  decide (self);
  apply (self);
  answer_reservations (self);
  mc_fleet_refresh_next (self->fleet);
}

static gboolean
is_pressing (McCycle *self)
{
  GPtrArray *vms = mc_fleet_get_vms (self->fleet);

  if (mc_host_state_get_degraded (self->state) != NULL)
    return FALSE;
  if (mc_host_state_get_decision (self->state)->pressing)
    return TRUE;
  for (guint i = 0; i < vms->len; i++)
    if (mc_vm_is_pressing (vms->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
on_sampled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McCycle) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSample) sample
      = mc_hypervisor_sample_finish (MC_HYPERVISOR (source), result, &error);

  if (mc_context_is_ending (self->context))
    return;
  if (sample != NULL)
    work_on (self, sample);
  else
    {
      g_debug ("A sample brought nothing: %s", error->message);
      mc_host_state_miss_sample (self->state);
    }
  mc_fleet_announce (self->fleet);
  g_signal_emit (self, signals[ENDED], 0, is_pressing (self));
}

void
mc_cycle_begin (McCycle *self)
{
  McHypervisor *hypervisor = self->context->hypervisor;
  gint64 interval_us = mc_policy_interval_us (mc_context_get_policy (self->context));
  gint64 patience_us = CLAMP (interval_us / 4 * 3, SAMPLE_AT_LEAST_US, SAMPLE_AT_MOST_US);

  if (!mc_hypervisor_get_connected (hypervisor))
    {
      mc_host_state_update (self->state);
      g_signal_emit (self, signals[ENDED], 0, FALSE);
      return;
    }
  mc_hypervisor_sample_async (hypervisor, g_get_monotonic_time () + patience_us, on_sampled,
                              g_object_ref (self));
}

static void
mc_cycle_finalize (GObject *object)
{
  McCycle *self = MC_CYCLE (object);

  g_object_unref (self->reservations);
  g_object_unref (self->inhibitors);
  g_object_unref (self->pause);
  g_object_unref (self->state);
  g_object_unref (self->fleet);
  mc_context_unref (self->context);
  G_OBJECT_CLASS (mc_cycle_parent_class)->finalize (object);
}

static void
mc_cycle_class_init (McCycleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_cycle_finalize;
  signals[ENDED] = g_signal_new ("ended", MC_TYPE_CYCLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
mc_cycle_init (McCycle *self)
{
}

McCycle *
mc_cycle_new (McContext *context,
              McFleet *fleet,
              McHostState *state,
              McPause *pause,
              McInhibitors *inhibitors,
              McReservations *reservations)
{
  McCycle *self = g_object_new (MC_TYPE_CYCLE, NULL);

  self->context = mc_context_ref (context);
  self->fleet = g_object_ref (fleet);
  self->state = g_object_ref (state);
  self->pause = g_object_ref (pause);
  self->inhibitors = g_object_ref (inhibitors);
  self->reservations = g_object_ref (reservations);
  return self;
}
