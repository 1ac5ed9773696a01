/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries that wait for a journal: in order, none lost while it takes them, counted where it does
 * not. The journal is a datagram socket, as the real one's, which nobody need read. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log-queue.h"

#define MANY       10000
#define MOST_BYTES (64 * 1024)
#define LOST       "lost "

typedef struct
{
  McLogQueue *queue;
  int far_end; /* the journal's */
} Fixture;

/* Of the queue's functions, which have no data of their own. */
static int near_end;
static McLogQueue *telling;

static void
send_text (const char *text)
{
  g_assert_cmpint (send (near_end, text, strlen (text), 0), >, 0);
}

static void
write_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_assert_cmpint (level, ==, G_LOG_LEVEL_INFO);
  g_assert_cmpuint (n_fields, ==, 2);
  g_assert_cmpstr (fields[0].key, ==, "BINARY");
  g_assert_cmpmem (fields[0].value, fields[0].length, "a\0b", 3);
  g_assert_cmpstr (fields[1].key, ==, "MESSAGE");
  g_assert_cmpint (fields[1].length, ==, -1);
  send_text (fields[1].value);
}

static void
push_text (McLogQueue *queue, const char *text)
{
  GLogField fields[] = { { "BINARY", "a\0b", 3 }, { "MESSAGE", text, -1 } };

  mc_log_queue_push (queue, G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields));
}

static void
push_number (McLogQueue *queue, guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);

  push_text (queue, text);
}

static void
tell_lost (guint64 n_entries)
{
  g_autofree char *text = g_strdup_printf (LOST "%" G_GUINT64_FORMAT, n_entries);

  push_text (telling, text);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  near_end = ends[0];
  f->far_end = ends[1];
  f->queue = telling = mc_log_queue_new (write_message, tell_lost, MOST_BYTES);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->queue, mc_log_queue_free);
  close (near_end);
  close (f->far_end);
}

/* Returns: (transfer full): what came next, within ten seconds. */
static char *
receive (Fixture *f)
{
  struct timeval at_most = { .tv_sec = 10 };
  char text[64];
  gssize length;

  g_assert_cmpint (setsockopt (f->far_end, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof at_most), ==,
                   0);
  length = recv (f->far_end, text, sizeof text, 0);
  g_assert_cmpint (length, >, 0);
  return g_strndup (text, (gsize)length);
}

/* More than the journal takes at once, and less than may wait. */
static void
test_nothing_is_lost (Fixture *f, gconstpointer data)
{
  const guint batch = 250;

  for (guint begun = 0; begun < MANY; begun += batch)
    {
      for (guint i = begun; i < begun + batch; i++)
        push_number (f->queue, i);
      for (guint i = begun; i < begun + batch; i++)
        {
          g_autofree char *text = receive (f);

          g_assert_cmpuint (strtoul (text, NULL, 10), ==, i);
        }
    }
  g_assert_true (mc_log_queue_flush (f->queue, G_USEC_PER_SEC));
}

/* Returns: (transfer full): what is told after what was not lost. */
static char *
receive_numbers (Fixture *f, guint *received)
{
  for (*received = 0;; (*received)++)
    {
      g_autofree char *text = receive (f);

      if (g_str_has_prefix (text, LOST))
        return g_steal_pointer (&text);
      g_assert_cmpuint (strtoul (text, NULL, 10), ==, *received);
    }
}

/* That this comes to its end is what it shows: no push waits. */
static void
test_what_is_lost_is_told (Fixture *f, gconstpointer data)
{
  g_autofree char *told = NULL, *after = NULL;
  guint received;

  for (guint i = 0; i < MANY; i++)
    push_number (f->queue, i);
  g_assert_false (mc_log_queue_flush (f->queue, 0));
  told = receive_numbers (f, &received);
  g_assert_cmpuint (received, >, 100);
  g_assert_cmpuint (strtoul (told + strlen (LOST), NULL, 10), ==, MANY - received);
  push_text (f->queue, "after");
  after = receive (f);
  g_assert_cmpstr (after, ==, "after");
}

static void
test_flush_is_bounded (Fixture *f, gconstpointer data)
{
  g_autofree char *told = NULL;
  gint64 began_us;
  guint received;

  for (guint i = 0; i < MANY; i++)
    push_number (f->queue, i);
  began_us = g_get_monotonic_time ();
  g_assert_false (mc_log_queue_flush (f->queue, 100 * 1000));
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 100 * 1000);
  told = receive_numbers (f, &received); /* for tear_down(), which waits */
}

/* Its memory is as the parent's was; the thread is not there. */
static void
test_fork (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      push_text (f->queue, "of the child");
      _exit (mc_log_queue_flush (f->queue, G_USEC_PER_SEC) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  text = receive (f);
  g_assert_cmpstr (text, ==, "of the child");
}

#define TEST(name, function)                                                                       \
  g_test_add ("/log-queue/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("nothing-is-lost", test_nothing_is_lost);
  TEST ("what-is-lost-is-told", test_what_is_lost_is_told);
  TEST ("flush-is-bounded", test_flush_is_bounded);
  TEST ("fork", test_fork);
  return g_test_run ();
}
