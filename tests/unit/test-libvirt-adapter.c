/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the adapter does while libvirt's calls hang, on calls of the test's own. */
#include "config.h"

#include <libvirt/libvirt.h>

#include "libvirt/adapter.h"

#define SHORT_US (G_USEC_PER_SEC / 2)

/* Calls of one kind that hang, until they are let go. */
typedef struct
{
  GMutex lock;
  GCond changed;
  guint n_to_hang; /* so many that begin from now on */
  guint n_begun;
  guint n_hanging;
} Gate;

static Gate samples, sets;

/* Samples that ask all VMs at once hang here, too. */
static Gate wholes;

/* What is asked of VMs by name, a subset of all in each call. */
static struct
{
  GMutex lock;
  guint n_calls, n_vms, most_vms; /* since they were last counted; the most in one call */
} subsets;

/* One VM whose process hangs: of the calls that ask it the first waits, and no other call does. */
static const char *name_of_hung;

/* One VM whose calls fail. */
static const char *name_of_failing;

static void
pass (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->n_begun++;
  if (gate->n_to_hang > 0)
    {
      gate->n_to_hang--;
      gate->n_hanging++;
      while (gate->n_hanging > 0)
        g_cond_wait (&gate->changed, &gate->lock);
    }
  g_mutex_unlock (&gate->lock);
}

static void
hang (Gate *gate, guint count)
{
  g_mutex_lock (&gate->lock);
  gate->n_to_hang = count;
  gate->n_begun = 0;
  g_mutex_unlock (&gate->lock);
}

static void
let_go (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->n_to_hang = gate->n_hanging = 0;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static guint
count_begun (Gate *gate)
{
  guint count;

  g_mutex_lock (&gate->lock);
  count = gate->n_begun;
  g_mutex_unlock (&gate->lock);
  return count;
}

/* In place of the library's. */
int
virConnectGetAllDomainStats (virConnectPtr connection,
                             unsigned int stats,
                             virDomainStatsRecordPtr **records,
                             unsigned int flags)
{
  pass (&samples);
  pass (&wholes);
  *records = calloc (1, sizeof **records);
  return 0;
}

static virDomainStatsRecordPtr
answer_of (virDomainPtr domain)
{
  virDomainStatsRecordPtr record = calloc (1, sizeof *record);
  int room = 0;

  virDomainRef (domain);
  record->dom = domain;
  virTypedParamsAddULLong (&record->params, &record->nparams, &room, "balloon.current", 65536);
  return record;
}

int
virDomainListGetStats (virDomainPtr *domains,
                       unsigned int stats,
                       virDomainStatsRecordPtr **records,
                       unsigned int flags)
{
  guint n = 0;

  while (domains[n] != NULL)
    n++;
  g_mutex_lock (&subsets.lock);
  subsets.n_calls++;
  subsets.n_vms += n;
  subsets.most_vms = MAX (subsets.most_vms, n);
  g_mutex_unlock (&subsets.lock);
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (virDomainGetName (domains[i]), name_of_failing) == 0)
      return -1;
  if (name_of_hung == NULL)
    pass (&samples);
  *records = calloc (n + 1, sizeof **records);
  for (guint i = 0; i < n; i++)
    {
      if (g_strcmp0 (virDomainGetName (domains[i]), name_of_hung) == 0)
        pass (&samples);
      (*records)[i] = answer_of (domains[i]);
    }
  return (int)n;
}

/* So long is one VM looked at that is not asked. */
static gulong look_takes_us;

int
virDomainGetInfo (virDomainPtr domain, virDomainInfoPtr info)
{
  g_usleep (look_takes_us);
  *info = (virDomainInfo){ .state = VIR_DOMAIN_RUNNING, .maxMem = 65536, .memory = 65536 };
  return 0;
}

int
virDomainSetMemoryFlags (virDomainPtr domain, unsigned long kib, unsigned int flags)
{
  pass (&sets);
  return 0;
}

/* An answer, once it is there. */
typedef struct
{
  gboolean there;
  McSample *sample;
  McVmDescription *description;
  GError *error;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->sample, mc_sample_free);
  g_clear_pointer (&answer->description, mc_vm_description_free);
  g_clear_error (&answer->error);
  answer->there = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_sampled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->there = TRUE;
  answer->sample = mc_hypervisor_sample_finish (MC_HYPERVISOR (source), result, &answer->error);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->there = TRUE;
  answer->description
      = mc_hypervisor_describe_finish (MC_HYPERVISOR (source), result, &answer->error);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->there = TRUE;
  mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &answer->error);
}

