/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VM of the service. */
#include "config.h"

#include "vm.h"

#include "events.h"
#include "vm-detail.h"
#include "vm-status.h"

#define DRY_RUN_PREFIX "dry run: "
#define NEARLY_PERCENT 5

struct _McVm
{
  McPart parent;

  McContext *context;
  McVmParts parts;
  McVmHistory history; /* the policy's */
  McVmDecision decision;
  McVmStatusHistory status;
  McVmView view;
  GPtrArray *moves; /* (element-type McVmMove) */
  guint64 last_sample;
  gboolean announced;
  gboolean described;
  gboolean movable; /* by its last description */
};

enum
{
  MOVED,
  CYCLE_WANTED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McVm, mc_vm, MC_TYPE_PART)

const char *
mc_vm_get_uuid (McVm *self)
{
  return mc_domain_get_uuid (self->parts.domain);
}

const char *
mc_vm_get_name (McVm *self)
{
  return mc_domain_get_name (self->parts.domain);
}

gboolean
mc_vm_is_gone (McVm *self)
{
  return mc_domain_is_gone (self->parts.domain);
}

McDomain *
mc_vm_get_domain (McVm *self)
{
  return self->parts.domain;
}

McPause *
mc_vm_get_pause (McVm *self)
{
  return self->parts.pause;
}

