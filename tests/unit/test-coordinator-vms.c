/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs that come and go, and what is kept of them. */
#include "config.h"

#include <dirent.h>
#include <malloc.h>
#include <string.h>

#include "coordinator-fixture.h"

static void
test_come_and_go (Fixture *f, gconstpointer data)
{
  McFakeVm *there = fixture_add_guest (f, "there", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *later;

  fixture_start_service (f);
  g_assert_cmpuint (f->n_added, ==, 1);
  g_assert_cmpstr (mc_vm_get_view (fixture_vm_of (f, there))->name, ==, "there");
  g_assert_cmpuint (there->description.stats_period_s, ==, 1);

  later = fixture_add_guest (f, "later", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_advance (f, SECOND / 2);
  g_assert_cmpuint (f->n_added, ==, 2);
  g_assert_cmpuint (later->description.stats_period_s, ==, 1);
  g_assert_cmpstr (fixture_status_of (f, later), ==, "booting");

  mc_fake_hypervisor_remove_vm (f->fake, there);
  mc_test_clock_settle ();
  g_assert_cmpuint (f->n_removed, ==, 1);
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, later), ==, "managed");
  g_assert_cmpuint (f->n_added, ==, 2);
}

/* A sample that was begun before an event, and comes after it, tells of what is over. */
static void
test_late_sample_brings_nobody_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 15);
  vm->figures.busy = TRUE; /* its process is killed */
  fixture_pass (f, 2);
  mc_fake_hypervisor_delay_sample (f->fake);
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  mc_test_clock_settle ();
  g_assert_cmpuint (f->n_removed, ==, 1);
  fixture_advance (f, 5 * SECOND);
  g_assert_cmpuint (f->n_added, ==, 1);
  g_assert_cmpuint (f->n_removed, ==, 1);
}

static void
test_late_sample_resumes_nobody (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  guint n_moved;

  fixture_start_service (f);
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  mc_fake_hypervisor_delay_sample (f->fake);
  mc_fake_hypervisor_set_running (f->fake, vm, FALSE);
  n_moved = f->n_moved;
  fixture_advance (f, SECOND / 2);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "suspended");
  g_assert_cmpuint (f->n_moved, ==, n_moved);
  fixture_advance (f, 5 * SECOND);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "suspended");
  mc_fake_hypervisor_set_running (f->fake, vm, TRUE);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

/* What limits the process leaves room for what it occupies by itself. */
static void
test_limits_of_the_process (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", 4 * MC_GIB, MC_GIB, 300 * MC_MIB);
  const McVmView *view;

  vm->description.ceiling_name = g_strdup ("the hard_limit of its <memtune>");
  vm->description.ceiling = 2 * MC_GIB;
  fixture_start_service (f);
  fixture_pass (f, 5);
  view = mc_vm_get_view (fixture_vm_of (f, vm));
  g_assert_cmpuint (view->policy.maximum, ==, 1748 * MC_MIB);
  vm->used = 3 * MC_GIB;
  fixture_pass (f, 60);
  g_assert_cmpuint (view->target, ==, 1748 * MC_MIB);
  g_assert_cmpstr (view->status_detail, ==,
                   "It needs more memory than the hard_limit of its <memtune> lets it have.");
}

/* One that leaves nothing is not taken for a wish to squeeze the guest to nothing. */
static void
test_limit_that_leaves_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", 4 * MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.ceiling_name = g_strdup ("memory.max of its cgroup");
  vm->description.ceiling = 4096;
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.maximum, ==, 512 * MC_MIB);
}

