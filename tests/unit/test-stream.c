/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One direction between two sockets: descriptors go with the message that they belong to. */
#include "config.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

typedef struct
{
  McStream stream;
  int writer, reader; /* the far ends */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  int in[2], out[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out), ==, 0);
  f->writer = in[0];
  f->reader = out[0];
  mc_stream_init (&f->stream, in[1], out[1]);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close (f->stream.from);
  close (f->stream.to);
  close (f->writer);
  close (f->reader);
  mc_stream_clear (&f->stream);
}

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} Control;

static void
put_descriptor (int socket, const char *text)
{
  struct iovec part = { (char *)text, strlen (text) };
  Control control = { .header = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int descriptor = dup (socket);

  memcpy (CMSG_DATA (&control.header), &descriptor, sizeof descriptor);
  g_assert_cmpint (sendmsg (socket, &message, 0), ==, strlen (text));
  close (descriptor);
}

/* What one read gets, and whether a descriptor came with it. */
static void
assert_read (Fixture *f, const char *expected, gboolean with_descriptor)
{
  char text[64] = "";
  struct iovec part = { text, sizeof text - 1 };
  Control control;
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  const struct cmsghdr *header;
  int descriptor;

  g_assert_cmpint (recvmsg (f->reader, &message, MSG_DONTWAIT), ==, strlen (expected));
  g_assert_cmpstr (text, ==, expected);
  header = CMSG_FIRSTHDR (&message);
  g_assert_cmpint (header != NULL, ==, with_descriptor);
  if (header == NULL)
    return;
  memcpy (&descriptor, CMSG_DATA (header), sizeof descriptor);
  g_assert_cmpint (close (descriptor), ==, 0);
}

static void
pass (Fixture *f)
{
  g_byte_array_append (f->stream.waiting, f->stream.read->data, f->stream.read->len);
  g_byte_array_set_size (f->stream.read, 0);
}

static void
write_all (Fixture *f)
{
  while (f->stream.waiting->len > 0)
    g_assert_true (mc_stream_write (&f->stream));
}

static void
test_descriptor_behind_what_waits (Fixture *f, gconstpointer data)
{
  g_byte_array_append (f->stream.waiting, (const guint8 *)"before", 6);
  put_descriptor (f->writer, "message");
  g_assert_true (mc_stream_read (&f->stream, 64, TRUE));
  g_assert_cmpuint (f->stream.n_fds, ==, 1);
  mc_stream_place_fds (&f->stream);
  pass (f);
  g_byte_array_append (f->stream.waiting, (const guint8 *)" and more", 9);
  g_assert_true (mc_stream_write (&f->stream));
  assert_read (f, "before", FALSE);
  g_assert_true (mc_stream_write (&f->stream));
  assert_read (f, "message and more", TRUE);
  g_assert_cmpuint (f->stream.n_fds, ==, 0);
}

/* Its message has not been judged: what goes out meanwhile is another's. */
static void
test_descriptor_that_waits_itself (Fixture *f, gconstpointer data)
{
  put_descriptor (f->writer, "message");
  g_assert_true (mc_stream_read (&f->stream, 64, TRUE));
  g_byte_array_append (f->stream.waiting, (const guint8 *)"another", 7);
  write_all (f);
  assert_read (f, "another", FALSE);
  mc_stream_place_fds (&f->stream);
  pass (f);
  write_all (f);
  assert_read (f, "message", TRUE);
}

/* Else nothing more would be read. */
static void
test_descriptor_of_a_message_that_is_dropped (Fixture *f, gconstpointer data)
{
  put_descriptor (f->writer, "message");
  g_assert_true (mc_stream_read (&f->stream, 64, TRUE));
  mc_stream_drop_fds (&f->stream);
  g_byte_array_set_size (f->stream.read, 0);
  g_assert_cmpuint (f->stream.n_fds, ==, 0);
  put_descriptor (f->writer, "next");
  g_assert_true (mc_stream_read (&f->stream, 64, TRUE));
  mc_stream_place_fds (&f->stream);
  pass (f);
  write_all (f);
  assert_read (f, "next", TRUE);
}

#define TEST(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("/stream/behind", test_descriptor_behind_what_waits);
  TEST ("/stream/waits", test_descriptor_that_waits_itself);
  TEST ("/stream/dropped", test_descriptor_of_a_message_that_is_dropped);
  return g_test_run ();
}
