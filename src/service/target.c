/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The balloon target that is set in a VM. */
#include "config.h"

#include "target.h"

#include "events.h"
#include "state-file.h"

/* Nothing is wrong with a call that takes a moment. */
#define GRACE_US (2 * G_USEC_PER_SEC)

static gboolean
is_dry_run (McTarget *self)
{
  return mc_settings_get_dry_run (self->context->settings);
}

/* Whether the hypervisor may be asked for anything now. */
static gboolean
may_set (McTarget *self)
{
  return !self->under_way && mc_context_now (self->context) >= self->refusal.not_before_us
         && !is_dry_run (self);
}

static void
target_fail (McTarget *self, const GError *error)
{
  gint64 now_us = mc_context_now (self->context);

  self->set = self->before;
  /* Whether a lost call had its effect nobody knows. */
  if (g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED))
    {
      self->set = MC_UNKNOWN;
      self->uncertain = TRUE;
    }
  if (mc_refusal_note (&self->refusal, error, now_us) && mc_domain_may_log (self->domain, now_us))
    mc_event_target_failed (self->domain->name, self->domain->uuid, self->to, error->message);
}

static void
succeed (McTarget *self)
{
  g_autofree char *sentence = g_steal_pointer (&self->sentence);
  guint64 from = self->from, to = self->to;

  mc_refusal_clear (&self->refusal);
  self->uncertain = FALSE;
  if (sentence == NULL || self->domain->gone)
    return; /* nothing that anybody wants to know, or it went away with its new target */
  if (mc_domain_may_log (self->domain, mc_context_now (self->context)))
    mc_event_memory_moved (self->domain->name, self->domain->uuid, from, to,
                           mc_reason_nick (self->reason), sentence);
  self->context->heard_by->vm_moved (self->context->listener, self->domain, from, to, sentence);
}

void
mc_target_ended (McTarget *self, const GError *error)
{
  if (!self->under_way)
    return;
  self->under_way = FALSE;
  if (error != NULL)
    target_fail (self, error);
  else
    succeed (self);
  g_clear_pointer (&self->sentence, g_free);
  if (!mc_context_is_ending (self->context))
    self->context->heard_by->target_ended (self->context->listener, self->domain, error);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McTarget *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;
  g_autoptr (GError) error = NULL;

  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error);
  /* Its real end comes as "target-ended". */
  if (!g_error_matches (error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT))
    mc_target_ended (self, error);
}

/* Written once in a VM's life, so it is not waited for. */
static void
note_reclaimed (McTarget *self, gboolean reclaimed)
{
  if (self->reclaimed == reclaimed)
    return;
  self->reclaimed = reclaimed;
  mc_state_file_set_reclaimed (self->context->store, self->domain, reclaimed);
}

/* @sentence: (transfer full) (nullable) */
static void
target_set (McTarget *self, guint64 from, guint64 to, McReason reason, char *sentence)
{
  self->under_way = TRUE;
  self->since_us = mc_context_now (self->context);
  self->from = from;
  self->to = to;
  self->before = self->set;
  self->reason = reason;
  self->sentence = sentence;
  self->set = to;
  if (to < from)
    note_reclaimed (self, TRUE);
  g_object_ref (self->domain->vm);
  mc_hypervisor_set_target_async (self->context->hypervisor, self->domain->uuid, to, on_set, self);
}

void
mc_target_begin_cycle (McTarget *self)
{
  if (is_dry_run (self))
    mc_refusal_stop_lasting (&self->refusal);
}

void
mc_target_apply (McTarget *self, const McVmDecision *decision)
{
  if (self->under_way)
    return;
  if (decision->target != decision->before)
    {
      target_set (self, decision->before, decision->target, decision->reason,
                  mc_decision_describe (decision));
      return;
    }
  if (is_dry_run (self))
    return;
  /* A guest that does not go where it was sent may not have heard of it. */
  g_debug ("%s does not follow; its target is set once more", self->domain->name);
  target_set (self, decision->target, decision->target, decision->reason, NULL);
}

void
mc_target_retry_denied (McTarget *self)
{
  /* What can be set without moving anything. */
  guint64 present = self->set != MC_UNKNOWN ? self->set : self->domain->facts.balloon;

  if (self->refusal.lasts && present != MC_UNKNOWN && may_set (self))
    target_set (self, present, present, MC_REASON_NONE, NULL);
}

void
mc_target_withdraw_leftover (McTarget *self)
{
  guint64 balloon = self->domain->facts.balloon;

  if (self->uncertain && self->set == MC_UNKNOWN && balloon != MC_UNKNOWN && may_set (self))
    target_set (self, balloon, balloon, MC_REASON_NONE, NULL);
}

gboolean
mc_target_is_move (const McTarget *self)
{
  return self->from != self->to;
}

gboolean
mc_target_is_late (const McTarget *self)
{
  gint64 now_us;

  if (!self->under_way && self->refusal.not_before_us == 0)
    return FALSE; /* asked of each VM, more than once a cycle */
  now_us = mc_context_now (self->context);
  return (self->under_way && now_us - self->since_us >= GRACE_US)
         || now_us < self->refusal.not_before_us;
}

void
mc_target_forget_reclaimed (McTarget *self)
{
  note_reclaimed (self, FALSE);
}

void
mc_target_set_give_back (McTarget *self, gboolean give_back)
{
  self->give_back = give_back;
}

void
mc_target_set_uncertain (McTarget *self)
{
  self->uncertain = TRUE;
}

const char *
mc_target_get_denial (const McTarget *self)
{
  return self->refusal.lasts ? self->refusal.words : NULL;
}

/* The end */

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McTarget *self = user_data;
  g_autoptr (GObject) vm G_GNUC_UNUSED = self->domain->vm;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    self->uncertain = FALSE;
  else
    g_message ("%s keeps its target: %s", self->domain->name, error->message);
  self->ended (self->user_data);
}

gboolean
mc_target_put_back (McTarget *self, GSourceOnceFunc ended, gpointer user_data)
{
  guint64 balloon = self->domain->facts.balloon;

  if (self->under_way || self->set == MC_UNKNOWN || (balloon != MC_UNKNOWN && self->set >= balloon))
    return FALSE;
  self->uncertain = TRUE; /* until it is put back */
  if (balloon == MC_UNKNOWN)
    return FALSE;
  self->ended = ended;
  self->user_data = user_data;
  g_object_ref (self->domain->vm);
  mc_hypervisor_set_target_async (self->context->hypervisor, self->domain->uuid, balloon,
                                  on_put_back, self);
  return TRUE;
}

void
mc_target_init (McTarget *self, McContext *context, McDomain *domain)
{
  *self = (McTarget){
    .context = context,
    .domain = domain,
    .set = MC_UNKNOWN,
    .reclaimed = mc_state_file_get_reclaimed (context->store, domain),
  };
}

void
mc_target_clear (McTarget *self)
{
  g_free (self->sentence);
  mc_refusal_clear (&self->refusal);
}