/* The host has plenty; what their slice has left is all that the two can have. */
static void
test_limit_that_is_shared (Fixture *f, gconstpointer data)
{
  const char *slice = "memory.max of prod.slice";
  McFakeVm *needy = fixture_add_guest (f, "needy", 2 * MC_GIB, MC_GIB, 900 * MC_MIB);
  McFakeVm *mate = fixture_add_guest (f, "mate", 2 * MC_GIB, MC_GIB, 900 * MC_MIB);
  McFakeVm *other = fixture_add_guest (f, "other", 2 * MC_GIB, MC_GIB, 700 * MC_MIB);
  const McVmView *view;
  guint64 before;

  needy->description.groups = g_strdupv ((char *[]){ (char *)slice, NULL });
  mate->description.groups = g_strdupv ((char *[]){ (char *)slice, NULL });
  mc_fake_hypervisor_set_group (f->fake, slice, 2300 * MC_MIB);
  mc_fake_hypervisor_set_host (f->fake, 16 * MC_GIB, 12 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 10);
  before = other->figures.balloon;
  needy->used = 1300 * MC_MIB;
  fixture_pass (f, 60);
  view = mc_vm_get_view (fixture_vm_of (f, needy));
  g_assert_cmpuint (needy->figures.balloon + mate->figures.balloon, <=, 2300 * MC_MIB);
  g_assert_cmpstr (view->status_detail, ==,
                   "It needs more memory than is left of memory.max of prod.slice, which it shares "
                   "with others.");
  g_assert_nonnull (strstr (view->last_reason, "nothing is left of memory.max of prod.slice"));
  g_assert_cmpuint (other->figures.balloon, ==, before);

  /* The limit is lifted. */
  mc_fake_hypervisor_set_group (f->fake, slice, MC_UNKNOWN);
  fixture_pass (f, 20);
  g_assert_cmpuint (needy->figures.balloon, >=, 1400 * MC_MIB);
}

static void
test_stop_puts_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = 10;
  vm->floor = 700 * MC_MIB;
  fixture_start_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  fixture_pass (f, 3);
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 10);
  /* No target is left behind that the guest would be squeezed towards with nobody watching. */
  if (vm->target != MC_UNKNOWN)
    g_assert_cmpuint (vm->target, >=, vm->figures.balloon);
}

static void
test_killed_and_started_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = 10;
  fixture_start_service (f);
  fixture_pass (f, 5);
  fixture_kill_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  vm->target = 400 * MC_MIB; /* that it was on its way to, and cannot reach */
  vm->figures.balloon = 700 * MC_MIB;
  vm->floor = 700 * MC_MIB;
  fixture_start_service (f);
  mc_test_clock_settle ();
  /* What it has, less a step of comfort that the policy may have taken since. */
  g_assert_cmpuint (vm->target, >=, 640 * MC_MIB);
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 10);
}

static void
test_period_is_looked_at_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 5);
  vm->description.stats_period_s = 5; /* by virt-manager */
  fixture_pass (f, 8);                /* its next report is late by then */
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
}

/* By people, who may have changed what no event tells of. */
static void
test_all_are_read_again_within_a_minute (Fixture *f, gconstpointer data)
{
  McFakeVm *vms[100];
  guint before[G_N_ELEMENTS (vms)];

  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    {
      g_autofree char *name = g_strdup_printf ("vm%u", i);

      vms[i] = fixture_add_guest (f, name, MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
    }
  fixture_start_service (f);
  fixture_pass (f, 70);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    before[i] = vms[i]->n_calls[MC_FAKE_CALL_DESCRIBE];
  fixture_pass (f, 62);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    {
      g_assert_cmpuint (vms[i]->n_calls[MC_FAKE_CALL_DESCRIBE], >, before[i]);
      g_assert_cmpuint (vms[i]->n_calls[MC_FAKE_CALL_DESCRIBE], <=, before[i] + 2);
    }
}

/* A guest without a driver is not read in each cycle for that. */
static void
test_silence_is_looked_into_once (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 10);
  vm->silent = TRUE;
  before = vm->n_calls[MC_FAKE_CALL_DESCRIBE];
  fixture_pass (f, 8);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_DESCRIBE], ==, before + 1);
  fixture_pass (f, 120);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_DESCRIBE], <=, before + 4);
}

static void
on_thresholds (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  mc_vm_changes_finish (result, error);
}

static GError *
set_vm (Fixture *f, McFakeVm *vm, const char *name, guint64 value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));
  GError *error = NULL;

  g_variant_builder_add (&builder, "{st}", name, value);
  mc_vm_changes_set_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes,
                           g_variant_builder_end (&builder), "me", on_thresholds, &error);
  mc_test_clock_settle ();
  return error;
}

