/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that carry requests out.
 *
 * Each VM that hangs keeps one sample of its subset, the others pass it by; of the rest, a VM that
 * is known to hang gets none. Where more hang than there are threads of samples, samples take what
 * the other kinds do not need, all but one of each.
 *
 * There is no better bound: a hung VM is known only by a call that hangs, and libvirt does not end
 * that call before the VM's process answers, not even when its client is gone; each keeps one of
 * libvirtd's workers. With SAMPLES_MOST VMs that hang at once no figures come until one of them
 * answers or ends, and the others keep what they have.
 */
#include "config.h"

#include "thread-pool.h"

#define SAMPLE_THREADS   9
#define TARGET_THREADS   3
#define DESCRIBE_THREADS 2
#define PERIOD_THREADS   1
#define METADATA_THREADS 1

/* A call that waits for a VM gives its place to the next one of its kind, so many times. */
#define SPARE_THREADS 3

G_STATIC_ASSERT (SAMPLE_THREADS + TARGET_THREADS + DESCRIBE_THREADS + PERIOD_THREADS
                     + METADATA_THREADS + SPARE_THREADS
                 <= MC_CONNECTIONS_MOST);

/* Of all threads, one is left to each other kind. */
#define SAMPLES_MOST (MC_CONNECTIONS_MOST - (MC_N_REQUEST_KINDS - 1))

/* A call that took longer waits for one VM. */
#define GIVES_PLACE_MS 300

static const int threads[MC_N_REQUEST_KINDS] = {
  [MC_REQUEST_SAMPLE] = SAMPLES_MOST,           [MC_REQUEST_DESCRIBE] = DESCRIBE_THREADS,
  [MC_REQUEST_SET_TARGET] = TARGET_THREADS,     [MC_REQUEST_SET_STATS_PERIOD] = PERIOD_THREADS,
  [MC_REQUEST_SET_METADATA] = METADATA_THREADS,
};

struct _McThreadPool
{
  GThreadPool *pools[MC_N_REQUEST_KINDS];
  guint n_running[MC_N_REQUEST_KINDS]; /* requests that have a thread */
  guint n_spare[MC_N_REQUEST_KINDS];   /* threads beyond those of the kinds */
  guint n_requests;
  void (*on_idle) (gpointer user_data);
  gpointer user_data;
};

/* What a thread is given. */
typedef struct
{
  McThreadPool *self;
  McRequest *request;
  guint gives_place; /* source */
  gboolean spare;    /* another one has its place */
} Job;

/* Samples have taken what the others do not need. */
static gboolean
is_crowded (McThreadPool *self)
{
  return self->n_running[MC_REQUEST_SAMPLE] > SAMPLE_THREADS;
}

static void
set_threads (McThreadPool *self)
{
  for (McRequestKind kind = MC_REQUEST_DESCRIBE; kind < MC_N_REQUEST_KINDS; kind++)
    g_thread_pool_set_max_threads (
        self->pools[kind], (is_crowded (self) ? 1 : threads[kind]) + (int)self->n_spare[kind],
        NULL);
}

static guint
count_spare (McThreadPool *self)
{
  guint count = 0;

  for (McRequestKind kind = MC_REQUEST_DESCRIBE; kind < MC_N_REQUEST_KINDS; kind++)
    count += self->n_spare[kind];
  return count;
}

/* Returns: how many threads calls of the other kinds have, or may have at any time. */
static guint
count_others (McThreadPool *self)
{
  guint count = 0;

  for (McRequestKind kind = MC_REQUEST_DESCRIBE; kind < MC_N_REQUEST_KINDS; kind++)
    count += MAX (1 + self->n_spare[kind], self->n_running[kind]);
  return count;
}

guint
mc_thread_pool_count_room_for_samples (McThreadPool *self)
{
  guint n_samples = self->n_running[MC_REQUEST_SAMPLE];
  guint n_others = MIN (count_others (self), MC_CONNECTIONS_MOST);
  guint most = MAX (SAMPLE_THREADS, MC_CONNECTIONS_MOST - n_others);

  return (guint)saturating_sub (most, n_samples);
}

gboolean
mc_thread_pool_is_idle (McThreadPool *self)
{
  return self->n_requests == 0;
}

/* The main thread's side of a job */

static gboolean
on_gives_place (gpointer user_data)
{
  Job *job = user_data;
  McThreadPool *self = job->self;

  if (is_crowded (self) || count_spare (self) >= SPARE_THREADS)
    return G_SOURCE_CONTINUE;
  job->gives_place = 0;
  job->spare = TRUE;
  self->n_spare[job->request->kind]++;
  set_threads (self);
  return G_SOURCE_REMOVE;
}

static void
count_begun (McThreadPool *self, McRequest *request)
{
  self->n_running[request->kind]++;
  request->began_us = g_get_monotonic_time ();
  if (request->begun != NULL)
    request->begun (request);
}

static gboolean
on_begun (gpointer user_data)
{
  Job *job = user_data;

  count_begun (job->self, job->request);
  job->gives_place = g_timeout_add (GIVES_PLACE_MS, on_gives_place, job);
  return G_SOURCE_REMOVE;
}

static gboolean
on_ended (gpointer user_data)
{
  g_autofree Job *job = user_data;
  g_autoptr (McRequest) request = job->request;
  McThreadPool *self = job->self;

  g_clear_handle_id (&job->gives_place, g_source_remove);
  self->n_requests--;
  self->n_running[request->kind]--;
  if (job->spare)
    self->n_spare[request->kind]--;
  set_threads (self);
  request->ended (request);
  if (self->n_requests == 0)
    self->on_idle (self->user_data);
  return G_SOURCE_REMOVE;
}

/* A worker's side */
static void
run_job (gpointer data, gpointer user_data)
{
  const Job *job = data;

  if (job->request->kind != MC_REQUEST_SAMPLE)
    g_idle_add_full (G_PRIORITY_DEFAULT, on_begun, data, NULL);
  mc_request_carry_out (job->request);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_ended, data, NULL);
}

void
mc_thread_pool_push (McThreadPool *self, McRequest *request)
{
  McRequestKind kind = request->kind;
  Job *job = g_new0 (Job, 1);

  job->self = self;
  job->request = request;
  self->n_requests++;
  if (kind == MC_REQUEST_SAMPLE)
    {
      count_begun (self, request);
      set_threads (self);
    }
  g_thread_pool_push (self->pools[kind], job, NULL);
}

/* Life */

McThreadPool *
mc_thread_pool_new (void (*on_idle) (gpointer user_data), gpointer user_data)
{
  McThreadPool *self = g_new0 (McThreadPool, 1);

  self->on_idle = on_idle;
  self->user_data = user_data;
  for (McRequestKind kind = 0; kind < MC_N_REQUEST_KINDS; kind++)
    self->pools[kind] = g_thread_pool_new (run_job, NULL, threads[kind], FALSE, NULL);
  return self;
}

void
mc_thread_pool_free (McThreadPool *self)
{
  g_assert (self->n_requests == 0);
  for (McRequestKind kind = 0; kind < MC_N_REQUEST_KINDS; kind++)
    g_thread_pool_free (self->pools[kind], FALSE, FALSE);
  g_free (self);
}
