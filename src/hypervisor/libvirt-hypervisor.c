/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The port by libvirt: the main thread's side. It gives each call to a worker thread, waits for
 * none of them longer than promised, and hands the answers on.
 *
 * libvirt's calls cannot be cancelled. One that is late, counted from when it runs, is left to its
 * thread; what it was to tell is told as late, and until it really ends no other of its kind is
 * begun for the same VM.
 */
#include "config.h"

#include "libvirt-hypervisor.h"

#include <libvirt-glib/libvirt-glib.h>
#include <string.h>

#include "libvirt-call.h"
#include "libvirt-connection.h"

/*
 * Threads of each kind of call, so that those of one kind never wait behind those of another. Each
 * VM that hangs keeps one sample, the others pass it by; of the rest, a VM that is known to hang
 * gets none. Where more hang than there are threads of samples, samples take what the other kinds
 * do not need, all but one of each.
 *
 * More than that cannot be had. Only a call that hangs shows which VM does, libvirt ends none
 * before its process answers, also not when its client is gone, and each keeps one of libvirtd's
 * workers. With SAMPLES_MOST VMs that hang at once no figures come until one of them answers or
 * ends, and the others keep what they have.
 */
#define SAMPLE_THREADS   9
#define TARGET_THREADS   3
#define DESCRIBE_THREADS 2
#define PERIOD_THREADS   1
#define METADATA_THREADS 1

/* A call that waits for a VM gives its place to the next one of its kind, so many times. */
#define SPARE_THREADS 3

G_STATIC_ASSERT (SAMPLE_THREADS + TARGET_THREADS + DESCRIBE_THREADS + PERIOD_THREADS
                     + METADATA_THREADS + SPARE_THREADS
                 <= MC_LINKS_MOST);

/* Of all threads, one is left to each other kind. */
#define SAMPLES_MOST (MC_LINKS_MOST - (N_CALL_KINDS - 1))

/* A call that took longer waits for one VM: the next one passes that VM by (32 guests take 160 ms).
 */
#define PASS_BY_MS 300

/* Where one VM hangs others may, too: the next tries follow sooner, by what a call took that did
 * not hang. */
#define AGAIN_AT_LEAST_MS 100
#define AGAIN_TIMES       2

/* One that took longer tells what was true when it began: a later one is waited for. */
#define SAMPLE_BELIEVED_US (2 * G_USEC_PER_SEC)

/* A VM with a call that takes longer gets no further thread: it hangs. */
#define CALL_HANGS_US G_USEC_PER_SEC

/* Once is nothing: somebody else asked for its figures at that moment. */
#define BUSY_SAMPLES 2

#define SYSTEM_PATH "/sys"

#define CALL_AT_MOST_MS 5000
#define STOP_AT_MOST_MS 5000

typedef enum
{
  CALL_SAMPLE,
  CALL_DESCRIBE,
  CALL_SET_TARGET,
  CALL_SET_STATS_PERIOD,
  CALL_SET_METADATA,
  N_CALL_KINDS
} CallKind;

static const int threads[N_CALL_KINDS] = {
  [CALL_SAMPLE] = SAMPLES_MOST,           [CALL_DESCRIBE] = DESCRIBE_THREADS,
  [CALL_SET_TARGET] = TARGET_THREADS,     [CALL_SET_STATS_PERIOD] = PERIOD_THREADS,
  [CALL_SET_METADATA] = METADATA_THREADS,
};

#define MC_TYPE_LIBVIRT (mc_libvirt_get_type ())
G_DECLARE_FINAL_TYPE (McLibvirt, mc_libvirt, MC, LIBVIRT, McHypervisor)

struct _McLibvirt
{
  McHypervisor parent;

  McConnection *connection;
  gboolean started;
  gboolean stopping;
  GThreadPool *pools[N_CALL_KINDS];
  guint spare[N_CALL_KINDS]; /* threads beyond those of the kinds */
  GHashTable *in_flight;     /* "kind uuid" → Call */
  GHashTable *described;     /* uuid → Described */
  GHashTable *busy;          /* uuid → in how many samples on end it was */
  GTask *sample;             /* who waits for one */
  guint sample_deadline;     /* source */
  guint sample_again;        /* source */
  gint64 sample_took_us;     /* the last one that was answered in time */
  guint n_samples;           /* bulk calls in flight, late ones among them */
  guint n_calls;             /* all calls in flight */
  GTask *stop;
  guint stop_deadline; /* source */
};

