/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for VMs about to start: what is reserved adds to the host's floor, so that the policy takes
 * it from the VMs that can spare it and gives it to nobody. A VM that then starts uses it up, the
 * oldest reservation first.
 */
#include "config.h"

#include "coordinator-private.h"
#include "headroom.h"
#include "journal.h"

/* A guest returns memory at 60 MB/s and more: what has not come after this long will not come; and
 * a caller on the bus waits for 25 s if it does not say otherwise. */
#define WAIT_AT_MOST_US (20 * G_USEC_PER_SEC)

typedef struct
{
  McCoordinator *coordinator; /* unowned */
  char *id;
  guint64 bytes; /* still held */
  gboolean granted;
  guint seconds;
  guint timer;    /* of the clock: the latest that it is answered, and then its end */
  GTask *waiting; /* not answered yet */
  GCancellable *cancellable;
  gulong cancelled;
} Reservation;

/* Whoever is told may cancel what has ended: nobody waits any more by then. */
static void
refuse (Reservation *reservation, McServiceError code, const char *why)
{
  g_autoptr (GTask) task = g_steal_pointer (&reservation->waiting);

  if (task != NULL)
    g_task_return_new_error (task, MC_SERVICE_ERROR, (int)code, "%s", why);
}

static void
reservation_free (gpointer data)
{
  Reservation *reservation = data;

  mc_clock_cancel (reservation->coordinator->clock, &reservation->timer);
  refuse (reservation, MC_SERVICE_ERROR_FAILED,
          "The reservation has ended before its memory was free");
  if (reservation->cancelled != 0)
    g_signal_handler_disconnect (reservation->cancellable, reservation->cancelled);
  g_clear_object (&reservation->cancellable);
  g_free (reservation->id);
  g_free (reservation);
}

void
mc_reservations_init (McCoordinator *self)
{
  self->reservations = g_ptr_array_new_with_free_func (reservation_free);
}

void
mc_reservations_clear (McCoordinator *self)
{
  g_clear_pointer (&self->reservations, g_ptr_array_unref);
}

guint64
mc_reservations_total (McCoordinator *self)
{
  guint64 total = 0;

  for (guint i = 0; i < self->reservations->len; i++)
    total += ((const Reservation *)self->reservations->pdata[i])->bytes;
  return total;
}

static void
drop (Reservation *reservation)
{
  McCoordinator *self = reservation->coordinator;

  if (reservation->granted)
    mc_journal_reservation_ended (reservation->id, reservation->bytes);
  g_ptr_array_remove (self->reservations, reservation);
  mc_coordinator_publish (self);
  mc_cycle_bring_forward (self);
}

static void
on_over (gpointer user_data)
{
  Reservation *reservation = user_data;

  reservation->timer = 0;
  drop (reservation);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Reservation *reservation = user_data;

  if (reservation->waiting != NULL)
    drop (reservation);
}

static void
answer (Reservation *reservation, guint64 granted)
{
  McCoordinator *self = reservation->coordinator;
  g_autoptr (GTask) task = g_steal_pointer (&reservation->waiting);

  mc_clock_cancel (self->clock, &reservation->timer);
  if (granted == 0)
    {
      g_task_return_new_error (
          task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NO_MEMORY,
          "No memory could be freed: the host has none to spare, and no VM does");
      drop (reservation);
      return;
    }
  reservation->bytes = granted;
  reservation->granted = TRUE;
  mc_journal_reserved (reservation->id, granted);
  if (reservation->seconds > 0)
    reservation->timer = mc_clock_call_at (
        self->clock, mc_clock_now (self->clock) + (gint64)reservation->seconds * G_USEC_PER_SEC,
        on_over, reservation);
  g_task_return_pointer (task, g_strdup (reservation->id), g_free);
}

