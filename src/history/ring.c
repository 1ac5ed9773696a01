/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two rings of rows in a file of the past. */
#include "config.h"

#include "ring.h"

#include <string.h>

#include "disk-file.h"

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
  return mc_disk_file_read_at (fd, self->bytes, length, self->at, path, error);
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
  return mc_disk_file_read_at (fd, self->bytes + begin * size, (last - first + 1) * size, at, path,
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

  return mc_disk_file_write_at (fd, self->bytes + first * size, (last - first + 1) * size,
                                self->at + (off_t)(first * size), path, error);
}

gboolean
mc_ring_write_row (const McRing *self, McRingRow *row, int fd, const char *path, GError **error)
{
  off_t at = self->at + (off_t)(row->step % self->n_rows * row_bytes (self));

  row->check = find_check (row, self->kind->n_columns);
  return mc_disk_file_write_at (fd, row, row_bytes (self), at, path, error);
}