/* Counts: [0] those that ended well, [1] those that were too many, [2] others. */
static void
on_one_of_many (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *ends = user_data;
  g_autoptr (GError) error = NULL;

  mc_vm_changes_finish (result, &error);
  ends[error == NULL                                                         ? 0
       : g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED) ? 1
                                                                             : 2]++;
}

/* What waits is bounded, and what cannot be done makes room for what can, however much of it. */
static void
test_changes_of_a_vm_are_bounded (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint ends[3] = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  for (guint i = 0; i < 250000; i++)
    {
      g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));

      g_variant_builder_add (&builder, "{st}", i % 2 == 0 ? "Weight" : "Swappiness", (guint64)7);
      mc_vm_changes_set_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes,
                               g_variant_builder_end (&builder), "me", on_one_of_many, ends);
    }
  mc_test_clock_settle ();
  g_assert_cmpuint (ends[0], ==, 32);
  g_assert_cmpuint (ends[2], ==, 32);
  g_assert_cmpuint (ends[1], ==, 250000 - 64);
  g_assert_no_error (set_vm (f, vm, "Weight", 9));
}

static void
test_vm_policy_lives_with_the_vm (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) unknown = NULL, range = NULL;
  const char *none[] = { NULL };
  GError *error = NULL;

  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_no_error (set_vm (f, vm, "Minimum", 384 * MC_MIB));
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.minimum, ==, 384 * MC_MIB);
  g_assert_nonnull (strstr (vm->description.metadata, "384M"));
  g_assert_nonnull (strstr (f->changes->str, "vm Minimum"));

  unknown = set_vm (f, vm, "Swappiness", 1);
  g_assert_error (unknown, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD);
  range = set_vm (f, vm, "Weight", 0);
  g_assert_error (range, MC_SERVICE_ERROR, MC_SERVICE_ERROR_OUT_OF_RANGE);

  fixture_stop_service (f);
  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.minimum, ==, 384 * MC_MIB);

  mc_vm_changes_reset_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes, none, "me",
                             on_thresholds, &error);
  mc_test_clock_settle ();
  g_assert_no_error (error);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.minimum, ==, 64 * MC_MIB);
  g_assert_null (vm->description.metadata);
}

static GError *
set_managed (Fixture *f, McFakeVm *vm, const char *values)
{
  GError *error = NULL;

  mc_vm_changes_set_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes,
                           g_variant_new_parsed (values), "me", on_thresholds, &error);
  mc_test_clock_settle ();
  return error;
}

/* It is written beside the thresholds, for now and for the next start, and lasts. */
static void
test_managed_lives_with_the_vm (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) refused = NULL;
  const char *managed[] = { "Managed", NULL };
  GError *error = NULL;

  vm->description.persistent = TRUE;
  fixture_start_service (f);
  fixture_pass (f, 3);
  refused = set_managed (f, vm, "{'Managed': uint64 0, 'Minimum': 2147483648}");
  g_assert_error (refused, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT);
  g_assert_null (vm->description.metadata);

  g_assert_no_error (set_managed (f, vm, "{'Managed': uint64 0, 'Weight': 7}"));
  g_assert_cmpstr (vm->description.metadata, ==,
                   "<policy managed=\"no\"><weight>7</weight></policy>");
  g_assert_cmpstr (vm->description.stored_metadata, ==, vm->description.metadata);
  g_assert_nonnull (strstr (f->changes->str, "vm Managed"));
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");

  fixture_stop_service (f);
  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
  mc_vm_changes_reset_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes, managed, "me",
                             on_thresholds, &error);
  mc_test_clock_settle ();
  g_assert_no_error (error);
  g_assert_cmpstr (vm->description.metadata, ==, "<policy><weight>7</weight></policy>");
}

static void
test_metadata_is_followed (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm,
                                      "<policy managed='no'><weight>250</weight></policy>");
  fixture_advance (f, 3 * SECOND);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.weight, ==, 250);
  g_assert_nonnull (strstr (f->changes->str, "vm Weight 100→250 metadata\n"));

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><weight>300</weight></policy>");
  fixture_advance (f, 3 * SECOND);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><weight>heavy</weight></policy>");
  fixture_advance (f, 3 * SECOND);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.weight, ==, 300);
  g_assert_nonnull (strstr (mc_vm_get_view (fixture_vm_of (f, vm))->status_detail, "heavy"));
}

