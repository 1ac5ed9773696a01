/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written on the wire, as GDBus reads it. */
#include "config.h"

#include "wire-reader.h"

#include <gio/gio.h>

#include "frame.h"

McWire *
wire_reader_begin (WireReader *self, const char *signature)
{
  McWireHeader header = { .type = MC_FRAME_SIGNAL,
                          .serial = 1,
                          .path = "/",
                          .interface = "a.b",
                          .member = "C",
                          .signature = signature };

  self->bytes = g_byte_array_new ();
  self->wire = (McWire){ .bytes = self->bytes };
  mc_wire_begin (&self->wire, &header);
  return &self->wire;
}

GVariant *
wire_reader_end (WireReader *self)
{
  g_autoptr (GByteArray) bytes = g_steal_pointer (&self->bytes);
  g_autoptr (GDBusMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  mc_wire_end (&self->wire);
  message = g_dbus_message_new_from_blob (bytes->data, bytes->len, G_DBUS_CAPABILITY_FLAGS_NONE,
                                          &error);
  g_assert_no_error (error);
  return g_variant_ref (g_dbus_message_get_body (message));
}
