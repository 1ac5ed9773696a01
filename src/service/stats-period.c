/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a guest reports. */
#include "config.h"

#include "stats-period.h"

#include "events.h"
#include "state-file.h"

/* After each change by somebody else it is set again so much later; after the last of these, only
 * where the guest would not report at all. */
static const gint64 again_after_us[] = {
  0, 0, 10 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, 360 * G_USEC_PER_SEC,
};
#define AGAIN_AT_MOST_US (600 * G_USEC_PER_SEC)

/* Where a guest is asked only now and then it reports no more often than this, or than it did
 * before the service set its period: whoever looks at it with another tool sees what that tool saw
 * before. */
#define SELDOM_S 10

/* Reports that come, but late, are looked into so often at the most. */
#define LATE_AGAIN_US (10 * G_USEC_PER_SEC)

/* Undisturbed for so long, it is ours alone. */
#define OURS_AFTER_US (600 * G_USEC_PER_SEC)

static guint
wanted_of (McStatsPeriod *self)
{
  guint period_s = (guint)(mc_context_get_policy (self->context)->stats_period_us / G_USEC_PER_SEC);

  if (!self->seldom)
    return period_s;
  return MAX (period_s, self->original_s > 0 ? MIN (self->original_s, SELDOM_S) : SELDOM_S);
}

/* What its description said last. */
static guint
found_of (McStatsPeriod *self)
{
  return self->description->current->stats_period_s;
}

/* Notes */

static void
forget (McStatsPeriod *self)
{
  self->done = TRUE;
  if (self->target->under_way || self->target->uncertain)
    return; /* the next run sees what became of it */
  self->noted = FALSE;
  mc_state_file_unset_original_period (self->context->store, self->domain);
}

/* An earlier run was killed: what it noted is what the VM had, and its last target may be out of
 * reach. */
static void
recall (McStatsPeriod *self)
{
  self->recalled = TRUE;
  if (!mc_state_file_get_original_period (self->context->store, self->domain, &self->original_s))
    return;
  self->noted = TRUE;
  mc_target_set_uncertain (self->target);
  if (found_of (self) != self->original_s)
    self->set_s = found_of (self); /* by that run, as far as anybody knows */
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McStatsPeriod *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;

  /* Where it could not be noted, which is in the log, the VM is served all the same. */
  mc_store_sync_finish (MC_STORE (source), result, NULL);
  self->under_way = FALSE;
  if (mc_context_is_ending (self->context) || self->domain->gone)
    return;
  self->noted = TRUE;
  mc_stats_period_sync (self);
}

static void
note (McStatsPeriod *self)
{
  McStore *store = self->context->store;

  self->under_way = TRUE;
  self->original_s = found_of (self);
  mc_state_file_set_original_period (store, self->domain, self->original_s);
  g_object_ref (self->domain->vm);
  mc_store_sync_async (store, on_noted, self);
}

/* Setting it */

static void
period_refuse (McStatsPeriod *self, const GError *error)
{
  gint64 now_us = mc_context_now (self->context);

  if (mc_refusal_note (&self->refusal, error, now_us) && mc_domain_may_log (self->domain, now_us))
    mc_event_vm_refused (self->domain->name, self->domain->uuid, "set its statistics period",
                         error->message);
}

static void
note_set (McStatsPeriod *self)
{
  mc_refusal_clear (&self->refusal);
  self->set_s = self->found_s = self->asked_s;
  self->set_us = mc_context_now (self->context);
  /* What was read of it meanwhile may be of before. */
  mc_description_outdate (self->description);
  mc_description_set_stats_period (self->description, self->asked_s);
  if (self->hurries)
    mc_context_want_cycle_for_woken (self->context);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McStatsPeriod *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;
  g_autoptr (GError) error = NULL;

  self->under_way = self->setting = FALSE;
  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    note_set (self);
  else
    period_refuse (self, error);
  if (self->ended != NULL && !mc_stats_period_put_back (self, self->ended, self->user_data))
    self->ended (self->user_data);
}

static void
call (McStatsPeriod *self, guint seconds, gboolean at_once, GAsyncReadyCallback callback)
{
  self->asked_s = seconds;
  g_object_ref (self->domain->vm);
  mc_hypervisor_set_stats_period_async (self->context->hypervisor, self->domain->uuid, seconds,
                                        at_once, callback, self);
}

static void
period_set (McStatsPeriod *self, guint seconds, gboolean at_once)
{
  self->under_way = self->setting = TRUE;
  call (self, seconds, at_once, on_set);
}

/* Another owner */

/* Somebody else has set it to @found. Returns: whether it is to be set again now. */
static gboolean
contest (McStatsPeriod *self, guint found, guint wanted)
{
  gint64 now_us = mc_context_now (self->context);

  if (found != self->found_s)
    {
      self->found_s = found;
      self->disturbed_us = now_us;
      if (self->contests++ == 0)
        mc_event_period_changed (self->domain->name, self->domain->uuid, found, wanted);
      self->not_before_us
          = now_us
            + (self->contests <= G_N_ELEMENTS (again_after_us) ? again_after_us[self->contests - 1]
                                                               : AGAIN_AT_MOST_US);
    }
  if (found > 0 && (found <= wanted || self->contests > G_N_ELEMENTS (again_after_us)))
    return FALSE;
  if (now_us < self->not_before_us)
    return FALSE;
  self->disturbed_us = now_us;
  return TRUE;
}

