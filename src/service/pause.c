/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pause of everything or of one VM. */
#include "config.h"

#include "pause.h"

#include "error.h"
#include "state-file.h"

/* The wall clock is slewed all the time; a step is more than that. */
#define STEP_US (2 * G_USEC_PER_SEC)

static void
keep (McPause *self)
{
  McStore *store = self->context->store;

  if (self->active)
    mc_state_file_set_pause (store, self->domain, self->reason, self->until_us, self->seconds);
  else
    mc_state_file_unset_pause (store, self->domain);
}

/* @was_active, @before_us: what it was */
static void
emit_change (McPause *self, gboolean was_active, guint64 before_us, const char *origin)
{
  mc_context_emit_changed (self->context, self->domain);
  mc_context_emit_setting_changed (self->context, self->domain, "Paused",
                                   g_variant_new_boolean (was_active),
                                   g_variant_new_boolean (self->active), origin);
  mc_context_emit_setting_changed (self->context, self->domain, "PausedUntil",
                                   g_variant_new_uint64 (before_us),
                                   g_variant_new_uint64 (self->until_us), origin);
}

static void
pause_end (McPause *self, const char *origin)
{
  guint64 before_us = self->until_us;

  mc_clock_cancel (self->context->clock, &self->timer);
  self->active = FALSE;
  g_clear_pointer (&self->reason, g_free);
  self->until_us = 0;
  self->seconds = 0;
  keep (self);
  emit_change (self, TRUE, before_us, origin);
}

static void
on_over (gpointer user_data)
{
  McPause *self = user_data;

  self->timer = 0;
  pause_end (self, "timer");
}

static void
pause_begin (McPause *self, const char *reason, guint seconds, gint64 left_us)
{
  McClock *clock = self->context->clock;
  char *old = self->reason;

  mc_clock_cancel (clock, &self->timer);
  self->active = TRUE;
  self->reason = g_strdup (reason);
  g_free (old);
  self->seconds = seconds;
  self->until_us = 0;
  if (seconds == 0)
    return;
  self->until_us = (guint64)(mc_clock_wall (clock) + left_us);
  self->ends_us = mc_clock_now (clock) + left_us;
  self->timer = mc_clock_call_at (clock, self->ends_us, on_over, self);
}

static void
begin_anew (McPause *self, const char *reason, guint seconds, gint64 left_us, const char *origin)
{
  gboolean was_active = self->active;
  guint64 before_us = self->until_us;

  pause_begin (self, reason, seconds, left_us);
  keep (self);
  emit_change (self, was_active, before_us, origin);
}

/* What was before a change that could not be kept */

typedef struct
{
  McPause *pause;
  GObject *vm; /* that keeps it, or NULL: the store forgets what is to be taken back of the host */
  gboolean active;
  char *reason;
  guint seconds;
  gint64 ends_us;
} Undo;

static Undo *
undo_new (McPause *self)
{
  Undo *undo = g_new (Undo, 1);

  *undo = (Undo){
    .pause = self,
    .vm = self->domain != NULL ? g_object_ref (self->domain->vm) : NULL,
    .active = self->active,
    .reason = g_strdup (self->reason),
    .seconds = self->seconds,
    .ends_us = self->ends_us,
  };
  return undo;
}

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  g_clear_object (&undo->vm);
  g_free (undo->reason);
  g_free (undo);
}

static void
undo_change (gpointer data)
{
  Undo *undo = data;
  McPause *self = undo->pause;
  gint64 left_us;

  if (self->domain != NULL && self->domain->gone)
    return;
  left_us = undo->seconds > 0 ? undo->ends_us - mc_context_now (self->context) : 0;
  if (undo->active && left_us >= 0)
    begin_anew (self, undo->reason, undo->seconds, left_us, "disk");
  else if (self->active)
    pause_end (self, "disk");
}

void
mc_pause_begin (McPause *self, const char *reason, guint seconds, const char *origin)
{
  Undo *undo = undo_new (self);

  begin_anew (self, reason, seconds, (gint64)seconds * G_USEC_PER_SEC, origin);
  mc_store_undo_with (self->context->store, undo_change, undo, undo_free);
}

gboolean
mc_pause_end (McPause *self, const char *name, const char *origin, GError **error)
{
  Undo *undo;

  if (!self->active)
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_PAUSED,
                   "%s is not paused: there is "
                   "nothing to resume",
                   name);
      return FALSE;
    }
  undo = undo_new (self);
  pause_end (self, origin);
  mc_store_undo_with (self->context->store, undo_change, undo, undo_free);
  return TRUE;
}

/*
 * The wall clock alone goes on while the service is away, and it may have been stepped: no pause
 * lasts longer for that than it was asked for.
 */
void
mc_pause_restore (McPause *self)
{
  guint64 until_us, seconds;
  g_autofree char *reason
      = mc_state_file_get_pause (self->context->store, self->domain, &until_us, &seconds);
  guint64 wall_us = (guint64)mc_clock_wall (self->context->clock);

  if (reason == NULL)
    return;
  seconds = MIN (seconds, G_MAXUINT);
  pause_begin (self, reason, (guint)seconds,
               (gint64)MIN (saturating_sub (until_us, wall_us), seconds * G_USEC_PER_SEC));
}

void
mc_pause_follow_clock (McPause *self)
{
  McClock *clock = self->context->clock;
  gint64 until_us;

  if (!self->active || self->seconds == 0)
    return;
  until_us = mc_clock_wall (clock) + self->ends_us - mc_clock_now (clock);
  if (ABS (until_us - (gint64)self->until_us) < STEP_US)
    return;
  self->until_us = (guint64)MAX (until_us, 1);
  keep (self);
}

const char *
mc_pause_get_reason (const McPause *self)
{
  return self->active ? self->reason : "";
}

void
mc_pause_close (McPause *self)
{
  mc_clock_cancel (self->context->clock, &self->timer);
}

void
mc_pause_init (McPause *self, McContext *context, McDomain *domain)
{
  *self = (McPause){ .context = context, .domain = domain };
}

void
mc_pause_clear (McPause *self)
{
  mc_pause_close (self);
  g_free (self->reason);
}
