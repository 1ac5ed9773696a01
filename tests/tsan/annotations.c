/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells ThreadSanitizer what GLib's primitives order; linked into the tests of a build with
 * -Db_sanitize=thread.
 *
 * GLib is not built for it, and its mutexes are futexes of its own: without this, everything that a
 * GMutex guards, and everything that is handed to another thread, looks like a race. Each function
 * here stands before GLib's of the same name, and says "released" or "acquired" of the object in
 * question; only what GLib's documentation promises is said.
 */
#include <dlfcn.h>
#include <glib-object.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* GLib's own */
static struct
{
  __typeof__ (&(g_mutex_lock)) mutex_lock;
  __typeof__ (&(g_mutex_trylock)) mutex_trylock;
  __typeof__ (&(g_mutex_unlock)) mutex_unlock;
  __typeof__ (&(g_cond_wait)) cond_wait;
  __typeof__ (&(g_cond_wait_until)) cond_wait_until;
  __typeof__ (&(g_atomic_ref_count_dec)) atomic_ref_count_dec;
  __typeof__ (&(g_object_unref)) object_unref;
  __typeof__ (&(g_idle_add_full)) idle_add_full;
  __typeof__ (&(g_thread_pool_new)) thread_pool_new;
  __typeof__ (&(g_thread_pool_push)) thread_pool_push;
  __typeof__ (&(g_async_queue_push)) async_queue_push;
  __typeof__ (&(g_async_queue_pop)) async_queue_pop;
  __typeof__ (&(g_async_queue_try_pop)) async_queue_try_pop;
} real;

#define FIND(name) real.name = (__typeof__ (real.name))dlsym (RTLD_NEXT, "g_" #name)

/* Once, before main() and so before any thread: a library's own beginning may come first. */
__attribute__ ((constructor)) static void
find_real (void)
{
  if (real.mutex_lock != NULL)
    return;
  FIND (mutex_lock);
  FIND (mutex_trylock);
  FIND (mutex_unlock);
  FIND (cond_wait);
  FIND (cond_wait_until);
  FIND (atomic_ref_count_dec);
  FIND (object_unref);
  FIND (idle_add_full);
  FIND (thread_pool_new);
  FIND (thread_pool_push);
  FIND (async_queue_push);
  FIND (async_queue_pop);
  FIND (async_queue_try_pop);
}

/* Locks */

void
g_mutex_lock (GMutex *mutex)
{
  find_real ();
  real.mutex_lock (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  find_real ();
  if (!real.mutex_trylock (mutex))
    return FALSE;
  __tsan_acquire (mutex);
  return TRUE;
}

void
g_mutex_unlock (GMutex *mutex)
{
  find_real ();
  __tsan_release (mutex);
  real.mutex_unlock (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  real.cond_wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_release (mutex);
  signalled = real.cond_wait_until (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* Counts of references: whoever drops the last one sees what the others did. */

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  find_real ();
  __tsan_release (count);
  last = real.atomic_ref_count_dec (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

void
g_object_unref (gpointer object)
{
  find_real ();
  __tsan_release (object);
  __tsan_acquire (object); /* finalizing is within the real one */
  real.object_unref (object);
}

/* What is handed over runs after what the giver did before. */

typedef struct
{
  GSourceFunc function;
  gpointer data;
  GDestroyNotify notify;
} Idle;

static gboolean
run_idle (gpointer data)
{
  Idle *idle = data;

  __tsan_acquire (idle);
  return idle->function (idle->data);
}

static void
free_idle (gpointer data)
{
  Idle *idle = data;

  __tsan_acquire (idle);
  if (idle->notify != NULL)
    idle->notify (idle->data);
  g_free (idle);
}

guint
g_idle_add_full (int priority, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  Idle *idle = g_new (Idle, 1);

  *idle = (Idle){ function, data, notify };
  __tsan_release (idle);
  return real.idle_add_full (priority, run_idle, idle, free_idle);
}

typedef struct
{
  GFunc function;
  gpointer user_data;
} Pool;

static void
run_in_pool (gpointer data, gpointer user_data)
{
  const Pool *pool = user_data;

  __tsan_acquire (data);
  pool->function (data, pool->user_data);
}

/* What it makes for a pool is there until the program ends: a pool does not say when it does. */
GThreadPool *
g_thread_pool_new (
    GFunc function, gpointer user_data, int max_threads, gboolean exclusive, GError **error)
{
  static GPtrArray *pools;
  Pool *pool = g_new (Pool, 1);

  if (pools == NULL)
    pools = g_ptr_array_new ();
  *pool = (Pool){ function, user_data };
  g_ptr_array_add (pools, pool);
  return real.thread_pool_new (run_in_pool, pool, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  __tsan_release (data);
  return real.thread_pool_push (pool, data, error);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (data);
  real.async_queue_push (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = real.async_queue_pop (queue);

  __tsan_acquire (data);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = real.async_queue_try_pop (queue);

  if (data != NULL)
    __tsan_acquire (data);
  return data;
}
