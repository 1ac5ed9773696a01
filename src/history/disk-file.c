/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the files of the past are opened, read and written. */
#include "config.h"

#include "disk-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file-error.h"
#include "new-file.h"

G_DEFINE_QUARK (mc_disk_file_error_quark, mc_disk_file_error)

gboolean
mc_disk_file_fail_damaged (GError **error, const char *why)
{
  g_set_error_literal (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED, why);
  return FALSE;
}

gboolean
mc_disk_file_make (const char *path, McDiskFileFill fill, gconstpointer data, GError **error)
{
  g_autofree char *temporary = mc_new_file_name (path);
  int fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  gboolean made;

  if (fd < 0)
    return mc_file_error_set (error, "make", path);
  made = fill (fd, path, data, error)
         && (g_rename (temporary, path) == 0 || mc_file_error_set (error, "make", path));
  close (fd);
  if (!made)
    g_unlink (temporary);
  return made;
}

int
mc_disk_file_open (const char *path, int flags, GError **error)
{
  /* A pipe that nobody reads or writes is not waited for. */
  int fd = open (path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0600);
  struct stat info;

  if (fd < 0 && errno != ENXIO && errno != ELOOP && errno != EISDIR)
    {
      mc_file_error_set (error, "open", path);
      return -1;
    }
  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    return fd;
  mc_disk_file_fail_damaged (error, "it is not a regular file");
  if (fd >= 0)
    close (fd);
  return -1;
}

gboolean
mc_disk_file_read_at (int fd, void *bytes, gsize length, off_t at, const char *path, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize now = pread (fd, (guint8 *)bytes + done, length - done, at + (off_t)done);

      if (now < 0 && errno != EINTR)
        return mc_file_error_set (error, "read", path);
      if (now == 0)
        return mc_disk_file_fail_damaged (error, "it is too short");
      done += (gsize)MAX (now, 0);
    }
  return TRUE;
}

gboolean
mc_disk_file_write_at (
    int fd, const void *bytes, gsize length, off_t at, const char *path, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize now = pwrite (fd, (const guint8 *)bytes + done, length - done, at + (off_t)done);

      if (now < 0 && errno != EINTR)
        return mc_file_error_set (error, "write", path);
      done += (gsize)MAX (now, 0);
    }
  return TRUE;
}
