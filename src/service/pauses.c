/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rest: a pause of everything or of one VM, with or without an end, which outlives a restart of the
 * service; and inhibitors, which last as long as whoever holds them.
 */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"

#define GROUP_ALL  "Pause"
#define KEY_REASON "pause-reason"
#define KEY_UNTIL  "paused-until"
#define KEY_LENGTH "pause-seconds"

/* The wall clock is slewed all the time; a step is more than that. */
#define STEP_US (2 * G_USEC_PER_SEC)

static McPause *
pause_of (McCoordinator *self, McVm *vm)
{
  return vm != NULL ? &vm->pause : &self->pause;
}

static char *
group_of (McVm *vm)
{
  return vm != NULL ? mc_vm_notes_group (vm) : g_strdup (GROUP_ALL);
}

static void
keep (McCoordinator *self, McVm *vm)
{
  const McPause *pause = pause_of (self, vm);
  GKeyFile *keys = mc_store_get_keys (self->store);
  g_autofree char *group = group_of (vm);

  if (pause->active)
    {
      g_key_file_set_string (keys, group, KEY_REASON, pause->reason);
      g_key_file_set_uint64 (keys, group, KEY_UNTIL, pause->until_us);
      g_key_file_set_uint64 (keys, group, KEY_LENGTH, pause->seconds);
    }
  else
    {
      g_key_file_remove_key (keys, group, KEY_REASON, NULL);
      g_key_file_remove_key (keys, group, KEY_UNTIL, NULL);
      g_key_file_remove_key (keys, group, KEY_LENGTH, NULL);
    }
  if (vm != NULL)
    mc_vm_notes_save (self, vm);
  else
    mc_store_save (self->store);
}

/* Something rests, or no longer does: shown at once, and acted on at once. */
static void
take_effect (McCoordinator *self)
{
  mc_pauses_update_detail (self);
  mc_coordinator_publish (self);
  mc_cycle_bring_forward (self);
}

static void
end (McCoordinator *self, McVm *vm, const char *origin)
{
  McPause *pause = pause_of (self, vm);
  guint64 until_us = pause->until_us;

  mc_clock_cancel (self->clock, &pause->timer);
  pause->active = FALSE;
  g_clear_pointer (&pause->reason, g_free);
  pause->until_us = 0;
  pause->seconds = 0;
  keep (self, vm);
  take_effect (self);
  mc_coordinator_emit_policy_changed (self, vm, "Paused", g_variant_new_boolean (TRUE),
                                      g_variant_new_boolean (FALSE), origin);
  if (until_us != 0)
    mc_coordinator_emit_policy_changed (self, vm, "PausedUntil", g_variant_new_uint64 (until_us),
                                        g_variant_new_uint64 (0), origin);
}

static void
on_over (gpointer user_data)
{
  McPause *pause = user_data;

  pause->timer = 0;
  end (pause->coordinator, pause->vm, "timer");
}

static void
begin (McCoordinator *self, McVm *vm, const char *reason, guint seconds, gint64 left_us)
{
  McPause *pause = pause_of (self, vm);

  mc_clock_cancel (self->clock, &pause->timer);
  g_free (pause->reason);
  *pause = (McPause){
    .active = TRUE,
    .reason = g_strdup (reason),
    .seconds = seconds,
    .coordinator = self,
    .vm = vm,
  };
  if (seconds == 0)
    return;
  pause->until_us = (guint64)(mc_clock_wall (self->clock) + left_us);
  pause->ends_us = mc_clock_now (self->clock) + left_us;
  pause->timer = mc_clock_call_at (self->clock, pause->ends_us, on_over, pause);
}

static void
pause_anew (McCoordinator *self,
            McVm *vm,
            const char *reason,
            guint seconds,
            gint64 left_us,
            const char *origin)
{
  McPause *pause = pause_of (self, vm);
  gboolean active = pause->active;
  guint64 before_us = pause->until_us;

  begin (self, vm, reason, seconds, left_us);
  keep (self, vm);
  take_effect (self);
  if (!active)
    mc_coordinator_emit_policy_changed (self, vm, "Paused", g_variant_new_boolean (FALSE),
                                        g_variant_new_boolean (TRUE), origin);
  if (before_us != pause->until_us)
    mc_coordinator_emit_policy_changed (self, vm, "PausedUntil", g_variant_new_uint64 (before_us),
                                        g_variant_new_uint64 (pause->until_us), origin);
}

