/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host and of VMs in the files of one directory. */
#include "config.h"

#include "archive.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk-file.h"
#include "file-error.h"
#include "new-file.h"
#include "series-reader.h"
#include "series.h"

#define SERIES ".series"
#define MOVES  ".moves"
#define ASIDE  ".damaged"

#define UUID_LENGTH 36

/* VMs that are not there any more: a week, and one day. */
#define FORMER_S (8 * 24 * 60 * 60)

/* So many of those at least; and more of them where there are few others, so that all are there
 * again when a host has started and its VMs come back one by one. */
#define FORMER_MOST 40
#define ALL_MOST    140

struct _McArchive
{
  char *directory;
  const McArchiveNews *news;
  GHashTable *checked;  /* (set of path): may be used */
  GHashTable *unusable; /* (set of path): in the way, and that was told */
  GHashTable *failing;  /* (set of UUID; "" = the host): not kept, which was told of the first */
};

static GHashTable *
set_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

McArchive *
mc_archive_new (const char *directory, const McArchiveNews *news)
{
  McArchive *self = g_new0 (McArchive, 1);

  self->directory = g_strdup (directory);
  self->news = news;
  self->checked = set_new ();
  self->unusable = set_new ();
  self->failing = set_new ();
  return self;
}

void
mc_archive_free (McArchive *self)
{
  g_hash_table_unref (self->checked);
  g_hash_table_unref (self->unusable);
  g_hash_table_unref (self->failing);
  g_free (self->directory);
  g_free (self);
}

static char *
find_path (const McArchive *self, const char *uuid, const char *suffix)
{
  g_autofree char *name = g_strconcat (uuid != NULL ? uuid : "host", suffix, NULL);

  return g_build_filename (self->directory, name, NULL);
}

static const McHistoryKind *
kind_of (const char *uuid)
{
  return uuid != NULL ? &mc_history_of_vm : &mc_history_of_host;
}

/* News */

static gboolean
is_damage (const GError *error)
{
  return g_error_matches (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
}

/* A disk that stays full is told once: files that were there before may still be written. What is
 * in the way was told when it was seen. @uuid: (nullable). @failure: (nullable): it is kept */
static void
note_kept (McArchive *self, const char *uuid, const GError *failure)
{
  const char *key = uuid != NULL ? uuid : "";

  if (failure == NULL)
    g_hash_table_remove (self->failing, key);
  if (failure == NULL || is_damage (failure))
    return;
  if (g_hash_table_size (self->failing) == 0)
    self->news->not_kept (failure->message);
  g_hash_table_add (self->failing, g_strdup (key));
}

/* Somebody may want to see what is in it, or can read it where this cannot. */
static void
set_aside (McArchive *self, const char *path, const GError *why)
{
  g_autofree char *aside = g_strconcat (path, ASIDE, NULL);
  gboolean moved = g_rename (path, aside) == 0;

  if (moved)
    g_hash_table_remove (self->unusable, path);
  else if (!is_damage (why) || !g_hash_table_add (self->unusable, g_strdup (path)))
    return;
  self->news->set_aside (path, moved ? aside : NULL, why->message);
}

typedef gboolean (*CheckFile) (const char *path, const char *uuid, GError **error);

static gboolean
check_series (const char *path, const char *uuid, GError **error)
{
  return mc_series_check (path, kind_of (uuid), error);
}

static gboolean
check_moves (const char *path, const char *uuid, GError **error)
{
  g_autoptr (GArray) moves = mc_moves_log_read (path, error);

  return moves != NULL;
}

/* What is wrong with the process or the disk, and not with that file. */
static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_MFILE)
         || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NFILE)
         || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOMEM)
         || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_IO);
}

/* Before a file is used for the first time; one that is not there is fine. */
static void
check_first (McArchive *self, const char *path, const char *uuid, CheckFile check)
{
  g_autoptr (GError) error = NULL;

  if (!g_hash_table_add (self->checked, g_strdup (path)))
    return;
  if (check (path, uuid, &error))
    return;
  if (may_pass (error))
    g_hash_table_remove (self->checked, path);
  else
    set_aside (self, path, error);
}