typedef struct
{
  McMemoryDevices devices;
  guint64 told; /* the maximum that did not fit, and was told */
} Described;

G_DEFINE_FINAL_TYPE (McLibvirt, mc_libvirt, MC_TYPE_HYPERVISOR)

/* A call on its way: made on the main thread, carried out on a worker's, ended on the main thread.
 */
typedef struct
{
  McLibvirt *self;
  McLinks *links;
  CallKind kind;
  char *uuid; /* NULL for a sample */
  guint64 value;
  char *element, *stored; /* metadata */
  guint generation;
  gint64 began_us; /* 0: it waits for a thread */
  guint pass_by;   /* source */
  gboolean spare;  /* another one has its place */
  guint deadline;  /* source */
  GTask *task;     /* NULL: nobody waits any more */

  /* the worker's */
  gpointer result;
  gboolean fine;
  McMemoryDevices devices;
  GHashTable *of_vms; /* of a sample: UUID → McMemoryDevices, read again with it */
  GError *error;
} Call;

static void
result_free (CallKind kind, gpointer result)
{
  if (result == NULL)
    return;
  if (kind == CALL_SAMPLE)
    mc_sample_free (result);
  else if (kind == CALL_DESCRIBE)
    mc_vm_description_free (result);
}

static void
call_free (Call *call)
{
  g_clear_handle_id (&call->pass_by, g_source_remove);
  g_clear_handle_id (&call->deadline, g_source_remove);
  result_free (call->kind, call->result);
  g_clear_pointer (&call->of_vms, g_hash_table_unref);
  g_clear_error (&call->error);
  g_clear_object (&call->task);
  mc_links_unref (call->links);
  g_free (call->uuid);
  g_free (call->element);
  g_free (call->stored);
  g_object_unref (call->self);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static char *
key_of (CallKind kind, const char *uuid)
{
  return g_strdup_printf ("%d %s", kind, uuid);
}

static void
answer_sample_with (McLibvirt *self, McHypervisorError code, const char *message)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->sample);

  g_clear_handle_id (&self->sample_deadline, g_source_remove);
  g_clear_handle_id (&self->sample_again, g_source_remove);
  if (task != NULL)
    g_task_return_new_error (task, MC_HYPERVISOR_ERROR, (int)code, "%s", message);
}

/* Calls */

static void
carry_out (Call *call)
{
  virConnectPtr connection = mc_links_acquire (call->links, &call->error);
  const char *system = mc_hypervisor_is_local (MC_HYPERVISOR (call->self)) ? SYSTEM_PATH : NULL;

  if (connection == NULL)
    return;
  switch (call->kind)
    {
    case CALL_SAMPLE:
      call->result = mc_libvirt_sample (connection, call->of_vms, &call->error);
      break;
    case CALL_DESCRIBE:
      call->result
          = mc_libvirt_describe (connection, call->uuid, system, &call->devices, &call->error);
      break;
    case CALL_SET_TARGET:
      call->fine = mc_libvirt_set_target (connection, call->uuid, call->value, &call->error);
      break;
    case CALL_SET_STATS_PERIOD:
      call->fine
          = mc_libvirt_set_stats_period (connection, call->uuid, (guint)call->value, &call->error);
      break;
    case CALL_SET_METADATA:
      call->fine = mc_libvirt_set_metadata (connection, call->uuid, call->element, call->stored,
                                            &call->error);
      break;
    case N_CALL_KINDS:
    default:
      g_assert_not_reached ();
    }
  mc_links_release (call->links, connection);
}

static gboolean on_call_begun (gpointer user_data);
static gboolean on_call_ended (gpointer user_data);

static void
run_call (gpointer data, gpointer user_data)
{
  const Call *call = data;

  if (call->kind != CALL_SAMPLE)
    g_idle_add_full (G_PRIORITY_DEFAULT, on_call_begun, data, NULL);
  carry_out (data);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_call_ended, data, NULL);
}

static void
finish_stop (McLibvirt *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop);

  if (task == NULL)
    return;
  g_clear_handle_id (&self->stop_deadline, g_source_remove);
  mc_connection_close (self->connection);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_stop_deadline (gpointer user_data)
{
  McLibvirt *self = user_data;

  self->stop_deadline = 0;
  finish_stop (self);
  return G_SOURCE_REMOVE;
}