static void
wait_for (const Answer *answer)
{
  while (!answer->there)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_begun (Gate *gate, guint count)
{
  while (count_begun (gate) < count)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

typedef struct
{
  McHypervisor *hypervisor;
  virConnectPtr connection; /* of the test */
  guint n_ended;            /* "target-ended" */
} Fixture;

static void
on_target_ended (Fixture *f, const char *uuid, const GError *error)
{
  g_assert_no_error (error);
  f->n_ended++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->hypervisor = mc_libvirt_adapter_new ("test:///default");
  f->connection = virConnectOpen ("test:///default");
  g_assert_nonnull (f->connection);
  g_signal_connect_swapped (f->hypervisor, "target-ended", G_CALLBACK (on_target_ended), f);
  mc_hypervisor_start (f->hypervisor);
  while (!mc_hypervisor_get_connected (f->hypervisor))
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_auto (Answer) stopped = { 0 };

  let_go (&samples);
  let_go (&wholes);
  let_go (&sets);
  mc_hypervisor_stop_async (f->hypervisor, on_done, &stopped);
  wait_for (&stopped);
  g_object_unref (f->hypervisor);
  virConnectClose (f->connection);
}

/* Returns: (transfer full): the UUID of a VM that is there. */
static char *
add_vm (Fixture *f, guint number)
{
  g_autofree char *uuid = g_strdup_printf ("c0ffee00-0000-4000-8000-%012u", number);
  g_autofree char *xml
      = g_strdup_printf ("<domain type='test'><name>vm-%u</name><uuid>%s</uuid>"
                         "<memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>",
                         number, uuid);
  virDomainPtr domain = virDomainCreateXML (f->connection, xml, 0);

  g_assert_nonnull (domain);
  virDomainFree (domain);
  return g_steal_pointer (&uuid);
}

static void
remove_vm (Fixture *f, guint number)
{
  g_autofree char *name = g_strdup_printf ("vm-%u", number);
  virDomainPtr domain = virDomainLookupByName (f->connection, name);

  g_assert_cmpint (virDomainDestroy (domain), ==, 0);
  virDomainFree (domain);
}

static gint64
in_us (gint64 us)
{
  return g_get_monotonic_time () + us;
}

static void
test_sample_passes_by_what_hangs (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  hang (&samples, 2);
  mc_hypervisor_sample_async (f->hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &answer);
  wait_for (&answer);
  g_assert_no_error (answer.error);
  g_assert_cmpuint (count_begun (&samples), >=, 3);
}

static void
test_sample_ends_at_its_deadline (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 }, beside = { 0 }, next = { 0 };

  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &answer);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &beside);
  wait_for (&beside);
  g_assert_error (beside.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY);
  wait_for (&answer);
  g_assert_error (answer.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  let_go (&samples);
  mc_hypervisor_sample_async (f->hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &next);
  wait_for (&next);
  g_assert_no_error (next.error);
}

static void
add_crowd (Fixture *f, guint first, guint n_vms)
{
  for (guint i = 0; i < n_vms; i++)
    g_free (add_vm (f, first + i));
}

static void
remove_crowd (Fixture *f, guint first, guint n_vms)
{
  for (guint i = 0; i < n_vms; i++)
    remove_vm (f, first + i);
}

/* Each try asks them all, at a time when nobody knows what they take. */
static void
test_first_sample_of_many_tries_seldom (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  add_crowd (f, 100, 250);
  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (3 * SHORT_US), on_sampled, &answer);
  wait_for (&answer);
  g_assert_error (answer.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  g_assert_cmpuint (count_begun (&samples), >=, 1);
  g_assert_cmpuint (count_begun (&samples), <=, 3);
  remove_crowd (f, 100, 250);
}

static GHashTable *
take_names (Fixture *f)
{
  g_auto (Answer) answer = { 0 };
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  mc_hypervisor_sample_async (f->hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &answer);
  wait_for (&answer);
  g_assert_no_error (answer.error);
  for (guint i = 0; i < answer.sample->vms->len; i++)
    {
      const McVmSample *vm = answer.sample->vms->pdata[i];

      g_assert_true (g_hash_table_add (names, g_strdup (vm->name)));
    }
  return names;
}

/* So many at the start that a sample of all at once comes too late: it learns that there are many.
 */
static void
miss_first_sample (Fixture *f)
{
  g_auto (Answer) answer = { 0 };

  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &answer);
  wait_for (&answer);
  g_assert_error (answer.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  let_go (&samples);
}

