/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps the past of the host and of VMs: rows and moves gather in memory, and a thread of its own
 * writes them and reads what is asked for, in the order in which that was said. No disk delays the
 * main loop. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "archive.h"

G_BEGIN_DECLS

typedef struct _McRecorder McRecorder;

/* @directory: (nullable): made when something is written; NULL keeps nothing. @news: for ever;
 * called in the recorder's thread */
McRecorder *mc_recorder_new (const char *directory, const McArchiveNews *news);

/* Waits until all that was handed over is written, unless it was abandoned. */
void mc_recorder_free (McRecorder *self);

/* @uuid: (nullable): of the VM; NULL = the host. Of two rows of one step the later one counts;
 * where a disk does not answer, the oldest ones are dropped. */
void mc_recorder_add (McRecorder *self, const char *uuid, const McHistoryRow *row);
void mc_recorder_add_move (McRecorder *self, const char *uuid, const McLoggedMove *move);

/* Hands over what was added. */
void mc_recorder_flush (McRecorder *self);

/* See mc_archive_sweep(). Does nothing while one is under way. @present: (transfer full): set of
 * UUIDs */
void mc_recorder_sweep (McRecorder *self, GHashTable *present, gint64 now_s);

/* Hands over what was added, and calls back when all of it is written, or was lost. */
void mc_recorder_sync_async (McRecorder *self, GAsyncReadyCallback callback, gpointer user_data);
void mc_recorder_sync_finish (GAsyncResult *result);

/* The process ends, and the disk hangs: nobody waits for it any more. */
void mc_recorder_abandon (McRecorder *self);

/* What is asked for. A time span in seconds since the epoch: from @since_s on, before @until_s. */
typedef struct
{
  char *uuid; /* (nullable): the host; of moves: of all VMs */
  gint64 since_s, until_s, now_s;
  guint points; /* the most rows; 0 = all */
} McHistoryQuery;

/* Takes what was asked for; the query may be freed by now. @found: (nullable) (transfer none): NULL
 * without @error: nothing is kept of that VM. @error: (nullable) (transfer full). In the recorder's
 * thread, or, where nothing is kept at all, in that of the caller. */
typedef void (*McRecorderAnswer) (GVariant *found, GError *error, gpointer user_data);

/* Each is answered once, in the order in which they were asked; also where the recorder is freed
 * meanwhile, unless it was abandoned. @query: (transfer none). Rows are as mc_archive_read() has
 * them: (asaad). */
void mc_recorder_read (McRecorder *self,
                       const McHistoryQuery *query,
                       McRecorderAnswer answer,
                       gpointer user_data);

/* Moves: a(sttts): of each the VM's UUID, when, from, to, code, oldest first, at most so many of
 * the newest. */
#define MC_RECORDER_MOST_MOVES 5000
void mc_recorder_read_moves (McRecorder *self,
                             const McHistoryQuery *query,
                             McRecorderAnswer answer,
                             gpointer user_data);

G_END_DECLS
