/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room for VMs about to start. */
#include "config.h"

#include "reservations.h"

#include "error.h"
#include "events.h"
#include "headroom.h"
#include "size.h"

/* A guest returns memory at 60 MB/s and more: what has not come after this long will not come; and
 * a caller on the bus waits for 25 s if it does not say otherwise. */
#define WAIT_AT_MOST_US (20 * G_USEC_PER_SEC)

typedef struct
{
  McReservations *owner; /* unowned */
  char *id;
  guint64 bytes; /* still held */
  gboolean granted;
  guint seconds;
  guint timer;    /* of the clock: the latest that it is answered, and then its end */
  GTask *waiting; /* not answered yet */
  GCancellable *left;
  gulong on_left;
} Reservation;

static void
reservation_refuse (Reservation *reservation, McServiceError code, const char *why)
{
  g_autoptr (GTask) task = g_steal_pointer (&reservation->waiting);

  if (task != NULL)
    g_task_return_new_error (task, MC_SERVICE_ERROR, (int)code, "%s", why);
}

static void
reservation_free (gpointer data)
{
  Reservation *reservation = data;

  mc_clock_cancel (reservation->owner->context->clock, &reservation->timer);
  reservation_refuse (reservation, MC_SERVICE_ERROR_FAILED,
                      "The reservation has ended before its memory was free");
  if (reservation->on_left != 0)
    g_signal_handler_disconnect (reservation->left, reservation->on_left);
  g_clear_object (&reservation->left);
  g_free (reservation->id);
  g_free (reservation);
}

static void
drop (Reservation *reservation)
{
  McReservations *self = reservation->owner;

  if (reservation->granted)
    mc_event_reservation_ended (reservation->id, reservation->bytes);
  g_ptr_array_remove (self->list, reservation);
  mc_context_emit_changed (self->context, NULL);
}

static void
on_over (gpointer user_data)
{
  Reservation *reservation = user_data;

  reservation->timer = 0;
  drop (reservation);
}

static void
on_left (GCancellable *cancellable, gpointer user_data)
{
  drop (user_data);
}

/* Returns: (transfer full) */
static GError *
new_no_memory_error (const McReservations *self, guint64 bytes)
{
  g_autofree char *asked = mc_size_format (bytes);
  g_autofree char *reserve
      = mc_size_format (mc_context_get_policy (self->context)->thresholds.host_reserve);
  g_autofree char *reserved = mc_size_format (mc_reservations_get_total (self));

  return g_error_new (MC_SERVICE_ERROR, MC_SERVICE_ERROR_NO_MEMORY,
                      "Nothing of %s can be freed: the host has no memory left beside HostReserve "
                      "%s, %s reserved and what was promised, and no VM can spare any; stop a VM, "
                      "or lower HostReserve",
                      asked, reserve, reserved);
}

static void
reservation_answer (Reservation *reservation, guint64 granted)
{
  McReservations *self = reservation->owner;
  g_autoptr (GTask) task = g_steal_pointer (&reservation->waiting);

  mc_clock_cancel (self->context->clock, &reservation->timer);
  if (granted == 0)
    {
      guint64 asked = reservation->bytes;

      drop (reservation);
      g_task_return_error (task, new_no_memory_error (self, asked));
      return;
    }
  reservation->bytes = granted;
  reservation->granted = TRUE;
  mc_event_reserved (reservation->id, granted);
  if (reservation->seconds > 0)
    reservation->timer = mc_clock_call_at (self->context->clock,
                                           mc_context_now (self->context)
                                               + (gint64)reservation->seconds * G_USEC_PER_SEC,
                                           on_over, reservation);
  g_task_set_task_data (task, g_memdup2 (&granted, sizeof granted), g_free);
  g_task_return_pointer (task, g_strdup (reservation->id), g_free);
}

/* What of @wanted is free now, beside what those before it hold. */
static guint64
free_for (McReservations *self, const Reservation *wanted)
{
  guint64 left = (guint64)MAX (self->headroom.free, 0);

  for (guint i = 0; i < self->list->len && self->list->pdata[i] != wanted; i++)
    left = saturating_sub (left, ((const Reservation *)self->list->pdata[i])->bytes);
  return MIN (wanted->bytes, left);
}

void
mc_reservations_set_headroom (McReservations *self, McHostHeadroom headroom)
{
  self->headroom = headroom;
}