/* Something may have happened to it since. Returns: whether it was set aside */
static gboolean
set_aside_damaged (McArchive *self, const char *path, const GError *error)
{
  if (!is_damage (error))
    return FALSE;
  set_aside (self, path, error);
  return TRUE;
}

/* Writing */

/* What is added to the files of the host or a VM. */
typedef struct
{
  const char *uuid; /* (nullable) */
  const McHistoryRow *rows;
  gsize n_rows;
  const McLoggedMove *moves;
  gsize n_moves;
} Addition;

typedef gboolean (*WriteFile) (const char *path, const Addition *added, GError **error);

static gboolean
write_rows (const char *path, const Addition *added, GError **error)
{
  return mc_series_write (path, kind_of (added->uuid), added->rows, added->n_rows, error);
}

static gboolean
write_moves (const char *path, const Addition *added, GError **error)
{
  return mc_moves_log_write (path, added->moves, added->n_moves, error);
}

/* One that is damaged is made anew. */
static gboolean
write_file (McArchive *self,
            const char *suffix,
            CheckFile check,
            WriteFile write,
            const Addition *added,
            GError **error)
{
  g_autofree char *path = find_path (self, added->uuid, suffix);
  g_autoptr (GError) failure = NULL;

  check_first (self, path, added->uuid, check);
  if (write (path, added, &failure))
    return TRUE;
  if (set_aside_damaged (self, path, failure))
    return write (path, added, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

void
mc_archive_write (McArchive *self,
                  const char *uuid,
                  const McHistoryRow *rows,
                  gsize n_rows,
                  const McLoggedMove *moves,
                  gsize n_moves)
{
  const Addition added = { uuid, rows, n_rows, moves, n_moves };
  g_autoptr (GError) error = NULL;

  if (g_mkdir (self->directory, 0700) < 0 && errno != EEXIST)
    mc_file_error_set (&error, "make", self->directory);
  else if (write_file (self, SERIES, check_series, write_rows, &added, &error) && n_moves > 0)
    write_file (self, MOVES, check_moves, write_moves, &added, &error);
  note_kept (self, uuid, error);
}

/* Reading */

gboolean
mc_archive_has (McArchive *self, const char *uuid)
{
  g_autofree char *series = find_path (self, uuid, SERIES);
  g_autofree char *moves = find_path (self, uuid, MOVES);

  return g_file_test (series, G_FILE_TEST_EXISTS) || g_file_test (moves, G_FILE_TEST_EXISTS);
}

GVariant *
mc_archive_read (McArchive *self,
                 const char *uuid,
                 gint64 since_s,
                 gint64 until_s,
                 gint64 now_s,
                 guint points,
                 GError **error)
{
  g_autofree char *path = find_path (self, uuid, SERIES);
  const McHistoryKind *kind = kind_of (uuid);
  g_autoptr (GError) failure = NULL;
  GVariant *rows;

  check_first (self, path, uuid, check_series);
  rows = mc_series_read (path, kind, since_s, until_s, now_s, points, &failure);
  if (rows == NULL && set_aside_damaged (self, path, failure))
    rows = g_variant_new_array (G_VARIANT_TYPE ("ad"), NULL, 0);
  if (rows != NULL)
    return g_variant_new ("(@as@aad)", mc_history_kind_list_columns (kind), rows);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

GArray *
mc_archive_read_moves (McArchive *self, const char *uuid, GError **error)
{
  g_autofree char *path = find_path (self, uuid, MOVES);
  g_autoptr (GError) failure = NULL;
  GArray *moves;

  check_first (self, path, uuid, check_moves);
  moves = mc_moves_log_read (path, &failure);
  if (moves == NULL && set_aside_damaged (self, path, failure))
    moves = g_array_new (FALSE, TRUE, sizeof (McLoggedMove));
  if (moves == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return moves;
}

/* The directory */

/* Returns: (transfer full) (nullable): the VM's whose file that is, of whatever kind */
static char *
uuid_of (const char *name)
{
  g_autofree char *uuid = g_strndup (name, UUID_LENGTH);

  if (!g_uuid_string_is_valid (uuid) || name[UUID_LENGTH] != '.')
    return NULL;
  return g_steal_pointer (&uuid);
}

GPtrArray *
mc_archive_list_moved (McArchive *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->directory, 0, NULL);
  GPtrArray *uuids = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *uuid = uuid_of (name);

      if (uuid != NULL && g_str_equal (name + UUID_LENGTH, MOVES))
        g_ptr_array_add (uuids, g_steal_pointer (&uuid));
    }
  return uuids;
}

typedef struct
{
  char *uuid;
  gint64 written_s; /* any of its files */
} Former;

static void
former_free (gpointer data)
{
  Former *self = data;

  g_free (self->uuid);
  g_free (self);
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const Former *one = *(Former *const *)a, *other = *(Former *const *)b;

  return one->written_s == other->written_s ? 0 : one->written_s < other->written_s ? 1 : -1;
}

/* Notes a file of a VM that is not there. @by_uuid: uuid → Former */
static void
note_former (const McArchive *self, const char *name, GHashTable *by_uuid, GHashTable *present)
{
  g_autofree char *uuid = uuid_of (name);
  g_autofree char *path = g_build_filename (self->directory, name, NULL);
  Former *former;
  GStatBuf info;

  if (uuid == NULL || g_hash_table_contains (present, uuid) || g_lstat (path, &info) < 0)
    return;
  former = g_hash_table_lookup (by_uuid, uuid);
  if (former == NULL)
    {
      former = g_new0 (Former, 1);
      former->uuid = g_steal_pointer (&uuid);
      g_hash_table_insert (by_uuid, former->uuid, former);
    }
  former->written_s = MAX (former->written_s, (gint64)info.st_mtime);
}

static gboolean
is_unfinished (const char *name, const char *suffix)
{
  g_autofree char *uuid = uuid_of (name);
  g_autofree char *final = g_strconcat (uuid != NULL ? uuid : "host", suffix, NULL);

  return mc_new_file_is_unfinished (name, final);
}

/* What a killed process had begun to make. Returns: whether it is that */
static gboolean
remove_unfinished (const McArchive *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);

  if (!is_unfinished (name, SERIES) && !is_unfinished (name, MOVES))
    return FALSE;
  g_unlink (path);
  return TRUE;
}

static void
remove_former (McArchive *self, const Former *former)
{
  const char *const suffixes[] = { SERIES, SERIES ASIDE, MOVES, MOVES ASIDE };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = find_path (self, former->uuid, suffixes[i]);

      g_unlink (path);
      g_hash_table_remove (self->checked, path);
      g_hash_table_remove (self->unusable, path);
    }
}

