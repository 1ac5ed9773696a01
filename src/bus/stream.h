/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One direction between two sockets: what was read, what is to be written, and the descriptors that
 * go with it. Nothing here waits but mc_stream_drain(). Any thread, one at a time.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_STREAM_MOST_FDS 16

typedef enum
{
  MC_VERDICT_PASS,
  MC_VERDICT_DROP,
} McVerdict;

typedef struct
{
  int from, to;
  GByteArray *read;    /* that no verdict is on yet */
  GByteArray *waiting; /* to be written */
  guint64 left;        /* of the message that the verdict is on */
  McVerdict verdict;
  int fds[MC_STREAM_MOST_FDS]; /* of one message that was read */
  gsize n_fds;
  gboolean fds_placed; /* that message is waiting */
  gsize fds_at;        /* where it begins then */
} McStream;

void mc_stream_init (McStream *self, int from, int to);
void mc_stream_clear (McStream *self);

/* Reads what there is, @most bytes of it. Returns: FALSE at its end. */
gboolean mc_stream_read (McStream *self, gsize most, gboolean with_fds);

/* The message that comes next in what was read, of so many bytes, is judged. */
void mc_stream_judge (McStream *self, McVerdict verdict, guint64 length);

/* Lets @bytes pass or drops them, as far as the verdict goes. Returns: how many those were. */
gsize mc_stream_move (McStream *self, const guint8 *bytes, gsize length);

/* The message that the descriptors belong to goes behind what is waiting; or it does not, and they
 * are closed. */
void mc_stream_place_fds (McStream *self);
void mc_stream_drop_fds (McStream *self);

/* Writes what can be. Returns: FALSE where nobody reads it any more. */
gboolean mc_stream_write (McStream *self);

/* What is left of it is written, if it is read within a second at all. */
void mc_stream_drain (McStream *self);

G_END_DECLS