/* A device came or went, and no event has told of it yet: whoever listens describes the VM again.
 */
static void
tell_changed (McLibvirt *self, const char *uuid, Described *described, guint64 total)
{
  if (described->told == total)
    return;
  described->told = total;
  mc_hypervisor_emit_vm_changed (MC_HYPERVISOR (self), uuid);
}

/* libvirt's figures of whole VMs become those of their balloons. */
static void
apply_devices (McLibvirt *self, GHashTable *read_again, McSample *sample)
{
  for (guint i = 0; i < sample->vms->len; i++)
    {
      McVmSample *of_vm = sample->vms->pdata[i];
      Described *described = g_hash_table_lookup (self->described, of_vm->uuid);
      const McMemoryDevices *now = g_hash_table_lookup (read_again, of_vm->uuid);
      guint64 total = of_vm->capacity;

      if (described == NULL)
        continue;
      if (now != NULL)
        described->devices = *now;
      if (!mc_memory_devices_apply (&described->devices, of_vm))
        tell_changed (self, of_vm->uuid, described, total);
    }
}

static GHashTable *
devices_to_read_again (McLibvirt *self)
{
  GHashTable *devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer uuid, value;

  g_hash_table_iter_init (&iter, self->described);
  while (g_hash_table_iter_next (&iter, &uuid, &value))
    {
      const Described *described = value;

      if (described->devices.resizable > 0)
        g_hash_table_insert (devices, g_strdup (uuid),
                             g_memdup2 (&described->devices, sizeof described->devices));
    }
  return devices;
}

static void
keep_devices (McLibvirt *self, const Call *call)
{
  const Described *before = g_hash_table_lookup (self->described, call->uuid);
  Described *described = g_new0 (Described, 1);

  described->devices = call->devices;
  described->told = before != NULL ? before->told : 0;
  g_hash_table_insert (self->described, g_strdup (call->uuid), described);
}

static void
on_vm_stopped (McLibvirt *self, const char *uuid)
{
  g_hash_table_remove (self->described, uuid);
}

/* One that is found busy at once is so for sure. */
static void
count_busy (McLibvirt *self, const McSample *sample)
{
  GHashTable *busy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *of_vm = sample->vms->pdata[i];
      gboolean known = g_hash_table_contains (self->busy, of_vm->uuid);
      guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->busy, of_vm->uuid)), times = 0;

      if (of_vm->busy)
        times = known ? MIN (before + 1, BUSY_SAMPLES) : BUSY_SAMPLES;
      g_hash_table_insert (busy, g_strdup (of_vm->uuid), GUINT_TO_POINTER (times));
    }
  g_hash_table_unref (self->busy);
  self->busy = busy;
}

/* Samples have taken what the others do not need. */
static gboolean
is_crowded (McLibvirt *self)
{
  return self->n_samples > SAMPLE_THREADS;
}

static void
set_threads (McLibvirt *self)
{
  for (CallKind kind = CALL_DESCRIBE; kind <= CALL_SET_METADATA; kind++)
    g_thread_pool_set_max_threads (
        self->pools[kind], (is_crowded (self) ? 1 : threads[kind]) + (int)self->spare[kind], NULL);
}

static guint
count_spare (McLibvirt *self)
{
  guint count = 0;

  for (CallKind kind = CALL_DESCRIBE; kind <= CALL_SET_METADATA; kind++)
    count += self->spare[kind];
  return count;
}

/* Returns: how many threads calls of the other kinds have, or may have at any time. */
static guint
count_others (McLibvirt *self)
{
  guint running[N_CALL_KINDS] = { 0 }, count = 0;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->in_flight);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    running[((const Call *)value)->kind] += ((const Call *)value)->began_us > 0;
  for (CallKind kind = CALL_DESCRIBE; kind <= CALL_SET_METADATA; kind++)
    count += MAX (1 + self->spare[kind], running[kind]);
  return count;
}

static gboolean
may_sample (McLibvirt *self)
{
  return self->n_samples < SAMPLE_THREADS || self->n_samples + count_others (self) < MC_LINKS_MOST;
}