/* Of VMs that are gone nothing is to be kept any more. */
static gboolean
is_absent (gpointer uuid, gpointer value, gpointer present)
{
  return *(const char *)uuid != '\0' && !g_hash_table_contains (present, uuid);
}

/* @by_uuid: uuid → Former; see note_former() */
static void
remove_old (McArchive *self, GHashTable *by_uuid, guint most, gint64 now_s)
{
  g_autoptr (GPtrArray) formers = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer former;

  g_hash_table_iter_init (&iter, by_uuid);
  while (g_hash_table_iter_next (&iter, NULL, &former))
    g_ptr_array_add (formers, former);
  g_ptr_array_sort (formers, compare_newest_first);
  for (guint i = 0; i < formers->len; i++)
    {
      const Former *one = formers->pdata[i];

      if (i >= most || now_s - one->written_s > FORMER_S)
        remove_former (self, one);
    }
}

void
mc_archive_sweep (McArchive *self, GHashTable *present, gint64 now_s)
{
  g_autoptr (GDir) dir = g_dir_open (self->directory, 0, NULL);
  g_autoptr (GHashTable) by_uuid
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, former_free);
  guint others = MIN (g_hash_table_size (present), ALL_MOST - FORMER_MOST);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (!remove_unfinished (self, name))
      note_former (self, name, by_uuid, present);
  remove_old (self, by_uuid, ALL_MOST - others, now_s);
  g_hash_table_foreach_remove (self->failing, is_absent, present);
}
