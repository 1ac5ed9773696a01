/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes in from the bus, and how much of it is let in: two streams of messages, one each way,
 * which are read by their headers and passed on as they are. What is dropped costs a look at its
 * header, so that this thread is faster than any bus that writes to it.
 */
#include "config.h"

#include "intake.h"

#include "bypass.h"
#include "frame.h"
#include "ledger.h"
#include "rejections.h"
#include "stream.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTAKE_KEY "mc-intake"

/* Names and values of all thresholds are below 16 KiB. */
#define MOST_ARGUMENTS ((guint32)256 << 10)

/* A header has four short texts, and a path. */
#define MOST_HEADER ((guint64)64 << 10)

/* What is read at once. */
#define CHUNK ((gsize)64 << 10)

/* What waits for its reader before no more is read for it. */
#define MOST_WAITING ((gsize)256 << 10)

typedef struct
{
  GThread *thread;
  GSocketConnection *bus;
  int inner; /* this end of the pair whose other end GDBus has */
  McStream in, out;
  gboolean begun; /* the two have introduced themselves: messages follow */
  McRejections rejections;
  McLedger *ledger;
  McBypass *bypass;
  McParcel *parcel; /* (nullable): on its way to the bus, ahead of all that GDBus sends behind it */
  gsize parcel_at;  /* how much of it is */
} Intake;

static void
intake_free (Intake *self)
{
  mc_stream_clear (&self->in);
  mc_stream_clear (&self->out);
  close (self->inner);
  g_object_unref (self->bus);
  mc_rejections_clear (&self->rejections);
  mc_ledger_free (self->ledger);
  g_clear_pointer (&self->parcel, mc_parcel_free);
  mc_bypass_free (self->bypass);
  g_free (self);
}

/* Judging */

static McVerdict
judge_call (Intake *self, const McFrame *call)
{
  McCallKind kind = mc_access_judge (call->interface, call->member);
  gboolean awaited = (call->flags & MC_FRAME_NO_REPLY) == 0;
  g_autofree char *limit = NULL;

  if (call->sender == NULL || (!awaited && !mc_access_acts (call->interface, call->member)))
    return MC_VERDICT_DROP;
  if (call->body > MOST_ARGUMENTS)
    {
      if (awaited)
        mc_rejections_add (&self->rejections, call, "A call may have 256 KiB of arguments at most");
      return MC_VERDICT_DROP;
    }
  if (mc_ledger_enter (self->ledger, call->sender, call->serial, kind, awaited))
    return MC_VERDICT_PASS;
  limit = mc_ledger_describe_limit (kind);
  if (awaited)
    mc_rejections_add (&self->rejections, call, limit);
  return MC_VERDICT_DROP;
}

static McVerdict
judge_incoming (Intake *self, const McFrame *frame)
{
  if (frame->type == MC_FRAME_CALL)
    return judge_call (self, frame);
  if (frame->type == MC_FRAME_SIGNAL)
    return g_strcmp0 (frame->sender, "org.freedesktop.DBus") == 0 ? MC_VERDICT_PASS
                                                                  : MC_VERDICT_DROP;
  return MC_VERDICT_PASS;
}

/* A signal that stands for a parcel. Each answer that is one is wanted: a call that only looks is
 * not let in else. */
static McVerdict
take_parcel (Intake *self)
{
  self->parcel = mc_bypass_take (self->bypass);
  self->parcel_at = 0;
  if (self->parcel != NULL && self->parcel->destination != NULL)
    mc_ledger_leave (self->ledger, self->parcel->destination, self->parcel->reply_serial);
  return MC_VERDICT_DROP;
}

static McVerdict
judge_outgoing (Intake *self, const McFrame *frame)
{
  if (frame->type == MC_FRAME_SIGNAL && g_strcmp0 (frame->interface, MC_BYPASS_INTERFACE) == 0)
    return take_parcel (self);
  if ((frame->type != MC_FRAME_RETURN && frame->type != MC_FRAME_ERROR)
      || frame->destination == NULL)
    return MC_VERDICT_PASS;
  return mc_ledger_leave (self->ledger, frame->destination, frame->reply_serial) ? MC_VERDICT_PASS
                                                                                 : MC_VERDICT_DROP;
}

static McVerdict
judge_with_fds (Intake *self, const McFrame *frame)
{
  McVerdict verdict = judge_outgoing (self, frame);

  if (frame->unix_fds > 0 && verdict == MC_VERDICT_PASS)
    mc_stream_place_fds (&self->out);
  else if (frame->unix_fds > 0)
    mc_stream_drop_fds (&self->out);
  return verdict;
}

