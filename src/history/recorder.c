/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the past of the host and of VMs. */
#include "config.h"

#include "recorder.h"

#include "moves-reader.h"

/* Of the host or a VM, while a disk does not answer: half an hour. */
#define ROWS_MOST  (6 * MC_HISTORY_FINES)
#define MOVES_MOST 200

/* That have something in memory. More VMs than that are not kept: the disk is somebody else's,
 * too. */
#define VMS_MOST 2000

/* What is not handed over yet, of the host or a VM. */
typedef struct
{
  char *uuid; /* (nullable): the host */
  GArray *rows, *moves;
} Pending;

/* What the thread is to do. */
typedef struct _Job Job;
struct _Job
{
  void (*carry_out) (Job *self, McArchive *archive);
  GPtrArray *pending;  /* (nullable) (element-type Pending) */
  GHashTable *present; /* (nullable) */
  GTask *task;         /* (nullable) */
  int *n_under_way;    /* (nullable): the recorder's count that it is in until it is done */
  McHistoryQuery query;
  McRecorderAnswer answer;
  gpointer user_data;
};

struct _McRecorder
{
  McArchive *archive;  /* (nullable): the thread's, once there is one */
  GThread *thread;     /* (nullable) */
  GAsyncQueue *jobs;   /* (element-type Job) */
  GHashTable *pending; /* of Pending, by UUID; "" = the host */
  gboolean abandoned;
  int n_writes, n_sweeps; /* atomic: that are under way */
};

static void
pending_free (gpointer data)
{
  Pending *self = data;

  g_free (self->uuid);
  g_array_unref (self->rows);
  g_array_unref (self->moves);
  g_free (self);
}

static void
job_free (Job *self)
{
  g_clear_pointer (&self->pending, g_ptr_array_unref);
  g_clear_pointer (&self->present, g_hash_table_unref);
  g_clear_object (&self->task);
  g_free (self->query.uuid);
  g_free (self);
}

/* In the recorder's thread */

static void
write_pending (Job *job, McArchive *archive)
{
  for (guint i = 0; i < job->pending->len; i++)
    {
      const Pending *one = job->pending->pdata[i];

      mc_archive_write (archive, one->uuid, (const McHistoryRow *)(gpointer)one->rows->data,
                        one->rows->len, (const McLoggedMove *)(gpointer)one->moves->data,
                        one->moves->len);
    }
}

static void
sweep (Job *job, McArchive *archive)
{
  mc_archive_sweep (archive, job->present, job->query.now_s);
}

static void
answer_sync (Job *job, McArchive *archive)
{
  g_task_return_boolean (job->task, TRUE);
}

static gboolean
is_kept (const Job *job, McArchive *archive)
{
  return job->query.uuid == NULL || mc_archive_has (archive, job->query.uuid);
}

static void
read_rows (Job *job, McArchive *archive)
{
  const McHistoryQuery *query = &job->query;
  GError *error = NULL;
  g_autoptr (GVariant) rows = NULL;

  if (is_kept (job, archive))
    rows = mc_archive_read (archive, query->uuid, query->since_s, query->until_s, query->now_s,
                            query->points, &error);
  if (rows != NULL)
    g_variant_ref_sink (rows);
  job->answer (rows, error, job->user_data);
}

static void
read_moves (Job *job, McArchive *archive)
{
  const McHistoryQuery *query = &job->query;
  GError *error = NULL;
  g_autoptr (GVariant) moves = NULL;

  if (is_kept (job, archive))
    moves = mc_moves_reader_read (archive, query->uuid, query->since_s, query->until_s,
                                  MC_RECORDER_MOST_MOVES, &error);
  if (moves != NULL)
    g_variant_ref_sink (moves);
  job->answer (moves, error, job->user_data);
}

static gpointer
run (gpointer data)
{
  McRecorder *self = data;
  gboolean ends = FALSE;

  while (!ends)
    {
      Job *job = g_async_queue_pop (self->jobs);

      ends = job->carry_out == NULL;
      if (!ends)
        job->carry_out (job, self->archive);
      if (job->n_under_way != NULL)
        g_atomic_int_add (job->n_under_way, -1);
      job_free (job);
    }
  return NULL;
}

/* In the main thread */

static Job *
job_new (void (*carry_out) (Job *self, McArchive *archive))
{
  Job *self = g_new0 (Job, 1);

  self->carry_out = carry_out;
  return self;
}

/* @job: (transfer full) */
static void
hand_over (McRecorder *self, Job *job)
{
  if (self->thread == NULL)
    self->thread = g_thread_new ("history", run, self);
  if (job->n_under_way != NULL)
    g_atomic_int_inc (job->n_under_way);
  g_async_queue_push (self->jobs, job);
}

McRecorder *
mc_recorder_new (const char *directory, const McArchiveNews *news)
{
  McRecorder *self = g_new0 (McRecorder, 1);

  self->jobs = g_async_queue_new ();
  self->pending = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pending_free);
  if (directory != NULL)
    self->archive = mc_archive_new (directory, news);
  return self;
}

void
mc_recorder_abandon (McRecorder *self)
{
  self->abandoned = TRUE;
}