void
mc_reservations_answer_due (McReservations *self)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      Reservation *reservation = self->list->pdata[i];

      if (reservation->waiting != NULL && free_for (self, reservation) == reservation->bytes)
        reservation_answer (reservation, reservation->bytes);
    }
}

static void
on_waited_enough (gpointer user_data)
{
  Reservation *reservation = user_data;
  McReservations *self = reservation->owner;

  reservation->timer = 0;
  if (self->headroom.known)
    {
      reservation_answer (reservation, free_for (self, reservation));
      return;
    }
  reservation_refuse (reservation, MC_SERVICE_ERROR_NOT_CONNECTED,
                      "Nothing is reserved: the hypervisor was lost, or does not answer; see "
                      "\"memcoordctl status\"");
  drop (reservation);
}

void
mc_reservations_use (McReservations *self, guint64 bytes)
{
  for (guint i = 0; i < self->list->len && bytes > 0; i++)
    {
      Reservation *reservation = self->list->pdata[i];
      guint64 used = reservation->waiting != NULL ? 0 : MIN (reservation->bytes, bytes);

      reservation->bytes -= used;
      bytes -= used;
    }
}

guint64
mc_reservations_get_total (const McReservations *self)
{
  guint64 total = 0;

  for (guint i = 0; i < self->list->len; i++)
    total += ((const Reservation *)self->list->pdata[i])->bytes;
  return total;
}

guint64
mc_reservations_get_free_for_new_vm (const McReservations *self)
{
  if (!self->headroom.known)
    return 0;
  return mc_headroom_for_new_vm (self->headroom.free, self->headroom.spare,
                                 mc_reservations_get_total (self));
}

static Reservation *
reservation_new (McReservations *self, guint64 bytes, guint seconds)
{
  McContext *context = self->context;
  Reservation *reservation = g_new0 (Reservation, 1);

  reservation->owner = self;
  reservation->id = g_strdup_printf ("r%u", ++self->last_id);
  reservation->bytes = bytes;
  reservation->seconds = seconds;
  reservation->timer = mc_clock_call_at (context->clock, mc_context_now (context) + WAIT_AT_MOST_US,
                                         on_waited_enough, reservation);
  return reservation;
}

void
mc_reservations_reserve_async (McReservations *self,
                               guint64 bytes,
                               guint seconds,
                               GCancellable *left,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  guint64 possible = mc_reservations_get_free_for_new_vm (self);
  Reservation *reservation;

  if (!self->headroom.known)
    {
      g_task_return_new_error (
          task, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED,
          "Nothing can be reserved: the hypervisor is not connected, or does not answer; "
          "see \"memcoordctl status\"");
      return;
    }
  if (MIN (bytes, possible) == 0)
    {
      g_task_return_error (task, new_no_memory_error (self, bytes));
      return;
    }
  reservation = reservation_new (self, MIN (bytes, possible), seconds);
  reservation->waiting = g_steal_pointer (&task);
  if (left != NULL)
    {
      reservation->left = g_object_ref (left);
      reservation->on_left
          = g_signal_connect (left, "cancelled", G_CALLBACK (on_left), reservation);
    }
  g_ptr_array_add (self->list, reservation);
  mc_context_emit_changed (self->context, NULL);
}

char *
mc_reservations_reserve_finish (GAsyncResult *result, guint64 *granted, GError **error)
{
  const guint64 *bytes = g_task_get_task_data (G_TASK (result));
  char *id = g_task_propagate_pointer (G_TASK (result), error);

  if (id != NULL)
    *granted = *bytes;
  return id;
}

gboolean
mc_reservations_release (McReservations *self, const char *id, GError **error)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      Reservation *reservation = self->list->pdata[i];

      if (!g_str_equal (reservation->id, id))
        continue;
      drop (reservation);
      return TRUE;
    }
  g_set_error (
      error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_RESERVATION,
      "There is no reservation \"%s\": it was released, its time was up, or its owner has left "
      "the bus",
      id);
  return FALSE;
}

void
mc_reservations_init (McReservations *self, McContext *context)
{
  *self = (McReservations){ .context = context,
                            .list = g_ptr_array_new_with_free_func (reservation_free) };
}

void
mc_reservations_clear (McReservations *self)
{
  g_ptr_array_unref (self->list);
}
