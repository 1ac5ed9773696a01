/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two rings of rows in a file of the past. */
#include "config.h"

#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK (mc_series_error_quark, mc_series_error)

gboolean
mc_series_fail_errno (GError **error, const char *doing, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (saved), "failed to %s %s: %s",
               doing, path, g_strerror (saved));
  return FALSE;
}

gboolean
mc_series_fail_damaged (GError **error, const char *why)
{
  g_set_error_literal (error, MC_SERIES_ERROR, MC_SERIES_ERROR_DAMAGED, why);
  return FALSE;
}

int
mc_series_open_file (const char *path, int flags, GError **error)
{
  /* A pipe that nobody reads or writes is not waited for. */
  int fd = open (path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0600);
  struct stat info;

  if (fd < 0 && errno != ENXIO && errno != ELOOP && errno != EISDIR)
    {
      mc_series_fail_errno (error, "open", path);
      return -1;
    }
  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    return fd;
  mc_series_fail_damaged (error, "it is not a regular file");
  if (fd >= 0)
    close (fd);
  return -1;
}

gboolean
mc_series_read_at (int fd, void *bytes, gsize length, off_t at, const char *path, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize now = pread (fd, (guint8 *)bytes + done, length - done, at + (off_t)done);

      if (now < 0 && errno != EINTR)
        return mc_series_fail_errno (error, "read", path);
      if (now == 0)
        return mc_series_fail_damaged (error, "it is too short");
      done += (gsize)MAX (now, 0);
    }
  return TRUE;
}

gboolean
mc_series_write_at (
    int fd, const void *bytes, gsize length, off_t at, const char *path, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize now = pwrite (fd, (const guint8 *)bytes + done, length - done, at + (off_t)done);

      if (now < 0 && errno != EINTR)
        return mc_series_fail_errno (error, "write", path);
      done += (gsize)MAX (now, 0);
    }
  return TRUE;
}

/* Rows */

static gsize
row_bytes (const McRing *self)
{
  return G_STRUCT_OFFSET (McRingRow, figures) + self->kind->n_columns * sizeof (float);
}

/* FNV-1a: it is to find what was half written, not what somebody has forged. */
static guint32
find_check (const McRingRow *row, guint n_columns)
{
  const guint8 *figures = (const guint8 *)row->figures;
  guint32 hash = 2166136261u ^ row->step;

  for (gsize i = 0; i < n_columns * sizeof (float); i++)
    hash = (hash ^ figures[i]) * 16777619u;
  return hash;
}

/* Whether the row in that place is whole. */
static gboolean
ring_read_place (const McRing *self, guint place, McRingRow *row)
{
  memcpy (row, self->bytes + place * row_bytes (self), row_bytes (self));
  return row->step > 0 && row->step % self->n_rows == place
         && row->check == find_check (row, self->kind->n_columns);
}

static gboolean
ring_is_empty_at (const McRing *self, guint place)
{
  const guint8 *bytes = self->bytes + place * row_bytes (self);

  for (gsize i = 0; i < row_bytes (self); i++)
    if (bytes[i] != 0)
      return FALSE;
  return TRUE;
}

void
mc_ring_init_fine (McRing *self, const McHistoryKind *kind, off_t begin)
{
  *self = (McRing){ kind, MC_HISTORY_FINE_STEPS, MC_HISTORY_FINE_S, begin, NULL };
}

void
mc_ring_init_coarse (McRing *self, const McHistoryKind *kind, off_t begin)
{
  *self = (McRing){ kind, MC_HISTORY_COARSE_STEPS, MC_HISTORY_COARSE_S, begin, NULL };
}

void
mc_ring_clear (McRing *self)
{
  g_clear_pointer (&self->bytes, g_free);
}

off_t
mc_ring_end (const McRing *self)
{
  return self->at + (off_t)(self->n_rows * row_bytes (self));
}

gboolean
mc_ring_read (McRing *self, int fd, const char *path, GError **error)
{
  gsize length = self->n_rows * row_bytes (self);

  mc_ring_clear (self);
  self->bytes = g_malloc (length);
  return mc_series_read_at (fd, self->bytes, length, self->at, path, error);
}

gboolean
mc_ring_read_steps (
    McRing *self, guint32 first, guint32 last, int fd, const char *path, GError **error)
{
  gsize size = row_bytes (self);
  guint begin = first % self->n_rows;
  off_t at = self->at + (off_t)(begin * size);

  if (last - first >= self->n_rows || begin + (last - first) >= self->n_rows)
    return mc_ring_read (self, fd, path, error);
  mc_ring_clear (self);
  self->bytes = g_malloc0 (self->n_rows * size);
  return mc_series_read_at (fd, self->bytes + begin * size, (last - first + 1) * size, at, path,
                            error);
}

gboolean
mc_ring_get (const McRing *self, guint32 step, McRingRow *row)
{
  return ring_read_place (self, step % self->n_rows, row) && row->step == step;
}

void
mc_ring_set (McRing *self, McRingRow *row)
{
  row->check = find_check (row, self->kind->n_columns);
  memcpy (self->bytes + row->step % self->n_rows * row_bytes (self), row, row_bytes (self));
}

guint
mc_ring_count_damaged (const McRing *self)
{
  guint n = 0;
  McRingRow row;

  for (guint i = 0; i < self->n_rows; i++)
    n += !ring_read_place (self, i, &row) && !ring_is_empty_at (self, i);
  return n;
}

gboolean
mc_ring_write (
    const McRing *self, guint first, guint last, int fd, const char *path, GError **error)
{
  gsize size = row_bytes (self);

  return mc_series_write_at (fd, self->bytes + first * size, (last - first + 1) * size,
                             self->at + (off_t)(first * size), path, error);
}

gboolean
mc_ring_write_row (const McRing *self, McRingRow *row, int fd, const char *path, GError **error)
{
  off_t at = self->at + (off_t)(row->step % self->n_rows * row_bytes (self));

  row->check = find_check (row, self->kind->n_columns);
  return mc_series_write_at (fd, row, row_bytes (self), at, path, error);
}
