/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text that is read or written whole. */
#include "config.h"

#include "text-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file-error.h"
#include "new-file.h"

static gboolean
fail_irregular (GError **error, const char *path)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a regular file", path);
  return FALSE;
}

static gboolean
check_regular (int fd, const char *path, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return mc_file_error_set (error, "look at", path);
  if (S_ISREG (info.st_mode))
    return TRUE;
  return fail_irregular (error, path);
}

/* Its size is not asked for: it may grow meanwhile, and files of /proc have none. */
static gboolean
read_whole (int fd, const char *path, gsize most_bytes, GString *text, GError **error)
{
  char buffer[16 * 1024];

  while (text->len <= most_bytes)
    {
      gssize length = read (fd, buffer, sizeof buffer);

      if (length == 0)
        return TRUE;
      if (length > 0)
        g_string_append_len (text, buffer, length);
      else if (errno != EINTR)
        return mc_file_error_set (error, "read", path);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "%s is larger than %zu KiB", path,
               most_bytes / 1024);
  return FALSE;
}

char *
mc_text_file_read (const char *path, gsize most_bytes, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *shown = g_filename_display_name (path); /* messages are UTF-8 */
  /* Nobody writes to a pipe that is opened so: to open it would wait for ever. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  gboolean fine;

  if (fd < 0 && errno == ENXIO) /* a socket */
    fail_irregular (error, shown);
  else if (fd < 0)
    mc_file_error_set (error, "open", shown);
  if (fd < 0)
    return NULL;
  fine = check_regular (fd, shown, error) && read_whole (fd, shown, most_bytes, text, error);
  close (fd);
  if (!fine)
    return NULL;
  if (strlen (text->str) != text->len)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: it is not text", shown);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
write_whole (int fd, const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gssize length = write (fd, text, left);

      if (length < 0 && errno != EINTR)
        return FALSE;
      text += MAX (length, 0);
      left -= (gsize)MAX (length, 0);
    }
  return fsync (fd) == 0;
}

/* Returns: whether all of it is there; else errno says why not. */
static gboolean
fill (int fd, const char *text)
{
  gboolean fine = write_whole (fd, text);
  int saved = errno;

  /* Some file systems report only now what went wrong. */
  if (close (fd) < 0 && fine)
    return FALSE;
  errno = saved;
  return fine;
}

/* So that a crash does not bring the old file's name back. */
static gboolean
sync_directory (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean fine = fd >= 0 && fsync (fd) == 0;

  if (!fine)
    mc_file_error_set (error, "sync", directory);
  if (fd >= 0)
    close (fd);
  return fine;
}

gboolean
mc_text_file_write (const char *path, const char *text, GError **error)
{
  g_autofree char *temporary = mc_new_file_name (path);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);

  if (fd < 0)
    return mc_file_error_set (error, "write", path);
  if (fill (fd, text) && rename (temporary, path) == 0)
    return sync_directory (path, error);
  mc_file_error_set (error, "write", path);
  unlink (temporary);
  return FALSE;
}
