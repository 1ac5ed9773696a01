/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cycle: sample → decide → apply. */
#include "config.h"

#include "cycle.h"

#include "decision-table.h"
#include "dry-run.h"

#define SAMPLE_AT_LEAST_US (1 * G_USEC_PER_SEC)
#define SAMPLE_AT_MOST_US  (5 * G_USEC_PER_SEC)

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
mc_cycle_plan (const McHostParts *host)
{
  GPtrArray *plan = g_ptr_array_new_with_free_func (planned_free);
  const GPtrArray *vms = host->fleet.vms;
  g_autoptr (McDecisionTable) table = NULL;
  g_autofree McVmHistory *histories = NULL;
  McHostDecision decision;

  if (!mc_host_state_is_ready (&host->state))
    return plan;
  table = mc_decision_table_new (host);
  histories = mc_decision_table_copy_histories (table);
  mc_decision_table_imagine (table, histories);
  mc_decision_table_decide (table, &decision);
  for (gsize i = 0; i < table->n_vms; i++)
    g_ptr_array_add (plan, planned_new (vms->pdata[i], &table->decisions[i]));
  return plan;
}

/* The cycle */

/* A target that is out of reach is withdrawn even then, which leaves nothing in the history. */
static void
decide_dry (McDecisionTable *table, McHostDecision *decision)
{
  g_autofree McVmHistory *before = mc_decision_table_copy_histories (table);

  mc_decision_table_decide (table, decision);
  for (gsize i = 0; i < table->n_vms; i++)
    if (table->decisions[i].move)
      mc_dry_run_forget_move (table->histories[i], &before[i]);
}

static void
decide (McHostParts *host)
{
  const GPtrArray *vms = host->fleet.vms;
  g_autoptr (McDecisionTable) table = NULL;

  mc_counting_begin_cycle (&host->counting);
  for (guint i = 0; i < vms->len; i++)
    mc_target_begin_cycle (&mc_vm_get_parts (vms->pdata[i])->target);
  table = mc_decision_table_new (host);
  if (mc_settings_get_dry_run (host->context->settings))
    decide_dry (table, &host->state.decision);
  else
    mc_decision_table_decide (table, &host->state.decision);
  for (gsize i = 0; i < table->n_vms; i++)
    mc_vm_store_decision (vms->pdata[i], &table->decisions[i]);
  mc_counting_set_critical (&host->counting,
                            mc_host_state_get_condition (&host->state) == MC_HOST_CRITICAL);
}

/* Where the service stops for good, nobody would give it back. What a VM does not have yet is
 * withdrawn all the same. */
static gboolean
is_too_late_to_take (const McHostParts *host, McVm *vm)
{
  return host->give_back_calls.service_ends
         && mc_vm_get_decision (vm)->target < mc_vm_get_parts (vm)->domain.facts.balloon;
}

/* What is reclaimed goes out first: it takes longer. */
static void
apply (const McHostParts *host)
{
  const GPtrArray *vms = host->fleet.vms;

  for (guint i = 0; i < vms->len; i++)
    {
      const McVmDecision *decision = mc_vm_get_decision (vms->pdata[i]);

      if (decision->target < decision->before && !is_too_late_to_take (host, vms->pdata[i]))
        mc_vm_apply_decision (vms->pdata[i]);
    }
  for (guint i = 0; i < vms->len; i++)
    {
      const McVmDecision *decision = mc_vm_get_decision (vms->pdata[i]);

      if (decision->target >= decision->before)
        mc_vm_apply_decision (vms->pdata[i]);
      mc_target_retry_denied (&mc_vm_get_parts (vms->pdata[i])->target);
    }
}

static gboolean
anybody_may_sleep (const McHostParts *host)
{
  return mc_policy_tuning (mc_context_get_policy (host->context))->sleep_turn_s > 0;
}

/* Who is awake reports more: before who falls asleep, and who may be in need before all. */
static void
apply_attention (const McHostParts *host)
{
  const GPtrArray *vms = host->fleet.vms;
  gboolean woken = FALSE;

  if (!anybody_may_sleep (host))
    return;
  for (guint i = 0; i < vms->len; i++)
    if (mc_vm_get_decision (vms->pdata[i])->pressing)
      mc_vm_apply_attention (vms->pdata[i]);
  for (guint i = 0; i < vms->len; i++)
    {
      mc_vm_apply_attention (vms->pdata[i]);
      woken |= mc_vm_is_to_be_asked (vms->pdata[i]);
    }
  if (woken)
    mc_context_want_cycle_for_woken (host->context);
}

