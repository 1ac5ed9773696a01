/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message as it stands in a stream of D-Bus: how long it is, and what its header says, read
 * without a copy and without its body. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The part of a header that has a fixed size. */
#define MC_FRAME_FIXED 16

/* Texts end where they do in the header that was read; NULL where it has none. */
typedef struct
{
  guint8 type;
  guint8 flags;
  guint32 serial;
  guint32 reply_serial;
  guint32 body;
  guint32 unix_fds; /* how many come with it */
  const char *interface;
  const char *member;
  const char *sender;
  const char *destination;
} McFrame;

#define MC_FRAME_CALL   1
#define MC_FRAME_RETURN 2
#define MC_FRAME_ERROR  3
#define MC_FRAME_SIGNAL 4

/* Codes of the fields of a header. */
#define MC_FRAME_FIELD_PATH         1
#define MC_FRAME_FIELD_INTERFACE    2
#define MC_FRAME_FIELD_MEMBER       3
#define MC_FRAME_FIELD_REPLY_SERIAL 5
#define MC_FRAME_FIELD_DESTINATION  6
#define MC_FRAME_FIELD_SENDER       7
#define MC_FRAME_FIELD_SIGNATURE    8
#define MC_FRAME_FIELD_UNIX_FDS     9

#define MC_FRAME_FLAGS_AT 2
#define MC_FRAME_NO_REPLY 0x1

/* @fixed: the first MC_FRAME_FIXED bytes. Sets how long the header is, and all of the message. */
void mc_frame_measure (const guint8 *fixed, guint64 *header, guint64 *whole);

/* @bytes: of a message that has begun to come. Returns: how many are missing of its header; before
 * the first MC_FRAME_FIXED are there, of those. */
gsize mc_frame_measure_rest (const guint8 *bytes, gsize length);

/* @header: as long as mc_frame_measure() says. FALSE where it is no header. */
gboolean
mc_frame_read (McFrame *self, const guint8 *header, gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
