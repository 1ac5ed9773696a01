/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The coordinator on a fake hypervisor, with a clock of the test's own. */
#include "config.h"

#include <dirent.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>

#include "coordinator.h"
#include "fake-hypervisor.h"
#include "test-clock.h"
#include "thresholds.h"

#define SECOND G_USEC_PER_SEC

typedef struct
{
  McFakeHypervisor *fake;
  McTestClock *clock;
  McHost *host;
  McCoordinator *coordinator;
  char *directory;
  char *config_path;
  guint n_added, n_removed, n_moved;
  GString *changes; /* "setting old→new origin\n" */
} Fixture;

static void
on_added (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  ((Fixture *)user_data)->n_added++;
}

static void
on_removed (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  ((Fixture *)user_data)->n_removed++;
}

static void
on_moved (McCoordinator *coordinator,
          McVm *vm,
          guint64 from,
          guint64 to,
          const char *sentence,
          gpointer user_data)
{
  g_assert_cmpstr (sentence, !=, "");
  ((Fixture *)user_data)->n_moved++;
}

static void
on_changed (McCoordinator *coordinator,
            const char *uuid,
            const char *setting,
            GVariant *before,
            GVariant *after,
            const char *origin,
            gpointer user_data)
{
  g_autofree char *old = g_variant_print (before, FALSE);
  g_autofree char *new = g_variant_print (after, FALSE);

  g_string_append_printf (((Fixture *)user_data)->changes, "%s%s %s→%s %s\n",
                          uuid != NULL ? "vm " : "", setting, old, new, origin);
}

static void
start_service (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  McConfig *config = mc_config_load (f->config_path, FALSE, &error);

  g_assert_no_error (error);
  f->coordinator = mc_coordinator_new (MC_HYPERVISOR (f->fake), f->host, MC_CLOCK (f->clock),
                                       config, f->directory);
  g_signal_connect (f->coordinator, "vm-added", G_CALLBACK (on_added), f);
  g_signal_connect (f->coordinator, "vm-removed", G_CALLBACK (on_removed), f);
  g_signal_connect (f->coordinator, "memory-moved", G_CALLBACK (on_moved), f);
  g_signal_connect (f->coordinator, "policy-changed", G_CALLBACK (on_changed), f);
  mc_coordinator_start (f->coordinator);
  mc_test_clock_advance (f->clock, SECOND); /* it connects, samples and describes */
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  *(gboolean *)user_data = TRUE;
}

static void
stop_service (Fixture *f)
{
  gboolean stopped = FALSE;

  mc_coordinator_stop_async (f->coordinator, on_stopped, &stopped);
  for (guint i = 0; i < 10 && !stopped; i++)
    mc_test_clock_advance (f->clock, SECOND);
  g_assert_true (stopped);
  g_assert_finalize_object (f->coordinator);
  f->coordinator = NULL;
}

/* As SIGKILL would: nothing is put back. */
static void
kill_service (Fixture *f)
{
  g_object_run_dispose (G_OBJECT (f->coordinator));
  mc_test_clock_settle ();
  g_clear_object (&f->coordinator);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->config_path = g_build_filename (f->directory, "memcoord.conf", NULL);
  f->fake = mc_fake_hypervisor_new ();
  f->clock = mc_test_clock_new ();
  f->host = mc_host_new (NULL, "/nonexistent");
  f->changes = g_string_new (NULL);
  mc_fake_hypervisor_set_local (f->fake, FALSE);
  mc_fake_hypervisor_set_host (f->fake, 4 * MC_GIB, 3 * MC_GIB);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *settings = g_build_filename (f->directory, "settings", NULL);

  if (f->coordinator != NULL)
    stop_service (f);
  g_object_unref (f->fake);
  g_object_unref (f->clock);
  g_object_unref (f->host);
  g_string_free (f->changes, TRUE);
  g_unlink (settings);
  g_unlink (f->config_path);
  g_rmdir (f->directory);
  g_free (f->directory);
  g_free (f->config_path);
}

/* A guest of @capacity with @used in use, whose figures follow by the fake's physics. */
static McFakeVm *
add_guest (Fixture *f, const char *name, guint64 capacity, guint64 balloon, guint64 used)
{
  McFakeVm *vm = mc_fake_hypervisor_add_vm (f->fake, name, capacity);

  vm->figures.balloon = balloon;
  vm->used = used;
  mc_fake_hypervisor_tick (f->fake, 1);
  return vm;
}

