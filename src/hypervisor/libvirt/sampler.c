/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One sample of every VM after the other.
 *
 * libvirtd asks the processes of one call one after the other. So many VMs are asked in subsets,
 * side by side, each over a connection of its own; when each subset has answered there is a sample.
 * Where one fails, or does not answer by the deadline, the sample is of the others: of its VMs it
 * tells that they are there, and busy.
 *
 * A call waits for a VM whose process hangs. The next one of its subset, begun beside it, passes
 * that VM by and waits for the next that hangs; so one follows the other until one comes back. The
 * first that does answers, whichever it is.
 */
#include "config.h"

#include "sampler.h"

/* A call that took longer, and twice as long as it should, waits for one VM: the next one passes
 * that VM by (32 guests take 160 ms). */
#define PASS_BY_MS      300
#define PASS_BY_MOST_MS 1000
#define PASS_BY_TIMES   2

/* What a VM takes as long as that is not known. */
#define USUAL_US 5000

/* Where one VM hangs others may, too: the next tries follow sooner, but not so soon that one
 * catches up with the one before it, and finds VMs busy that this one asks. */
#define AGAIN_AT_LEAST_MS 100
#define AGAIN_PART        2

/* One that took longer shows what was true when it began: a later one is waited for. */
#define BELIEVED_US (2 * G_USEC_PER_SEC)

/* So many VMs are one subset. Of a thousand, whose processes answer within 4 ms each, a subset
 * takes 0.8 s; the more subsets, the fewer of the 20 calls that libvirtd carries out at once are
 * left to others, and to VMs that hang. */
#define VMS_IN_A_SUBSET 32
#define SUBSETS_MOST    5

/* How many VMs there are, as the first sample came late: then there may be many. Of later ones that
 * come late it is known, and VMs that hang are the likelier cause: who begins other subsets then
 * has what earlier calls still find out for nothing. */
#define NOT_KNOWN G_MAXUINT

/* The generation of no connection. */
#define NONE G_MAXUINT

typedef struct
{
  McSampler *owner;
  guint index;
  guint again;    /* source */
  gboolean there; /* it is in the sample that is waited for */
  gboolean failed;
} Subset;

struct _McSampler
{
  McHypervisor *hypervisor;
  McConnection *connection;
  McThreadPool *threads;
  McKnownVms *vms;

  guint n_vms;      /* of the last sample; 0 = there was none yet; NOT_KNOWN */
  gint64 us_per_vm; /* of the last call that answered in time, and asked most of its VMs; 0 = there
                       was none */
  guint count;      /* of VMs, as the first call found it; 0 = it has not yet; atomic */
  gint64 began_us;  /* when the last sample did */
  guint n_subsets;
  Subset subsets[SUBSETS_MOST];
  guint whole_of; /* the generation of the connection of the last sample that was whole */

  GTask *task;       /* who waits for a sample */
  McSample *sample;  /* of the subsets that are there (nullable) */
  GPtrArray *others; /* (nullable): who was in other subsets when the last of these was asked, */
  gint64 listed_us;  /* and when that was */
  guint deadline;    /* source */
};

McSampler *
mc_sampler_new (McHypervisor *hypervisor,
                McConnection *connection,
                McThreadPool *threads,
                McKnownVms *vms)
{
  McSampler *self = g_new0 (McSampler, 1);

  self->hypervisor = hypervisor;
  self->connection = connection;
  self->threads = threads;
  self->vms = vms;
  self->n_subsets = 1;
  self->whole_of = NONE;
  for (guint i = 0; i < SUBSETS_MOST; i++)
    self->subsets[i] = (Subset){ .owner = self, .index = i };
  return self;
}

/* Returns: (transfer full) (nullable): who waits no longer. */
static GTask *
steal_task (McSampler *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  for (guint i = 0; i < self->n_subsets; i++)
    g_clear_handle_id (&self->subsets[i].again, g_source_remove);
  g_clear_pointer (&self->sample, mc_sample_free);
  g_clear_pointer (&self->others, g_ptr_array_unref);
  return g_steal_pointer (&self->task);
}

void
mc_sampler_free (McSampler *self)
{
  GTask *task = steal_task (self);

  g_clear_object (&task);
  g_free (self);
}

void
mc_sampler_fail (McSampler *self, McHypervisorError code, const char *message)
{
  g_autoptr (GTask) task = steal_task (self);

  if (task != NULL)
    g_task_return_new_error (task, MC_HYPERVISOR_ERROR, (int)code, "%s", message);
}

static gboolean
is_whole (const McSampler *self)
{
  for (guint i = 0; i < self->n_subsets; i++)
    if (!self->subsets[i].there)
      return FALSE;
  return TRUE;
}

