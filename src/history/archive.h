/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The past of the host and of VMs in the files of one directory: host.series, UUID.series and
 * UUID.moves. One that is damaged, or somebody else's, is set aside as FILE.damaged before it is
 * used for the first time. One thread; all of it waits for the disk.
 */
#pragma once

#include "history-kind.h"
#include "moves-log.h"

G_BEGIN_DECLS

typedef struct _McArchive McArchive;

/* What somebody should know of. Called in the thread of the archive. */
typedef struct
{
  /* @path is not used because of @why. @aside: (nullable): what it is called now */
  void (*set_aside) (const char *path, const char *aside, const char *why);

  /* Some of the past is not kept, which is told once until all of it is kept again. */
  void (*not_kept) (const char *why);
} McArchiveNews;

/* Does nothing yet. @news: for ever */
McArchive *mc_archive_new (const char *directory, const McArchiveNews *news);
void mc_archive_free (McArchive *self);

/*
 * @uuid: (nullable): of the VM; NULL = the host. @rows, @moves: oldest first. A failure is told,
 * and what was to be written is lost.
 */
void mc_archive_write (McArchive *self,
                       const char *uuid,
                       const McHistoryRow *rows,
                       gsize n_rows,
                       const McLoggedMove *moves,
                       gsize n_moves);

/* Whether anything is kept of that VM. */
gboolean mc_archive_has (McArchive *self, const char *uuid);

/* Returns: (transfer full): floating: (asaad), as GetHistory() has it; see mc_series_read(). NULL
 * with @error where it cannot be read; a file that is set aside has no rows. */
GVariant *mc_archive_read (McArchive *self,
                           const char *uuid,
                           gint64 since_s,
                           gint64 until_s,
                           gint64 now_s,
                           guint points,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (element-type McLoggedMove): of that VM, oldest first */
GArray *
mc_archive_read_moves (McArchive *self, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (element-type utf8): the UUIDs of all VMs of which moves are kept */
GPtrArray *mc_archive_list_moved (McArchive *self);

/*
 * Removes what is kept of VMs that are not @present (a set of UUIDs): all that was not written to
 * for 8 days, and what was longest not written to where there is something of more than 40 of them,
 * and of more than 140 VMs in all.
 */
void mc_archive_sweep (McArchive *self, GHashTable *present, gint64 now_s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (McArchive, mc_archive_free)

G_END_DECLS
