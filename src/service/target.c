/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The balloon target that is set in a VM. */
#include "config.h"

#include "target.h"

#include "events.h"
#include "refusal.h"
#include "vm-notes.h"

/* Nothing is wrong with a call that takes a moment. */
#define GRACE_US (2 * G_USEC_PER_SEC)

struct _McTarget
{
  GObject parent;

  McContext *context;
  McDomain *domain;
  guint64 set;        /* last, or on its way; MC_UNKNOWN = never */
  gboolean reclaimed; /* as is noted: memory was taken */

  gboolean under_way;
  gint64 since_us;
  guint64 from;
  guint64 to;
  guint64 before; /* what was set before: true again when this one fails */
  McReason reason;
  char *sentence; /* NULL: nobody is notified of it */

  McRefusal refusal;
  gboolean uncertain; /* what is in force may be what an earlier run, or a lost call, has left */
};

enum
{
  MOVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McTarget, mc_target, G_TYPE_OBJECT)

static guint64
get_balloon (McTarget *self)
{
  return mc_domain_get_facts (self->domain)->balloon;
}

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
fail (McTarget *self, const GError *error)
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
    mc_event_target_failed (mc_domain_get_name (self->domain), mc_domain_get_uuid (self->domain),
                            self->to, error->message);
}

static void
succeed (McTarget *self)
{
  g_autofree char *sentence = g_steal_pointer (&self->sentence);
  guint64 from = self->from, to = self->to;

  mc_refusal_clear (&self->refusal);
  self->uncertain = FALSE;
  if (sentence == NULL || mc_domain_is_gone (self->domain))
    return; /* nothing that anybody wants to know, or it went away with its new target */
  if (mc_domain_may_log (self->domain, mc_context_now (self->context)))
    mc_event_memory_moved (mc_domain_get_name (self->domain), mc_domain_get_uuid (self->domain),
                           from, to, mc_reason_nick (self->reason), sentence);
  g_signal_emit (self, signals[MOVED], 0, from, to, sentence);
}

void
mc_target_ended (McTarget *self, const GError *error)
{
  if (!self->under_way)
    return;
  self->under_way = FALSE;
  if (error != NULL)
    fail (self, error);
  else
    succeed (self);
  g_clear_pointer (&self->sentence, g_free);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McTarget) self = user_data;
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
  mc_vm_notes_set_reclaimed (self->context->store, mc_domain_get_uuid (self->domain),
                             mc_domain_get_id (self->domain), reclaimed);
}

/* @sentence: (transfer full) (nullable) */
static void
set (McTarget *self, guint64 from, guint64 to, McReason reason, char *sentence)
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
  mc_hypervisor_set_target_async (self->context->hypervisor, mc_domain_get_uuid (self->domain), to,
                                  on_set, g_object_ref (self));
}

void
mc_target_begin_cycle (McTarget *self)
{
  if (is_dry_run (self))
    self->refusal.lasts = FALSE; /* nobody asks any more */
}

void
mc_target_apply (McTarget *self, const McVmDecision *decision)
{
  if (self->under_way)
    return;
  if (decision->target != decision->before)
    {
      set (self, decision->before, decision->target, decision->reason,
           mc_decision_describe (decision));
      return;
    }
  if (is_dry_run (self))
    return;
  /* A guest that does not go where it was sent may not have heard of it. */
  g_debug (
      "%s has %" G_GUINT64_FORMAT " MiB; its target of %" G_GUINT64_FORMAT " MiB is set once more",
      mc_domain_get_name (self->domain), get_balloon (self) / MC_MIB, decision->target / MC_MIB);
  set (self, decision->target, decision->target, decision->reason, NULL);
}

void
mc_target_probe (McTarget *self)
{
  /* What can be set without moving anything. */
  guint64 present = self->set != MC_UNKNOWN ? self->set : get_balloon (self);

  if (self->refusal.lasts && present != MC_UNKNOWN && may_set (self))
    set (self, present, present, MC_REASON_NONE, NULL);
}