/* Nothing more comes of this sample but from calls that are late. */
static gboolean
is_settled (const McSampler *self)
{
  for (guint i = 0; i < self->n_subsets; i++)
    if (!self->subsets[i].there && !self->subsets[i].failed)
      return FALSE;
  return TRUE;
}

/* The first sample of a connection says who is there at all, with the figures of each. */
static gboolean
may_lack_some (const McSampler *self)
{
  return self->whole_of == mc_connection_get_generation (self->connection);
}

/* Moves those of @others into @sample whose subset is not there. */
static void
add_missing (const McSampler *self, GPtrArray *others, McSample *sample)
{
  for (guint i = others->len; i > 0; i--)
    {
      const McVmSample *of_vm = others->pdata[i - 1];

      for (guint k = 0; k < self->n_subsets; k++)
        if (!self->subsets[k].there
            && mc_subset_has ((McSubset){ k, self->n_subsets }, of_vm->uuid))
          {
            g_ptr_array_add (sample->vms, g_ptr_array_steal_index_fast (others, i - 1));
            break;
          }
    }
}

static void
sampler_answer (McSampler *self)
{
  g_autoptr (McSample) sample = g_steal_pointer (&self->sample);
  g_autoptr (GPtrArray) others = g_steal_pointer (&self->others);
  g_autoptr (GTask) task = steal_task (self);

  if (is_whole (self))
    self->whole_of = mc_connection_get_generation (self->connection);
  else
    add_missing (self, others, sample);
  mc_known_vms_count_busy (self->vms, sample);
  self->n_vms = sample->vms->len;
  g_task_return_pointer (task, g_steal_pointer (&sample), (GDestroyNotify)mc_sample_free);
}

/* Of another machine's VMs each look is a round trip: they are asked, all at once. */
static GHashTable *
get_asleep (const McSampler *self)
{
  return mc_hypervisor_is_local (self->hypervisor) ? mc_hypervisor_get_asleep (self->hypervisor)
                                                   : NULL;
}

/* Of a call that began when more of them slept: those have not been asked. */
static gboolean
lacks_who_is_awake (const McSampler *self, const McSample *sample)
{
  GHashTable *asleep = get_asleep (self);

  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *of_vm = sample->vms->pdata[i];

      if (of_vm->asleep && (asleep == NULL || !g_hash_table_contains (asleep, of_vm->uuid)))
        return TRUE;
    }
  return FALSE;
}

/* Of a call of this sample, or of an earlier one that asked the same VMs. */
static gboolean
is_wanted (const McSampler *self, const McRequest *request)
{
  return request->generation == mc_connection_get_generation (self->connection)
         && self->task != NULL && request->subset.of == self->n_subsets
         && !self->subsets[request->subset.index].there;
}

static guint
count_asked (const McSample *sample)
{
  guint count = 0;

  for (guint i = 0; i < sample->vms->len; i++)
    count += !((const McVmSample *)sample->vms->pdata[i])->asleep;
  return count;
}

/* Of a call that merely looked at most of them its time says little about those whom it asked. */
static void
note_pace (McSampler *self, const McSample *sample, gint64 took_us)
{
  guint n_asked = count_asked (sample);

  if (n_asked > sample->vms->len / 2)
    self->us_per_vm = took_us / n_asked;
}

/* Of the others it is waited for. */
static void
fail_subset (McSampler *self, Subset *subset, const GError *error)
{
  subset->failed = TRUE;
  g_clear_handle_id (&subset->again, g_source_remove);
  if (may_lack_some (self) && !is_settled (self))
    return;
  if (may_lack_some (self) && self->sample != NULL)
    sampler_answer (self);
  else
    mc_sampler_fail (self, (McHypervisorError)error->code, error->message);
}

static void
take_others (McSampler *self, McRequest *request)
{
  if (self->others != NULL && request->began_us < self->listed_us)
    return;
  g_clear_pointer (&self->others, g_ptr_array_unref);
  self->others = g_steal_pointer (&request->others);
  self->listed_us = request->began_us;
}

static void
on_ended (McRequest *request)
{
  McSampler *self = request->owner;
  Subset *subset = &self->subsets[request->subset.index];
  gint64 took_us = g_get_monotonic_time () - request->began_us;

  if (!is_wanted (self, request) || took_us > BELIEVED_US)
    return;
  if (request->result == NULL)
    {
      if (request->began_us >= self->began_us) /* else another is under way for it */
        fail_subset (self, subset, request->error);
      return;
    }
  if (lacks_who_is_awake (self, request->result))
    return;
  subset->there = TRUE;
  note_pace (self, request->result, took_us);
  g_clear_handle_id (&subset->again, g_source_remove);
  mc_known_vms_apply_devices (self->vms, request->of_vms, request->result, self->hypervisor);
  self->sample = mc_sample_join (self->sample, g_steal_pointer (&request->result));
  take_others (self, request);
  if (is_settled (self))
    sampler_answer (self);
}