static void
let_sleep (Fixture *f, const char *uuid)
{
  g_autoptr (GHashTable) asleep = g_hash_table_new (g_str_hash, g_str_equal);

  if (uuid != NULL)
    g_hash_table_add (asleep, (gpointer)uuid);
  mc_hypervisor_let_sleep (f->hypervisor, asleep);
}

static void
run_for (gint64 us)
{
  gint64 end_us = in_us (us);

  while (g_get_monotonic_time () < end_us)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* A call that is late, and began when it slept, does not answer for it when it is to be asked. */
static void
test_one_that_is_woken_is_asked (Fixture *f, gconstpointer data)
{
  g_autofree char *uuid = add_vm (f, 5);
  g_auto (Answer) late = { 0 }, answer = { 0 };

  let_sleep (f, uuid);
  g_hash_table_unref (take_names (f)); /* they are few: one call is for all */
  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &late);
  wait_for (&late);
  g_assert_error (late.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  let_sleep (f, NULL);
  hang (&samples, 0);
  hang (&wholes, 1);
  mc_hypervisor_sample_async (f->hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &answer);
  wait_for_begun (&wholes, 1);
  let_go (&samples);
  run_for (SHORT_US / 4);
  let_go (&wholes);
  wait_for (&answer);
  g_assert_no_error (answer.error);
  for (guint i = 0; i < answer.sample->vms->len; i++)
    g_assert_false (((McVmSample *)answer.sample->vms->pdata[i])->asleep);
  remove_vm (f, 5);
}

/* None is asked twice, and none is left out; no call has many more than its part of them. */
static void
test_crowd_is_asked_in_subsets (Fixture *f, gconstpointer data)
{
  const guint sizes[] = { 200, 40 }, n_subsets[] = { 5, 2 };

  miss_first_sample (f);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GHashTable) names = NULL;

      add_crowd (f, 100, sizes[i]);
      g_hash_table_unref (take_names (f));
      subsets.n_calls = subsets.n_vms = subsets.most_vms = 0;
      names = take_names (f);
      g_assert_cmpuint (g_hash_table_size (names), ==, sizes[i] + 1); /* and the driver's own */
      g_assert_cmpuint (subsets.n_calls, ==, n_subsets[i]);
      g_assert_cmpuint (subsets.n_vms, ==, sizes[i] + 1);
      g_assert_cmpuint (subsets.most_vms, <=, sizes[i] * 5 / 4 / n_subsets[i]);
      remove_crowd (f, 100, sizes[i]);
    }
}

static void
test_one_that_hangs_is_passed_by_in_its_subset (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) names = NULL;

  miss_first_sample (f);
  add_crowd (f, 100, 200);
  g_hash_table_unref (take_names (f));
  name_of_hung = "vm-123";
  hang (&samples, 1);
  names = take_names (f);
  name_of_hung = NULL;
  g_assert_cmpuint (g_hash_table_size (names), ==, 201);
  g_assert_true (g_hash_table_contains (names, "vm-123"));
  g_assert_cmpuint (count_begun (&samples), >=, 2);
  remove_crowd (f, 100, 200);
}

/* What it took to look at many who sleep does not count for the one that was asked. */
static void
test_one_that_hangs_is_passed_by_after_many_have_slept (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) asleep = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *one = add_vm (f, 120);
  g_auto (Answer) answer = { 0 };

  for (guint i = 0; i < 20; i++)
    g_hash_table_add (asleep, add_vm (f, 100 + i));
  let_sleep (f, one); /* and so the others are asked by name */
  g_hash_table_unref (take_names (f));
  look_takes_us = 15 * 1000;
  mc_hypervisor_let_sleep (f->hypervisor, asleep);
  g_hash_table_unref (take_names (f));
  look_takes_us = 0;
  let_sleep (f, one);
  name_of_hung = "vm-110";
  hang (&samples, 1);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US * 9 / 5), on_sampled, &answer);
  wait_for (&answer);
  name_of_hung = NULL;
  g_assert_no_error (answer.error);
  remove_crowd (f, 100, 21);
}

/* A crowd of which there was a sample. */
static void
know_crowd (Fixture *f)
{
  GHashTable *names = NULL;

  miss_first_sample (f);
  add_crowd (f, 100, 200);
  g_hash_table_unref (take_names (f));
  names = take_names (f); /* in subsets, now that it is known how many they are */
  g_assert_cmpuint (g_hash_table_size (names), ==, 201);
  g_hash_table_unref (names);
}

