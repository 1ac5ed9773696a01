/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's memory. */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "meminfo.h"

static void
test_meminfo (void)
{
  guint64 total = 0, available = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_meminfo_parse (
      "MemTotal:       16384 kB\nMemFree:          12 kB\nMemAvailable:    4096 kB\n", &total,
      &available, &error));
  g_assert_cmpuint (total, ==, 16384 * 1024);
  g_assert_cmpuint (available, ==, 4096 * 1024);
}

static void
test_meminfo_refused (void)
{
  const char *cases[] = {
    "",
    "MemTotal: 16384 kB\n",
    "MemAvailable: 16384 kB\n",
    "MemTotal: kB\nMemAvailable: 3 kB\n",
    "MemTotal: -5 kB\nMemAvailable: 3 kB\n",
    "MemTotal: 99999999999999999999999 kB\nMemAvailable: 3 kB\n",
    "MemTotal: 18446744073709551615 kB\nMemAvailable: 3 kB\n",
    "XMemTotal: 5 kB\nXMemAvailable: 3 kB\n",
    "MemTotal: 5 kB\nMemAvailable: 6 kB\n",
    "MemTotal: 0 kB\nMemAvailable: 0 kB\n",
    "MemTotal: 5 MB\nMemAvailable: 3 MB\n",
    "MemTotal: 0x5 kB\nMemAvailable: 3 kB\n",
    "MemTotal\nMemAvailable: 3 kB\n",
    "MemTotal:",
    "MemTotal: 5 kB\nMemAvailable:\n 3 kB\n",
    "MemTotal: 5 kB MemAvailable: 3 kB",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 total = 42, available = 42;
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i]);
      g_assert_false (mc_meminfo_parse (cases[i], &total, &available, &error));
      g_assert_nonnull (error);
      g_assert_cmpuint (total, ==, 42);
      g_assert_cmpuint (available, ==, 42);
    }
}

static void
test_this_machine (void)
{
  g_autoptr (McHost) host = mc_host_new (NULL, NULL);
  guint64 total = 0, available = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_host_read (host, &total, &available, &error));
  g_assert_cmpuint (available, >, 0);
  g_assert_cmpuint (total, >, available);
}

