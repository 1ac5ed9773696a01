/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VM of the service. */
#include "config.h"

#include "vm.h"

#include "counters-file.h"
#include "events.h"
#include "give-back.h"
#include "vm-detail.h"
#include "vm-status.h"

#define DRY_RUN_PREFIX "dry run: "
#define NEARLY_PERCENT 5

/* Once it was said that somebody else moves its memory, it is known for a day. */
#define WARNED_FOR_US ((gint64)24 * 3600 * G_USEC_PER_SEC)

struct _McVm
{
  GObject parent;

  McContext *context;
  McVmParts parts;
  McVmHistory history; /* the policy's */
  McVmDecision decision;
  McVmStatusHistory status;
  McVmView view;
  GPtrArray *moves; /* (element-type McVmMove) */
  McCounters counters;
  gboolean described;
  gboolean movable; /* by its last description */
  gint64 warned_us; /* when it was last said that somebody else moves its memory; 0 = never */

  GSourceOnceFunc ended; /* of what puts it back */
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (McVm, mc_vm, G_TYPE_OBJECT)

const char *
mc_vm_get_uuid (McVm *self)
{
  return self->parts.domain.uuid;
}

const char *
mc_vm_get_name (McVm *self)
{
  return self->parts.domain.name;
}

McVmParts *
mc_vm_get_parts (McVm *self)
{
  return &self->parts;
}

const McVmView *
mc_vm_get_view (McVm *self)
{
  return &self->view;
}

GPtrArray *
mc_vm_get_moves (McVm *self)
{
  return self->moves;
}

McVmHistory *
mc_vm_get_history (McVm *self)
{
  return &self->history;
}

McVmStatus
mc_vm_get_status (McVm *self)
{
  return self->status.shown;
}

const McVmDecision *
mc_vm_get_decision (McVm *self)
{
  return &self->decision;
}

/* Sampled */

void
mc_vm_update_from_sample (McVm *self, const McVmSample *sample, gint64 began_us, guint64 n_sample)
{
  mc_domain_update_from_sample (&self->parts.domain, sample, began_us,
                                mc_context_now (self->context),
                                mc_clock_wall (self->context->clock), n_sample);
}

gboolean
mc_vm_is_to_be_read (McVm *self, gint64 now_us)
{
  const McDescription *description = &self->parts.description;

  if (description->reading || self->parts.domain.facts.busy
      || now_us < description->refusal.not_before_us)
    return FALSE;
  if (!self->described)
    return TRUE;
  return mc_stats_period_may_be_another (&self->parts.period, &self->history, now_us);
}

static void
on_description_read (GObject *vm, const GError *error)
{
  McVm *self = MC_VM (vm);
  McVmParts *parts = &self->parts;
  gboolean was_movable = self->movable, first = !self->described;

  if (error != NULL)
    {
      mc_vm_changes_continue (&parts->changes, error);
      return;
    }
  self->described = TRUE;
  self->movable = parts->description.current->immovable == NULL;
  mc_vm_limits_apply_metadata (&parts->limits, "metadata");
  mc_stats_period_sync (&parts->period);
  mc_target_withdraw_leftover (&parts->target);
  /* What pins its memory has done so, and what was taken from it is to be given back. */
  if (first || (was_movable && !self->movable))
    mc_context_want_cycle (self->context);
  mc_vm_changes_continue (&parts->changes, NULL);
}

void
mc_vm_close (McVm *self, const GError *why)
{
  mc_domain_set_gone (&self->parts.domain);
  mc_vm_changes_abandon (&self->parts.changes, why);
  mc_pause_close (&self->parts.pause);
}

gboolean
mc_vm_is_presentable (McVm *self)
{
  return self->described || !self->parts.description.reading || self->parts.domain.facts.busy;
}

/* Decided */

McVmFacts
mc_vm_get_facts (McVm *self, gboolean all_paused)
{
  return mc_vm_parts_get_facts (&self->parts, all_paused);
}

static guint64
wall_now (McVm *self)
{
  return (guint64)mc_clock_wall (self->context->clock);
}

static void
add_move (McVm *self, guint64 from, guint64 to, McReason reason, const char *sentence)
{
  const McVmMove move = { wall_now (self), from, to, reason, (char *)sentence };

  mc_vm_moves_add (self->moves, &move);
  mc_vm_view_set_reason (&self->view, move.time, reason, sentence);
}

void
mc_vm_add_move (McVm *self, guint64 from, guint64 to, const char *sentence)
{
  if (self->parts.target.reason == MC_REASON_IN_VAIN && !self->movable)
    mc_target_forget_reclaimed (&self->parts.target);
  add_move (self, from, to, self->parts.target.reason, sentence);
  mc_counters_add_move (&self->counters, from, to);
}

void
mc_vm_add_need (McVm *self, gint64 us)
{
  mc_counters_add_need (&self->counters, us);
}

void
mc_vm_note_counters (McVm *self)
{
  if (self->counters.noted)
    return;
  mc_counters_set_noted (&self->counters);
  mc_counters_file_set_vm (self->context->counters, &self->parts.domain, &self->counters);
}

static gboolean
is_worth_a_reason (const McVmDecision *decision, McReason before)
{
  return !decision->move && decision->reason != before
         && (decision->reason == MC_REASON_NO_FREE_MEMORY
             || decision->reason == MC_REASON_GROUP_FULL
             || decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN);
}

/* It needs more, and neither the host nor what it shares with others has any. */
static gboolean
is_short (const McVmDecision *decision)
{
  return !decision->move
         && (decision->reason == MC_REASON_NO_FREE_MEMORY
             || decision->reason == MC_REASON_GROUP_FULL);
}

/* Its own process did not answer, and it is not known to be kept from it. */
static gboolean
may_be_a_hiccup (McVm *self, McVmStatus found)
{
  return found == MC_VM_BUSY && self->parts.domain.facts.busy
         && !mc_target_is_late (&self->parts.target);
}

static gboolean
has_all (McVm *self)
{
  McVmFacts facts = mc_vm_get_facts (self, FALSE);

  return !self->parts.target.under_way && mc_give_back_is_possible (&facts, &self->history)
         && mc_give_back_missing (&facts, &self->history) == 0;
}

static gboolean
is_left_to_others (McVm *self)
{
  return mc_vm_history_is_left_alone (&self->history);
}

/* One that is not managed any more has all of it back, or somebody else has set its balloon since:
 * what it has from then on is nobody's business. */
static void
forget_what_was_given_back (McVm *self)
{
  McTarget *target = &self->parts.target;

  if (!target->reclaimed || target->under_way)
    return;
  if (is_left_to_others (self)
      || (mc_vm_parts_is_released (&self->parts)
          && (self->history.foreign_until_us > 0 || has_all (self))))
    mc_target_forget_reclaimed (target);
}

/* Whoever sets its balloon goes on with that, and may let it rest for an hour now and then. */
static void
warn_of_others (McVm *self)
{
  gint64 now_us = mc_context_now (self->context);

  if (self->decision.status != MC_VM_FOREIGN
      || (self->warned_us != 0 && now_us - self->warned_us < WARNED_FOR_US))
    return;
  self->warned_us = now_us;
  mc_event_vm_foreign (mc_vm_get_name (self), mc_vm_get_uuid (self));
}

void
mc_vm_store_decision (McVm *self, const McVmDecision *decision)
{
  McReason before = self->decision.reason;
  McVmStatus found = decision->status;

  self->decision = *decision;
  mc_vm_limits_set_claimed (&self->parts.limits, FALSE);
  forget_what_was_given_back (self);
  if (is_worth_a_reason (decision, before))
    {
      g_autofree char *sentence = mc_decision_describe (decision);

      mc_vm_view_set_reason (&self->view, wall_now (self), decision->reason, sentence);
    }
  mc_vm_view_set_short (&self->view, is_short (decision), wall_now (self));
  warn_of_others (self);
  /* What is only tried again after a failure is not well yet. */
  if (found == MC_VM_MANAGED && decision->move && self->parts.target.refusal.times > 0)
    found = MC_VM_BUSY;
  mc_vm_status_update (&self->status, &self->parts.domain, found, may_be_a_hiccup (self, found),
                       mc_context_now (self->context));
}

static void
log_move (McVm *self, const McVmDecision *decision)
{
  g_autofree char *sentence = mc_decision_describe (decision);
  g_autofree char *shown = g_strconcat (DRY_RUN_PREFIX, sentence, NULL);
  guint64 nearly = self->parts.domain.facts.capacity / 100 * NEARLY_PERCENT;

  /* In a dry run nothing changes, so the next cycle decides the same, or nearly: logged once. */
  if (mc_vm_moves_repeats (self->moves, decision->before, decision->target, DRY_RUN_PREFIX, nearly))
    return;
  add_move (self, decision->before, decision->target, decision->reason, shown);
  if (mc_domain_may_log (&self->parts.domain, mc_context_now (self->context)))
    mc_event_memory_would_move (mc_vm_get_name (self), mc_vm_get_uuid (self), decision->before,
                                decision->target, mc_reason_nick (decision->reason), sentence);
}

void
mc_vm_apply_decision (McVm *self)
{
  const McVmDecision *decision = &self->decision;

  if (!decision->move)
    return;
  /* A target that was set before the dry run, and is out of reach, is not left in force. */
  if (mc_settings_get_dry_run (self->context->settings) && decision->reason != MC_REASON_UNREACHABLE
      && decision->target != decision->before)
    log_move (self, decision);
  else
    mc_target_apply (&self->parts.target, decision);
}

/* Only who was heard of in this cycle is set anything: who hangs, and sleeps, would keep others
 * waiting. */
void
mc_vm_apply_attention (McVm *self)
{
  const McVmFacts *facts = &self->parts.domain.facts;

  if (!facts->asleep && !facts->unanswered)
    mc_stats_period_follow (&self->parts.period, &self->decision);
}

gboolean
mc_vm_may_sleep (McVm *self)
{
  return self->decision.attention == MC_ATTENTION_ASLEEP && !self->parts.domain.stirred;
}

gboolean
mc_vm_is_to_be_asked (McVm *self)
{
  return self->parts.domain.facts.asleep && self->decision.woken;
}

gboolean
mc_vm_is_pressing (McVm *self)
{
  const McDomain *domain = &self->parts.domain;

  return self->decision.pressing || domain->was_busy != domain->facts.busy
         || mc_vm_status_is_changing (&self->status);
}

void
mc_vm_update_view (McVm *self, const char *all_paused, const char *degraded)
{
  McVmFacts facts = mc_vm_get_facts (self, all_paused != NULL);
  McVmStatus status = degraded != NULL ? MC_VM_BUSY : self->status.shown;
  g_auto (McVmDetail) detail = { .code = "degraded", .text = degraded };

  if (degraded == NULL)
    detail = mc_vm_detail_describe (&self->parts, status, &self->decision, all_paused);

  mc_vm_view_set_lost (&self->view, degraded != NULL);
  mc_vm_view_set_counters (&self->view, &self->counters);
  mc_vm_view_update (&self->view, &self->parts, &facts, &self->history, status, &detail,
                     wall_now (self));
}

/* The end */

static void
on_target_put_back (gpointer user_data)
{
  McVm *self = user_data;

  mc_stats_period_drop_note (&self->parts.period);
  self->ended (self->user_data);
}

guint
mc_vm_put_back (McVm *self, GSourceOnceFunc ended, gpointer user_data)
{
  McVmParts *parts = &self->parts;
  guint calls = 0;

  self->ended = ended;
  self->user_data = user_data;
  /* Nor what it has from the end of the service on. */
  if (has_all (self))
    mc_target_forget_reclaimed (&parts->target);
  if (!is_left_to_others (self) && mc_target_put_back (&parts->target, on_target_put_back, self))
    calls++;
  if (mc_stats_period_put_back (&parts->period, ended, user_data))
    calls++;
  return calls;
}

/* Life */

static void
mc_vm_init (McVm *self)
{
  self->moves = mc_vm_moves_new ();
  self->movable = TRUE;
  mc_vm_view_init (&self->view);
}

static void
mc_vm_finalize (GObject *object)
{
  McVm *self = MC_VM (object);

  mc_vm_parts_clear (&self->parts);
  mc_vm_view_clear (&self->view);
  g_ptr_array_unref (self->moves);
  mc_context_unref (self->context);
  G_OBJECT_CLASS (mc_vm_parent_class)->finalize (object);
}

static void
mc_vm_class_init (McVmClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_vm_finalize;
}

McVm *
mc_vm_new (McContext *context, const McVmSample *sample, gint64 started_us)
{
  McVm *self = g_object_new (MC_TYPE_VM, NULL);

  self->context = mc_context_ref (context);
  mc_vm_parts_init (&self->parts, context, G_OBJECT (self), sample, started_us,
                    on_description_read);
  mc_counters_file_get_vm (context->counters, &self->parts.domain, &self->counters);
  return self;
}
