/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service has done for all VMs, and how long it was not enough. */
#include "config.h"

#include "counting.h"

#include "counters-file.h"

/* So much may be lost when the service is killed, and a disk is written to as often at the most. */
#define NOTE_EVERY_US (60 * G_USEC_PER_SEC)

void
mc_counting_init (McCounting *self, McContext *context, const McFleet *fleet)
{
  gint64 now_us = mc_context_now (context), wall_us = mc_clock_wall (context->clock);

  *self = (McCounting){ .context = context, .fleet = fleet };
  self->since_us
      = mc_counters_file_get_total (context->counters, &self->total, &self->need, now_us, wall_us);
  if (self->since_us == 0)
    self->since_us = (guint64)wall_us;
}

/* Returns: what the VMs were in need since the last cycle, together, in µs. */
static guint64
count_need (const GPtrArray *vms, gint64 passed_us)
{
  guint64 sum = 0;

  for (guint i = 0; i < vms->len; i++)
    if (mc_vm_get_decision (vms->pdata[i])->in_need)
      {
        mc_vm_add_need (vms->pdata[i], passed_us);
        sum += (guint64)passed_us;
      }
  return sum;
}

void
mc_counting_begin_cycle (McCounting *self)
{
  gint64 now_us = mc_context_now (self->context);
  gint64 passed_us = self->found_us > 0 ? now_us - self->found_us : 0;
  guint64 need_us = passed_us > 0 ? count_need (self->fleet->vms, passed_us) : 0;

  self->found_us = now_us;
  if (self->found_critical)
    mc_counters_add_critical (&self->total, passed_us);
  if (need_us == 0)
    return;
  mc_counters_add_need (&self->total, (gint64)need_us);
  mc_last_hour_add (&self->need, now_us, need_us);
}

void
mc_counting_set_critical (McCounting *self, gboolean critical)
{
  self->found_critical = critical;
}

void
mc_counting_lose (McCounting *self)
{
  self->found_us = 0;
}

void
mc_counting_add_move (McCounting *self, guint64 from, guint64 to)
{
  mc_counters_add_move (&self->total, from, to);
}

void
mc_counting_add_failed_move (McCounting *self)
{
  mc_counters_add_failed_move (&self->total);
}

guint64
mc_counting_need_of_last_hour (const McCounting *self)
{
  return mc_last_hour_sum (&self->need, mc_context_now (self->context));
}

void
mc_counting_note (McCounting *self)
{
  McStore *store = self->context->counters;
  gint64 now_us = mc_context_now (self->context);

  if (self->total.noted)
    return;
  mc_counters_set_noted (&self->total);
  mc_counters_file_set_total (store, self->since_us, &self->total, &self->need, now_us,
                              mc_clock_wall (self->context->clock));
  for (guint i = 0; i < self->fleet->vms->len; i++)
    mc_vm_note_counters (self->fleet->vms->pdata[i]);
  self->noted_us = now_us;
  mc_store_save (store);
}

void
mc_counting_note_due (McCounting *self)
{
  if (self->total.noted
      || (self->noted_us != 0 && mc_context_now (self->context) - self->noted_us < NOTE_EVERY_US))
    return;
  mc_counting_note (self);
}