static void
pin (Fixture *f, McFakeVm *vm)
{
  vm->description.immovable = g_strdup ("the device hostdev0 pins it");
  mc_fake_hypervisor_change_vm (f->fake, vm);
}

/* The host backs all of it from then on: what was taken from it serves nobody. */
static void
test_device_that_pins_a_squeezed_vm (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *limited = fixture_add_guest (f, "limited", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *opted_out = fixture_add_guest (f, "opted-out", MC_GIB, MC_GIB, 300 * MC_MIB);
  guint before;

  mc_fake_hypervisor_set_host_other (f->fake, 2560 * MC_MIB); /* the host is tight */
  limited->description.metadata = g_strdup ("<policy><maximum>900M</maximum></policy>");
  fixture_start_service (f);
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->target, <, 700 * MC_MIB);
  g_assert_cmpuint (limited->target, <, 700 * MC_MIB);
  mc_fake_hypervisor_set_vm_metadata (f->fake, opted_out, "<policy managed='no'/>");
  fixture_pass (f, 3);
  before = opted_out->n_calls[MC_FAKE_CALL_SET_TARGET];
  pin (f, vm);
  pin (f, limited);
  pin (f, opted_out);
  fixture_pass (f, 3);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
  g_assert_cmpuint (limited->target, ==, 900 * MC_MIB);
  g_assert_cmpuint (opted_out->n_calls[MC_FAKE_CALL_SET_TARGET], ==, before);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "unsupported");

  /* It is nobody's business after that. */
  before = fixture_n_targets (f);
  mc_fake_hypervisor_set_balloon (f->fake, vm, 600 * MC_MIB);
  vm->target = 600 * MC_MIB;
  fixture_pass (f, 90);
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
}

/* Whose memory was pinned when it started has what somebody gave it. */
static void
test_vm_that_was_pinned_from_the_start (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  pin (f, vm);
  fixture_start_service (f);
  fixture_pass (f, 30);
  g_assert_cmpuint (vm->target, ==, MC_UNKNOWN);
}

/* While nobody looks: the host backs all of it from then on. */
static void
pin_unseen (Fixture *f, McFakeVm *vm)
{
  vm->description.immovable = g_strdup ("the device hostdev0 pins it");
  mc_fake_hypervisor_tick (f->fake, 1);
}

/* It was squeezed by the run before, which has ended in whatever way. */
static void
test_pinned_while_the_service_was_away (Fixture *f, gconstpointer end)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint before;

  ((void (*) (Fixture *))end) (f);
  pin_unseen (f, vm);
  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "unsupported");

  /* It is nobody's business after that, over restarts. */
  fixture_stop_service (f);
  mc_fake_hypervisor_set_balloon (f->fake, vm, 600 * MC_MIB);
  vm->target = 600 * MC_MIB;
  before = vm->n_calls[MC_FAKE_CALL_SET_TARGET];
  fixture_start_service (f);
  fixture_pass (f, 30);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_TARGET], ==, before);
}

/* The note is of one life: the next one starts with what somebody gave it. */
static void
test_pinned_in_its_next_life (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);

  fixture_stop_service (f);
  vm->figures.id += 100;
  vm->target = MC_UNKNOWN;
  pin_unseen (f, vm);
  fixture_start_service (f);
  fixture_pass (f, 30);
  g_assert_cmpuint (vm->target, ==, MC_UNKNOWN);
}

/* It may say that the VM is to be left alone. */
static void
test_vm_whose_metadata_cannot_be_read_is_left_alone (Fixture *f, gconstpointer data)
{
  const char *unreadable[]
      = { "<policy managed='no'><future/></policy>", "<policy><future/></policy>",
          "<policy managed='never'/>", "<policies managed='no'/>", "<policy><weight>heavy" };
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 100 * MC_MIB);

  vm->description.metadata = g_strdup (unreadable[0]);
  fixture_start_service (f);
  for (guint i = 0; i < G_N_ELEMENTS (unreadable); i++)
    {
      mc_fake_hypervisor_set_vm_metadata (f->fake, vm, unreadable[i]);
      fixture_pass (f, 60);
      g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
      g_assert_nonnull (strstr (mc_vm_get_view (fixture_vm_of (f, vm))->status_detail,
                                "its memcoord metadata is invalid: "));
      g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
    }
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy xmlns:x='urn:x'><x:future/></policy>");
  fixture_pass (f, 60);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (vm->figures.balloon, <, MC_GIB);
}