/* Of each VM it tells that it is there; of one subset no more than that. */
static void
assert_lacks_a_subset_of (const McSample *sample, const char *name)
{
  guint n_busy = 0;

  g_assert_cmpuint (sample->vms->len, ==, 201);
  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *vm = sample->vms->pdata[i];

      n_busy += vm->balloon == MC_UNKNOWN;
      g_assert_cmpint (vm->id, >=, 0);
      if (vm->balloon == MC_UNKNOWN)
        g_assert_true (vm->busy);
      if (g_str_equal (vm->name, name))
        g_assert_cmpuint (vm->balloon, ==, MC_UNKNOWN);
    }
  g_assert_cmpuint (n_busy, <=, 200 / 5 * 5 / 4);
}

/* One slow part never makes the others wait. */
static void
test_subset_that_is_late_is_late_alone (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) names = NULL;

  know_crowd (f);
  name_of_hung = "vm-123";
  hang (&samples, G_MAXUINT);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Answer) answer = { 0 };

      mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &answer);
      wait_for (&answer);
      g_assert_no_error (answer.error);
      assert_lacks_a_subset_of (answer.sample, "vm-123");
    }
  name_of_hung = NULL;
  let_go (&samples);
  names = take_names (f);
  g_assert_cmpuint (g_hash_table_size (names), ==, 201);
  remove_crowd (f, 100, 200);
}

static void
test_subset_that_fails_fails_alone (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  know_crowd (f);
  name_of_failing = "vm-123";
  mc_hypervisor_sample_async (f->hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &answer);
  wait_for (&answer);
  name_of_failing = NULL;
  g_assert_no_error (answer.error);
  assert_lacks_a_subset_of (answer.sample, "vm-123");
  remove_crowd (f, 100, 200);
}

/* Who is not in the first sample of a connection would be taken for gone. */
static void
test_first_sample_lacks_nobody (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  miss_first_sample (f);
  add_crowd (f, 100, 200);
  name_of_hung = "vm-123";
  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (SHORT_US), on_sampled, &answer);
  wait_for (&answer);
  name_of_hung = NULL;
  g_assert_error (answer.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  remove_crowd (f, 100, 200);
}