static void
pass (Fixture *f, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      mc_fake_hypervisor_tick (f->fake, 1);
      mc_test_clock_advance (f->clock, SECOND);
    }
}

static McVm *
vm_of (Fixture *f, McFakeVm *fake)
{
  McVm *vm = mc_coordinator_lookup_vm (f->coordinator, fake->figures.uuid);

  g_assert_nonnull (vm);
  return vm;
}

static const char *
status_of (Fixture *f, McFakeVm *fake)
{
  return mc_vm_status_nick (mc_vm_get_view (vm_of (f, fake))->status);
}

static guint
n_targets (Fixture *f)
{
  return mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SET_TARGET);
}

static void
test_come_and_go (Fixture *f, gconstpointer data)
{
  McFakeVm *there = add_guest (f, "there", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *later;

  start_service (f);
  g_assert_cmpuint (f->n_added, ==, 1);
  g_assert_cmpstr (mc_vm_get_view (vm_of (f, there))->name, ==, "there");
  g_assert_cmpuint (there->description.stats_period_s, ==, 1);

  later = add_guest (f, "later", MC_GIB, MC_GIB, 300 * MC_MIB);
  mc_test_clock_advance (f->clock, SECOND / 2);
  g_assert_cmpuint (f->n_added, ==, 2);
  g_assert_cmpuint (later->description.stats_period_s, ==, 1);
  g_assert_cmpstr (status_of (f, later), ==, "booting");

  mc_fake_hypervisor_remove_vm (f->fake, there);
  mc_test_clock_settle ();
  g_assert_cmpuint (f->n_removed, ==, 1);
  pass (f, 15);
  g_assert_cmpstr (status_of (f, later), ==, "managed");
  g_assert_cmpuint (f->n_added, ==, 2);
}

static void
test_needy_is_given_within_an_interval (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "needy", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 10);
  vm->used = 450 * MC_MIB;
  mc_fake_hypervisor_tick (f->fake, 1);
  mc_test_clock_advance (f->clock, 2 * SECOND + SECOND / 10);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
  g_assert_cmpuint (f->n_moved, >, 0);
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->target, ==, vm->target);
  g_assert_cmpstr (mc_vm_get_view (vm_of (f, vm))->last_reason, !=, "");
  g_assert_cmpuint (mc_vm_get_moves (vm_of (f, vm))->len, ==, f->n_moved);
}

static void
test_rest (Fixture *f, gconstpointer data)
{
  guint before;

  add_guest (f, "one", MC_GIB, MC_GIB, 300 * MC_MIB);
  add_guest (f, "two", 2 * MC_GIB, 2 * MC_GIB, 500 * MC_MIB);
  start_service (f);
  pass (f, 300);
  before = n_targets (f);
  g_string_truncate (f->changes, 0);
  pass (f, 120);
  g_assert_cmpuint (n_targets (f), ==, before);
  g_assert_cmpstr (f->changes->str, ==, "");
}

static void
test_hung_vm_delays_nobody (Fixture *f, gconstpointer data)
{
  McFakeVm *hung = add_guest (f, "hung", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McFakeVm *other = add_guest (f, "other", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 10);
  mc_fake_hypervisor_hang_vm (f->fake, hung);
  pass (f, 4);
  g_assert_cmpstr (status_of (f, hung), ==, "busy");
  other->used = 460 * MC_MIB;
  pass (f, 4);
  g_assert_cmpuint (other->target, >, 512 * MC_MIB);
  mc_fake_hypervisor_release_vm (f->fake, hung);
  pass (f, 4);
  g_assert_cmpstr (status_of (f, hung), ==, "managed");
}

static void
test_set_that_fails (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "in a save", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint begun, moved;

  start_service (f);
  pass (f, 10);
  moved = f->n_moved;
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 1000);
  vm->used = 470 * MC_MIB;
  begun = n_targets (f);
  pass (f, 60);
  /* It is tried again, less and less often. */
  g_assert_cmpuint (n_targets (f) - begun, >=, 4);
  g_assert_cmpuint (n_targets (f) - begun, <=, 8);
  g_assert_cmpuint (f->n_moved, ==, moved);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 0);
  pass (f, 70);
  g_assert_cmpuint (vm->figures.balloon, >, 512 * MC_MIB);
}