/* What is not known stays, what cannot be read is not written over, and what somebody else has
 * written meanwhile is not undone. */
static void
test_policy_is_merged_into_what_is_there (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) unreadable = NULL;

  fixture_start_service (f);
  fixture_pass (f, 3);
  /* Nobody has told of it yet. */
  g_free (vm->description.metadata);
  vm->description.metadata
      = g_strdup ("<policy managed='no'><weight>70</weight><future/></policy>");
  g_assert_no_error (set_vm (f, vm, "Minimum", 384 * MC_MIB));
  g_assert_cmpstr (vm->description.metadata, ==,
                   "<policy managed=\"no\"><weight>70</weight><future/>"
                   "<minimum>384M</minimum></policy>");
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='never'/>");
  unreadable = set_vm (f, vm, "Weight", 80);
  g_assert_error (unreadable, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_nonnull (strstr (unreadable->message, "\"never\" is neither \"yes\" nor \"no\""));
  g_assert_cmpstr (vm->description.metadata, ==, "<policy managed='never'/>");

  /* A value of its own that is wrong is what is set right so. */
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><weight>heavy</weight></policy>");
  g_assert_no_error (set_vm (f, vm, "Weight", 80));
  g_assert_cmpstr (vm->description.metadata, ==, "<policy><weight>80</weight></policy>");
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

/* What somebody has written for the VM's next start alone stays there, and what holds until then
 * does not get there. */
static void
test_policy_of_the_next_start_is_merged_apart (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) unreadable = NULL, conflict = NULL;

  vm->description.metadata = g_strdup ("<policy><weight>70</weight></policy>");
  fixture_start_service (f);
  fixture_pass (f, 3);
  vm->description.stored_metadata
      = g_strdup ("<policy managed='no'><minimum>4G</minimum><future/></policy>");
  g_assert_no_error (set_vm (f, vm, "LowWatermark", 120 * MC_MIB));
  g_assert_cmpstr (vm->description.metadata, ==,
                   "<policy><weight>70</weight><low-watermark>120M</low-watermark></policy>");
  g_assert_cmpstr (vm->description.stored_metadata, ==,
                   "<policy managed=\"no\"><minimum>4G</minimum><future/>"
                   "<low-watermark>120M</low-watermark></policy>");
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.minimum, ==, 64 * MC_MIB);

  conflict = set_vm (f, vm, "Maximum", 2 * MC_GIB);
  g_assert_error (conflict, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT);
  g_assert_cmpstr (conflict->message, ==, "At its next start: Minimum 4G is above Maximum 2G");

  g_free (vm->description.stored_metadata);
  vm->description.stored_metadata = g_strdup ("<policy managed='never'/>");
  unreadable = set_vm (f, vm, "Weight", 80);
  g_assert_error (unreadable, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_cmpstr (vm->description.stored_metadata, ==, "<policy managed='never'/>");
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.weight, ==, 70);
}

/* Several at once, while its description is read all the time. */
static void
test_changes_wait_for_each_other (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  GError *errors[5] = { NULL };

  fixture_start_service (f);
  fixture_pass (f, 3);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));

      g_variant_builder_add (&builder, "{st}", i % 2 == 0 ? "Weight" : "Minimum",
                             i % 2 == 0 ? 100 + i : (100 + i) * MC_MIB);
      mc_fake_hypervisor_change_vm (f->fake, vm);
      mc_vm_changes_set_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes,
                               g_variant_builder_end (&builder), "me", on_thresholds, &errors[i]);
    }
  mc_test_clock_settle ();
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_no_error (errors[i]);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.weight, ==, 104);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.minimum, ==, 103 * MC_MIB);
  g_assert_cmpstr (vm->description.metadata, ==,
                   "<policy><minimum>103M</minimum><weight>104</weight></policy>");
}

