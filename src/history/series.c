/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host or of a VM in one file. */
#include "config.h"

#include "series.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-file.h"
#include "file-error.h"
#include "gather.h"

#define HEAD_BYTES 512

/* In a coarse step. */
#define LAST_FINE (MC_HISTORY_FINES - 1)

/* What a loss of power can leave half written, and not more. */
#define DAMAGED_ROWS_MOST 40

static void
init_rings (const McHistoryKind *kind, McRing *fine, McRing *coarse)
{
  mc_ring_init_fine (fine, kind, HEAD_BYTES);
  mc_ring_init_coarse (coarse, kind, mc_ring_end (fine));
}

static off_t
find_size (const McHistoryKind *kind)
{
  McRing fine, coarse;

  init_rings (kind, &fine, &coarse);
  return mc_ring_end (&coarse);
}

/* Returns: (transfer full): HEAD_BYTES */
static char *
make_head (const McHistoryKind *kind)
{
  g_autoptr (GString) text = g_string_new ("memcoord history 1\ncolumns=");

  for (guint i = 0; i < kind->n_columns; i++)
    g_string_append_printf (text, "%s;", kind->columns[i].name);
  g_string_append_printf (text, "\nfine=%u*%us\ncoarse=%u*%us\norder=%s\n", MC_HISTORY_FINE_STEPS,
                          MC_HISTORY_FINE_S, MC_HISTORY_COARSE_STEPS, MC_HISTORY_COARSE_S,
                          G_BYTE_ORDER == G_LITTLE_ENDIAN ? "little" : "big");
  g_assert (text->len < HEAD_BYTES);
  while (text->len < HEAD_BYTES)
    g_string_append_c (text, '\0');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Returns: HEAD_BYTES: the same for each file of a kind, and made once */
static const char *
head_of (const McHistoryKind *kind)
{
  static gsize of_host, of_vm;
  gsize *head = kind == &mc_history_of_host ? &of_host : &of_vm;

  if (g_once_init_enter (head))
    g_once_init_leave (head, GPOINTER_TO_SIZE (make_head (kind)));
  return GSIZE_TO_POINTER (*head);
}

static gboolean
check_head (int fd, const McHistoryKind *kind, const char *path, GError **error)
{
  char head[HEAD_BYTES];
  struct stat info;

  if (fstat (fd, &info) < 0)
    return mc_file_error_set (error, "look at", path);
  if (info.st_size != find_size (kind))
    return mc_disk_file_fail_damaged (error, "it has another size than this version writes");
  if (!mc_disk_file_read_at (fd, head, sizeof head, 0, path, error))
    return FALSE;
  return memcmp (head, head_of (kind), sizeof head) == 0
         || mc_disk_file_fail_damaged (error, "its head is not one that this version writes");
}

int
mc_series_open (const char *path,
                const McHistoryKind *kind,
                int flags,
                McRing *fine,
                McRing *coarse,
                GError **error)
{
  int fd = mc_disk_file_open (path, flags, error);

  init_rings (kind, fine, coarse);
  if (fd < 0 || check_head (fd, kind, path, error))
    return fd;
  close (fd);
  return -1;
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* Making */

static gboolean
fill_new (int fd, const char *path, gconstpointer data, GError **error)
{
  const McHistoryKind *kind = data;
  int failed = posix_fallocate (fd, 0, find_size (kind));

  if (failed == 0)
    return mc_disk_file_write_at (fd, head_of (kind), HEAD_BYTES, 0, path, error);
  errno = failed;
  return mc_file_error_set (error, "make room for", path);
}

/* Checking */

static gboolean
check_rows (int fd, McRing *fine, McRing *coarse, const char *path, GError **error)
{
  if (!mc_ring_read (fine, fd, path, error) || !mc_ring_read (coarse, fd, path, error))
    return FALSE;
  return mc_ring_count_damaged (fine) + mc_ring_count_damaged (coarse) <= DAMAGED_ROWS_MOST
         || mc_disk_file_fail_damaged (error, "many of its rows are damaged");
}

gboolean
mc_series_check (const char *path, const McHistoryKind *kind, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (McRing) fine = { 0 }, coarse = { 0 };
  int fd = mc_series_open (path, kind, O_RDONLY, &fine, &coarse, &failure);
  gboolean usable = fd >= 0 && check_rows (fd, &fine, &coarse, path, &failure);

  if (fd >= 0)
    close (fd);
  if (usable || is_missing (failure))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Writing */

/* Puts @rows into the fine ring; *@first and *@last: the places that have changed. */
static void
set_rows (McRing *fine, const McHistoryRow *rows, gsize n_rows, guint *first, guint *last)
{
  *first = fine->n_rows - 1;
  *last = 0;
  for (gsize i = 0; i < n_rows; i++)
    {
      McRingRow row = { .step = rows[i].step };

      memcpy (row.figures, rows[i].figures, sizeof row.figures);
      mc_ring_set (fine, &row);
      *first = MIN (*first, row.step % fine->n_rows);
      *last = MAX (*last, row.step % fine->n_rows);
    }
}

/* Returns: the coarse row of that step, of the fine ones. */
static McRingRow
gather_step (const McRing *fine, guint32 step)
{
  McGather gather = { 0 };
  McRingRow found, made = { .step = step };

  for (guint32 i = 0; i < MC_HISTORY_FINES; i++)
    if (mc_ring_get (fine, step * MC_HISTORY_FINES + i, &found))
      mc_gather_add (&gather, fine->kind, found.figures);
  for (guint i = 0; i < fine->kind->n_columns; i++)
    made.figures[i] = (float)mc_gather_get (&gather, fine->kind, i);
  return made;
}

static gboolean
write_coarse (const McRing *fine,
              const McRing *coarse,
              const McHistoryRow *rows,
              gsize n_rows,
              int fd,
              const char *path,
              GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      guint32 step = rows[i].step / MC_HISTORY_FINES;
      McRingRow row;

      if (i + 1 < n_rows && rows[i + 1].step / MC_HISTORY_FINES == step)
        continue;
      row = gather_step (fine, step);
      if (!mc_ring_write_row (coarse, &row, fd, path, error))
        return FALSE;
    }
  return TRUE;
}

/* Returns: the first fine step of the coarse one that this one is in */
static guint32
begin_of_coarse (guint32 step)
{
  return step / MC_HISTORY_FINES * MC_HISTORY_FINES;
}

static gboolean
write_rows (McRing *fine,
            const McRing *coarse,
            const McHistoryRow *rows,
            gsize n_rows,
            int fd,
            const char *path,
            GError **error)
{
  guint32 oldest = rows[0].step, newest = rows[0].step;
  guint first, last;

  for (gsize i = 1; i < n_rows; i++)
    {
      oldest = MIN (oldest, rows[i].step);
      newest = MAX (newest, rows[i].step);
    }
  if (!mc_ring_read_steps (fine, begin_of_coarse (oldest), begin_of_coarse (newest) + LAST_FINE, fd,
                           path, error))
    return FALSE;
  set_rows (fine, rows, n_rows, &first, &last);
  return mc_ring_write (fine, first, last, fd, path, error)
         && write_coarse (fine, coarse, rows, n_rows, fd, path, error);
}

gboolean
mc_series_write (const char *path,
                 const McHistoryKind *kind,
                 const McHistoryRow *rows,
                 gsize n_rows,
                 GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (McRing) fine = { 0 }, coarse = { 0 };
  int fd;
  gboolean written;

  if (n_rows == 0)
    return TRUE;
  fd = mc_series_open (path, kind, O_RDWR, &fine, &coarse, &failure);
  if (fd < 0 && is_missing (failure) && mc_disk_file_make (path, fill_new, kind, error))
    fd = mc_series_open (path, kind, O_RDWR, &fine, &coarse, error);
  else if (fd < 0 && !is_missing (failure))
    g_propagate_error (error, g_steal_pointer (&failure));
  if (fd < 0)
    return FALSE;
  written = write_rows (&fine, &coarse, rows, n_rows, fd, path, error);
  close (fd);
  return written;
}
