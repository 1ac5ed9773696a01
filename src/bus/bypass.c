/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages past GDBus. */
#include "config.h"

#include "bypass.h"

#include "frame.h"
#include "names.h"

/* GDBus counts its serials from 1. */
#define FIRST_SERIAL 0x80000000U

struct _McBypass
{
  McWire wire; /* what is being written; its bytes are NULL in between */
  guint32 serial;

  GMutex lock;
  GQueue parcels;  /* (element-type McParcel): sent and not taken */
  gsize waiting;   /* of signals, in bytes: written, and not finished */
  GSource *relief; /* (nullable): of the main loop */
};

void
mc_parcel_free (McParcel *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self->destination);
  g_free (self);
}

const guint8 *
mc_parcel_get_part (const McParcel *self, gsize at, gsize *length)
{
  gsize first = g_bytes_get_size (self->bytes);
  GBytes *in = at < first || self->body == NULL ? self->bytes : self->body;
  const guint8 *bytes = g_bytes_get_data (in, length);

  if (in == self->body)
    at -= first;
  *length -= at;
  return bytes + at;
}

McBypass *
mc_bypass_new (void)
{
  McBypass *self = g_new0 (McBypass, 1);

  self->serial = FIRST_SERIAL;
  g_mutex_init (&self->lock);
  g_queue_init (&self->parcels);
  return self;
}

void
mc_bypass_free (McBypass *self)
{
  mc_bypass_set_relief (self, NULL, NULL);
  if (self->wire.bytes != NULL)
    g_bytes_unref (mc_wire_steal (&self->wire));
  g_queue_clear_full (&self->parcels, (GDestroyNotify)mc_parcel_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Writing */

static guint32
next_serial (McBypass *self)
{
  self->serial = MAX (self->serial + 1, FIRST_SERIAL);
  return self->serial;
}

McWire *
mc_bypass_begin_signal (McBypass *self,
                        const char *path,
                        const char *interface,
                        const char *member,
                        const char *signature)
{
  McWireHeader header = { .type = MC_FRAME_SIGNAL,
                          .serial = next_serial (self),
                          .path = path,
                          .interface = interface,
                          .member = member,
                          .signature = signature };

  mc_wire_begin (&self->wire, &header);
  return &self->wire;
}

void
mc_bypass_end_signal (McBypass *self)
{
  mc_wire_end (&self->wire);
  g_mutex_lock (&self->lock);
  self->waiting += self->wire.bytes->len - self->wire.begin;
  g_mutex_unlock (&self->lock);
}

/* Sending */

/* Answers are many where many ask, however fast the bus reads: they hold no signal back. */
static gsize
size_of_signals (const McParcel *parcel)
{
  return parcel->destination == NULL ? g_bytes_get_size (parcel->bytes) : 0;
}

static void
push (McBypass *self, McParcel *parcel)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->parcels, parcel);
  g_mutex_unlock (&self->lock);
}

/* The last one: the connection is closed, and nobody will take it. */
static void
withdraw (McBypass *self)
{
  McParcel *parcel;

  g_mutex_lock (&self->lock);
  parcel = g_queue_pop_tail (&self->parcels);
  g_mutex_unlock (&self->lock);
  if (parcel != NULL)
    mc_bypass_finish (self, parcel);
}

static void
send_parcel (McBypass *self, GDBusConnection *connection, McParcel *parcel)
{
  g_autoptr (GDBusMessage) stand_in
      = g_dbus_message_new_signal (MC_ROOT_PATH, MC_BYPASS_INTERFACE, "Parcel");

  parcel->bytes = mc_wire_steal (&self->wire);
  push (self, parcel);
  if (!g_dbus_connection_send_message (connection, stand_in, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                       NULL))
    withdraw (self);
}

void
mc_bypass_send (McBypass *self, GDBusConnection *connection)
{
  if (self->wire.bytes != NULL)
    send_parcel (self, connection, g_new0 (McParcel, 1));
}

void
mc_bypass_send_answer (McBypass *self,
                       GDBusMethodInvocation *invocation,
                       const char *signature,
                       GBytes *body)
{
  GDBusMessage *call = g_dbus_method_invocation_get_message (invocation);
  McWireHeader header = { .type = MC_FRAME_RETURN,
                          .serial = next_serial (self),
                          .reply_serial = g_dbus_message_get_serial (call),
                          .destination = g_dbus_message_get_sender (call),
                          .signature = signature };
  McParcel *parcel;

  g_return_if_fail (self->wire.bytes == NULL);
  mc_wire_begin (&self->wire, &header);
  mc_wire_end_before (&self->wire, g_bytes_get_size (body));
  parcel = g_new0 (McParcel, 1);
  parcel->body = g_bytes_ref (body);
  parcel->destination = g_strdup (header.destination);
  parcel->reply_serial = header.reply_serial;
  send_parcel (self, g_dbus_method_invocation_get_connection (invocation), parcel);
  g_object_unref (invocation);
}

gsize
mc_bypass_get_waiting (McBypass *self)
{
  gsize waiting;

  g_mutex_lock (&self->lock);
  waiting = self->waiting;
  g_mutex_unlock (&self->lock);
  return waiting;
}

/* Relief */

static gboolean
dispatch_relief (GSource *source, GSourceFunc on_relief, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  return on_relief (user_data);
}

void
mc_bypass_set_relief (McBypass *self, GSourceFunc on_relief, gpointer user_data)
{
  static GSourceFuncs functions = { .dispatch = dispatch_relief };
  GSource *before, *relief = NULL;

  if (on_relief != NULL)
    {
      relief = g_source_new (&functions, sizeof (GSource));
      g_source_set_static_name (relief, "bus-relief");
      g_source_set_callback (relief, on_relief, user_data, NULL);
      g_source_attach (relief, NULL);
    }
  g_mutex_lock (&self->lock);
  before = self->relief;
  self->relief = relief;
  g_mutex_unlock (&self->lock);
  if (before != NULL)
    g_source_destroy (before);
  g_clear_pointer (&before, g_source_unref);
}

/* Taking */

McParcel *
mc_bypass_take (McBypass *self)
{
  McParcel *parcel;

  g_mutex_lock (&self->lock);
  parcel = g_queue_pop_head (&self->parcels);
  g_mutex_unlock (&self->lock);
  return parcel;
}

void
mc_bypass_finish (McBypass *self, McParcel *parcel)
{
  gboolean was_crowded;

  g_mutex_lock (&self->lock);
  was_crowded = self->waiting > MC_BYPASS_CROWDED;
  self->waiting -= size_of_signals (parcel);
  if (was_crowded && self->waiting <= MC_BYPASS_CROWDED && self->relief != NULL)
    g_source_set_ready_time (self->relief, 0);
  g_mutex_unlock (&self->lock);
  mc_parcel_free (parcel);
}