static void
test_cycles_never_overlap (Fixture *f, gconstpointer data)
{
  guint begun;

  add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  start_service (f);
  pass (f, 5);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  mc_fake_hypervisor_hang_samples (f->fake);
  pass (f, 2);
  begun = mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE);
  pass (f, 30);
  g_assert_cmpuint (mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE), ==, begun);
  mc_fake_hypervisor_release_samples (f->fake);
  pass (f, 5);
  g_assert_cmpuint (mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE), >, begun);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
}

static void
test_late_samples_degrade (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 5);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SAMPLE, MC_HYPERVISOR_ERROR_TIMED_OUT, 3);
  pass (f, 6);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_cmpstr (status_of (f, vm), ==, "busy");
  pass (f, 4);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpstr (status_of (f, vm), ==, "managed");
}

static void
test_lost_hypervisor (Fixture *f, gconstpointer data)
{
  McFakeVm *stays = add_guest (f, "stays", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McFakeVm *goes = add_guest (f, "goes", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint begun;

  start_service (f);
  pass (f, 15);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  mc_test_clock_settle ();
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_false (mc_coordinator_get_view (f->coordinator)->hypervisor_connected);
  g_assert_nonnull (strstr (mc_vm_get_view (vm_of (f, stays))->status_detail, "end of file"));
  begun = n_targets (f);
  stays->used = 480 * MC_MIB;
  pass (f, 30);
  g_assert_cmpuint (n_targets (f), ==, begun);
  g_assert_cmpuint (f->n_removed, ==, 0);

  mc_fake_hypervisor_remove_vm (f->fake, goes);
  add_guest (f, "new", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  stays->description.stats_period_s = 0;
  mc_fake_hypervisor_reconnect (f->fake);
  mc_test_clock_advance (f->clock, SECOND);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpuint (f->n_removed, ==, 1);
  g_assert_cmpuint (f->n_added, ==, 3);
  g_assert_cmpuint (stays->description.stats_period_s, ==, 1);
  pass (f, 4);
  g_assert_cmpuint (stays->target, >, 512 * MC_MIB);
}

static void
test_late_hypervisor (Fixture *f, gconstpointer data)
{
  mc_fake_hypervisor_set_away (f->fake, TRUE);
  start_service (f);
  pass (f, 10);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_away (f->fake, FALSE);
  mc_fake_hypervisor_reconnect (f->fake);
  mc_test_clock_advance (f->clock, SECOND);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpuint (f->n_added, ==, 1);
}

static void
test_pause_ends_by_itself (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) error = NULL;
  guint before;

  start_service (f);
  pass (f, 15);
  g_assert_true (mc_coordinator_pause (f->coordinator, "backup", 30, ":1.7 uid 0", &error));
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  g_assert_cmpstr (mc_coordinator_get_view (f->coordinator)->pause_reason, ==, "backup");
  before = n_targets (f);
  vm->used = 480 * MC_MIB;
  pass (f, 20);
  g_assert_cmpuint (n_targets (f), ==, before);
  g_assert_cmpstr (status_of (f, vm), ==, "paused");
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->unused, <=, 32 * MC_MIB);
  pass (f, 15);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
  g_assert_nonnull (strstr (f->changes->str, "Paused false→true :1.7 uid 0\n"));
  g_assert_nonnull (strstr (f->changes->str, "Paused true→false timer\n"));
  g_assert_false (mc_coordinator_resume (f->coordinator, "", &error));
  g_assert_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_PAUSED);
}

static void
test_pause_outlives_a_restart (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 5);
  mc_coordinator_pause (f->coordinator, "migration", 600, "me", NULL);
  mc_coordinator_vm_pause (f->coordinator, vm_of (f, vm), "being looked at", 0, "me", NULL);
  stop_service (f);
  start_service (f);
  pass (f, 3);
  g_assert_cmpstr (mc_coordinator_get_view (f->coordinator)->pause_reason, ==, "migration");
  g_assert_cmpstr (mc_vm_get_view (vm_of (f, vm))->pause_reason, ==, "being looked at");
  mc_coordinator_resume (f->coordinator, "me", NULL);
  pass (f, 3);
  g_assert_cmpstr (status_of (f, vm), ==, "paused");
  g_assert_true (mc_coordinator_vm_resume (f->coordinator, vm_of (f, vm), "me", NULL));
  pass (f, 3);
  g_assert_cmpstr (status_of (f, vm), ==, "managed");
}