static void
answer_sample (McLibvirt *self, Call *call)
{
  gint64 took_us = g_get_monotonic_time () - call->began_us;

  self->n_samples--;
  set_threads (self);
  if (call->generation != mc_connection_get_generation (self->connection) || self->sample == NULL
      || took_us > SAMPLE_BELIEVED_US)
    return;
  if (call->result == NULL)
    {
      answer_sample_with (self, (McHypervisorError)call->error->code, call->error->message);
      return;
    }
  self->sample_took_us = took_us;
  apply_devices (self, call->of_vms, call->result);
  count_busy (self, call->result);
  g_task_return_pointer (self->sample, g_steal_pointer (&call->result),
                         (GDestroyNotify)mc_sample_free);
  g_clear_object (&self->sample);
  g_clear_handle_id (&self->sample_deadline, g_source_remove);
  g_clear_handle_id (&self->sample_again, g_source_remove);
}

static void
answer_call (McLibvirt *self, Call *call)
{
  g_autofree char *key = key_of (call->kind, call->uuid);

  g_hash_table_remove (self->in_flight, key);
  if (call->kind == CALL_DESCRIBE && call->result != NULL)
    keep_devices (self, call);
  if (call->task == NULL)
    {
      if (call->kind == CALL_SET_TARGET)
        mc_hypervisor_emit_target_ended (MC_HYPERVISOR (self), call->uuid, call->error);
      return;
    }
  if (call->error != NULL)
    g_task_return_error (call->task, g_steal_pointer (&call->error));
  else if (call->kind == CALL_DESCRIBE)
    g_task_return_pointer (call->task, g_steal_pointer (&call->result),
                           (GDestroyNotify)mc_vm_description_free);
  else
    g_task_return_boolean (call->task, call->fine);
}

static gboolean
on_pass_by (gpointer user_data)
{
  Call *call = user_data;
  McLibvirt *self = call->self;

  if (is_crowded (self) || count_spare (self) >= SPARE_THREADS)
    return G_SOURCE_CONTINUE;
  call->pass_by = 0;
  call->spare = TRUE;
  self->spare[call->kind]++;
  set_threads (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_call_late (gpointer user_data)
{
  Call *call = user_data;

  call->deadline = 0;
  g_task_return_new_error (call->task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT,
                           "libvirt has not answered within %d s", CALL_AT_MOST_MS / 1000);
  g_clear_object (&call->task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_call_begun (gpointer user_data)
{
  Call *call = user_data;

  call->began_us = g_get_monotonic_time ();
  call->pass_by = g_timeout_add (PASS_BY_MS, on_pass_by, call);
  call->deadline = g_timeout_add (CALL_AT_MOST_MS, on_call_late, call);
  return G_SOURCE_REMOVE;
}

static gboolean
on_call_ended (gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  McLibvirt *self = call->self;

  self->n_calls--;
  if (call->spare)
    {
      self->spare[call->kind]--;
      set_threads (self);
    }
  if (call->kind == CALL_SAMPLE)
    answer_sample (self, call);
  else
    answer_call (self, call);
  if (self->n_calls == 0)
    finish_stop (self);
  return G_SOURCE_REMOVE;
}

/* @uuid: (nullable): NULL for a sample */
static Call *
call_new (McHypervisor *hypervisor, CallKind kind, const char *uuid)
{
  McLibvirt *self = MC_LIBVIRT (hypervisor);
  Call *call = g_new0 (Call, 1);

  call->self = g_object_ref (self);
  call->links = mc_links_ref (mc_connection_get_links (self->connection));
  call->kind = kind;
  call->uuid = g_strdup (uuid);
  call->generation = mc_connection_get_generation (self->connection);
  return call;
}

static void
push_call (McLibvirt *self, Call *call)
{
  self->n_calls++;
  g_thread_pool_push (self->pools[call->kind], call, NULL);
}

/* Returns: (nullable): why the VM is asked nothing now: another call of this kind is in flight for
 * it, one of any kind hangs, or its process is known not to answer. */
static const char *
why_busy (McLibvirt *self, CallKind kind, const char *uuid)
{
  gint64 now_us = g_get_monotonic_time ();

  if (GPOINTER_TO_UINT (g_hash_table_lookup (self->busy, uuid)) >= BUSY_SAMPLES)
    return "its process does not answer";

  for (CallKind other = CALL_DESCRIBE; other <= CALL_SET_METADATA; other++)
    {
      g_autofree char *key = key_of (other, uuid);
      const Call *call = g_hash_table_lookup (self->in_flight, key);

      if (call != NULL
          && (other == kind || (call->began_us > 0 && now_us - call->began_us > CALL_HANGS_US)))
        return "an earlier call for this VM has not ended";
    }
  return NULL;
}

/* @call: (transfer full) */
static void
begin_call (Call *call, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (Call) refused = call;
  McLibvirt *self = call->self;
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  const char *why = why_busy (self, call->kind, call->uuid);

  if (!mc_hypervisor_get_connected (MC_HYPERVISOR (self)))
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED, "%s",
                               "the hypervisor is not connected");
      return;
    }
  if (why != NULL)
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY, "%s", why);
      return;
    }
  call->task = g_steal_pointer (&task);
  g_hash_table_insert (self->in_flight, key_of (call->kind, call->uuid), call);
  push_call (self, g_steal_pointer (&refused));
}

