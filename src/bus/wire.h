/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes messages of D-Bus as they stand in its stream, without a GVariant of each value between:
 * what stays the same is written once, and copied from then on. Every position is counted from the
 * beginning of the message. Whoever writes sees to it that values and signature agree. Any one
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What D-Bus takes of an array, in bytes. */
#define MC_WIRE_MOST_ARRAY ((gsize)64 << 20)

/* What a system bus takes of a message, in bytes: it drops whoever sends more. And of the body of
 * an answer: its header has the longest name that there may be, 255 bytes, and little else. */
#define MC_WIRE_MOST_MESSAGE ((gsize)32 << 20)
#define MC_WIRE_MOST_ANSWER  (MC_WIRE_MOST_MESSAGE - 512)

/* The alignment of what is a structure, or an entry of a dictionary. */
#define MC_WIRE_STRUCT 8

#define MC_WIRE_ALIGNED(at, to) (((at) + (to) - 1) / (to) * (to))

typedef struct
{
  GByteArray *bytes; /* (nullable) */
  guint begin;       /* of the message that is being written, in @bytes */
  guint body;        /* of its body */
} McWire;

/* What is NULL or 0 is not in the header. */
typedef struct
{
  guint8 type; /* MC_FRAME_… */
  guint32 serial;
  guint32 reply_serial;
  const char *path;
  const char *interface;
  const char *member;
  const char *destination;
  const char *signature; /* of the body */
} McWireHeader;

/* A message behind what @self has, if it has any: its header, and then its body by what follows.
 * Nobody is to answer it. */
void mc_wire_begin (McWire *self, const McWireHeader *header);
void mc_wire_end (McWire *self);

/* Instead of that: its body, of so many bytes, is elsewhere. */
void mc_wire_end_before (McWire *self, gsize body);

/* Returns: (transfer full): what it has, which then has nothing. */
GBytes *mc_wire_steal (McWire *self);

void mc_wire_align (McWire *self, guint to);
void mc_wire_add_uint32 (McWire *self, guint32 number);
void mc_wire_add_uint64 (McWire *self, guint64 number);
void mc_wire_add_bytes (McWire *self, const guint8 *bytes, gsize length);

/* @text: UTF-8, or the path of an object. */
void mc_wire_add_string (McWire *self, const char *text);
void mc_wire_add_signature (McWire *self, const char *signature);

/* Returns: for the end, at which its length is known. @alignment: of its elements */
guint mc_wire_open_array (McWire *self, guint alignment);
void mc_wire_close_array (McWire *self, guint opened, guint alignment);

G_END_DECLS
