/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the policy judges in one cycle, and what it decides. */
#include "config.h"

#include "decision-table.h"

static void
set_settings (McDecisionTable *self, const McHostParts *host)
{
  self->settings = *mc_context_get_policy (host->context);
  self->settings.reserved = mc_reservations_get_total (&host->reservations);
  self->settings.thresholds.host_reserve += self->settings.reserved;
  self->figures = host->state.figures;
  self->figures.groups = self->groups->items;
  self->figures.n_groups = self->groups->n;
  self->now_us = mc_context_now (host->context);
}

McDecisionTable *
mc_decision_table_new (const McHostParts *host)
{
  McDecisionTable *self = g_new (McDecisionTable, 1);
  const GPtrArray *vms = host->fleet.vms;
  gboolean all_paused = mc_host_parts_are_paused (host);

  self->n_vms = vms->len;
  self->groups = mc_vm_groups_new (vms, host->state.group_left);
  self->facts = g_new (McVmFacts, self->n_vms + 1);
  self->histories = g_new (McVmHistory *, self->n_vms + 1);
  self->decisions = g_new (McVmDecision, self->n_vms + 1);
  for (gsize i = 0; i < self->n_vms; i++)
    {
      self->facts[i] = mc_vm_get_facts (vms->pdata[i], all_paused);
      self->histories[i] = mc_vm_get_history (vms->pdata[i]);
    }
  set_settings (self, host);
  return self;
}

void
mc_decision_table_free (McDecisionTable *self)
{
  mc_vm_groups_free (self->groups);
  g_free (self->facts);
  g_free (self->histories);
  g_free (self->decisions);
  g_free (self);
}

McVmHistory *
mc_decision_table_copy_histories (const McDecisionTable *self)
{
  McVmHistory *copies = g_new (McVmHistory, self->n_vms + 1);

  for (gsize i = 0; i < self->n_vms; i++)
    copies[i] = *self->histories[i];
  return copies;
}

void
mc_decision_table_imagine (McDecisionTable *self, McVmHistory *histories)
{
  for (gsize i = 0; i < self->n_vms; i++)
    {
      self->histories[i] = &histories[i];
      self->facts[i].asleep = FALSE;
    }
}

void
mc_decision_table_detach (McDecisionTable *self)
{
  for (gsize i = 0; i < self->n_vms; i++)
    if (self->facts[i].immovable != NULL)
      self->facts[i].immovable = "";
  g_clear_pointer (&self->histories, g_free);
}

void
mc_decision_table_decide (McDecisionTable *self, McHostDecision *decision)
{
  mc_policy_decide (&self->settings, &self->figures, self->now_us, self->n_vms, self->facts,
                    self->histories, self->decisions, decision);
}