/* What of @wanted is free now, beside what those before it hold. */
static guint64
free_for (McCoordinator *self, const Reservation *wanted)
{
  gint64 unclaimed = mc_headroom_free (mc_settings_get_policy (self->settings), &self->figures,
                                       self->decision.promised);
  guint64 left = (guint64)MAX (unclaimed, 0);

  for (guint i = 0; i < self->reservations->len && self->reservations->pdata[i] != wanted; i++)
    left -= MIN (left, ((const Reservation *)self->reservations->pdata[i])->bytes);
  return MIN (wanted->bytes, left);
}

void
mc_reservations_settle (McCoordinator *self)
{
  for (guint i = 0; i < self->reservations->len; i++)
    {
      Reservation *reservation = self->reservations->pdata[i];

      if (reservation->waiting != NULL && free_for (self, reservation) == reservation->bytes)
        answer (reservation, reservation->bytes);
    }
}

static void
on_waited_enough (gpointer user_data)
{
  Reservation *reservation = user_data;
  McCoordinator *self = reservation->coordinator;

  reservation->timer = 0;
  if (self->degraded == NULL && self->synced)
    {
      answer (reservation, free_for (self, reservation));
      return;
    }
  refuse (reservation, MC_SERVICE_ERROR_NOT_CONNECTED,
          "Nothing is reserved: the hypervisor was lost, or does not answer");
  drop (reservation);
}

void
mc_reservations_use (McCoordinator *self, guint64 bytes)
{
  for (guint i = 0; i < self->reservations->len && bytes > 0; i++)
    {
      Reservation *reservation = self->reservations->pdata[i];
      guint64 used = reservation->waiting != NULL ? 0 : MIN (reservation->bytes, bytes);

      reservation->bytes -= used;
      bytes -= used;
    }
}

void
mc_coordinator_reserve_async (McCoordinator *self,
                              guint64 bytes,
                              guint seconds,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Reservation *reservation;
  guint64 possible = self->view.free_for_new_vm;

  if (self->degraded != NULL || !self->synced)
    {
      g_task_return_new_error (
          task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED,
          "Nothing can be reserved: the hypervisor is not connected, or does not answer");
      return;
    }
  if (MIN (bytes, possible) == 0)
    {
      g_task_return_new_error (
          task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NO_MEMORY,
          "No memory can be freed: the host has none to spare, and no VM does");
      return;
    }
  reservation = g_new0 (Reservation, 1);
  reservation->coordinator = self;
  reservation->id = g_strdup_printf ("r%u", ++self->last_reservation);
  reservation->bytes = MIN (bytes, possible);
  reservation->seconds = seconds;
  reservation->timer = mc_clock_call_at (self->clock, mc_clock_now (self->clock) + WAIT_AT_MOST_US,
                                         on_waited_enough, reservation);
  reservation->waiting = g_steal_pointer (&task);
  if (cancellable != NULL)
    {
      reservation->cancellable = g_object_ref (cancellable);
      reservation->cancelled
          = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), reservation);
    }
  g_ptr_array_add (self->reservations, reservation);
  mc_coordinator_publish (self);
  mc_cycle_bring_forward (self);
}

char *
mc_coordinator_reserve_finish (McCoordinator *self,
                               GAsyncResult *result,
                               guint64 *granted,
                               GError **error)
{
  g_autofree char *id = g_task_propagate_pointer (G_TASK (result), error);

  if (id == NULL)
    return NULL;
  *granted = 0;
  for (guint i = 0; i < self->reservations->len; i++)
    {
      const Reservation *reservation = self->reservations->pdata[i];

      if (g_str_equal (reservation->id, id))
        *granted = reservation->bytes;
    }
  return g_steal_pointer (&id);
}

gboolean
mc_coordinator_release (McCoordinator *self, const char *id, GError **error)
{
  for (guint i = 0; i < self->reservations->len; i++)
    {
      Reservation *reservation = self->reservations->pdata[i];

      if (g_str_equal (reservation->id, id))
        {
          drop (reservation);
          return TRUE;
        }
    }
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_RESERVATION,
               "There is no reservation '%s'", id);
  return FALSE;
}