static void
test_inhibitors (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint one, two;

  start_service (f);
  pass (f, 5);
  one = mc_coordinator_inhibit (f->coordinator, "backup", "a snapshot is taken", 0, 42);
  two = mc_coordinator_inhibit (f->coordinator, "other", "for a reason", 1000, 43);
  g_assert_cmpuint (mc_coordinator_list_inhibitors (f->coordinator)->len, ==, 2);
  pass (f, 3);
  g_assert_cmpstr (status_of (f, vm), ==, "paused");
  g_assert_nonnull (strstr (mc_vm_get_view (vm_of (f, vm))->status_detail, "a snapshot is taken"));
  mc_coordinator_uninhibit (f->coordinator, one);
  pass (f, 3);
  g_assert_cmpstr (status_of (f, vm), ==, "paused");
  mc_coordinator_uninhibit (f->coordinator, two);
  pass (f, 3);
  g_assert_cmpstr (status_of (f, vm), ==, "managed");
}

static void
test_dry_run (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McVm *known;

  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\ndry-run=true\n", -1, NULL));
  start_service (f);
  pass (f, 15);
  vm->used = 480 * MC_MIB;
  pass (f, 15);
  known = vm_of (f, vm);
  g_assert_cmpuint (n_targets (f), ==, 0);
  g_assert_cmpuint (f->n_moved, ==, 0);
  g_assert_true (g_str_has_prefix (mc_vm_get_view (known)->last_reason, "dry run: "));
  g_assert_cmpuint (mc_vm_get_moves (known)->len, <=, 4);
  mc_coordinator_set_dry_run (f->coordinator, FALSE, "me", NULL);
  pass (f, 5);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
}

static void
test_plan_moves_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GPtrArray) plan = NULL;
  const McPlanned *planned;
  guint before;

  start_service (f);
  pass (f, 10);
  mc_coordinator_set_dry_run (f->coordinator, TRUE, "me", NULL);
  vm->used = 480 * MC_MIB;
  pass (f, 5);
  before = n_targets (f);
  plan = mc_coordinator_plan (f->coordinator);
  g_assert_cmpuint (plan->len, ==, 1);
  planned = plan->pdata[0];
  g_assert_cmpuint (planned->to, >, planned->from);
  g_assert_cmpuint (n_targets (f), ==, before);
}

static void
test_stop_puts_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = 10;
  vm->floor = 700 * MC_MIB;
  start_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  pass (f, 3);
  stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 10);
  /* No target is left behind that the guest would be squeezed towards with nobody watching. */
  if (vm->target != MC_HYPERVISOR_UNKNOWN)
    g_assert_cmpuint (vm->target, >=, vm->figures.balloon);
}

static void
test_killed_and_started_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = 10;
  start_service (f);
  pass (f, 5);
  kill_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  vm->target = 400 * MC_MIB; /* that it was on its way to, and cannot reach */
  vm->figures.balloon = 700 * MC_MIB;
  vm->floor = 700 * MC_MIB;
  start_service (f);
  mc_test_clock_settle ();
  /* What it has, less a step of comfort that the policy may have taken since. */
  g_assert_cmpuint (vm->target, >=, 640 * MC_MIB);
  stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 10);
}

static void
test_period_is_looked_at_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 5);
  vm->description.stats_period_s = 5; /* by virt-manager */
  pass (f, 5);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
}

static void
on_thresholds (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  mc_coordinator_vm_thresholds_finish (MC_COORDINATOR (source), result, error);
}

static GError *
set_vm (Fixture *f, McFakeVm *vm, const char *name, guint64 value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));
  GError *error = NULL;

  g_variant_builder_add (&builder, "{st}", name, value);
  mc_coordinator_vm_set_thresholds_async (
      f->coordinator, vm_of (f, vm), g_variant_builder_end (&builder), "me", on_thresholds, &error);
  mc_test_clock_settle ();
  return error;
}