static void
push_request (McSampler *self, const Subset *subset)
{
  GHashTable *asleep = get_asleep (self);
  McRequest *request;

  if (mc_thread_pool_count_room_for_samples (self->threads) == 0)
    return; /* the deadline answers */
  request = mc_request_new (MC_REQUEST_SAMPLE, NULL, self->hypervisor, self->connection);
  request->owner = self;
  request->ended = on_ended;
  request->subset = (McSubset){ subset->index, self->n_subsets };
  request->asleep = asleep != NULL ? g_hash_table_ref (asleep) : NULL;
  request->of_vms = mc_known_vms_copy_resizable (self->vms);
  request->groups = mc_known_vms_copy_groups (self->vms);
  if (self->us_per_vm == 0)
    request->count = &self->count;
  mc_thread_pool_push (self->threads, request);
}

static guint
count_awake (const McSampler *self)
{
  GHashTable *asleep = get_asleep (self);
  guint n_asleep = asleep != NULL ? g_hash_table_size (asleep) : 0;

  return (guint)saturating_sub (self->n_vms, n_asleep);
}

/* Returns: how long a subset takes where no VM hangs. */
static guint
get_expected_ms (const McSampler *self)
{
  guint n_awake = count_awake (self);
  gint64 us_per_vm = self->us_per_vm;

  if (us_per_vm == 0)
    {
      n_awake = MAX (n_awake, (guint)g_atomic_int_get (&self->count));
      us_per_vm = USUAL_US;
    }
  if (self->n_vms == NOT_KNOWN)
    return PASS_BY_MOST_MS;
  return (guint)MIN (us_per_vm * (n_awake / self->n_subsets) / 1000, PASS_BY_MOST_MS);
}

static guint
get_pass_by_ms (const McSampler *self)
{
  return CLAMP (PASS_BY_TIMES * get_expected_ms (self), PASS_BY_MS, PASS_BY_MOST_MS);
}

/* At the first sample it turns out only meanwhile that there are many VMs: calls for all of them
 * that follow each other closely make each other late. */
static gint64
get_too_early_ms (const McSampler *self)
{
  if (self->us_per_vm > 0)
    return 0;
  return get_pass_by_ms (self) - (g_get_monotonic_time () - self->began_us) / 1000;
}

static gboolean
on_again (gpointer user_data)
{
  Subset *subset = user_data;
  McSampler *self = subset->owner;
  gint64 too_early_ms = get_too_early_ms (self);

  if (too_early_ms > 0)
    {
      subset->again = g_timeout_add ((guint)too_early_ms, on_again, subset);
      return G_SOURCE_REMOVE;
    }
  subset->again = g_timeout_add (MAX (get_expected_ms (self) / AGAIN_PART, AGAIN_AT_LEAST_MS),
                                 on_again, subset);
  push_request (self, subset);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  McSampler *self = user_data;

  self->deadline = 0;
  if (self->sample != NULL && may_lack_some (self))
    {
      sampler_answer (self);
      return G_SOURCE_REMOVE;
    }
  if (self->n_vms == 0)
    self->n_vms = NOT_KNOWN;
  mc_sampler_fail (self, MC_HYPERVISOR_ERROR_TIMED_OUT, "libvirt has not answered in time");
  return G_SOURCE_REMOVE;
}

/* No more than there are threads for: where VMs hang, a subset of all is better than none. */
static guint
choose_subsets (McSampler *self)
{
  guint n_awake = count_awake (self);
  guint room = mc_thread_pool_count_room_for_samples (self->threads);

  return CLAMP (n_awake / VMS_IN_A_SUBSET + (n_awake % VMS_IN_A_SUBSET > 0), 1,
                CLAMP (room, 1, SUBSETS_MOST));
}

static void
begin_subsets (McSampler *self)
{
  self->n_subsets = choose_subsets (self);
  self->began_us = g_get_monotonic_time ();
  for (guint i = 0; i < self->n_subsets; i++)
    {
      Subset *subset = &self->subsets[i];

      subset->there = subset->failed = FALSE;
      subset->again = g_timeout_add (get_pass_by_ms (self), on_again, subset);
      push_request (self, subset);
    }
}

void
mc_sampler_begin (McSampler *self, gint64 deadline_us, GTask *task)
{
  g_autoptr (GTask) refused = task;
  gint64 left_ms = (deadline_us - g_get_monotonic_time ()) / 1000;

  if (!mc_hypervisor_get_connected (self->hypervisor))
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED,
                               "the hypervisor is not connected");
      return;
    }
  if (self->task != NULL)
    {
      g_task_return_new_error (task, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY,
                               "a sample is under way");
      return;
    }
  self->task = g_steal_pointer (&refused);
  self->deadline = g_timeout_add ((guint)CLAMP (left_ms, 0, G_MAXINT), on_deadline, self);
  begin_subsets (self);
}