static void
test_file_that_changes (void)
{
  g_autofree char *path = NULL;
  guint64 total, available = 0;
  g_autoptr (McHost) host = NULL;
  int fd = g_file_open_tmp ("meminfo-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  host = mc_host_new (path, NULL);
  g_assert_false (mc_host_read (host, &total, &available, NULL));
  fd = g_open (path, O_WRONLY, 0);
  g_assert_cmpint (write (fd, "MemTotal: 9 kB\nMemAvailable: 5 kB\n", 34), ==, 34);
  g_assert_true (mc_host_read (host, &total, &available, NULL));
  g_assert_cmpuint (available, ==, 5 * 1024);
  g_assert_cmpint (pwrite (fd, "MemTotal: 9 kB\nMemAvailable: 3 kB\n", 34, 0), ==, 34);
  g_assert_true (mc_host_read (host, &total, &available, NULL));
  g_assert_cmpuint (available, ==, 3 * 1024);
  g_close (fd, NULL);
  g_unlink (path);
}

static void
test_no_pressure_is_no_harm (void)
{
  g_autoptr (McHost) host = mc_host_new (NULL, "/nonexistent/pressure");
  g_autoptr (GError) error = NULL;

  g_assert_false (mc_host_watch_pressure (host, &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/pressure"));
}

/* A place that takes a trigger as the kernel's file does, and whose events the test makes. */
typedef struct
{
  char *directory;
  char *path;
  int fifo;
  McHost *host;
  guint n_events;
} Pressure;

static void
on_pressure (McHost *host, gpointer user_data)
{
  ((Pressure *)user_data)->n_events++;
}

static void
pressure_set_up (Pressure *p, gconstpointer data)
{
  p->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  p->path = g_build_filename (p->directory, "memory", NULL);
  g_assert_cmpint (mkfifo (p->path, 0600), ==, 0);
  p->fifo = open (p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  p->host = mc_host_new (NULL, p->path);
  g_signal_connect (p->host, "pressure", G_CALLBACK (on_pressure), p);
}

static void
pressure_tear_down (Pressure *p, gconstpointer data)
{
  g_clear_object (&p->host);
  close (p->fifo);
  g_unlink (p->path);
  g_assert_cmpint (g_rmdir (p->directory), ==, 0);
  g_free (p->path);
  g_free (p->directory);
}

/* Returns: the descriptor through which the host watches. */
static int
find_watch (Pressure *p)
{
  for (int fd = 3; fd < 256; fd++)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = fd != p->fifo ? g_file_read_link (link, NULL) : NULL;

      if (g_strcmp0 (target, p->path) == 0)
        return fd;
    }
  return -1;
}

static void
iterate_until_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The kernel wants the text with its terminating zero, and a window that it takes from anyone: a
 * multiple of 2 s. */
static void
test_trigger (Pressure *p, gconstpointer data)
{
  static const char trigger[] = "some 200000 2000000";
  char told[64];
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_host_watch_pressure (p->host, &error));
  g_assert_no_error (error);
  g_assert_cmpint (read (p->fifo, told, sizeof told), ==, sizeof trigger);
  g_assert_cmpmem (told, sizeof trigger, trigger, sizeof trigger);
  iterate_until_idle ();
  g_assert_cmpuint (p->n_events, ==, 0);
  g_clear_object (&p->host);
  g_assert_cmpint (find_watch (p), ==, -1);
}

/* Two ends of a TCP connection: what is sent out of band makes poll() report POLLPRI, as the
 * kernel's file does. */
static void
make_pair (int pair[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *)&address, &length), ==, 0);
  pair[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (pair[0], (struct sockaddr *)&address, length), ==, 0);
  pair[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (pair[1], >=, 0);
  close (listener);
}

static void
test_event (Pressure *p, gconstpointer data)
{
  int pair[2];

  g_assert_true (mc_host_watch_pressure (p->host, NULL));
  make_pair (pair);
  g_assert_cmpint (dup2 (pair[1], find_watch (p)), >=, 0);
  g_assert_cmpint (send (pair[0], "!", 1, MSG_OOB), ==, 1);
  while (p->n_events == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (p->n_events, ==, 1);
  close (pair[0]);
  close (pair[1]);
}

/* A trigger that the kernel has dropped must not make the loop spin. */
static void
test_trigger_gone (Pressure *p, gconstpointer data)
{
  int pipe_fds[2];

  g_assert_true (mc_host_watch_pressure (p->host, NULL));
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  g_assert_cmpint (dup2 (pipe_fds[1], find_watch (p)), >=, 0);
  close (pipe_fds[0]);
  g_test_expect_message ("memcoord", G_LOG_LEVEL_MESSAGE, "*no longer tells of memory pressure*");
  iterate_until_idle ();
  g_test_assert_expected_messages ();
  g_assert_cmpuint (p->n_events, ==, 0);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  close (pipe_fds[1]);
}

static void
test_trigger_refused (void)
{
  /* It opens, and takes nothing. */
  g_autoptr (McHost) host = mc_host_new (NULL, "/dev/full");
  g_autoptr (GError) error = NULL;

  g_assert_false (mc_host_watch_pressure (host, &error));
  g_assert_nonnull (strstr (error->message, "/dev/full"));
}

/* The longest text that is looked at ends in the middle of a line: no figure is made of half a
 * number. */
static void
test_endless_file (void)
{
  g_autofree char *path = NULL;
  g_autofree char *lines = g_strnfill (100 * 1024, '\n');
  g_autofree char *text = g_strconcat ("MemTotal: 9 kB\n", lines, "MemAvailable: 5 kB\n", NULL);
  guint64 total, available;
  g_autoptr (McHost) host = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("meminfo-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  host = mc_host_new (path, NULL);
  g_assert_false (mc_host_read (host, &total, &available, &error));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "MemAvailable"));
  g_unlink (path);
}

#define PRESSURE_TEST(name, function)                                                              \
  g_test_add ("/host/" name, Pressure, NULL, pressure_set_up, function, pressure_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/meminfo", test_meminfo);
  g_test_add_func ("/host/meminfo-refused", test_meminfo_refused);
  g_test_add_func ("/host/this-machine", test_this_machine);
  g_test_add_func ("/host/file-that-changes", test_file_that_changes);
  g_test_add_func ("/host/no-pressure-is-no-harm", test_no_pressure_is_no_harm);
  g_test_add_func ("/host/trigger-refused", test_trigger_refused);
  g_test_add_func ("/host/endless-file", test_endless_file);
  PRESSURE_TEST ("trigger", test_trigger);
  PRESSURE_TEST ("event", test_event);
  PRESSURE_TEST ("trigger-gone", test_trigger_gone);
  return g_test_run ();
}
