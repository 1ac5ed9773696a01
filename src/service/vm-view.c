/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy of a VM's state that is published. */
#include "config.h"

#include "vm-view.h"

void
mc_vm_view_init (McVmView *self)
{
  *self = (McVmView){
    .name = g_strdup (""),
    .status_detail = g_strdup (""),
    .status_detail_code = "",
    .overridden = g_new0 (char *, 1),
    .pause_reason = g_strdup (""),
    .last_reason = g_strdup (""),
  };
}

void
mc_vm_view_clear (McVmView *self)
{
  g_free (self->name);
  g_free (self->status_detail);
  g_strfreev (self->overridden);
  g_free (self->pause_reason);
  g_free (self->last_reason);
}

/* Returns: whether it is another. */
static gboolean
replace (char **string, const char *text)
{
  if (g_strcmp0 (*string, text) == 0)
    return FALSE;
  g_free (*string);
  *string = g_strdup (text);
  return TRUE;
}

static guint64
known (guint64 figure)
{
  return figure == MC_UNKNOWN ? 0 : figure;
}

static gboolean
update_overridden (McVmView *self, const McVmLimits *limits)
{
  g_auto (GStrv) own = mc_vm_limits_list_own (limits);

  if (g_strv_equal ((const char *const *)own, (const char *const *)self->overridden))
    return FALSE;
  g_strfreev (self->overridden);
  self->overridden = g_steal_pointer (&own);
  return TRUE;
}

/* What changes seldom. Returns: whether anything has. */
static gboolean
update_policy (McVmView *self, const McVmParts *vm, const McVmFacts *facts, McVmStatus status)
{
  const McVmDescription *description = vm->description.current;
  McVmView before = *self;

  self->id = vm->domain.id;
  self->status = status;
  self->persistent = description != NULL && description->persistent;
  self->policy = facts->policy;
  self->policy.minimum = known (self->policy.minimum);
  self->policy.maximum = known (self->policy.maximum);
  mc_policy_watermarks (facts, &self->policy.low_watermark, &self->policy.high_watermark);
  self->target = known (facts->target == MC_UNKNOWN ? facts->balloon : facts->target);
  self->paused_until = vm->pause.until_us;
  return self->status != before.status || self->persistent != before.persistent
         || memcmp (&self->policy, &before.policy, sizeof self->policy) != 0
         || self->target != before.target || self->paused_until != before.paused_until;
}

static void
update_figures (McVmView *self, const McVmParts *vm, const McVmFacts *facts)
{
  self->balloon = known (facts->balloon);
  self->unused = known (facts->unused);
  self->usable = known (facts->usable);
  self->available = known (facts->available);
  self->resident = known (facts->resident);
  self->stats_time = facts->stats_time_s > 0 ? (guint64)vm->domain.report_wall_us : 0;
}

void
mc_vm_view_set_lost (McVmView *self, gboolean lost)
{
  if (lost && !self->lost)
    {
      self->status_before = self->status;
      self->status_before_since = self->status_since;
    }
  self->lost = lost;
}

static void
set_since (McVmView *self, McVmStatus status, guint64 wall_us)
{
  gboolean again = !self->lost && self->status_before_since > 0 && status == self->status_before;

  if (status != self->status || self->status_since == 0)
    self->status_since = again ? self->status_before_since : wall_us;
  if (!self->lost)
    self->status_before_since = 0;
}

void
mc_vm_view_update (McVmView *self,
                   const McVmParts *vm,
                   const McVmFacts *facts,
                   const McVmHistory *history,
                   McVmStatus status,
                   const McVmDetail *detail,
                   guint64 wall_us)
{
  gboolean changed;

  set_since (self, status, wall_us);
  changed = update_policy (self, vm, facts, status);
  changed |= replace (&self->name, vm->domain.name);
  changed |= replace (&self->status_detail, detail->text);
  changed |= self->status_detail_code != detail->code;
  self->status_detail_code = detail->code;
  changed |= update_overridden (self, &vm->limits);
  changed |= replace (&self->pause_reason, mc_pause_get_reason (&vm->pause));
  update_figures (self, vm, facts);
  self->swap_in_rate = history->swap_in_rate;
  self->swap_out_rate = history->swap_out_rate;
  if (changed)
    self->revision++;
}

void
mc_vm_view_set_reason (McVmView *self, guint64 when, McReason reason, const char *sentence)
{
  self->last_reason_code = reason;
  g_free (self->last_reason);
  self->last_reason = g_strdup (sentence);
  self->last_change = when;
  self->revision++;
}

void
mc_vm_view_set_counters (McVmView *self, const McCounters *counters)
{
  self->need_seconds = counters->need_us / G_USEC_PER_SEC;
  self->granted = counters->granted;
  self->reclaimed = counters->reclaimed;
}

void
mc_vm_view_set_short (McVmView *self, gboolean is_short, guint64 wall_us)
{
  if (is_short == (self->short_since > 0))
    return;
  self->short_since = is_short ? wall_us : 0;
  self->revision++;
}