static void
test_vm_policy_lives_with_the_vm (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) unknown = NULL, range = NULL;
  const char *none[] = { NULL };
  GError *error = NULL;

  start_service (f);
  pass (f, 3);
  g_assert_no_error (set_vm (f, vm, "Minimum", 384 * MC_MIB));
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->minimum, ==, 384 * MC_MIB);
  g_assert_nonnull (strstr (vm->description.metadata, "384M"));
  g_assert_nonnull (strstr (f->changes->str, "vm Minimum"));

  unknown = set_vm (f, vm, "Swappiness", 1);
  g_assert_error (unknown, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD);
  range = set_vm (f, vm, "Weight", 0);
  g_assert_error (range, MC_SERVICE_ERROR, MC_SERVICE_ERROR_OUT_OF_RANGE);

  stop_service (f);
  start_service (f);
  pass (f, 3);
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->minimum, ==, 384 * MC_MIB);

  mc_coordinator_vm_reset_thresholds_async (f->coordinator, vm_of (f, vm), none, "me",
                                            on_thresholds, &error);
  mc_test_clock_settle ();
  g_assert_no_error (error);
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->minimum, ==, MC_GIB / 8);
  g_assert_null (vm->description.metadata);
}

static void
test_metadata_is_followed (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  start_service (f);
  pass (f, 3);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm,
                                      "<policy managed='no'><weight>250</weight></policy>");
  mc_test_clock_advance (f->clock, 3 * SECOND);
  g_assert_cmpstr (status_of (f, vm), ==, "opted-out");
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->weight, ==, 250);
  g_assert_nonnull (strstr (f->changes->str, "vm Weight 100→250 metadata\n"));

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><weight>300</weight></policy>");
  mc_test_clock_advance (f->clock, 3 * SECOND);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><weight>heavy</weight></policy>");
  mc_test_clock_advance (f->clock, 3 * SECOND);
  g_assert_cmpuint (mc_vm_get_view (vm_of (f, vm))->weight, ==, 300);
  g_assert_nonnull (strstr (mc_vm_get_view (vm_of (f, vm))->status_detail, "heavy"));
}

static gboolean
set_host (Fixture *f,
          GError **error,
          const char *name,
          guint64 value,
          const char *other,
          guint64 other_value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));
  g_autoptr (GVariant) values = NULL;

  g_variant_builder_add (&builder, "{st}", name, value);
  if (other != NULL)
    g_variant_builder_add (&builder, "{st}", other, other_value);
  values = g_variant_ref_sink (g_variant_builder_end (&builder));
  return mc_coordinator_set_thresholds (f->coordinator, values, ":1.5 uid 0", error);
}

static void
test_thresholds_are_set_whole (Fixture *f, gconstpointer data)
{
  const McHostView *view;
  g_autoptr (GError) conflict = NULL, unknown = NULL;
  const char *none[] = { NULL };

  start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_false (set_host (f, &conflict, "StepLimit", 10, "LowWatermark", 400 * MC_MIB));
  g_assert_error (conflict, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT);
  g_assert_cmpuint (view->step_limit, ==, 20);
  g_assert_false (set_host (f, &unknown, "Wattage", 1, NULL, 0));
  g_assert_error (unknown, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD);
  g_assert_cmpstr (f->changes->str, ==, "");

  g_assert_true (set_host (f, NULL, "LowWatermark", 200 * MC_MIB, "HighWatermark", 300 * MC_MIB));
  g_assert_cmpuint (view->low_watermark, ==, 200 * MC_MIB);
  g_assert_nonnull (strstr (f->changes->str, "LowWatermark 104857600→209715200 :1.5 uid 0\n"));
  stop_service (f);
  start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_cmpuint (view->high_watermark, ==, 300 * MC_MIB);
  g_assert_true (mc_coordinator_reset_thresholds (f->coordinator, none, "me", NULL));
  g_assert_cmpuint (view->high_watermark, ==, 150 * MC_MIB);
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  const McHostView *view;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (f->config_path, "[Thresholds]\nstep-limit=10\n", -1, NULL));
  start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_cmpuint (view->step_limit, ==, 10);
  g_assert_true (g_file_set_contents (f->config_path,
                                      "[Thresholds]\nstep-limit=15\nhost-reserve=1G\n", -1, NULL));
  g_assert_true (mc_coordinator_reload (f->coordinator, "configuration", &error));
  g_assert_cmpuint (view->step_limit, ==, 15);
  g_assert_nonnull (strstr (f->changes->str, "StepLimit 10→15 configuration\n"));
  g_assert_true (
      g_file_set_contents (f->config_path, "[Thresholds]\nstep-limit=12\nspeed=high\n", -1, NULL));
  g_assert_false (mc_coordinator_reload (f->coordinator, "configuration", &error));
  g_assert_nonnull (strstr (error->message, "speed"));
  g_assert_cmpuint (view->step_limit, ==, 15);
}