static char *
read_settings (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text != NULL ? text : g_strdup ("");
}

/* Whenever it is killed, what a VM had is on the disk before it is changed. */
static void
test_period_is_noted_first (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autofree char *text = NULL;

  vm->description.stats_period_s = 10;
  fixture_start_service (f);
  while (vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD] == 0)
    g_main_context_iteration (NULL, TRUE);
  text = read_settings (f);
  g_assert_nonnull (strstr (text, "original-stats-period=10"));
}

/* It was destroyed and started while nobody looked: what is noted is not about this one. */
static void
test_notes_are_of_one_life (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = 10;
  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "watched", 0, "me");
  fixture_kill_service (f);
  vm->figures.id += 100;
  vm->description.stats_period_s = 7;
  fixture_start_service (f);
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 7);
}

/* The host was booted anew, and with it libvirt's ids began again: a VM has by chance the one that
 * it had. */
static void
test_notes_are_of_one_boot (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  g_autoptr (GKeyFile) keys = g_key_file_new ();

  mc_fake_hypervisor_set_local (f->fake, TRUE);
  vm->description.stats_period_s = 10;
  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "watched", 0, "me");
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "update", 0, "me");
  fixture_advance (f, SECOND);
  fixture_kill_service (f);
  g_assert_true (g_key_file_load_from_file (keys, path, G_KEY_FILE_NONE, NULL));
  g_key_file_set_string (keys, "Host", "boot-id", "00000000-0000-4000-8000-000000000000");
  g_assert_true (g_key_file_save_to_file (keys, path, NULL));
  vm->description.stats_period_s = 7;
  fixture_start_service (f);
  fixture_pass (f, 15);
  g_assert_cmpstr (mc_vm_get_view (fixture_vm_of (f, vm))->pause_reason, ==, "");
  g_assert_cmpstr (mc_coordinator_get_view (f->coordinator)->pause_reason, ==, "update");
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 7);
}

static void
test_notes_of_the_gone_are_swept (Fixture *f, gconstpointer data)
{
  McFakeVm *gone = fixture_add_guest (f, "gone", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *stays = fixture_add_guest (f, "stays", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autofree char *uuid = g_strdup (gone->figures.uuid);
  g_autofree char *before = NULL, *after = NULL;

  fixture_start_service (f);
  fixture_pass (f, 3);
  fixture_kill_service (f);
  before = read_settings (f);
  g_assert_nonnull (strstr (before, uuid));
  mc_fake_hypervisor_remove_vm (f->fake, gone);
  fixture_start_service (f);
  fixture_pass (f, 3);
  fixture_kill_service (f);
  after = read_settings (f);
  g_assert_null (strstr (after, uuid));
  g_assert_nonnull (strstr (after, stays->figures.uuid));
}

/* What was judged by the host's watermarks when it was set may not fit them later. */
static void
test_watermarks_stay_in_order (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autoptr (GVariant) values = g_variant_ref_sink (
      g_variant_new_parsed ("{'LowWatermark': uint64 52428800, 'HighWatermark': 83886080}"));

  fixture_start_service (f);
  g_assert_no_error (set_vm (f, vm, "LowWatermark", 120 * MC_MIB));
  g_assert_true (
      mc_host_limits_set (&mc_coordinator_get_parts (f->coordinator)->limits, values, "me", NULL));
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.low_watermark, ==, 120 * MC_MIB);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->policy.high_watermark, ==,
                    120 * MC_MIB);
}

static guint
count_entries (const char *path)
{
  DIR *directory = opendir (path);
  guint count = 0;

  while (readdir (directory) != NULL)
    count++;
  closedir (directory);
  return count;
}

