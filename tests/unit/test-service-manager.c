/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told, with the test at its end of the socket. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "service-manager.h"

typedef struct
{
  char *directory;
  char *path;
  int fd;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "notify", NULL);
  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  f->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (f->fd, >=, 0);
  g_assert_cmpint (bind (f->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_setenv ("NOTIFY_SOCKET", f->path, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
  g_unsetenv ("WATCHDOG_PID");
  close (f->fd);
  g_unlink (f->path);
  g_rmdir (f->directory);
  g_free (f->path);
  g_free (f->directory);
}

static void
assert_told (Fixture *f, const char *text)
{
  char told[512];
  gssize length = recv (f->fd, told, sizeof told - 1, 0);

  g_assert_cmpint (length, >, 0);
  told[length] = '\0';
  g_assert_cmpstr (told, ==, text);
}

static void
test_words (Fixture *f, gconstpointer data)
{
  mc_service_manager_notify_ready ("4 VMs");
  assert_told (f, "READY=1\nSTATUS=4 VMs");
  mc_service_manager_notify_status ("5 VMs\nSTOPPING=1");
  assert_told (f, "STATUS=5 VMs?STOPPING=1");
  mc_service_manager_notify_status ("libvirt says \033[31mno\u202e\xff");
  assert_told (f, "STATUS=libvirt says ?[31mno?\xef\xbf\xbd");
  mc_service_manager_notify_status ("5 VMs");
  assert_told (f, "STATUS=5 VMs");
  mc_service_manager_notify_alive ();
  assert_told (f, "WATCHDOG=1");
  mc_service_manager_notify_stopping ();
  assert_told (f, "STOPPING=1");
}

/* systemd.service(5), Type=notify-reload: the time has to be there, and be the present. */
static void
test_reloading (Fixture *f, gconstpointer data)
{
  char told[512] = "";
  gint64 before = g_get_monotonic_time (), at;

  mc_service_manager_notify_reloading ();
  g_assert_cmpint (recv (f->fd, told, sizeof told - 1, 0), >, 0);
  g_assert_true (g_str_has_prefix (told, "RELOADING=1\nMONOTONIC_USEC="));
  at = g_ascii_strtoll (strrchr (told, '=') + 1, NULL, 10);
  g_assert_cmpint (at, >=, before);
  g_assert_cmpint (at, <=, g_get_monotonic_time ());
}

static void
test_period (Fixture *f, gconstpointer data)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int)getpid ());

  g_assert_cmpint (mc_service_manager_get_watchdog_us (), ==, 0);
  g_setenv ("WATCHDOG_USEC", "30000000", TRUE);
  g_setenv ("WATCHDOG_PID", pid, TRUE);
  g_assert_cmpint (mc_service_manager_get_watchdog_us (), ==, 15000000);
  /* Not for this process. */
  g_setenv ("WATCHDOG_PID", "1", TRUE);
  g_assert_cmpint (mc_service_manager_get_watchdog_us (), ==, 0);
}

/* Without a service manager nothing happens. */
static void
test_nobody_there (Fixture *f, gconstpointer data)
{
  char told[16];

  g_unsetenv ("NOTIFY_SOCKET");
  mc_service_manager_notify_ready ("");
  mc_service_manager_notify_alive ();
  g_assert_cmpint (recv (f->fd, told, sizeof told, 0), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service-manager/words", Fixture, NULL, set_up, test_words, tear_down);
  g_test_add ("/service-manager/reloading", Fixture, NULL, set_up, test_reloading, tear_down);
  g_test_add ("/service-manager/period", Fixture, NULL, set_up, test_period, tear_down);
  g_test_add ("/service-manager/nobody-there", Fixture, NULL, set_up, test_nobody_there, tear_down);
  return g_test_run ();
}
