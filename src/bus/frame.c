/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message as it stands in a stream of D-Bus. */
#include "config.h"

#include "frame.h"

#include <string.h>

#define ALIGNED(at, to) (((at) + (to) - 1) / (to) * (to))

typedef struct
{
  const guint8 *bytes;
  gsize length;
  gsize at;
  gboolean big; /* the byte order */
} Reader;

static guint32
number_at (const guint8 *bytes, gboolean big)
{
  guint32 number;

  memcpy (&number, bytes, sizeof number);
  return big ? GUINT32_FROM_BE (number) : GUINT32_FROM_LE (number);
}

void
mc_frame_measure (const guint8 *fixed, guint64 *header, guint64 *whole)
{
  gboolean big = fixed[0] == 'B';

  *header = ALIGNED ((guint64)MC_FRAME_FIXED + number_at (fixed + 12, big), 8);
  *whole = *header + number_at (fixed + 4, big);
}

gsize
mc_frame_measure_rest (const guint8 *bytes, gsize length)
{
  guint64 header = MC_FRAME_FIXED, whole;

  if (length >= MC_FRAME_FIXED)
    mc_frame_measure (bytes, &header, &whole);
  return header > length ? (gsize)header - length : 0;
}

static gboolean
read_number (Reader *self, guint32 *number)
{
  gsize at = ALIGNED (self->at, sizeof *number);

  if (at + sizeof *number > self->length)
    return FALSE;
  *number = number_at (self->bytes + at, self->big);
  self->at = at + sizeof *number;
  return TRUE;
}

static gboolean
read_byte (Reader *self, guint8 *byte)
{
  if (self->at >= self->length)
    return FALSE;
  *byte = self->bytes[self->at++];
  return TRUE;
}

/* A text of @length bytes and the zero behind it. */
static const char *
read_text (Reader *self, gsize length)
{
  const char *text = (const char *)self->bytes + self->at;

  if (length >= self->length - self->at || text[length] != '\0')
    return NULL;
  self->at += length + 1;
  return text;
}

static void
set_text (McFrame *self, guint8 code, const char *text)
{
  if (code == MC_FRAME_FIELD_INTERFACE)
    self->interface = text;
  else if (code == MC_FRAME_FIELD_MEMBER)
    self->member = text;
  else if (code == MC_FRAME_FIELD_DESTINATION)
    self->destination = text;
  else if (code == MC_FRAME_FIELD_SENDER)
    self->sender = text;
}

/* Every field that there is has one of these types. */
static gboolean
read_value (McFrame *self, Reader *reader, guint8 code, char type)
{
  const char *text = NULL;
  guint32 number;
  guint8 length;

  if (type == 'g')
    return read_byte (reader, &length) && read_text (reader, length) != NULL;
  if ((type != 's' && type != 'o' && type != 'u') || !read_number (reader, &number))
    return FALSE;
  if (type == 'u')
    {
      if (code == MC_FRAME_FIELD_REPLY_SERIAL)
        self->reply_serial = number;
      else if (code == MC_FRAME_FIELD_UNIX_FDS)
        self->unix_fds = number;
      return TRUE;
    }
  text = read_text (reader, number);
  set_text (self, code, text);
  return text != NULL;
}

static gboolean
read_field (McFrame *self, Reader *reader)
{
  const char *signature;
  guint8 code, length;

  reader->at = ALIGNED (reader->at, 8);
  if (!read_byte (reader, &code) || !read_byte (reader, &length))
    return FALSE;
  signature = read_text (reader, length);
  return signature != NULL && length == 1 && read_value (self, reader, code, *signature);
}

gboolean
mc_frame_read (McFrame *self, const guint8 *header, gsize length)
{
  Reader reader = { .bytes = header, .at = MC_FRAME_FIXED };
  guint32 fields;

  if (length < MC_FRAME_FIXED)
    return FALSE;
  reader.big = header[0] == 'B';
  fields = number_at (header + 12, reader.big);
  if (fields > length - MC_FRAME_FIXED)
    return FALSE;
  reader.length = MC_FRAME_FIXED + fields;
  *self = (McFrame){ .type = header[1],
                     .flags = header[MC_FRAME_FLAGS_AT],
                     .body = number_at (header + 4, reader.big),
                     .serial = number_at (header + 8, reader.big) };
  while (reader.at < reader.length)
    if (!read_field (self, &reader))
      return FALSE;
  return TRUE;
}
