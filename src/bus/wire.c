/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of D-Bus as they stand in its stream. */
#include "config.h"

#include "wire.h"

#include "frame.h"

#include <string.h>

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define BYTE_ORDER_MARK 'l'
#else
#define BYTE_ORDER_MARK 'B'
#endif

#define PROTOCOL 1

/* Where a header has the length of the body. */
#define BODY_LENGTH_AT 4

void
mc_wire_add_bytes (McWire *self, const guint8 *bytes, gsize length)
{
  g_byte_array_append (self->bytes, bytes, (guint)length);
}

void
mc_wire_align (McWire *self, guint to)
{
  static const guint8 zeros[MC_WIRE_STRUCT];
  guint at = self->bytes->len - self->begin;

  mc_wire_add_bytes (self, zeros, MC_WIRE_ALIGNED (at, to) - at);
}

static void
add_byte (McWire *self, guint8 byte)
{
  mc_wire_add_bytes (self, &byte, sizeof byte);
}

void
mc_wire_add_uint32 (McWire *self, guint32 number)
{
  mc_wire_align (self, sizeof number);
  mc_wire_add_bytes (self, (const guint8 *)&number, sizeof number);
}

void
mc_wire_add_uint64 (McWire *self, guint64 number)
{
  mc_wire_align (self, sizeof number);
  mc_wire_add_bytes (self, (const guint8 *)&number, sizeof number);
}

void
mc_wire_add_string (McWire *self, const char *text)
{
  gsize length = strlen (text);

  mc_wire_add_uint32 (self, (guint32)length);
  mc_wire_add_bytes (self, (const guint8 *)text, length + 1);
}

void
mc_wire_add_signature (McWire *self, const char *signature)
{
  gsize length = strlen (signature);

  add_byte (self, (guint8)length);
  mc_wire_add_bytes (self, (const guint8 *)signature, length + 1);
}

static void
set_uint32 (McWire *self, guint at, guint32 number)
{
  memcpy (self->bytes->data + at, &number, sizeof number);
}

guint
mc_wire_open_array (McWire *self, guint alignment)
{
  guint opened;

  mc_wire_add_uint32 (self, 0);
  opened = self->bytes->len;
  mc_wire_align (self, alignment);
  return opened;
}

/* What aligns the first element is no part of the length. */
void
mc_wire_close_array (McWire *self, guint opened, guint alignment)
{
  guint first = MC_WIRE_ALIGNED (opened - self->begin, alignment) + self->begin;

  set_uint32 (self, opened - (guint)sizeof (guint32), self->bytes->len - first);
}

static void
add_field (McWire *self, guint8 code, const char *signature, const char *text)
{
  if (text == NULL)
    return;
  mc_wire_align (self, MC_WIRE_STRUCT);
  add_byte (self, code);
  mc_wire_add_signature (self, signature);
  if (*signature == 'g')
    mc_wire_add_signature (self, text);
  else
    mc_wire_add_string (self, text);
}

static void
add_reply_serial (McWire *self, guint32 serial)
{
  if (serial == 0)
    return;
  mc_wire_align (self, MC_WIRE_STRUCT);
  add_byte (self, MC_FRAME_FIELD_REPLY_SERIAL);
  mc_wire_add_signature (self, "u");
  mc_wire_add_uint32 (self, serial);
}

void
mc_wire_begin (McWire *self, const McWireHeader *header)
{
  const guint8 fixed[] = { BYTE_ORDER_MARK, header->type, MC_FRAME_NO_REPLY, PROTOCOL };
  guint fields;

  if (self->bytes == NULL)
    self->bytes = g_byte_array_new ();
  self->begin = self->bytes->len;
  mc_wire_add_bytes (self, fixed, sizeof fixed);
  mc_wire_add_uint32 (self, 0);
  mc_wire_add_uint32 (self, header->serial);
  fields = mc_wire_open_array (self, MC_WIRE_STRUCT);
  add_field (self, MC_FRAME_FIELD_PATH, "o", header->path);
  add_field (self, MC_FRAME_FIELD_INTERFACE, "s", header->interface);
  add_field (self, MC_FRAME_FIELD_MEMBER, "s", header->member);
  add_reply_serial (self, header->reply_serial);
  add_field (self, MC_FRAME_FIELD_DESTINATION, "s", header->destination);
  add_field (self, MC_FRAME_FIELD_SIGNATURE, "g", header->signature);
  mc_wire_close_array (self, fields, MC_WIRE_STRUCT);
  mc_wire_align (self, MC_WIRE_STRUCT);
  self->body = self->bytes->len;
}

void
mc_wire_end (McWire *self)
{
  set_uint32 (self, self->begin + BODY_LENGTH_AT, self->bytes->len - self->body);
}

void
mc_wire_end_before (McWire *self, gsize body)
{
  set_uint32 (self, self->begin + BODY_LENGTH_AT, (guint32)body);
}

/* An array has room for up to twice of what is in it, and what is sent may wait for long. */
GBytes *
mc_wire_steal (McWire *self)
{
  g_autoptr (GByteArray) array = g_steal_pointer (&self->bytes);
  gsize length;
  guint8 *bytes = g_byte_array_steal (array, &length);

  return g_bytes_new_take (g_realloc (bytes, length), length);
}
