/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often guests report: set where it is needed, noted first, shared with other tools, put back.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "coordinator-fixture.h"

/* What was logged: one message a line. */
static GString *messages;

static guint
count_messages (const char *with)
{
  guint count = 0;

  for (const char *at = strstr (messages->str, with); at != NULL; at = strstr (at + 1, with))
    count++;
  return count;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  fixture_set_up (f, data);
  g_string_truncate (messages, 0);
}

static McFakeVm *
add_guest (Fixture *f, guint period_s)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->description.stats_period_s = period_s;
  return vm;
}

static guint
n_sets (McFakeVm *vm)
{
  return vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD];
}

static void
set_managed (Fixture *f, McFakeVm *vm, const char *managed)
{
  g_autofree char *element
      = g_strdup_printf ("<policy xmlns='" MC_METADATA_NAMESPACE "' managed='%s'/>", managed);

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, element);
}

/* Its XML already has the period that is wanted: nothing is to be set, but targets will be. */
static void
test_noted_in_every_case (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, 1);
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  g_autofree char *text = NULL;

  fixture_start_service (f);
  fixture_pass (f, 5);
  fixture_kill_service (f);
  g_assert_cmpuint (n_sets (vm), ==, 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "original-stats-period=1\n"));
  vm->target = 400 * MC_MIB; /* that it was on its way to, and cannot reach */
  vm->figures.balloon = vm->floor = 700 * MC_MIB;
  fixture_start_service (f);
  mc_test_clock_settle ();
  g_assert_cmpuint (vm->target, >=, 640 * MC_MIB);
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
}

static void
test_only_where_it_is_needed (Fixture *f, gconstpointer data)
{
  McFakeVm *opted_out = add_guest (f, 10), *immovable = add_guest (f, 0);

  set_managed (f, opted_out, "no");
  immovable->description.immovable = g_strdup ("it has locked memory");
  fixture_start_service (f);
  fixture_pass (f, 30);
  g_assert_cmpuint (n_sets (opted_out), ==, 0);
  g_assert_cmpuint (n_sets (immovable), ==, 0);

  set_managed (f, opted_out, "yes");
  fixture_pass (f, 3);
  g_assert_cmpuint (opted_out->description.stats_period_s, ==, 1);
  set_managed (f, opted_out, "no");
  fixture_pass (f, 3);
  g_assert_cmpuint (opted_out->description.stats_period_s, ==, 10);
  g_assert_cmpuint (n_sets (opted_out), ==, 2);
  fixture_pass (f, 30);
  g_assert_cmpuint (n_sets (opted_out), ==, 2);
}

/* It changes nothing but what it could not tell anything without. */
static void
test_dry_run (Fixture *f, gconstpointer data)
{
  McFakeVm *with = add_guest (f, 10), *without = add_guest (f, 0);

  f->dry_run = TRUE;
  fixture_start_service (f);
  fixture_pass (f, 30);
  g_assert_cmpuint (n_sets (with), ==, 0);
  g_assert_cmpuint (without->description.stats_period_s, ==, 1);
  fixture_stop_service (f);
  g_assert_cmpuint (with->description.stats_period_s, ==, 10);
  g_assert_cmpuint (without->description.stats_period_s, ==, 0);
}

/* Another tool sets it all the time: @data is what it wants. */
static void
test_two_owners (Fixture *f, gconstpointer data)
{
  guint theirs = GPOINTER_TO_UINT (data);
  McFakeVm *vm = add_guest (f, 0);

  fixture_start_service (f);
  fixture_pass (f, 30);
  for (guint i = 0; i < 3600; i++)
    {
      vm->description.stats_period_s = theirs;
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
    }
  g_assert_cmpuint (n_sets (vm), >=, 4);
  g_assert_cmpuint (n_sets (vm), <=, 12);
  g_assert_cmpuint (count_messages ("somebody else"), ==, 1);
  if (theirs > 0)
    {
      fixture_stop_service (f);
      g_assert_cmpuint (vm->description.stats_period_s, ==, theirs);
    }
}