typedef struct
{
  char *id;
  guint64 granted;
  GError *error;
} Reserved;

static void
on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reserved *reserved = user_data;

  reserved->id = mc_coordinator_reserve_finish (MC_COORDINATOR (source), result, &reserved->granted,
                                                &reserved->error);
}

static void
test_reservation (Fixture *f, gconstpointer data)
{
  Reserved reserved = { 0 };
  McFakeVm *vm;

  mc_fake_hypervisor_set_host (f->fake, 3 * MC_GIB, MC_GIB);
  mc_fake_hypervisor_set_host_other (f->fake, 512 * MC_MIB);
  vm = add_guest (f, "idle", 2 * MC_GIB, 2 * MC_GIB, 300 * MC_MIB);
  start_service (f);
  pass (f, 15);
  mc_coordinator_reserve_async (f->coordinator, 1200 * MC_MIB, 120, NULL, on_reserved, &reserved);
  pass (f, 40);
  g_assert_no_error (reserved.error);
  g_assert_nonnull (reserved.id);
  g_assert_cmpuint (reserved.granted, ==, 1200 * MC_MIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 1200 * MC_MIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->host_available, >=, 1400 * MC_MIB);
  g_assert_cmpuint (vm->figures.unused, >=, 100 * MC_MIB);

  add_guest (f, "expected", MC_GIB, MC_GIB, 300 * MC_MIB);
  pass (f, 3);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 176 * MC_MIB);
  g_assert_true (mc_coordinator_release (f->coordinator, reserved.id, NULL));
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 0);
  g_assert_false (mc_coordinator_release (f->coordinator, reserved.id, &reserved.error));
  g_assert_error (reserved.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_RESERVATION);
  g_clear_error (&reserved.error);
  g_free (reserved.id);
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
      McFakeVm *vm = add_guest (f, "short-lived", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

      mc_test_clock_advance (f->clock, SECOND);
      mc_fake_hypervisor_remove_vm (f->fake, vm);
      mc_test_clock_advance (f->clock, SECOND);
    }
}

static void
test_thousand_starts_and_stops (Fixture *f, gconstpointer data)
{
  guint descriptors, threads;
  gsize before, after;

  start_service (f);
  start_and_stop_vms (f, 100);
  descriptors = count_entries ("/proc/self/fd");
  threads = count_entries ("/proc/self/task");
  before = mallinfo2 ().uordblks;
  start_and_stop_vms (f, 1000);
  after = mallinfo2 ().uordblks;
  g_assert_cmpuint (f->n_added, ==, 1100);
  g_assert_cmpuint (f->n_removed, ==, 1100);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), <=, descriptors);
  g_assert_cmpuint (count_entries ("/proc/self/task"), <=, threads);
  g_assert_cmpuint (after, <=, before + 16384);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/coordinator/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are part of what is tested here: a lost hypervisor, a refused target. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("come-and-go", test_come_and_go);
  TEST ("needy-is-given-within-an-interval", test_needy_is_given_within_an_interval);
  TEST ("rest", test_rest);
  TEST ("hung-vm-delays-nobody", test_hung_vm_delays_nobody);
  TEST ("set-that-fails", test_set_that_fails);
  TEST ("cycles-never-overlap", test_cycles_never_overlap);
  TEST ("late-samples-degrade", test_late_samples_degrade);
  TEST ("lost-hypervisor", test_lost_hypervisor);
  TEST ("late-hypervisor", test_late_hypervisor);
  TEST ("pause-ends-by-itself", test_pause_ends_by_itself);
  TEST ("pause-outlives-a-restart", test_pause_outlives_a_restart);
  TEST ("inhibitors", test_inhibitors);
  TEST ("dry-run", test_dry_run);
  TEST ("plan-moves-nothing", test_plan_moves_nothing);
  TEST ("stop-puts-back", test_stop_puts_back);
  TEST ("killed-and-started-again", test_killed_and_started_again);
  TEST ("period-is-looked-at-again", test_period_is_looked_at_again);
  TEST ("vm-policy-lives-with-the-vm", test_vm_policy_lives_with_the_vm);
  TEST ("metadata-is-followed", test_metadata_is_followed);
  TEST ("thresholds-are-set-whole", test_thresholds_are_set_whole);
  TEST ("reload", test_reload);
  TEST ("reservation", test_reservation);
  TEST ("thousand-starts-and-stops", test_thousand_starts_and_stops);
  return g_test_run ();
}
