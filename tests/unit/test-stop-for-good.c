/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was taken from VMs is given back when the service stops for good: what of it, from what, and
 * that this ends in time whatever hangs. */
#include "config.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "coordinator-fixture.h"

/* It gives back for 3 s, and puts back for 3 s more what it has set in VMs. */
#define GIVES_FOR_S 3
#define ENDS_IN_S   6

/* What was logged: one message a line. */
static GString *messages;

/* Stops it, and finds what is logged then of what is missing. Returns: (transfer full) (nullable)
 */
static char *
stop_and_find_missing (Fixture *f)
{
  const char *begin, *end;

  g_string_truncate (messages, 0);
  fixture_stop_service_for_good (f);
  begin
      = strstr (messages->str, "VMs have less than their maximum, as memory was taken from them: ");
  if (begin == NULL)
    return NULL;
  end = strchr (begin, '\n');
  g_assert_null (strstr (end, "have less than their maximum")); /* once */
  return g_strndup (begin, (gsize)(end - begin));
}

/* How a VM and what it lacks are logged. */
static char *
lacks (McFakeVm *vm, guint64 has, const char *why)
{
  g_autofree char *size = mc_size_format (MC_GIB - has);

  return g_strdup_printf ("%s %s (%s)", vm->figures.name, size, why);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  *(gboolean *)user_data = TRUE;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes;

  g_assert_true (mc_give_back_calls_begin_finish (result, &bytes, &error));
  *(gboolean *)user_data = TRUE;
}

static McFakeVm *
other_of (Fixture *f)
{
  return mc_fake_hypervisor_get_vm (f->fake, 1);
}

static void
test_all_have_it_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
  g_assert_cmpuint (other_of (f)->target, ==, MC_GIB);
}

static void
test_restart_moves_nothing (Fixture *f, gconstpointer end)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before;

  fixture_pass (f, 30); /* it has what it needs by then */
  before = vm->target;
  g_assert_cmpuint (before, <, MC_GIB);
  ((void (*) (Fixture *))end) (f);
  g_assert_cmpuint (vm->target, ==, before);
  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_cmpuint (vm->target, ==, before);
}

/* By somebody's wish */

static void
order_dry_run (Fixture *f)
{
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, TRUE, "test");
}

static void
pause_all (Fixture *f)
{
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "", 0, "test");
}

/* For as long as somebody holds the other end. */
static void
inhibit (Fixture *f)
{
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  GUnixFDList *fds = mc_inhibitors_add (&parts->inhibitors, "backup", "", ":1.1 uid 0", 0, 1, NULL);

  g_assert_nonnull (fds);

  g_object_set_data_full (G_OBJECT (f->fake), "held", fds, g_object_unref);
}

static void
pause_each (Fixture *f)
{
  for (guint i = 0; i < 2; i++)
    {
      McFakeVm *vm = mc_fake_hypervisor_get_vm (f->fake, i);

      mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "", 0, "test");
    }
}

static void
test_they_keep_what_they_have (Fixture *f, gconstpointer wish)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before = vm->target, before_of_other = other_of (f)->target;

  ((void (*) (Fixture *))wish) (f);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, before);
  g_assert_cmpuint (other_of (f)->target, ==, before_of_other);
}

static void
test_what_they_keep_is_logged (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  g_autofree char *one = lacks (vm, vm->target, "paused");
  g_autofree char *missing = NULL;

  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "", 0, "test");
  missing = stop_and_find_missing (f);
  g_assert_cmpuint (other_of (f)->target, ==, MC_GIB);
  g_assert_nonnull (missing);
  g_assert_nonnull (strstr (missing, one));
  g_assert_null (strstr (missing, "other"));
  g_assert_nonnull (strstr (missing, "virsh setmem VM SIZE --live"));
}

/* Of everything: what kept all of them from it. */
static void
test_what_is_kept_in_a_dry_run_is_logged (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  g_autofree char *one = lacks (vm, vm->target, "dry run");
  g_autofree char *two = lacks (other_of (f), other_of (f)->target, "dry run");
  g_autofree char *missing = NULL;

  order_dry_run (f);
  missing = stop_and_find_missing (f);
  g_assert_nonnull (missing);
  g_assert_nonnull (strstr (missing, one));
  g_assert_nonnull (strstr (missing, two));
}

static void
test_nothing_is_logged_where_nothing_is_missing (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = NULL;

  fixture_squeeze_with_room (f);
  missing = stop_and_find_missing (f);
  g_assert_null (missing);
}