/* What was before a change that could not be kept */

typedef struct
{
  McCoordinator *coordinator;
  McVm *vm; /* (nullable) */
  gboolean active;
  char *reason;
  guint seconds;
  gint64 ends_us;
} Undo;

static Undo *
undo_new (McCoordinator *self, McVm *vm)
{
  const McPause *pause = pause_of (self, vm);
  Undo *undo = g_new (Undo, 1);

  *undo = (Undo){
    .coordinator = g_object_ref (self),
    .vm = vm != NULL ? g_object_ref (vm) : NULL,
    .active = pause->active,
    .reason = g_strdup (pause->reason),
    .seconds = pause->seconds,
    .ends_us = pause->ends_us,
  };
  return undo;
}

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  g_object_unref (undo->coordinator);
  g_clear_object (&undo->vm);
  g_free (undo->reason);
  g_free (undo);
}

static void
undo_change (gpointer data)
{
  Undo *undo = data;
  McCoordinator *self = undo->coordinator;
  McVm *vm = undo->vm;
  gint64 left_us;

  if (self->clock == NULL || (vm != NULL && mc_coordinator_lookup_vm (self, vm->uuid) != vm))
    return; /* disposed of; gone */
  left_us = undo->seconds > 0 ? undo->ends_us - mc_clock_now (self->clock) : 0;
  if (undo->active && left_us >= 0)
    pause_anew (self, vm, undo->reason, undo->seconds, left_us, "disk");
  else if (pause_of (self, vm)->active)
    end (self, vm, "disk");
}

/* Consumes @undo. */
static gboolean
undo_where_not_kept (McCoordinator *self, Undo *undo)
{
  mc_store_undo_with (self->store, undo_change, undo, undo_free);
  return TRUE;
}

static gboolean
pause_for (McCoordinator *self, McVm *vm, const char *reason, guint seconds, const char *origin)
{
  Undo *undo = undo_new (self, vm);

  pause_anew (self, vm, reason, seconds, (gint64)seconds * G_USEC_PER_SEC, origin);
  return undo_where_not_kept (self, undo);
}

static gboolean
resume (McCoordinator *self, McVm *vm, const char *origin, GError **error)
{
  Undo *undo;

  if (!pause_of (self, vm)->active)
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_PAUSED, "%s is not paused",
                   vm != NULL ? vm->view.name : "Balancing");
      return FALSE;
    }
  undo = undo_new (self, vm);
  end (self, vm, origin);
  return undo_where_not_kept (self, undo);
}

gboolean
mc_coordinator_pause (
    McCoordinator *self, const char *reason, guint seconds, const char *origin, GError **error)
{
  return pause_for (self, NULL, reason, seconds, origin);
}

gboolean
mc_coordinator_resume (McCoordinator *self, const char *origin, GError **error)
{
  return resume (self, NULL, origin, error);
}

gboolean
mc_coordinator_vm_pause (McCoordinator *self,
                         McVm *vm,
                         const char *reason,
                         guint seconds,
                         const char *origin,
                         GError **error)
{
  return pause_for (self, vm, reason, seconds, origin);
}

gboolean
mc_coordinator_vm_resume (McCoordinator *self, McVm *vm, const char *origin, GError **error)
{
  return resume (self, vm, origin, error);
}

/* Restarts */

/*
 * The wall clock alone goes on while the service is away, and it may have been stepped: no pause
 * lasts longer for that than it was asked for.
 */
static void
restore (McCoordinator *self, McVm *vm)
{
  GKeyFile *keys = mc_store_get_keys (self->store);
  g_autofree char *group = group_of (vm);
  g_autofree char *reason = g_key_file_get_string (keys, group, KEY_REASON, NULL);
  guint64 until_us = g_key_file_get_uint64 (keys, group, KEY_UNTIL, NULL);
  guint64 seconds = g_key_file_get_uint64 (keys, group, KEY_LENGTH, NULL);
  guint64 wall_us = (guint64)mc_clock_wall (self->clock);

  if (reason == NULL)
    return;
  seconds = MIN (seconds, G_MAXUINT);
  begin (self, vm, reason, (guint)seconds,
         (gint64)MIN (until_us - MIN (until_us, wall_us), seconds * G_USEC_PER_SEC));
}

