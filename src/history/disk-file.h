/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the files of the past are opened, read and written. What fails is told with the path, as
 * G_FILE_ERROR. Any thread; all of it waits for the disk. */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MC_DISK_FILE_ERROR_DAMAGED, /* the file is another's, of another version, or damaged */
} McDiskFileError;

#define MC_DISK_FILE_ERROR (mc_disk_file_error_quark ())
GQuark mc_disk_file_error_quark (void);

/* Returns: FALSE */
gboolean mc_disk_file_fail_damaged (GError **error, const char *why);

/* Writes what is in a new file. @path: what it will be called */
typedef gboolean (*McDiskFileFill) (int fd, const char *path, gconstpointer data, GError **error);

/* Makes a file of mode 0600 beside @path, and gives it that name when it is filled: all of it is
 * there, or what was there before. @data: for @fill */
gboolean
mc_disk_file_make (const char *path, McDiskFileFill fill, gconstpointer data, GError **error);

/* Returns: a descriptor of a regular file, or -1: MC_DISK_FILE_ERROR_DAMAGED where it is something
 * else, in its own right or behind a link. @flags: O_RDONLY or O_RDWR, and O_CREAT */
int mc_disk_file_open (const char *path, int flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All of the bytes, or an error. */
gboolean mc_disk_file_read_at (
    int fd, void *bytes, gsize length, off_t at, const char *path, GError **error);
gboolean mc_disk_file_write_at (
    int fd, const void *bytes, gsize length, off_t at, const char *path, GError **error);

G_END_DECLS