static void
test_few_are_named (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = NULL;

  for (guint i = 0; i < 13; i++)
    {
      g_autofree char *name = g_strdup_printf ("vm-%u", i);

      fixture_add_guest (f, name, 256 * MC_MIB, 256 * MC_MIB, 60 * MC_MIB);
    }
  mc_fake_hypervisor_set_host_other (f->fake, 3 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 90);
  order_dry_run (f);
  missing = stop_and_find_missing (f);
  g_assert_nonnull (missing);
  g_assert_nonnull (strstr (missing, "vm-9 "));
  g_assert_null (strstr (missing, "vm-10 "));
  g_assert_nonnull (strstr (missing, " and 3 more;"));
}

static void
test_configured_to_keep (Fixture *f, gconstpointer data)
{
  McFakeVm *vm;
  guint64 before;

  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\non-stop=keep\n", -1, NULL));
  vm = fixture_squeeze_with_room (f);
  before = vm->target;
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, before);
}

/* From what there is */

static void
test_full_host_gives_nothing_and_takes_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint64 before = vm->target, before_of_other = other_of (f)->target;

  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB - 200 * MC_MIB);
  mc_fake_hypervisor_tick (f->fake, 1);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, before);
  g_assert_cmpuint (other_of (f)->target, ==, before_of_other);
}

/* Room for a part of it. */
static void
test_part_that_the_host_lacks_is_logged (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint64 before = vm->target;
  g_autofree char *missing = NULL, *one = NULL;

  mc_fake_hypervisor_set_host_other (f->fake, 5 * MC_GIB / 2);
  mc_fake_hypervisor_tick (f->fake, 1);
  missing = stop_and_find_missing (f);
  g_assert_cmpuint (vm->target, >, before);
  g_assert_cmpuint (vm->target, <, MC_GIB);
  one = lacks (vm, vm->target, "no more is left");
  g_assert_nonnull (missing);
  g_assert_nonnull (strstr (missing, one));
}

static void
pause_vm (Fixture *f, McFakeVm *vm, gboolean paused)
{
  McPause *pause = &mc_vm_get_parts (fixture_vm_of (f, vm))->pause;

  if (paused)
    mc_pause_begin (pause, "", 0, "test");
  else
    mc_pause_end (pause, "vm", "test", NULL);
}

/* There would be nobody to give it back. The other one was paused until now. */
static void
test_nothing_is_taken_any_more (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *other = fixture_add_guest (f, "other", MC_GIB, MC_GIB, 300 * MC_MIB);

  mc_fake_hypervisor_set_host_other (f->fake, 3 * MC_GIB);
  fixture_start_service (f);
  pause_vm (f, other, TRUE);
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->target, <, 700 * MC_MIB);
  pause_vm (f, other, FALSE);
  fixture_stop_service_for_good (f);
  g_assert_cmpuint (other->n_calls[MC_FAKE_CALL_SET_TARGET], ==, 0);
}

static void
test_what_is_reserved_is_kept (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  guint64 before = vm->target + other_of (f)->target, after;

  fixture_pass (f, 3);
  mc_reservations_reserve_async (&parts->reservations, 1200 * MC_MIB, 600, NULL, NULL, NULL);
  fixture_pass (f, 2);
  g_assert_cmpuint (mc_reservations_get_total (&parts->reservations), ==, 1200 * MC_MIB);
  fixture_stop_service_for_good (f);
  after = vm->target + other_of (f)->target;
  g_assert_cmpuint (after, >, before);
  g_assert_cmpuint (after, <=, (4096 - 1024 - 1200 - 200) * MC_MIB);
}

/* Beside what is on its way, hangs, fails, or is not there */

static void
test_target_on_its_way_is_waited_for (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);

  vm->set_takes_s = 1;
  vm->used = 200 * MC_MIB;
  other_of (f)->used = 600 * MC_MIB;
  while (!vm->in_flight[MC_FAKE_CALL_SET_TARGET])
    fixture_pass (f, 1);
  fixture_make_room (f);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, GIVES_FOR_S + 1);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
}

static void
test_call_on_its_way_is_answered (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  gboolean answered = FALSE;

  mc_give_back_calls_begin_async (&parts->give_back_calls, NULL, NULL, MC_GIVE_BACK_PATIENCE_US,
                                  on_answered, &answered);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_true (answered);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
}

static void
test_set_that_hangs_keeps_nothing_from_others (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  vm->set_takes_s = 60;
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, ENDS_IN_S);
  g_assert_cmpuint (other_of (f)->target, ==, MC_GIB);
}

static void
test_set_that_fails_keeps_nothing_from_others (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before = vm->target;

  vm->fails_sets = TRUE;
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, before);
  g_assert_cmpuint (other_of (f)->target, ==, MC_GIB);
}

static void
test_process_that_hangs_keeps_nothing_from_others (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  mc_fake_hypervisor_hang_vm (f->fake, vm);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, ENDS_IN_S);
  g_assert_cmpuint (other_of (f)->target, ==, MC_GIB);
}

