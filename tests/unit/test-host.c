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

#include "arcstats.h"
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

/* A pool of huge pages is nobody's who does not ask for such pages, used or not. */
static void
test_huge_pages (void)
{
  const struct
  {
    const char *text;
    guint64 total, available;
  } cases[] = {
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugePages_Total: 0\nHugepagesize: 2048 kB\n"
      "Hugetlb: 0 kB\n",
      1000, 200 },
    { "MemTotal: 67108864 kB\nMemAvailable: 11534336 kB\nHugePages_Total: 24576\n"
      "HugePages_Free: 3\nHugepagesize: 2048 kB\nHugetlb: 50331648 kB\n",
      16777216, 11534336 },
    /* of several sizes, the default one of which has none */
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugePages_Total: 0\nHugepagesize: 2 kB\n"
      "Hugetlb: 400 kB\n",
      600, 200 },
    /* a kernel that does not sum up */
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugePages_Total: 150\nHugepagesize: 2 kB\n", 700,
      200 },
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugePages_Total: 150\n", 1000, 200 },
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugePages_Total: 18446744073709551615\n"
      "Hugepagesize: 1048576 kB\n",
      1000, 200 },
    { "MemTotal: 1000 kB\nMemAvailable: 200 kB\nHugetlb: much\n", 1000, 200 },
    { "MemTotal: 1000 kB\nMemAvailable: 500 kB\nHugetlb: 600 kB\n", 400, 400 },
    { "MemTotal: 68719476736 kB\nMemAvailable: 68719476735 kB\n", 68719476736, 68719476735 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 total = 0, available = 0;
      g_autoptr (GError) error = NULL;

      g_assert_true (mc_meminfo_parse (cases[i].text, &total, &available, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (total / 1024, ==, cases[i].total);
      g_assert_cmpuint (available / 1024, ==, cases[i].available);
    }
}

#define ARC(lines)                                                                                 \
  "13 1 0x01 147 39984 5171018013 3512711350911\n"                                                 \
  "name                            type data\n"                                                    \
  "hits                            4    1234567\n" lines                                           \
  "l2_size                         4    99\n"

static void
test_zfs_cache (void)
{
  const struct
  {
    const char *text;
    guint64 bytes;
  } cases[] = {
    { ARC ("c_min                           4    100\nsize                            4    700\n"),
      600 },
    { ARC ("size                            4    70\nc_min                           4    100\n"),
      0 },
    { ARC ("size                            4    55834574848\nc_min                           4    "
           "8421967872\n"),
      G_GUINT64_CONSTANT (47412606976) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 bytes = 42;

      g_assert_true (mc_arcstats_parse (cases[i].text, &bytes, NULL));
      g_assert_cmpuint (bytes, ==, cases[i].bytes);
    }
}

static void
test_zfs_cache_refused (void)
{
  const char *cases[] = {
    "",
    "size",
    ARC (""),
    ARC ("size                            4    700\n"),
    ARC ("size                            4    much\nc_min                           4    100\n"),
    ARC ("size                            4    -1\nc_min                           4    100\n"),
    ARC ("size                            4\nc_min                           4    100\n"),
    ARC ("size 4 99999999999999999999999\nc_min 4 100\n"),
    "size 4 700\nc_min 4 1", /* cut off */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 bytes = 42;
      g_autoptr (GError) error = NULL;

      g_assert_false (mc_arcstats_parse (cases[i], &bytes, &error));
      g_assert_nonnull (error);
      g_assert_cmpuint (bytes, ==, 42);
    }
}

static char *
write_temporary (const char *text)
{
  char *path = NULL;
  int fd = g_file_open_tmp ("host-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static guint64
read_available (McHost *host)
{
  guint64 total, available;

  g_assert_true (mc_host_read (host, &total, &available, NULL));
  g_assert_cmpuint (available, <=, total);
  return available / 1024;
}

/* The module comes and goes, and what it says is not always what is expected. */
static void
test_zfs_cache_is_available (void)
{
  g_autofree char *meminfo = write_temporary ("MemTotal: 900 kB\nMemAvailable: 300 kB\n");
  g_autofree char *arcstats = write_temporary (ARC ("size 4 204800\nc_min 4 102400\n"));
  g_autoptr (McHost) host = mc_host_new (meminfo, NULL, arcstats);

  g_assert_cmpuint (read_available (host), ==, 400);
  g_assert_true (g_file_set_contents (arcstats, ARC ("size 4 2097152\nc_min 4 0\n"), -1, NULL));
  g_assert_cmpuint (read_available (host), ==, 900);

  g_assert_true (g_file_set_contents (arcstats, "nonsense\n", -1, NULL));
  g_test_expect_message ("memcoord", G_LOG_LEVEL_MESSAGE, "*ZFS*not counted*there is no size*");
  g_assert_cmpuint (read_available (host), ==, 300);
  g_assert_cmpuint (read_available (host), ==, 300); /* told once */
  g_test_assert_expected_messages ();

  g_unlink (arcstats);
  g_assert_cmpuint (read_available (host), ==, 300);
  g_unlink (meminfo);
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
    "MemTotal: 5 kB\nMemAvailable: 3 kB\nHugetlb: 5 kB\n",
    "MemTotal: 5 kB\nMemAvailable: 3 kB\nHugetlb: 6 kB\n",
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
  g_autoptr (McHost) host = mc_host_new (NULL, NULL, NULL);
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
  host = mc_host_new (path, NULL, NULL);
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
  g_autoptr (McHost) host = mc_host_new (NULL, "/nonexistent/pressure", NULL);
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
  p->host = mc_host_new (NULL, p->path, NULL);
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
  g_test_expect_message ("memcoord", G_LOG_LEVEL_MESSAGE, "*no longer reports memory pressure*");
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
  g_autoptr (McHost) host = mc_host_new (NULL, "/dev/full", NULL);
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
  host = mc_host_new (path, NULL, NULL);
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
  g_test_add_func ("/host/huge-pages", test_huge_pages);
  g_test_add_func ("/host/zfs-cache", test_zfs_cache);
  g_test_add_func ("/host/zfs-cache-refused", test_zfs_cache_refused);
  g_test_add_func ("/host/zfs-cache-is-available", test_zfs_cache_is_available);
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