/* Now and then is put right when its next report is late. */
static void
test_changed_now_and_then (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, 0);

  fixture_start_service (f);
  for (guint i = 0; i < 8; i++)
    {
      fixture_pass (f, 700);
      vm->description.stats_period_s = i % 2 == 0 ? 5 : 0;
      vm->silent = i % 2 != 0;
      fixture_pass (f, 8);
      g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
      vm->silent = FALSE;
      fixture_pass (f, 2);
      vm->description.stats_period_s = 10;
      fixture_pass (f, 8);
      g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
    }
}

static void
test_shorter_is_respected (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, 0), *own = add_guest (f, 1);

  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\nstats-period=2\n", -1, NULL));
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 2);
  vm->description.stats_period_s = 1;
  fixture_pass (f, 60);
  g_assert_cmpuint (n_sets (vm), ==, 1);
  g_assert_cmpuint (n_sets (own), ==, 0);
  g_assert_cmpuint (count_messages ("somebody else"), ==, 1);
}

/* Nobody else has changed it: it was never set. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, 0);

  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_STATS_PERIOD, MC_HYPERVISOR_ERROR_DENIED,
                             "access denied: 'QEMU' denied access");
  vm->silent = TRUE;
  fixture_start_service (f);
  fixture_pass (f, 600);
  g_assert_cmpuint (count_messages ("somebody else"), ==, 0);
  g_assert_cmpuint (count_messages ("did not set its statistics period"), ==, 1);
  g_assert_cmpuint (n_sets (vm), >=, 10);
  g_assert_cmpuint (n_sets (vm), <=, 20);
  g_assert_nonnull (
      strstr (mc_vm_get_view (fixture_vm_of (f, vm))->status_detail, "'QEMU' denied access"));
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_STATS_PERIOD, MC_HYPERVISOR_ERROR_DENIED,
                             NULL);
  vm->silent = FALSE;
  fixture_pass (f, 70);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 0);
}

#define TEST(name, data, function)                                                                 \
  g_test_add ("/stats-period/" name, Fixture, data, set_up, function, fixture_tear_down)

/* What could not be put back at the end is in force with nobody watching: the next run has to know
 * of it. */
static void
test_note_stays_with_the_target (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, GPOINTER_TO_UINT (data));
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  g_autofree char *text = NULL;

  fixture_start_service (f);
  vm->rate = 1 * MC_MIB; /* it is on its way for long */
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->target, <, vm->figures.balloon);
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED,
                             "cannot acquire state change lock");
  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, GPOINTER_TO_UINT (data));
  g_assert_cmpuint (vm->target, <, vm->figures.balloon);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "original-stats-period="));

  /* Nor in a run in which it cannot be put right. */
  fixture_start_service (f);
  fixture_stop_service (f);
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "original-stats-period="));

  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, NULL);
  vm->floor = vm->figures.balloon;
  fixture_start_service (f);
  mc_test_clock_settle ();
  g_assert_cmpuint (vm->target, >=, vm->figures.balloon - 64 * MC_MIB);
  fixture_stop_service (f);
  g_assert_cmpuint (vm->target, >=, vm->figures.balloon);
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_null (strstr (text, "original-stats-period="));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  messages = fixture_keep_log ();
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("noted-in-every-case", NULL, test_noted_in_every_case);
  TEST ("only-where-it-is-needed", NULL, test_only_where_it_is_needed);
  TEST ("dry-run", NULL, test_dry_run);
  TEST ("two-owners", GUINT_TO_POINTER (5), test_two_owners);
  TEST ("two-owners-without", GUINT_TO_POINTER (0), test_two_owners);
  TEST ("changed-now-and-then", NULL, test_changed_now_and_then);
  TEST ("shorter-is-respected", NULL, test_shorter_is_respected);
  TEST ("refused", NULL, test_refused);
  TEST ("note-stays-with-the-target", GUINT_TO_POINTER (10), test_note_stays_with_the_target);
  TEST ("note-stays-with-the-target-alone", GUINT_TO_POINTER (1), test_note_stays_with_the_target);
  status = g_test_run ();
  g_string_free (messages, TRUE);
  return status;
}