void
mc_pauses_restore (McCoordinator *self)
{
  restore (self, NULL);
  mc_pauses_update_detail (self);
}

void
mc_pauses_restore_vm (McCoordinator *self, McVm *vm)
{
  restore (self, vm);
}

void
mc_pauses_forget_vm (McCoordinator *self, McVm *vm)
{
  mc_clock_cancel (self->clock, &vm->pause.timer);
}

static void
follow_clock (McCoordinator *self, McVm *vm)
{
  McPause *pause = pause_of (self, vm);
  gint64 until_us;

  if (!pause->active || pause->seconds == 0)
    return;
  until_us = mc_clock_wall (self->clock) + pause->ends_us - mc_clock_now (self->clock);
  if (ABS (until_us - (gint64)pause->until_us) < STEP_US)
    return;
  pause->until_us = (guint64)MAX (until_us, 1);
  keep (self, vm);
}

void
mc_pauses_follow_clock (McCoordinator *self)
{
  follow_clock (self, NULL);
  for (guint i = 0; i < self->vms->len; i++)
    follow_clock (self, self->vms->pdata[i]);
}

/* Inhibitors */

static void
inhibitor_free (gpointer data)
{
  McInhibitor *inhibitor = data;

  g_free (inhibitor->who);
  g_free (inhibitor->why);
  g_free (inhibitor->origin);
  g_free (inhibitor);
}

static void
tell_inhibited (McCoordinator *self, gboolean before, const char *origin)
{
  gboolean after = self->inhibitors->len > 0;

  take_effect (self);
  if (before != after)
    mc_coordinator_emit_policy_changed (self, NULL, "Inhibited", g_variant_new_boolean (before),
                                        g_variant_new_boolean (after), origin);
}

guint
mc_coordinator_inhibit (
    McCoordinator *self, const char *who, const char *why, const char *origin, guint uid, guint pid)
{
  McInhibitor *inhibitor = g_new (McInhibitor, 1);
  gboolean before = self->inhibitors->len > 0;

  *inhibitor = (McInhibitor){
    .id = ++self->last_inhibitor,
    .who = g_strdup (who),
    .why = g_strdup (why),
    .origin = g_strdup (origin),
    .uid = uid,
    .pid = pid,
    .since = (guint64)mc_clock_wall (self->clock),
  };
  g_ptr_array_add (self->inhibitors, inhibitor);
  mc_event_inhibited (who, why, uid, pid);
  tell_inhibited (self, before, origin);
  return inhibitor->id;
}

void
mc_coordinator_uninhibit (McCoordinator *self, guint id)
{
  for (guint i = 0; i < self->inhibitors->len; i++)
    {
      McInhibitor *inhibitor = self->inhibitors->pdata[i];
      g_autofree char *origin = NULL;

      if (inhibitor->id != id)
        continue;
      origin = g_strdup (inhibitor->origin);
      mc_event_uninhibited (inhibitor->who);
      g_ptr_array_remove_index (self->inhibitors, i);
      tell_inhibited (self, TRUE, origin);
      return;
    }
}

GPtrArray *
mc_coordinator_list_inhibitors (McCoordinator *self)
{
  return self->inhibitors;
}

void
mc_pauses_init (McCoordinator *self)
{
  self->inhibitors = g_ptr_array_new_with_free_func (inhibitor_free);
}

void
mc_pauses_clear (McCoordinator *self)
{
  mc_clock_cancel (self->clock, &self->pause.timer);
  g_clear_pointer (&self->pause.reason, g_free);
  g_clear_pointer (&self->inhibitors, g_ptr_array_unref);
}

void
mc_pauses_update_detail (McCoordinator *self)
{
  g_clear_pointer (&self->pause_detail, g_free);
  if (self->pause.active)
    {
      self->pause_detail
          = *self->pause.reason != '\0'
                ? g_strdup_printf ("All balancing is paused: %s", self->pause.reason)
                : g_strdup ("All balancing is paused; resume it with 'memcoordctl resume'.");
    }
  else if (self->inhibitors->len > 0)
    {
      const McInhibitor *first = self->inhibitors->pdata[0];

      self->pause_detail
          = g_strdup_printf ("All balancing rests for %s: %s", first->who, first->why);
    }
}