static void
start_and_stop_vms (Fixture *f, guint count)
{
  for (guint i = 0; i < count; i++)
    {
      McFakeVm *vm = fixture_add_guest (f, "short-lived", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

      mc_test_clock_advance (f->clock, SECOND);
      mc_fake_hypervisor_remove_vm (f->fake, vm);
      /* No more wait for the disk at a time than in life. */
      if (i % 10 == 9)
        fixture_advance (f, SECOND);
      else
        mc_test_clock_advance (f->clock, SECOND);
    }
}

/* What is remembered of VMs that are gone is dropped every five minutes. */
static gsize
measure_without_former_vms (Fixture *f)
{
  fixture_wait_for_recorder (f);
  fixture_pass (f, 300);
  fixture_wait_for_recorder (f);
  return mallinfo2 ().uordblks;
}

static void
test_thousand_starts_and_stops (Fixture *f, gconstpointer data)
{
  guint descriptors, threads;
  gsize before, after;

  fixture_start_service (f);
  start_and_stop_vms (f, 1000); /* more than are remembered: every table has its size */
  before = measure_without_former_vms (f);
  descriptors = count_entries ("/proc/self/fd");
  threads = count_entries ("/proc/self/task");
  start_and_stop_vms (f, 1000);
  after = measure_without_former_vms (f);
  g_assert_cmpuint (f->n_added, ==, 2000);
  g_assert_cmpuint (f->n_removed, ==, 2000);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), <=, descriptors);
  g_assert_cmpuint (count_entries ("/proc/self/task"), <=, threads);
  g_assert_cmpuint (after, <=, before + 16384);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/coordinator-vms/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are part of what is tested here: a lost hypervisor, a refused target. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("come-and-go", test_come_and_go);
  TEST ("late-sample-brings-nobody-back", test_late_sample_brings_nobody_back);
  TEST ("late-sample-resumes-nobody", test_late_sample_resumes_nobody);
  TEST ("limits-of-the-process", test_limits_of_the_process);
  TEST ("limit-that-leaves-nothing", test_limit_that_leaves_nothing);
  TEST ("limit-that-is-shared", test_limit_that_is_shared);
  TEST ("stop-puts-back", test_stop_puts_back);
  TEST ("killed-and-started-again", test_killed_and_started_again);
  TEST ("period-is-looked-at-again", test_period_is_looked_at_again);
  TEST ("all-are-read-again-within-a-minute", test_all_are_read_again_within_a_minute);
  TEST ("silence-is-looked-into-once", test_silence_is_looked_into_once);
  TEST ("vm-policy-lives-with-the-vm", test_vm_policy_lives_with_the_vm);
  TEST ("managed-lives-with-the-vm", test_managed_lives_with_the_vm);
  TEST ("device-that-pins-a-squeezed-vm", test_device_that_pins_a_squeezed_vm);
  TEST ("vm-that-was-pinned-from-the-start", test_vm_that_was_pinned_from_the_start);
  g_test_add ("/coordinator-vms/pinned-while-stopped", Fixture, fixture_stop_service,
              fixture_set_up, test_pinned_while_the_service_was_away, fixture_tear_down);
  g_test_add ("/coordinator-vms/pinned-while-killed", Fixture, fixture_kill_service, fixture_set_up,
              test_pinned_while_the_service_was_away, fixture_tear_down);
  TEST ("pinned-in-its-next-life", test_pinned_in_its_next_life);
  TEST ("metadata-is-followed", test_metadata_is_followed);
  TEST ("vm-whose-metadata-cannot-be-read-is-left-alone",
        test_vm_whose_metadata_cannot_be_read_is_left_alone);
  TEST ("policy-is-merged-into-what-is-there", test_policy_is_merged_into_what_is_there);
  TEST ("policy-of-the-next-start-is-merged-apart", test_policy_of_the_next_start_is_merged_apart);
  TEST ("changes-wait-for-each-other", test_changes_wait_for_each_other);
  TEST ("thousand-starts-and-stops", test_thousand_starts_and_stops);
  TEST ("period-is-noted-first", test_period_is_noted_first);
  TEST ("notes-are-of-one-life", test_notes_are_of_one_life);
  TEST ("notes-are-of-one-boot", test_notes_are_of_one_boot);
  TEST ("notes-of-the-gone-are-swept", test_notes_of_the_gone_are_swept);
  TEST ("changes-of-a-vm-are-bounded", test_changes_of_a_vm_are_bounded);
  TEST ("watermarks-stay-in-order", test_watermarks_stay_in_order);
  return g_test_run ();
}