/* A header has come whole. */
static McVerdict
judge (Intake *self, McStream *stream, guint8 *header, gsize length)
{
  McFrame frame;

  /* GDBus judges what is no message: it ends the connection. */
  if (!mc_frame_read (&frame, header, length))
    return MC_VERDICT_PASS;
  if (stream == &self->out)
    return judge_with_fds (self, &frame);
  /* Each call that is let in is answered, so that its end is seen; an answer that nobody wants goes
   * no further than here. */
  if (frame.type == MC_FRAME_CALL)
    header[MC_FRAME_FLAGS_AT] &= (guint8)~MC_FRAME_NO_REPLY;
  return judge_incoming (self, &frame);
}

/* Moving */

/* Returns: how much of @bytes is done with. */
static gsize
move_part (Intake *self, McStream *stream, guint8 *bytes, gsize length)
{
  guint64 header, whole;
  McVerdict verdict = MC_VERDICT_DROP;

  if (stream->left > 0)
    return mc_stream_move (stream, bytes, length);
  if (length < MC_FRAME_FIXED)
    return 0;
  mc_frame_measure (bytes, &header, &whole);
  if (header <= MOST_HEADER && header > length)
    return 0;
  if (header <= MOST_HEADER)
    verdict = judge (self, stream, bytes, (gsize)header);
  mc_stream_judge (stream, verdict, whole);
  return move_part (self, stream, bytes, length);
}

/* What is behind a parcel waits until it is through. */
static gboolean
is_blocked (const Intake *self, const McStream *stream)
{
  return stream == &self->out && stream->left == 0 && self->parcel != NULL;
}

static void
move_messages (Intake *self, McStream *stream)
{
  gsize done = 0, part;

  do
    {
      part = move_part (self, stream, stream->read->data + done, stream->read->len - done);
      done += part;
    }
  while (part > 0 && done < stream->read->len && !is_blocked (self, stream));
  if (done > 0)
    g_byte_array_remove_range (stream->read, 0, (guint)done);
}

/* As much of it as may wait. */
static void
move_parcel (Intake *self)
{
  GByteArray *waiting = self->out.waiting;
  gsize rest;
  const guint8 *bytes = mc_parcel_get_part (self->parcel, self->parcel_at, &rest);

  if (rest == 0)
    mc_bypass_finish (self->bypass, g_steal_pointer (&self->parcel));
  else if (waiting->len < MOST_WAITING)
    {
      rest = MIN (rest, MOST_WAITING - waiting->len);
      g_byte_array_append (waiting, bytes, (guint)rest);
      self->parcel_at += rest;
    }
}

/* Before the first message each end says who it is, in lines. */
static void
move_lines (Intake *self, McStream *stream)
{
  static const char begin[] = "BEGIN\r\n";
  guint8 *bytes = stream->read->data;
  const guint8 *end = NULL;
  guint length = stream->read->len;

  if (stream == &self->out && length > 0)
    end = memmem (bytes, length, begin, sizeof begin - 1);
  if (end != NULL)
    {
      length = (guint)(end - bytes) + (guint)sizeof begin - 1;
      self->begun = TRUE;
    }
  g_byte_array_append (stream->waiting, bytes, length);
  g_byte_array_remove_range (stream->read, 0, length);
}

static void
move_on (Intake *self, McStream *stream)
{
  if (!self->begun)
    move_lines (self, stream);
  do
    {
      if (is_blocked (self, stream))
        move_parcel (self);
      if (self->begun && stream->read->len > 0 && !is_blocked (self, stream))
        move_messages (self, stream);
    }
  while (is_blocked (self, stream) && stream->waiting->len < MOST_WAITING);
  if (stream == &self->out && self->begun && stream->left == 0 && self->parcel == NULL
      && mc_rejections_are_waiting (&self->rejections) && stream->waiting->len <= MOST_WAITING)
    mc_rejections_send (&self->rejections, stream->waiting);
}

/* Waiting */

/*
 * Returns: how many bytes may be read. Descriptors come with the first byte of their message, and
 * with whatever is before it, so that a read may end within its header: then the rest of that is
 * read to see whose they are, and nothing behind it, with which the next ones might come.
 */
static gsize
measure_room (const Intake *self, const McStream *reads)
{
  if (reads->waiting->len >= MOST_WAITING || reads->fds_placed || is_blocked (self, reads))
    return 0;
  return reads->n_fds == 0 ? CHUNK : mc_frame_measure_rest (reads->read->data, reads->read->len);
}

static short
events_of (const Intake *self, const McStream *reads, const McStream *writes)
{
  short events = 0;

  if (measure_room (self, reads) > 0)
    events |= POLLIN;
  if (writes->waiting->len > 0)
    events |= POLLOUT;
  return events;
}