static void
begin_sample (McLibvirt *self)
{
  Call *call;

  if (!may_sample (self))
    return; /* its deadline will tell */
  self->n_samples++;
  set_threads (self);
  call = call_new (MC_HYPERVISOR (self), CALL_SAMPLE, NULL);
  call->began_us = g_get_monotonic_time ();
  call->of_vms = devices_to_read_again (self);
  push_call (self, call);
}

static gboolean
on_sample_again (gpointer user_data)
{
  McLibvirt *self = user_data;
  gint64 took_ms = self->sample_took_us / 1000;

  self->sample_again = g_timeout_add (
      (guint)CLAMP (AGAIN_TIMES * took_ms, AGAIN_AT_LEAST_MS, PASS_BY_MS), on_sample_again, self);
  begin_sample (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_sample_deadline (gpointer user_data)
{
  McLibvirt *self = user_data;

  self->sample_deadline = 0;
  answer_sample_with (self, MC_HYPERVISOR_ERROR_TIMED_OUT, "libvirt has not answered in time");
  return G_SOURCE_REMOVE;
}

static void
mc_libvirt_sample_async (McHypervisor *hypervisor,
                         gint64 deadline_us,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  McLibvirt *self = MC_LIBVIRT (hypervisor);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  gint64 left_ms = (deadline_us - g_get_monotonic_time ()) / 1000;
  gboolean connected = mc_hypervisor_get_connected (MC_HYPERVISOR (self));

  if (!connected || self->sample != NULL)
    {
      g_task_return_new_error (
          task, MC_HYPERVISOR_ERROR,
          connected ? MC_HYPERVISOR_ERROR_BUSY : MC_HYPERVISOR_ERROR_NOT_CONNECTED, "%s",
          connected ? "a sample is under way" : "the hypervisor is not connected");
      return;
    }
  self->sample = g_steal_pointer (&task);
  self->sample_deadline
      = g_timeout_add ((guint)CLAMP (left_ms, 0, G_MAXINT), on_sample_deadline, self);
  self->sample_again = g_timeout_add (PASS_BY_MS, on_sample_again, self);
  begin_sample (self);
}

static void
mc_libvirt_describe_async (McHypervisor *hypervisor,
                           const char *uuid,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  begin_call (call_new (hypervisor, CALL_DESCRIBE, uuid), callback, user_data);
}

static void
mc_libvirt_set_target_async (McHypervisor *hypervisor,
                             const char *uuid,
                             guint64 bytes,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  Call *call = call_new (hypervisor, CALL_SET_TARGET, uuid);

  call->value = bytes;
  begin_call (call, callback, user_data);
}

static void
mc_libvirt_set_stats_period_async (McHypervisor *hypervisor,
                                   const char *uuid,
                                   guint seconds,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  Call *call = call_new (hypervisor, CALL_SET_STATS_PERIOD, uuid);

  call->value = seconds;
  begin_call (call, callback, user_data);
}

static void
mc_libvirt_set_metadata_async (McHypervisor *hypervisor,
                               const char *uuid,
                               const char *element,
                               const char *stored,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  Call *call = call_new (hypervisor, CALL_SET_METADATA, uuid);

  call->element = g_strdup (element);
  call->stored = g_strdup (stored);
  begin_call (call, callback, user_data);
}

/* Life */

static void
mc_libvirt_start (McHypervisor *hypervisor)
{
  McLibvirt *self = MC_LIBVIRT (hypervisor);

  g_return_if_fail (!self->started);
  self->started = TRUE;
  mc_connection_start (self->connection);
}

static void
mc_libvirt_stop_async (McHypervisor *hypervisor, GAsyncReadyCallback callback, gpointer user_data)
{
  McLibvirt *self = MC_LIBVIRT (hypervisor);

  g_return_if_fail (!self->stopping);
  self->stopping = TRUE;
  mc_connection_stop (self->connection);
  answer_sample_with (self, MC_HYPERVISOR_ERROR_NOT_CONNECTED, "the service ends");
  self->stop = g_task_new (self, NULL, callback, user_data);
  if (self->n_calls == 0)
    finish_stop (self);
  else
    self->stop_deadline = g_timeout_add (STOP_AT_MOST_MS, on_stop_deadline, self);
}

/* "qemu:///system" is; "qemu+ssh://host/system" is not. */
static gboolean
mc_libvirt_is_local (McHypervisor *hypervisor)
{
  const char *authority = strstr (mc_hypervisor_get_uri (hypervisor), "://");

  return authority == NULL || authority[3] == '/' || authority[3] == '\0';
}

static void
on_connected_changed (McLibvirt *self)
{
  McHypervisor *hypervisor = MC_HYPERVISOR (self);

  if (mc_hypervisor_get_connected (hypervisor))
    return;
  g_hash_table_remove_all (self->busy); /* of whatever waited with what is lost */
  answer_sample_with (self, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                      mc_hypervisor_get_status (hypervisor));
}

static void
mc_libvirt_constructed (GObject *object)
{
  McLibvirt *self = MC_LIBVIRT (object);

  G_OBJECT_CLASS (mc_libvirt_parent_class)->constructed (object);
  self->connection = mc_connection_new (MC_HYPERVISOR (self));
  g_signal_connect (self, "vm-stopped", G_CALLBACK (on_vm_stopped), NULL);
  /* Whoever else listens is to know before what waited is told. */
  g_signal_connect_after (self, "notify::connected", G_CALLBACK (on_connected_changed), NULL);
}

static void
mc_libvirt_finalize (GObject *object)
{
  McLibvirt *self = MC_LIBVIRT (object);

  g_clear_handle_id (&self->sample_deadline, g_source_remove);
  g_clear_handle_id (&self->sample_again, g_source_remove);
  /* No call is in flight: each holds a reference. */
  for (CallKind kind = 0; kind < N_CALL_KINDS; kind++)
    g_thread_pool_free (self->pools[kind], FALSE, FALSE);
  g_hash_table_unref (self->in_flight);
  g_hash_table_unref (self->described);
  g_hash_table_unref (self->busy);
  mc_connection_stop (self->connection);
  g_object_unref (self->connection);
  G_OBJECT_CLASS (mc_libvirt_parent_class)->finalize (object);
}

static void
mc_libvirt_class_init (McLibvirtClass *klass)
{
  McHypervisorClass *hypervisor_class = MC_HYPERVISOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = mc_libvirt_constructed;
  G_OBJECT_CLASS (klass)->finalize = mc_libvirt_finalize;
  hypervisor_class->start = mc_libvirt_start;
  hypervisor_class->stop_async = mc_libvirt_stop_async;
  hypervisor_class->is_local = mc_libvirt_is_local;
  hypervisor_class->sample_async = mc_libvirt_sample_async;
  hypervisor_class->describe_async = mc_libvirt_describe_async;
  hypervisor_class->set_target_async = mc_libvirt_set_target_async;
  hypervisor_class->set_stats_period_async = mc_libvirt_set_stats_period_async;
  hypervisor_class->set_metadata_async = mc_libvirt_set_metadata_async;
}

static void
mc_libvirt_init (McLibvirt *self)
{
  self->in_flight = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->described = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->busy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (CallKind kind = 0; kind < N_CALL_KINDS; kind++)
    self->pools[kind] = g_thread_pool_new (run_call, NULL, threads[kind], FALSE, NULL);
}

static gpointer
register_events (gpointer data)
{
  gvir_init (NULL, NULL); /* libvirt's own error messages are not to be printed: ours are */
  gvir_event_register ();
  return NULL;
}

McHypervisor *
mc_libvirt_new (const char *uri)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, register_events, NULL);
  return g_object_new (MC_TYPE_LIBVIRT, "uri", uri, NULL);
}
