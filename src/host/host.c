/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's own memory, as the kernel reports it. */
#include "config.h"

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "arcstats.h"
#include "file-error.h"
#include "meminfo.h"

#define MEMINFO_PATH  "/proc/meminfo"
#define PRESSURE_PATH "/proc/pressure/memory"
#define ARCSTATS_PATH "/proc/spl/kstat/zfs/arcstats"

/*
 * 200 ms stalled within 2 s. Without CAP_SYS_RESOURCE the kernel takes only windows that are
 * multiples of 2 s (Documentation/accounting/psi.rst).
 */
#define PRESSURE_TRIGGER "some 200000 2000000"

struct _McHost
{
  GObject parent;

  char *meminfo_path;
  char *pressure_path;
  char *arcstats_path;
  gboolean arcstats_refused; /* and logged */
  int meminfo_fd;
  int pressure_fd;
  guint pressure_source;
};

enum
{
  PRESSURE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McHost, mc_host, G_TYPE_OBJECT)

static void
mc_host_init (McHost *self)
{
  self->meminfo_fd = -1;
  self->pressure_fd = -1;
}

static void
mc_host_finalize (GObject *object)
{
  McHost *self = MC_HOST (object);

  g_clear_handle_id (&self->pressure_source, g_source_remove);
  if (self->meminfo_fd >= 0)
    close (self->meminfo_fd);
  if (self->pressure_fd >= 0)
    close (self->pressure_fd);
  g_free (self->meminfo_path);
  g_free (self->pressure_path);
  g_free (self->arcstats_path);
  G_OBJECT_CLASS (mc_host_parent_class)->finalize (object);
}

static void
mc_host_class_init (McHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_host_finalize;
  signals[PRESSURE] = g_signal_new ("pressure", MC_TYPE_HOST, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 0);
}

McHost *
mc_host_new (const char *meminfo_path, const char *pressure_path, const char *arcstats_path)
{
  McHost *self = g_object_new (MC_TYPE_HOST, NULL);

  self->meminfo_path = g_strdup (meminfo_path != NULL ? meminfo_path : MEMINFO_PATH);
  self->pressure_path = g_strdup (pressure_path != NULL ? pressure_path : PRESSURE_PATH);
  self->arcstats_path = g_strdup (arcstats_path != NULL ? arcstats_path : ARCSTATS_PATH);
  return self;
}

/* The module may come and go: its file is opened each time. Most hosts have none. */
static gboolean
read_arcstats (const char *path, guint64 *bytes, GError **error)
{
  char text[16384];
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize length;

  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    {
      *bytes = 0;
      return TRUE;
    }
  if (fd < 0)
    return mc_file_error_set (error, "open", path);
  length = read (fd, text, sizeof text - 1);
  if (length < 0)
    mc_file_error_set (error, "read", path);
  close (fd);
  if (length < 0)
    return FALSE;
  text[length] = '\0';
  if (mc_arcstats_parse (text, bytes, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

static guint64
read_zfs_cache (McHost *self)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;

  if (read_arcstats (self->arcstats_path, &bytes, &error))
    self->arcstats_refused = FALSE;
  else if (!self->arcstats_refused)
    {
      g_message ("The ZFS cache is not counted as available: %s", error->message);
      self->arcstats_refused = TRUE;
    }
  return bytes;
}

gboolean
mc_host_read (McHost *self, guint64 *total, guint64 *available, GError **error)
{
  char text[8192];
  gssize length;

  if (self->meminfo_fd < 0)
    self->meminfo_fd = open (self->meminfo_path, O_RDONLY | O_CLOEXEC);
  if (self->meminfo_fd < 0)
    return mc_file_error_set (error, "open", self->meminfo_path);
  length = pread (self->meminfo_fd, text, sizeof text - 1, 0);
  if (length < 0)
    return mc_file_error_set (error, "read", self->meminfo_path);
  text[length] = '\0';
  if (!mc_meminfo_parse (text, total, available, error))
    {
      g_prefix_error (error, "%s: ", self->meminfo_path);
      return FALSE;
    }
  *available += MIN (read_zfs_cache (self), *total - *available);
  return TRUE;
}

static gboolean
on_pressure (int fd, GIOCondition condition, gpointer user_data)
{
  McHost *self = user_data;

  if (condition & (G_IO_ERR | G_IO_NVAL))
    {
      /* POLLERR alone means that the trigger is gone: asking again would spin. */
      g_message ("The kernel no longer reports memory pressure; cycles start by the clock only");
      self->pressure_source = 0;
      return G_SOURCE_REMOVE;
    }
  g_signal_emit (self, signals[PRESSURE], 0);
  return G_SOURCE_CONTINUE;
}

gboolean
mc_host_watch_pressure (McHost *self, GError **error)
{
  g_return_val_if_fail (self->pressure_fd < 0, TRUE);

  self->pressure_fd = open (self->pressure_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (self->pressure_fd < 0)
    return mc_file_error_set (error, "open", self->pressure_path);
  /* The kernel wants the terminating zero, too. */
  if (write (self->pressure_fd, PRESSURE_TRIGGER, sizeof PRESSURE_TRIGGER) < 0)
    {
      mc_file_error_set (error, "set a trigger on", self->pressure_path);
      close (self->pressure_fd);
      self->pressure_fd = -1;
      return FALSE;
    }
  self->pressure_source = g_unix_fd_add (self->pressure_fd, G_IO_PRI | G_IO_ERR, on_pressure, self);
  return TRUE;
}