McVmChanges *
mc_vm_get_changes (McVm *self)
{
  return self->parts.changes;
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

const McVmDecision *
mc_vm_get_decision (McVm *self)
{
  return &self->decision;
}

/* Sampled */

void
mc_vm_update_from_sample (McVm *self, const McVmSample *sample, gint64 began_us, guint64 n_sample)
{
  mc_domain_update_from_sample (self->parts.domain, sample, began_us,
                                mc_clock_wall (self->context->clock));
  self->last_sample = n_sample;
}

guint64
mc_vm_get_last_sample (McVm *self)
{
  return self->last_sample;
}

void
mc_vm_refresh (McVm *self)
{
  mc_description_refresh (self->parts.description);
}

gboolean
mc_vm_is_unread (McVm *self)
{
  return !self->described && !mc_description_is_being_read (self->parts.description)
         && !mc_domain_get_facts (self->parts.domain)->busy;
}

static void
on_description_read (McDescription *description, const GError *error, gpointer user_data)
{
  McVm *self = user_data;
  const McVmParts *parts = &self->parts;
  gboolean was_movable = self->movable, first = !self->described;

  if (error != NULL)
    {
      mc_vm_changes_continue (parts->changes, error);
      return;
    }
  self->described = TRUE;
  self->movable = mc_description_get (description)->immovable == NULL;
  mc_vm_limits_apply_metadata (parts->limits, "metadata");
  mc_stats_period_sync (parts->period);
  mc_target_withdraw_leftover (parts->target);
  /* What pins its memory has done so, and what was taken from it is to be given back. */
  if (first || (was_movable && !self->movable))
    g_signal_emit (self, signals[CYCLE_WANTED], 0);
  mc_vm_changes_continue (parts->changes, NULL);
}

void
mc_vm_close (McVm *self, const GError *why)
{
  mc_domain_set_gone (self->parts.domain);
  mc_vm_changes_abandon (self->parts.changes, why);
  mc_pause_close (self->parts.pause);
}

void
mc_vm_catch_up (McVm *self)
{
  const McVmParts *parts = &self->parts;

  if (mc_domain_has_crashed (parts->domain))
    mc_domain_set_started (parts->domain, mc_context_now (self->context));
  mc_description_forget_refusal (parts->description);
  mc_stats_period_forget_refusal (parts->period);
  mc_target_forget_refusal (parts->target);
  mc_description_refresh (parts->description);
}

gboolean
mc_vm_is_presentable (McVm *self)
{
  return self->described || !mc_description_is_being_read (self->parts.description)
         || mc_domain_get_facts (self->parts.domain)->busy;
}

gboolean
mc_vm_is_announced (McVm *self)
{
  return self->announced;
}

void
mc_vm_set_announced (McVm *self)
{
  self->announced = TRUE;
}

/* Decided */

McVmFacts
mc_vm_get_facts (McVm *self, gboolean all_paused)
{
  const McVmParts *parts = &self->parts;
  const McVmDescription *description = mc_description_get (parts->description);
  McVmFacts facts = *mc_domain_get_facts (parts->domain);

  facts.busy |= mc_target_is_late (parts->target) || description == NULL;
  facts.has_balloon = description == NULL || description->has_balloon;
  facts.immovable = description != NULL ? description->immovable : NULL;
  facts.denied = mc_target_get_denial (parts->target) != NULL;
  facts.paused = all_paused || mc_pause_is_active (parts->pause);
  facts.target = mc_target_get (parts->target);
  facts.reclaimed = mc_target_has_reclaimed (parts->target);
  mc_vm_limits_fill (parts->limits, &facts);
  return facts;
}

void
mc_vm_begin_cycle (McVm *self)
{
  mc_target_begin_cycle (self->parts.target);
}

static guint64
wall_now (McVm *self)
{
  return (guint64)mc_clock_wall (self->context->clock);
}

static void
add_move (McVm *self, guint64 from, guint64 to, const char *sentence)
{
  const McVmMove move = { wall_now (self), from, to, (char *)sentence };

  mc_vm_moves_add (self->moves, &move);
  mc_vm_view_set_reason (&self->view, move.time, sentence);
}

static void
on_target_moved (
    McTarget *target, guint64 from, guint64 to, const char *sentence, gpointer user_data)
{
  McVm *self = user_data;

  if (mc_target_get_reason (target) == MC_REASON_IN_VAIN && !self->movable)
    mc_target_forget_reclaimed (target);
  add_move (self, from, to, sentence);
  g_signal_emit (self, signals[MOVED], 0, from, to, sentence);
}

static gboolean
is_worth_a_reason (const McVmDecision *decision, McReason before)
{
  return !decision->move && decision->reason != before
         && (decision->reason == MC_REASON_NO_FREE_MEMORY
             || decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN);
}

/* Its own process did not answer, and it is not known to be kept from it. */
static gboolean
may_be_a_hiccup (McVm *self, McVmStatus found)
{
  return found == MC_VM_BUSY && mc_domain_get_facts (self->parts.domain)->busy
         && !mc_target_is_late (self->parts.target);
}

void
mc_vm_store_decision (McVm *self, const McVmDecision *decision)
{
  McReason before = self->decision.reason;
  McVmStatus found = decision->status;

  self->decision = *decision;
  if (is_worth_a_reason (decision, before))
    {
      g_autofree char *sentence = mc_decision_describe (decision);

      mc_vm_view_set_reason (&self->view, wall_now (self), sentence);
    }
  /* What is only tried again after a failure is not well yet. */
  if (found == MC_VM_MANAGED && decision->move && mc_target_is_refused (self->parts.target))
    found = MC_VM_BUSY;
  mc_vm_status_update (&self->status, self->parts.domain, found, may_be_a_hiccup (self, found),
                       self->announced, mc_context_now (self->context));
}

static void
log_move (McVm *self, const McVmDecision *decision)
{
  g_autofree char *sentence = mc_decision_describe (decision);
  g_autofree char *shown = g_strconcat (DRY_RUN_PREFIX, sentence, NULL);
  guint64 nearly = mc_domain_get_facts (self->parts.domain)->capacity / 100 * NEARLY_PERCENT;

  /* In a dry run nothing changes, so the next cycle decides the same, or nearly: logged once. */
  if (mc_vm_moves_repeats (self->moves, decision->before, decision->target, DRY_RUN_PREFIX, nearly))
    return;
  add_move (self, decision->before, decision->target, shown);
  if (mc_domain_may_log (self->parts.domain, mc_context_now (self->context)))
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
    mc_target_apply (self->parts.target, decision);
}

void
mc_vm_probe_target (McVm *self)
{
  mc_target_probe (self->parts.target);
}

gboolean
mc_vm_is_pressing (McVm *self)
{
  McDomain *domain = self->parts.domain;

  return self->decision.pressing
         || mc_domain_was_busy (domain) != mc_domain_get_facts (domain)->busy
         || mc_vm_status_is_settling (&self->status);
}

void
mc_vm_update_view (McVm *self, const char *all_paused, const char *degraded)
{
  McVmFacts facts = mc_vm_get_facts (self, all_paused != NULL);
  McVmStatus status = degraded != NULL ? MC_VM_BUSY : self->status.shown;
  g_autofree char *detail
      = degraded != NULL
            ? g_strdup (degraded)
            : mc_vm_detail_describe (&self->parts, status, self->decision.reason, all_paused);

  mc_vm_view_update (&self->view, &self->parts, &facts, &self->history, status, detail);
}

/* The end */

void
mc_vm_target_ended (McVm *self, const GError *error)
{
  mc_target_ended (self->parts.target, error);
}

typedef struct
{
  McVm *vm;
  GSourceOnceFunc ended;
  gpointer user_data;
} PutBack;

static void
on_target_put_back (gpointer user_data)
{
  g_autofree PutBack *call = user_data;
  g_autoptr (McVm) self = call->vm;

  mc_stats_period_drop_note (self->parts.period);
  call->ended (call->user_data);
}

guint
mc_vm_put_back (McVm *self, GSourceOnceFunc ended, gpointer user_data)
{
  PutBack *call = g_new (PutBack, 1);
  guint calls = 0;

  *call = (PutBack){ g_object_ref (self), ended, user_data };
  if (mc_target_put_back (self->parts.target, on_target_put_back, call))
    calls++;
  else
    {
      g_object_unref (self);
      g_free (call);
    }
  if (mc_stats_period_put_back (self->parts.period, ended, user_data))
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

  g_object_unref (self->parts.changes);
  g_object_unref (self->parts.period);
  g_object_unref (self->parts.target);
  g_object_unref (self->parts.pause);
  g_object_unref (self->parts.limits);
  g_object_unref (self->parts.description);
  g_object_unref (self->parts.domain);
  mc_vm_view_clear (&self->view);
  g_ptr_array_unref (self->moves);
  mc_context_unref (self->context);
  G_OBJECT_CLASS (mc_vm_parent_class)->finalize (object);
}

static void
mc_vm_class_init (McVmClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_vm_finalize;
  signals[MOVED] = g_signal_new ("moved", MC_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_STRING);
  signals[CYCLE_WANTED] = g_signal_new ("cycle-wanted", MC_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 0);
}

McVm *
mc_vm_new (McContext *context, const McVmSample *sample, gint64 started_us)
{
  McVm *self = g_object_new (MC_TYPE_VM, NULL);
  McVmParts *parts = &self->parts;

  self->context = mc_context_ref (context);
  parts->domain = mc_domain_new (sample, started_us);
  parts->description = mc_description_new (context, parts->domain);
  parts->limits = mc_vm_limits_new (context, parts->domain, parts->description);
  parts->changes = mc_vm_changes_new (context, parts->domain, parts->description, parts->limits);
  parts->target = mc_target_new (context, parts->domain);
  parts->period = mc_stats_period_new (context, parts->domain, parts->description, parts->limits,
                                       parts->target);
  parts->pause = mc_pause_new (context, sample->uuid, sample->id);
  mc_part_forward (MC_PART (self), MC_PART (parts->limits));
  mc_part_forward (MC_PART (self), MC_PART (parts->pause));
  g_signal_connect_object (parts->description, "read", G_CALLBACK (on_description_read), self, 0);
  g_signal_connect_object (parts->target, "moved", G_CALLBACK (on_target_moved), self, 0);
  mc_pause_restore (parts->pause);
  return self;
}