/* A VM that is not managed has what it had; in a dry run only one that reports nothing by itself is
 * made to. */
static gboolean
is_needed (McStatsPeriod *self)
{
  if (self->description->current->immovable != NULL || mc_vm_limits_is_opted_out (self->limits))
    return FALSE;
  return !mc_settings_get_dry_run (self->context->settings) || self->set_s != 0
         || found_of (self) == 0;
}

static gboolean
is_ours (McStatsPeriod *self)
{
  return self->noted && self->description->current != NULL && self->set_s != 0
         && found_of (self) == self->set_s;
}

static void
let_go (McStatsPeriod *self)
{
  if (is_ours (self) && self->original_s != self->set_s)
    {
      period_set (self, self->original_s, FALSE);
      return;
    }
  self->set_s = 0;
}

/* It is what is wanted. */
static void
confirm (McStatsPeriod *self)
{
  self->found_s = found_of (self);
  /* A set that was late has had its effect. */
  if (self->set_s == 0 && self->original_s != self->found_s)
    self->set_s = self->found_s;
  if (mc_context_now (self->context) - self->disturbed_us >= OURS_AFTER_US)
    self->contests = 0;
}

static gboolean
may_be_set (McStatsPeriod *self)
{
  return !self->under_way && mc_context_now (self->context) >= self->refusal.not_before_us;
}

void
mc_stats_period_sync (McStatsPeriod *self)
{
  const McVmDescription *description = self->description->current;
  guint found, wanted = wanted_of (self);

  if (description == NULL || !description->has_balloon || !may_be_set (self))
    return;
  found = found_of (self);
  if (!self->recalled)
    recall (self);
  if (!is_needed (self))
    {
      let_go (self);
      return;
    }
  if (!self->noted)
    {
      note (self);
      return;
    }
  if (found == wanted)
    {
      confirm (self);
      return;
    }
  if (self->set_s == 0 ? found == 0 || found > wanted
                       : found == self->set_s || contest (self, found, wanted))
    period_set (self, wanted, self->hurries);
}

/* What was under way, or refused, when its attention changed is made up for in the next cycle. */
void
mc_stats_period_follow (McStatsPeriod *self, const McVmDecision *decision)
{
  gboolean seldom = decision->attention != MC_ATTENTION_AWAKE;

  self->hurries = decision->woken || (self->seldom && !seldom);
  self->seldom = seldom;
  if (self->description->current != NULL && found_of (self) != wanted_of (self))
    mc_stats_period_sync (self);
}

/* Looked into */

/* Returns: since when a report of it is to come: it is awake, and its period was set. */
static gint64
awaited_since (const McStatsPeriod *self, const McVmHistory *history)
{
  if (history->stats_seen_us == 0 || history->awake_since_us == 0)
    return 0;
  return MAX (MAX (history->stats_seen_us, history->awake_since_us), self->set_us);
}

gboolean
mc_stats_period_may_be_another (McStatsPeriod *self, const McVmHistory *history, gint64 now_us)
{
  const McPolicySettings *settings = mc_context_get_policy (self->context);
  gint64 late_us = mc_policy_interval_us (settings) + settings->stats_period_us;
  gint64 since_us = awaited_since (self, history);

  if (since_us == 0 || since_us == self->looked_into_us)
    return FALSE;
  if (now_us - since_us <= late_us
      && (history->stats_interval_us <= late_us || since_us - self->looked_into_us < LATE_AGAIN_US))
    return FALSE;
  self->looked_into_us = since_us;
  return TRUE;
}

/* The end */

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McStatsPeriod *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    forget (self);
  else
    g_message ("%s keeps its statistics period of %u s instead of %u s: %s", self->domain->name,
               self->set_s, self->asked_s, error->message);
  self->ended (self->user_data);
}

gboolean
mc_stats_period_put_back (McStatsPeriod *self, GSourceOnceFunc ended, gpointer user_data)
{
  self->ended = ended;
  self->user_data = user_data;
  if (self->setting) /* goes on when that has ended */
    return TRUE;
  if (!self->noted || self->under_way)
    return FALSE;
  if (!is_ours (self) || self->original_s == self->set_s)
    {
      forget (self);
      return FALSE;
    }
  call (self, self->original_s, FALSE, on_put_back);
  return TRUE;
}

void
mc_stats_period_drop_note (McStatsPeriod *self)
{
  if (self->done)
    forget (self);
}

void
mc_stats_period_init (McStatsPeriod *self,
                      McContext *context,
                      McDomain *domain,
                      McDescription *description,
                      const McVmLimits *limits,
                      McTarget *target)
{
  *self = (McStatsPeriod){ context, domain, description, limits, target };
}

void
mc_stats_period_clear (McStatsPeriod *self)
{
  mc_refusal_clear (&self->refusal);
}