/* As the first sample is that comes upon a process that hangs; the next cycle is a minute away. */
static void
test_sample_that_is_late_is_tried_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm;

  g_assert_true (g_file_set_contents (f->config_path, "[Thresholds]\ninterval=60\n", -1, NULL));
  vm = fixture_squeeze_with_room (f);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SAMPLE, MC_HYPERVISOR_ERROR_TIMED_OUT, 1);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, GIVES_FOR_S);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
}

static void
test_hypervisor_that_hangs_is_not_waited_for_longer (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before = vm->target;

  mc_fake_hypervisor_hang_samples (f->fake);
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, GIVES_FOR_S);
  g_assert_cmpuint (vm->target, ==, before);
}

/* The next run still knows from whom something was taken. */
static void
test_hypervisor_that_is_away_is_not_waited_for (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before = vm->target;

  mc_fake_hypervisor_disconnect (f->fake, "away");
  g_assert_cmpuint (fixture_stop_service_for_good (f), <=, 1);
  g_assert_cmpuint (vm->target, ==, before);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  mc_fake_hypervisor_reconnect (f->fake);
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->target, ==, MC_GIB);
}

static void
test_hypervisor_that_goes_meanwhile_is_not_waited_for (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  gboolean stopped = FALSE;

  vm->set_takes_s = 2;
  mc_coordinator_stop_async (f->coordinator, TRUE, on_stopped, &stopped);
  fixture_pass (f, 1);
  mc_fake_hypervisor_disconnect (f->fake, "away");
  fixture_pass (f, 1);
  fixture_wait_for_recorder (f);
  g_assert_true (stopped);
  g_assert_finalize_object (g_steal_pointer (&f->coordinator));
}

/* What somebody sets afterwards is nobody's business, whatever becomes of the VM. */
static void
test_what_was_given_back_is_settled (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  fixture_stop_service_for_good (f);
  vm->target = 600 * MC_MIB;
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  fixture_start_service (f);
  fixture_pass (f, 10);
  g_assert_cmpuint (vm->figures.balloon, ==, 600 * MC_MIB);
  g_assert_cmpuint (vm->target, ==, 600 * MC_MIB);
}

#define TEST(path, function)                                                                       \
  g_test_add ("/stop-for-good/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
#define TEST_WITH(path, how, function)                                                             \
  g_test_add ("/stop-for-good/" path, Fixture, how, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  messages = fixture_keep_log ();
  /* Warnings are part of what is tested. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("all", test_all_have_it_back);
  TEST_WITH ("restart", fixture_stop_service, test_restart_moves_nothing);
  TEST_WITH ("kill", fixture_kill_service, test_restart_moves_nothing);
  TEST ("keep", test_configured_to_keep);
  TEST_WITH ("dry-run", order_dry_run, test_they_keep_what_they_have);
  TEST_WITH ("paused", pause_all, test_they_keep_what_they_have);
  TEST_WITH ("inhibited", inhibit, test_they_keep_what_they_have);
  TEST_WITH ("each-paused", pause_each, test_they_keep_what_they_have);
  TEST ("what-they-keep-is-logged", test_what_they_keep_is_logged);
  TEST ("logged-in-a-dry-run", test_what_is_kept_in_a_dry_run_is_logged);
  TEST ("nothing-missing", test_nothing_is_logged_where_nothing_is_missing);
  TEST ("few-are-named", test_few_are_named);
  TEST ("full-host", test_full_host_gives_nothing_and_takes_nothing);
  TEST ("part-that-the-host-lacks", test_part_that_the_host_lacks_is_logged);
  TEST ("takes-nothing", test_nothing_is_taken_any_more);
  TEST ("reserved", test_what_is_reserved_is_kept);
  TEST ("target-on-its-way", test_target_on_its_way_is_waited_for);
  TEST ("call-on-its-way", test_call_on_its_way_is_answered);
  TEST ("set-that-hangs", test_set_that_hangs_keeps_nothing_from_others);
  TEST ("set-that-fails", test_set_that_fails_keeps_nothing_from_others);
  TEST ("process-that-hangs", test_process_that_hangs_keeps_nothing_from_others);
  TEST ("late-sample", test_sample_that_is_late_is_tried_again);
  TEST ("hypervisor-that-hangs", test_hypervisor_that_hangs_is_not_waited_for_longer);
  TEST ("hypervisor-away", test_hypervisor_that_is_away_is_not_waited_for);
  TEST ("hypervisor-that-goes", test_hypervisor_that_goes_meanwhile_is_not_waited_for);
  TEST ("settled", test_what_was_given_back_is_settled);
  return g_test_run ();
}
