/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM of the service consists of, and what they say together. */
#include "config.h"

#include "vm-parts.h"

#include "state-file.h"

gboolean
mc_vm_parts_is_released (const McVmParts *self)
{
  return self->limits.problem == NULL && mc_vm_limits_is_opted_out (&self->limits);
}

McVmFacts
mc_vm_parts_get_facts (const McVmParts *self, gboolean all_paused)
{
  const McVmDescription *description = self->description.current;
  McVmFacts facts = self->domain.facts;

  facts.busy |= mc_target_is_late (&self->target) || description == NULL;
  facts.has_balloon = description == NULL || description->has_balloon;
  facts.immovable = description != NULL ? description->immovable : NULL;
  facts.denied = mc_target_get_denial (&self->target) != NULL;
  facts.paused = all_paused || self->pause.active;
  facts.target = self->target.set;
  facts.reclaimed = self->target.reclaimed;
  facts.give_back = self->target.give_back;
  facts.released = facts.reclaimed && mc_vm_parts_is_released (self);
  facts.claimed = self->limits.claimed;
  facts.autodeflate = description != NULL && description->autodeflate;
  facts.emulated = description != NULL && description->emulated;
  if (self->target.under_way || self->target.uncertain)
    facts.cpu_time_us = MC_UNKNOWN; /* it is to be asked */
  mc_vm_limits_fill (&self->limits, &facts);
  return facts;
}

void
mc_vm_parts_catch_up (McVmParts *self)
{
  if (self->domain.crashed)
    mc_domain_set_started (&self->domain, mc_context_now (self->description.context));
  mc_domain_stir (&self->domain);
  mc_refusal_retry (&self->description.refusal);
  mc_refusal_retry (&self->period.refusal);
  mc_refusal_retry (&self->target.refusal);
  mc_description_refresh (&self->description);
}

void
mc_vm_parts_init (McVmParts *self,
                  McContext *context,
                  GObject *vm,
                  const McVmSample *sample,
                  gint64 started_us,
                  McDescriptionRead on_read)
{
  mc_domain_init (&self->domain, vm, sample, started_us);
  mc_state_file_begin_vm (context->store, &self->domain);
  mc_description_init (&self->description, context, &self->domain, on_read);
  mc_vm_limits_init (&self->limits, context, &self->domain, &self->description);
  mc_vm_changes_init (&self->changes, context, &self->domain, &self->description, &self->limits);
  mc_target_init (&self->target, context, &self->domain);
  mc_stats_period_init (&self->period, context, &self->domain, &self->description, &self->limits,
                        &self->target);
  mc_pause_init (&self->pause, context, &self->domain);
  mc_pause_restore (&self->pause);
}

void
mc_vm_parts_clear (McVmParts *self)
{
  mc_stats_period_clear (&self->period);
  mc_target_clear (&self->target);
  mc_pause_clear (&self->pause);
  mc_vm_limits_clear (&self->limits);
  mc_description_clear (&self->description);
  mc_domain_clear (&self->domain);
}