/* Returns: FALSE when that end is gone. */
static gboolean
read_what_came (Intake *self, McStream *stream, short events)
{
  gsize room = measure_room (self, stream);

  /* What was sent before an end is read whatever waits. */
  return (events & (POLLIN | POLLHUP | POLLERR)) == 0
         || mc_stream_read (stream, room > 0 ? room : CHUNK, stream == &self->out);
}

/* Returns: FALSE when one end is gone. */
static gboolean
turn (Intake *self)
{
  struct pollfd ends[] = {
    { self->in.from, events_of (self, &self->in, &self->out), 0 },
    { self->inner, events_of (self, &self->out, &self->in), 0 },
  };

  int timeout_ms = mc_rejections_are_waiting (&self->rejections) ? MC_REJECTIONS_MS : -1;

  if (poll (ends, G_N_ELEMENTS (ends), timeout_ms) < 0)
    return errno == EINTR;
  if (!read_what_came (self, &self->in, ends[0].revents)
      || !read_what_came (self, &self->out, ends[1].revents))
    return FALSE;
  move_on (self, &self->in);
  move_on (self, &self->out);
  if ((self->in.waiting->len > 0 && !mc_stream_write (&self->in))
      || (self->out.waiting->len > 0 && !mc_stream_write (&self->out)))
    return FALSE;
  if (is_blocked (self, &self->out))
    move_on (self, &self->out); /* so that there is something to wait for */
  return TRUE;
}

/* GDBus has closed its end: what it sent before still goes out. */
static void
end_out (Intake *self)
{
  do
    {
      move_on (self, &self->out);
      mc_stream_drain (&self->out);
    }
  while (self->out.waiting->len == 0 && is_blocked (self, &self->out));
}

static gpointer
intake_run (gpointer data)
{
  Intake *self = data;

  while (turn (self))
    ;
  end_out (self);
  mc_stream_drain (&self->in);
  shutdown (self->inner, SHUT_RDWR);
  shutdown (self->in.from, SHUT_RDWR);
  return NULL;
}

/* Life */

static GSocketConnection *
reach_bus (GBusType type, GError **error)
{
  g_autofree char *address = g_dbus_address_get_for_bus_sync (type, NULL, error);
  GIOStream *stream
      = address != NULL ? g_dbus_address_get_stream_sync (address, NULL, NULL, error) : NULL;

  return stream != NULL ? G_SOCKET_CONNECTION (stream) : NULL;
}

/* Returns: (transfer full): what GDBus is given in the place of the bus. */
static GIOStream *
make_pair (int *inner, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "failed to make a socket: %s",
                   g_strerror (errno));
      return NULL;
    }
  *inner = ends[0];
  socket = g_socket_new_from_fd (ends[1], error);
  if (socket != NULL)
    return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  close (ends[0]);
  close (ends[1]);
  return NULL;
}

static void
intake_end (gpointer data)
{
  Intake *self = data;

  g_thread_join (self->thread);
  intake_free (self);
}

GDBusConnection *
mc_intake_connect (GBusType type, GError **error)
{
  g_autoptr (GSocketConnection) bus = reach_bus (type, error);
  g_autoptr (GIOStream) stream = NULL;
  GDBusConnection *connection;
  Intake *self;
  int inner, outer;

  if (bus == NULL)
    return NULL;
  stream = make_pair (&inner, error);
  if (stream == NULL)
    return NULL;
  outer = g_socket_get_fd (g_socket_connection_get_socket (bus));
  self = g_new0 (Intake, 1);
  self->bus = g_steal_pointer (&bus);
  self->inner = inner;
  mc_rejections_init (&self->rejections);
  self->ledger = mc_ledger_new ();
  self->bypass = mc_bypass_new ();
  mc_stream_init (&self->in, outer, inner);
  mc_stream_init (&self->out, inner, outer);
  self->thread = g_thread_new ("bus-intake", intake_run, self);
  connection = g_dbus_connection_new_sync (stream, NULL,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                               | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                           NULL, NULL, error);
  if (connection != NULL)
    g_object_set_data_full (G_OBJECT (connection), INTAKE_KEY, self, intake_end);
  else
    {
      g_io_stream_close (stream, NULL, NULL);
      intake_end (self);
    }
  return connection;
}

McBypass *
mc_intake_get_bypass (GDBusConnection *connection)
{
  const Intake *self = g_object_get_data (G_OBJECT (connection), INTAKE_KEY);

  return self->bypass;
}

void
mc_intake_close (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_object_set_data (G_OBJECT (connection), INTAKE_KEY, NULL);
}