static void
answer_reservations (McHostParts *host)
{
  if (mc_reservations_get_total (&host->reservations) == 0)
    return;
  mc_reservations_set_headroom (&host->reservations, mc_host_state_find_headroom (&host->state));
  mc_reservations_answer_due (&host->reservations);
}

/* Returns: whether anything was decided. */
static gboolean
work_on (McHostParts *host, const McSample *sample)
{
  mc_reservations_use (&host->reservations, mc_fleet_reconcile (&host->fleet, sample));
  mc_host_state_update_from_sample (&host->state, sample);
  if (host->state.degraded != NULL)
    return FALSE;
  decide (host);
  apply (host);
  apply_attention (host);
  answer_reservations (host);
  mc_fleet_refresh_due (&host->fleet);
  return TRUE;
}

static gboolean
is_pressing (const McHostParts *host)
{
  const GPtrArray *vms = host->fleet.vms;

  if (host->state.degraded != NULL)
    return FALSE;
  if (host->state.decision.pressing)
    return TRUE;
  for (guint i = 0; i < vms->len; i++)
    if (mc_vm_is_pressing (vms->pdata[i]))
      return TRUE;
  return FALSE;
}

/* The last that waits for a give-back may be the service itself, which ends then. */
static void
cycle_end (McHostParts *host, gboolean decided, gboolean pressing)
{
  McContext *context = host->context;

  if (host->state.degraded != NULL)
    mc_counting_lose (&host->counting);
  mc_counting_note_due (&host->counting);
  context->heard_by->cycle_ended (context->listener, pressing);
  if (decided)
    mc_give_back_calls_continue (&host->give_back_calls);
  else
    mc_give_back_calls_note_missed (&host->give_back_calls);
}

/* What a sample is for, which may come after the service was disposed of. */
typedef struct
{
  McContext *context;
  McHostParts *host; /* (unowned): not there any more where the service ends */
} Call;

static void
on_sampled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (McContext) context = call->context;
  McHostParts *host = call->host;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSample) sample
      = mc_hypervisor_sample_finish (MC_HYPERVISOR (source), result, &error);
  gboolean decided = FALSE;

  if (mc_context_is_ending (context))
    return;
  if (sample != NULL)
    decided = work_on (host, sample);
  else
    {
      g_debug ("A sample brought nothing: %s", error->message);
      mc_host_state_miss_sample (&host->state);
    }
  mc_fleet_announce (&host->fleet);
  cycle_end (host, decided, is_pressing (host));
}

/* What a new VM is promised, and what is given back in the end, goes by figures of now. */
static void
let_sleep (McHostParts *host)
{
  gboolean all_awake
      = mc_reservations_get_total (&host->reservations) > 0 || host->give_back_calls.service_ends;
  g_autoptr (GHashTable) asleep
      = anybody_may_sleep (host) ? mc_fleet_list_asleep (&host->fleet, all_awake) : NULL;

  mc_hypervisor_let_sleep (host->context->hypervisor, asleep);
}

/* Who stops for good has little time, and some of it is for a second try. */
static gint64
sample_patience_us (const McHostParts *host)
{
  gint64 interval_us = mc_policy_interval_us (mc_context_get_policy (host->context));

  if (host->give_back_calls.service_ends)
    return SAMPLE_AT_LEAST_US;
  return CLAMP (interval_us / 4 * 3, SAMPLE_AT_LEAST_US, SAMPLE_AT_MOST_US);
}

void
mc_cycle_begin (McHostParts *host)
{
  McContext *context = host->context;
  Call *call;

  if (!mc_hypervisor_get_connected (context->hypervisor))
    {
      mc_host_state_update (&host->state);
      cycle_end (host, FALSE, FALSE);
      return;
    }
  let_sleep (host);
  call = g_new (Call, 1);
  *call = (Call){ mc_context_ref (context), host };
  mc_hypervisor_sample_async (
      context->hypervisor, g_get_monotonic_time () + sample_patience_us (host), on_sampled, call);
}
