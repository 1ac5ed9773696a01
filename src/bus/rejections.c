/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that were refused. */
#include "config.h"

#include "rejections.h"

#include <gio/gio.h>

#define AT_ONCE 10
#define MOST    16384

void
mc_rejections_init (McRejections *self)
{
  *self = (McRejections){ .waiting = G_QUEUE_INIT };
}

void
mc_rejections_clear (McRejections *self)
{
  g_queue_clear_full (&self->waiting, (GDestroyNotify)g_bytes_unref);
}

void
mc_rejections_add (McRejections *self, const McFrame *call, const char *why)
{
  g_autoptr (GDBusMessage) refusal = g_dbus_message_new ();
  guchar *blob;
  gsize size;

  if (g_queue_get_length (&self->waiting) >= MOST)
    return;
  g_dbus_message_set_message_type (refusal, G_DBUS_MESSAGE_TYPE_ERROR);
  g_dbus_message_set_flags (refusal, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_message_set_serial (refusal, G_MAXUINT32); /* nobody refers to it */
  g_dbus_message_set_reply_serial (refusal, call->serial);
  g_dbus_message_set_destination (refusal, call->sender);
  g_dbus_message_set_error_name (refusal, "org.freedesktop.DBus.Error.LimitsExceeded");
  g_dbus_message_set_body (refusal, g_variant_new ("(s)", why));
  blob = g_dbus_message_to_blob (refusal, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  if (blob != NULL)
    g_queue_push_tail (&self->waiting, g_bytes_new_take (blob, size));
}

gboolean
mc_rejections_are_waiting (const McRejections *self)
{
  return self->waiting.length > 0;
}

void
mc_rejections_send (McRejections *self, GByteArray *stream)
{
  gint64 now_us = g_get_monotonic_time ();

  if (now_us - self->sent_us < MC_REJECTIONS_MS * 1000)
    return;
  for (guint i = 0; i < AT_ONCE && mc_rejections_are_waiting (self); i++)
    {
      g_autoptr (GBytes) refusal = g_queue_pop_head (&self->waiting);

      g_byte_array_append (stream, g_bytes_get_data (refusal, NULL),
                           (guint)g_bytes_get_size (refusal));
    }
  self->sent_us = now_us;
}