/* Returns: (nullable): what is pending of it, even if nothing; NULL = it is not kept */
static Pending *
find_pending (McRecorder *self, const char *uuid)
{
  const char *key = uuid != NULL ? uuid : "";
  Pending *found = g_hash_table_lookup (self->pending, key);

  if (found != NULL || self->archive == NULL || (uuid != NULL && !g_uuid_string_is_valid (uuid))
      || g_hash_table_size (self->pending) > VMS_MOST)
    return found;
  found = g_new0 (Pending, 1);
  found->uuid = g_strdup (uuid);
  found->rows = g_array_new (FALSE, FALSE, sizeof (McHistoryRow));
  found->moves = g_array_new (FALSE, FALSE, sizeof (McLoggedMove));
  g_hash_table_insert (self->pending, g_strdup (key), found);
  return found;
}

void
mc_recorder_add (McRecorder *self, const char *uuid, const McHistoryRow *row)
{
  Pending *pending = find_pending (self, uuid);

  if (pending == NULL)
    return;
  if (pending->rows->len >= ROWS_MOST)
    g_array_remove_index (pending->rows, 0);
  g_array_append_vals (pending->rows, row, 1);
}

void
mc_recorder_add_move (McRecorder *self, const char *uuid, const McLoggedMove *move)
{
  Pending *pending = find_pending (self, uuid);

  if (pending == NULL)
    return;
  if (pending->moves->len >= MOVES_MOST)
    g_array_remove_index (pending->moves, 0);
  g_array_append_vals (pending->moves, move, 1);
}

static Job *
job_new_writing (McRecorder *recorder)
{
  Job *self = job_new (write_pending);

  self->pending = g_ptr_array_new_with_free_func (pending_free);
  self->n_under_way = &recorder->n_writes;
  return self;
}

static void
flush_all (McRecorder *self)
{
  GHashTableIter iter;
  gpointer key, one;
  Job *job;

  if (g_hash_table_size (self->pending) == 0)
    return;
  job = job_new_writing (self);
  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, &key, &one))
    {
      g_hash_table_iter_steal (&iter);
      g_free (key);
      g_ptr_array_add (job->pending, one);
    }
  hand_over (self, job);
}

void
mc_recorder_flush (McRecorder *self)
{
  /* A disk that does not answer has enough to do. */
  if (g_atomic_int_get (&self->n_writes) == 0)
    flush_all (self);
}

void
mc_recorder_sweep (McRecorder *self, GHashTable *present, gint64 now_s)
{
  Job *job;

  if (self->archive == NULL || g_atomic_int_get (&self->n_sweeps) > 0)
    {
      g_hash_table_unref (present);
      return;
    }
  job = job_new (sweep);
  job->present = present;
  job->query.now_s = now_s;
  job->n_under_way = &self->n_sweeps;
  hand_over (self, job);
}

void
mc_recorder_free (McRecorder *self)
{
  if (!self->abandoned)
    flush_all (self);
  g_hash_table_unref (self->pending);
  /* The thread, which the disk holds, still uses the rest. */
  if (self->abandoned && self->thread != NULL)
    return;
  if (self->thread != NULL)
    {
      hand_over (self, job_new (NULL));
      g_thread_join (self->thread);
    }
  g_async_queue_unref (self->jobs);
  g_clear_pointer (&self->archive, mc_archive_free);
  g_free (self);
}

void
mc_recorder_sync_async (McRecorder *self, GAsyncReadyCallback callback, gpointer user_data)
{
  Job *job = job_new (answer_sync);

  flush_all (self);
  job->task = g_task_new (NULL, NULL, callback, user_data);
  if (self->thread != NULL)
    {
      hand_over (self, job);
      return;
    }
  g_task_return_boolean (job->task, TRUE);
  job_free (job);
}

void
mc_recorder_sync_finish (GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* What is asked for is written first. @uuid: (nullable) */
static void
flush_one (McRecorder *self, const char *uuid)
{
  gpointer key, one;

  if (g_hash_table_steal_extended (self->pending, uuid != NULL ? uuid : "", &key, &one))
    {
      Job *job = job_new_writing (self);

      g_free (key);
      g_ptr_array_add (job->pending, one);
      hand_over (self, job);
    }
}

static void
begin_read (McRecorder *self,
            void (*carry_out) (Job *job, McArchive *archive),
            const McHistoryQuery *query,
            McRecorderAnswer answer,
            gpointer user_data)
{
  Job *job;

  if (self->archive == NULL)
    {
      answer (NULL, NULL, user_data);
      return;
    }
  job = job_new (carry_out);
  job->query = *query;
  job->query.uuid = g_strdup (query->uuid);
  job->answer = answer;
  job->user_data = user_data;
  hand_over (self, job);
}

void
mc_recorder_read (McRecorder *self,
                  const McHistoryQuery *query,
                  McRecorderAnswer answer,
                  gpointer user_data)
{
  flush_one (self, query->uuid);
  begin_read (self, read_rows, query, answer, user_data);
}

void
mc_recorder_read_moves (McRecorder *self,
                        const McHistoryQuery *query,
                        McRecorderAnswer answer,
                        gpointer user_data)
{
  if (query->uuid != NULL)
    flush_one (self, query->uuid);
  else
    flush_all (self);
  begin_read (self, read_moves, query, answer, user_data);
}