/* However many hang, each other kind has a thread. */
static void
test_samples_that_hang_leave_a_thread_to_each_kind (Fixture *f, gconstpointer data)
{
  g_autofree char *uuid = add_vm (f, 1);
  g_auto (Answer) sample = { 0 }, set = { 0 }, described = { 0 };

  hang (&samples, G_MAXUINT);
  mc_hypervisor_sample_async (f->hypervisor, in_us (3 * G_USEC_PER_SEC), on_sampled, &sample);
  wait_for (&sample);
  g_assert_error (sample.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  g_assert_cmpuint (count_begun (&samples), <=, 15);
  mc_hypervisor_set_target_async (f->hypervisor, uuid, 1024, on_done, &set);
  mc_hypervisor_describe_async (f->hypervisor, uuid, on_described, &described);
  wait_for (&set);
  g_assert_no_error (set.error);
  wait_for (&described);
  g_assert_no_error (described.error);
}

static void
test_late_set_is_told_when_it_ends (Fixture *f, gconstpointer data)
{
  g_autofree char *uuid = add_vm (f, 2);
  g_auto (Answer) late = { 0 }, second = { 0 }, described = { 0 }, next = { 0 };

  hang (&sets, 1);
  mc_hypervisor_set_target_async (f->hypervisor, uuid, 1024, on_done, &late);
  mc_hypervisor_set_target_async (f->hypervisor, uuid, 2048, on_done, &second);
  wait_for (&second);
  g_assert_error (second.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY);
  wait_for (&late);
  g_assert_error (late.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_TIMED_OUT);
  mc_hypervisor_describe_async (f->hypervisor, uuid, on_described, &described);
  wait_for (&described);
  g_assert_error (described.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_BUSY);
  g_assert_cmpuint (f->n_ended, ==, 0);
  let_go (&sets);
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
  mc_hypervisor_set_target_async (f->hypervisor, uuid, 1024, on_done, &next);
  wait_for (&next);
  g_assert_no_error (next.error);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* As many as there are threads hang, and one more. */
static void
test_sets_that_hang_give_their_place (Fixture *f, gconstpointer data)
{
  Answer hanging[4] = { 0 };
  g_auto (Answer) other = { 0 };
  g_autofree char *uuid = add_vm (f, 3);

  hang (&sets, G_N_ELEMENTS (hanging));
  for (guint i = 0; i < G_N_ELEMENTS (hanging); i++)
    {
      g_autofree char *hung = add_vm (f, 10 + i);

      mc_hypervisor_set_target_async (f->hypervisor, hung, 1024, on_done, &hanging[i]);
    }
  wait_for_begun (&sets, G_N_ELEMENTS (hanging));
  mc_hypervisor_set_target_async (f->hypervisor, uuid, 1024, on_done, &other);
  wait_for (&other);
  g_assert_no_error (other.error);
  let_go (&sets);
  for (guint i = 0; i < G_N_ELEMENTS (hanging); i++)
    {
      wait_for (&hanging[i]);
      answer_clear (&hanging[i]);
    }
}

static void
test_stop_waits_for_what_hangs (Fixture *f, gconstpointer data)
{
  McHypervisor *hypervisor = mc_libvirt_adapter_new ("test:///default");
  g_autofree char *uuid = add_vm (f, 4);
  g_auto (Answer) set = { 0 }, sample = { 0 }, stopped = { 0 };

  mc_hypervisor_start (hypervisor);
  while (!mc_hypervisor_get_connected (hypervisor))
    g_main_context_iteration (NULL, TRUE);
  hang (&sets, 1);
  hang (&samples, 1);
  mc_hypervisor_set_target_async (hypervisor, uuid, 1024, on_done, &set);
  mc_hypervisor_sample_async (hypervisor, in_us (30 * G_USEC_PER_SEC), on_sampled, &sample);
  wait_for_begun (&sets, 1);
  wait_for_begun (&samples, 1);
  mc_hypervisor_stop_async (hypervisor, on_done, &stopped);
  wait_for (&sample);
  g_assert_error (sample.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED);
  g_assert_false (stopped.there);
  let_go (&sets);
  let_go (&samples);
  wait_for (&stopped);
  g_assert_true (set.there);
  g_object_unref (hypervisor);
}

static void
test_connection_that_cannot_be_made_is_told (Fixture *f, gconstpointer data)
{
  g_autoptr (McHypervisor) hypervisor = mc_libvirt_adapter_new ("test:///nowhere/at/all");
  g_auto (Answer) answer = { 0 }, stopped = { 0 };

  g_assert_cmpstr (mc_hypervisor_get_status (hypervisor), ==, "connecting");
  mc_hypervisor_start (hypervisor);
  while (!g_str_has_prefix (mc_hypervisor_get_status (hypervisor), "failed to connect to test:"))
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (mc_hypervisor_get_connected (hypervisor));
  mc_hypervisor_describe_async (hypervisor, "c0ffee00-0000-4000-8000-000000000001", on_described,
                                &answer);
  wait_for (&answer);
  g_assert_error (answer.error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_NOT_CONNECTED);
  mc_hypervisor_stop_async (hypervisor, on_done, &stopped);
  wait_for (&stopped);
}

static void
test_hypervisor_is_local_where_its_uri_names_no_host (void)
{
  g_autoptr (McHypervisor) local = mc_libvirt_adapter_new ("qemu:///system");
  g_autoptr (McHypervisor) remote = mc_libvirt_adapter_new ("qemu+ssh://host/system");

  g_assert_true (mc_hypervisor_is_local (local));
  g_assert_false (mc_hypervisor_is_local (remote));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/libvirt-adapter/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("sample-passes-by", test_sample_passes_by_what_hangs);
  ADD ("sample-deadline", test_sample_ends_at_its_deadline);
  ADD ("subsets", test_crowd_is_asked_in_subsets);
  ADD ("subset-passes-by", test_one_that_hangs_is_passed_by_in_its_subset);
  ADD ("first-sample", test_first_sample_of_many_tries_seldom);
  ADD ("passes-by-after-sleep", test_one_that_hangs_is_passed_by_after_many_have_slept);
  ADD ("subset-late", test_subset_that_is_late_is_late_alone);
  ADD ("subset-fails", test_subset_that_fails_fails_alone);
  ADD ("first-sample-whole", test_first_sample_lacks_nobody);
  ADD ("woken", test_one_that_is_woken_is_asked);
  ADD ("samples-leave-threads", test_samples_that_hang_leave_a_thread_to_each_kind);
  ADD ("late-set", test_late_set_is_told_when_it_ends);
  ADD ("gives-place", test_sets_that_hang_give_their_place);
  ADD ("stop", test_stop_waits_for_what_hangs);
  ADD ("cannot-connect", test_connection_that_cannot_be_made_is_told);
#undef ADD
  g_test_add_func ("/libvirt-adapter/local", test_hypervisor_is_local_where_its_uri_names_no_host);
  return g_test_run ();
}