void
mc_target_withdraw_leftover (McTarget *self)
{
  guint64 balloon = get_balloon (self);

  if (self->uncertain && self->set == MC_UNKNOWN && balloon != MC_UNKNOWN && may_set (self))
    set (self, balloon, balloon, MC_REASON_NONE, NULL);
}

guint64
mc_target_get (McTarget *self)
{
  return self->set;
}

gboolean
mc_target_is_late (McTarget *self)
{
  gint64 now_us;

  if (!self->under_way && self->refusal.not_before_us == 0)
    return FALSE; /* asked of each VM, more than once a cycle */
  now_us = mc_context_now (self->context);
  return (self->under_way && now_us - self->since_us >= GRACE_US)
         || now_us < self->refusal.not_before_us;
}

McReason
mc_target_get_reason (McTarget *self)
{
  return self->reason;
}

gboolean
mc_target_has_reclaimed (McTarget *self)
{
  return self->reclaimed;
}

void
mc_target_forget_reclaimed (McTarget *self)
{
  note_reclaimed (self, FALSE);
}

gboolean
mc_target_is_uncertain (McTarget *self)
{
  return self->uncertain;
}

gboolean
mc_target_is_under_way (McTarget *self)
{
  return self->under_way;
}

gboolean
mc_target_is_refused (McTarget *self)
{
  return self->refusal.times > 0;
}

const char *
mc_target_get_problem (McTarget *self)
{
  return self->refusal.words;
}

const char *
mc_target_get_denial (McTarget *self)
{
  return self->refusal.lasts ? self->refusal.words : NULL;
}

void
mc_target_forget_refusal (McTarget *self)
{
  self->refusal.not_before_us = 0;
}

void
mc_target_set_uncertain (McTarget *self)
{
  self->uncertain = TRUE;
}

/* The end */

typedef struct
{
  McTarget *target;
  GSourceOnceFunc ended;
  gpointer user_data;
} PutBack;

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree PutBack *call = user_data;
  g_autoptr (McTarget) self = call->target;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    self->uncertain = FALSE;
  else
    g_message ("%s keeps its target: %s", mc_domain_get_name (self->domain), error->message);
  call->ended (call->user_data);
}

gboolean
mc_target_put_back (McTarget *self, GSourceOnceFunc ended, gpointer user_data)
{
  guint64 balloon = get_balloon (self);
  PutBack *call;

  if (self->under_way || self->set == MC_UNKNOWN || (balloon != MC_UNKNOWN && self->set >= balloon))
    return FALSE;
  self->uncertain = TRUE; /* until it is put back */
  if (balloon == MC_UNKNOWN)
    return FALSE;
  call = g_new (PutBack, 1);
  *call = (PutBack){ g_object_ref (self), ended, user_data };
  mc_hypervisor_set_target_async (self->context->hypervisor, mc_domain_get_uuid (self->domain),
                                  balloon, on_put_back, call);
  return TRUE;
}

static void
mc_target_finalize (GObject *object)
{
  McTarget *self = MC_TARGET (object);

  g_free (self->sentence);
  mc_refusal_clear (&self->refusal);
  g_object_unref (self->domain);
  mc_context_unref (self->context);
  G_OBJECT_CLASS (mc_target_parent_class)->finalize (object);
}

static void
mc_target_class_init (McTargetClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_target_finalize;
  signals[MOVED] = g_signal_new ("moved", MC_TYPE_TARGET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_STRING);
}

static void
mc_target_init (McTarget *self)
{
  self->set = MC_UNKNOWN;
}

McTarget *
mc_target_new (McContext *context, McDomain *domain)
{
  McTarget *self = g_object_new (MC_TYPE_TARGET, NULL);

  self->context = mc_context_ref (context);
  self->domain = g_object_ref (domain);
  self->reclaimed = mc_vm_notes_has_reclaimed (context->store, mc_domain_get_uuid (domain));
  return self;
}
