/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted of the whole service, on a fake hypervisor, with a clock of the test's own. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "coordinator-fixture.h"

/* A need is seen in the cycle after it began, and seen to be over in the one after it ended, by
 * reports that are a second old. */
#define CYCLES_S 4

static const McCounters *
total_of (Fixture *f)
{
  return &mc_coordinator_get_view (f->coordinator)->counted;
}

static guint64
need_s (Fixture *f)
{
  return total_of (f)->need_us / SECOND;
}

static guint64
last_hour_s (Fixture *f)
{
  return mc_coordinator_get_view (f->coordinator)->need_of_last_hour_us / SECOND;
}

/* A VM on a host that has nothing for it. */
static McFakeVm *
start_on_a_full_host (Fixture *f)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB - 512 * MC_MIB - 250 * MC_MIB);
  mc_fake_hypervisor_tick (f->fake, 1);
  fixture_start_service (f);
  fixture_pass (f, 20);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (need_s (f), ==, 0);
  return vm;
}

static void
be_in_need (Fixture *f, McFakeVm *vm, guint seconds)
{
  vm->used = 400 * MC_MIB;
  fixture_pass (f, seconds);
}

static void
be_content (Fixture *f, McFakeVm *vm, guint seconds)
{
  vm->used = 300 * MC_MIB;
  fixture_pass (f, seconds);
}

static void
assert_about (guint64 counted_s, guint64 seconds)
{
  g_assert_cmpuint (counted_s, >=, seconds - MIN (seconds, CYCLES_S));
  g_assert_cmpuint (counted_s, <=, seconds + CYCLES_S);
}

static void
test_need_of_a_known_length (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_on_a_full_host (f);
  guint64 first_s;

  be_in_need (f, vm, 100);
  be_content (f, vm, 20);
  first_s = need_s (f);
  assert_about (first_s, 100);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->need_seconds, ==, first_s);
  g_assert_cmpuint (last_hour_s (f), ==, first_s);
  fixture_pass (f, 100);
  g_assert_cmpuint (need_s (f), ==, first_s);
  be_in_need (f, vm, 30);
  be_content (f, vm, 20);
  assert_about (need_s (f) - first_s, 30);
  fixture_pass (f, 3600);
  g_assert_cmpuint (last_hour_s (f), ==, 0);
  assert_about (need_s (f), 130);
}

/* A day to and fro by the clock on the wall is no time that passed. */
static void
test_clock_steps (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_on_a_full_host (f);
  guint64 since_us = mc_coordinator_get_view (f->coordinator)->counted_since;

  for (guint i = 0; i < 6; i++)
    {
      be_in_need (f, vm, 20);
      mc_test_clock_step_wall (f->clock, (i % 2 == 0 ? -1 : 1) * (gint64)86400 * SECOND);
    }
  be_content (f, vm, 20);
  assert_about (need_s (f), 120);
  assert_about (last_hour_s (f), 120);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->counted_since, ==, since_us);
}

/* A cycle may be late, or skipped: what passed until the next one has passed. */
static void
test_late_cycles (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_on_a_full_host (f);

  be_in_need (f, vm, 20);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SAMPLE, MC_HYPERVISOR_ERROR_TIMED_OUT, 1);
  be_in_need (f, vm, 20);
  be_content (f, vm, 20);
  assert_about (need_s (f), 40);
}

/* What nobody knows is not counted. */
static void
test_lost_hypervisor (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_on_a_full_host (f);

  be_in_need (f, vm, 20);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  be_in_need (f, vm, 300);
  mc_fake_hypervisor_reconnect (f->fake);
  be_in_need (f, vm, 20);
  be_content (f, vm, 20);
  assert_about (need_s (f), 40);
}

/* It has all that it may have: no coordinator could give it more. */
static void
test_need_at_the_maximum (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", 512 * MC_MIB, 512 * MC_MIB, 200 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 20);
  be_in_need (f, vm, 60);
  g_assert_cmpstr (mc_reason_nick (mc_vm_get_decision (fixture_vm_of (f, vm))->reason), ==,
                   "at-maximum");
  g_assert_cmpuint (need_s (f), ==, 0);
}

static void
test_critical (Fixture *f, gconstpointer data)
{
  fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_host_other (f->fake, MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 20);
  g_assert_cmpuint (total_of (f)->critical_us, ==, 0);
  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB); /* whatever its VM gives */
  fixture_pass (f, 60);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->host_condition, ==, MC_HOST_CRITICAL);
  mc_fake_hypervisor_set_host_other (f->fake, MC_GIB);
  fixture_pass (f, 20);
  assert_about (total_of (f)->critical_us / SECOND, 60);
}

/* Each move that is told is counted, by what its target changed. */
static void
test_moves (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  McVm *told = fixture_vm_of (f, vm);
  guint64 granted = 0, reclaimed = 0;

  vm->used = 900 * MC_MIB;
  fixture_pass (f, 10);
  for (guint i = 0; i < mc_vm_get_moves (told)->len; i++)
    {
      const McVmMove *move = mc_vm_get_moves (told)->pdata[i];

      granted += move->to - MIN (move->from, move->to);
      reclaimed += move->from - MIN (move->from, move->to);
    }
  g_assert_cmpuint (granted, >, 0);
  g_assert_cmpuint (reclaimed, >, 0);
  g_assert_cmpuint (mc_vm_get_view (told)->granted, ==, granted);
  g_assert_cmpuint (mc_vm_get_view (told)->reclaimed, ==, reclaimed);
  g_assert_cmpuint (total_of (f)->moves, ==, f->n_moved);
  g_assert_cmpuint (total_of (f)->failed_moves, ==, 0);
  g_assert_cmpuint (total_of (f)->granted, >=, granted);
  g_assert_cmpuint (total_of (f)->reclaimed, >, reclaimed);
}

static void
test_failed_moves (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 10);
  before = fixture_n_targets (f);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 3);
  vm->used = 470 * MC_MIB;
  fixture_pass (f, 60);
  g_assert_cmpuint (total_of (f)->failed_moves, ==, 3);
  g_assert_cmpuint (total_of (f)->moves, ==, f->n_moved);
  g_assert_cmpuint (fixture_n_targets (f) - before, ==, 3 + f->n_moved);
}

static void
test_dry_run_counts_no_moves (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  f->dry_run = TRUE;
  fixture_start_service (f);
  fixture_pass (f, 10);
  be_in_need (f, vm, 30);
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, vm))->len, >, 0);
  g_assert_cmpuint (total_of (f)->moves, ==, 0);
  g_assert_cmpuint (total_of (f)->granted, ==, 0);
  assert_about (need_s (f), 30);
}

static void
test_reclaimed (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint64 sum = 0;

  for (guint i = 0; i < mc_fake_hypervisor_count_vms (f->fake); i++)
    sum += MC_GIB - mc_fake_hypervisor_get_vm (f->fake, i)->figures.balloon;
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reclaimed, ==, sum);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  fixture_pass (f, 4);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reclaimed, ==, sum);
  mc_fake_hypervisor_reconnect (f->fake);
  mc_fake_hypervisor_set_vm_metadata (
      f->fake, vm, "<p:policy xmlns:p='https://example.org/memcoord/1' managed='no'/>");
  fixture_pass (f, 4);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reclaimed, <, sum);
}

/* Restarts */

typedef struct
{
  McCounters total;
  guint64 since_us, last_hour_s;
  guint64 need_s, granted, reclaimed; /* of the VM */
} Counted;

static Counted
look (Fixture *f, McFakeVm *vm)
{
  const McHostView *host = mc_coordinator_get_view (f->coordinator);
  const McVmView *view = mc_vm_get_view (fixture_vm_of (f, vm));

  return (Counted){ host->counted,      host->counted_since, last_hour_s (f),
                    view->need_seconds, view->granted,       view->reclaimed };
}

static void
assert_goes_on (const Counted *before, const Counted *after)
{
  g_assert_cmpuint (after->total.moves, ==, before->total.moves);
  g_assert_cmpuint (after->total.failed_moves, ==, before->total.failed_moves);
  g_assert_cmpuint (after->total.granted, ==, before->total.granted);
  g_assert_cmpuint (after->total.reclaimed, ==, before->total.reclaimed);
  g_assert_cmpuint (after->total.need_us, ==, before->total.need_us);
  g_assert_cmpuint (after->total.critical_us, ==, before->total.critical_us);
  g_assert_cmpuint (after->since_us, ==, before->since_us);
  g_assert_cmpuint (after->need_s, ==, before->need_s);
  g_assert_cmpuint (after->granted, ==, before->granted);
  g_assert_cmpuint (after->reclaimed, ==, before->reclaimed);
}

/* Squeezed, and in need of what it gave. */
static McFakeVm *
count_something (Fixture *f)
{
  McFakeVm *vm = fixture_squeeze (f);

  vm->used = 700 * MC_MIB;
  fixture_pass (f, 20);
  vm->used = 300 * MC_MIB;
  fixture_pass (f, 120);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->reclaimed, >, 0);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->granted, >, 0);
  g_assert_cmpuint (need_s (f), >, 0);
  return vm;
}

static void
test_goes_on_over_a_restart (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = count_something (f);
  Counted before = look (f, vm), after;

  fixture_stop_service (f);
  mc_test_clock_advance (f->clock, 600 * (gint64)SECOND);
  fixture_start_service (f);
  after = look (f, vm);
  assert_goes_on (&before, &after);
  g_assert_cmpuint (after.last_hour_s, ==, before.last_hour_s);
  fixture_stop_service (f);
  mc_test_clock_advance (f->clock, 3600 * (gint64)SECOND);
  fixture_start_service (f);
  after = look (f, vm);
  assert_goes_on (&before, &after);
  g_assert_cmpuint (after.last_hour_s, ==, 0);
}

static void
test_rests_on_the_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "counters", NULL);
  GStatBuf before, after;
  guint64 moves;

  count_something (f);
  fixture_make_room (f);
  fixture_pass (f, 1800); /* until nothing moves any more, and nobody is in need */
  moves = total_of (f)->moves;
  g_assert_cmpint (g_stat (path, &before), ==, 0);
  fixture_pass (f, 600);
  g_assert_cmpint (g_stat (path, &after), ==, 0);
  g_assert_cmpuint (total_of (f)->moves, ==, moves);
  g_assert_cmpint (after.st_mtim.tv_sec, ==, before.st_mtim.tv_sec);
  g_assert_cmpint (after.st_mtim.tv_nsec, ==, before.st_mtim.tv_nsec);
}

/* Where something is counted in each cycle, the disk has it within a minute, and no more often: a
 * new file is written each time. */
static void
test_seldom_goes_to_the_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "counters", NULL);
  McFakeVm *vm = start_on_a_full_host (f);
  GStatBuf before = { 0 }, after;
  guint n_written = 0;

  for (guint i = 0; i < 300; i++)
    {
      be_in_need (f, vm, 1);
      g_assert_cmpint (g_stat (path, &after), ==, 0);
      n_written += after.st_ino != before.st_ino || after.st_mtim.tv_nsec != before.st_mtim.tv_nsec;
      before = after;
    }
  g_assert_cmpuint (n_written, >=, 5);
  g_assert_cmpuint (n_written, <=, 7);
}

static void
test_goes_on_after_a_kill (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_on_a_full_host (f);
  guint64 before_s;

  be_in_need (f, vm, 300);
  before_s = need_s (f);
  fixture_kill_service (f);
  fixture_start_service (f);
  g_assert_cmpuint (need_s (f), <=, before_s);
  g_assert_cmpuint (need_s (f) + 60 + CYCLES_S, >=, before_s);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->need_seconds, ==, need_s (f));
}

static void
test_vm_that_starts_anew_begins_at_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = count_something (f);
  Counted before = look (f, vm), after;

  fixture_stop_service (f);
  vm->figures.id += 100;
  fixture_start_service (f);
  after = look (f, vm);
  g_assert_cmpuint (after.total.moves, ==, before.total.moves);
  g_assert_cmpuint (after.granted + after.reclaimed + after.need_s, ==, 0);
}

static void
test_vm_that_is_gone_is_not_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "counters", NULL);
  g_autofree char *with = NULL, *without = NULL;
  McFakeVm *vm = count_something (f);
  g_autofree char *entry = g_strdup_printf ("\n%s=", vm->figures.uuid);

  fixture_stop_service (f);
  g_assert_true (g_file_get_contents (path, &with, NULL, NULL));
  g_assert_nonnull (strstr (with, entry));
  fixture_start_service (f);
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  mc_fake_hypervisor_get_vm (f->fake, 0)->used = 900 * MC_MIB;
  fixture_pass (f, 120);
  fixture_stop_service (f);
  g_assert_true (g_file_get_contents (path, &without, NULL, NULL));
  g_assert_null (strstr (without, entry));
}

static void
test_damaged_file_is_set_aside (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "counters", NULL);
  McFakeVm *vm = count_something (f);
  Counted after;

  fixture_stop_service (f);
  g_assert_true (g_file_set_contents (path, "[Counters]\nsince=whenever\n", -1, NULL));
  g_test_expect_message ("memcoord", G_LOG_LEVEL_WARNING, "Counters in * are not used: *");
  fixture_start_service (f);
  g_test_assert_expected_messages ();
  after = look (f, vm);
  g_assert_cmpuint (after.total.moves + after.total.need_us + after.granted + after.need_s, ==, 0);
  g_assert_cmpuint (after.since_us + 2 * SECOND, >=, (guint64)mc_clock_wall (MC_CLOCK (f->clock)));
  vm->used = 900 * MC_MIB;
  fixture_pass (f, 20);
  g_assert_cmpuint (total_of (f)->moves, >, 0);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/counting/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That a hypervisor is lost, or a call fails, is told by a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("need-of-a-known-length", test_need_of_a_known_length);
  TEST ("clock-steps", test_clock_steps);
  TEST ("late-cycles", test_late_cycles);
  TEST ("lost-hypervisor", test_lost_hypervisor);
  TEST ("need-at-the-maximum", test_need_at_the_maximum);
  TEST ("critical", test_critical);
  TEST ("moves", test_moves);
  TEST ("failed-moves", test_failed_moves);
  TEST ("dry-run-counts-no-moves", test_dry_run_counts_no_moves);
  TEST ("reclaimed", test_reclaimed);
  TEST ("goes-on-over-a-restart", test_goes_on_over_a_restart);
  TEST ("rests-on-the-disk", test_rests_on_the_disk);
  TEST ("seldom-goes-to-the-disk", test_seldom_goes_to_the_disk);
  TEST ("goes-on-after-a-kill", test_goes_on_after_a_kill);
  TEST ("vm-that-starts-anew-begins-at-nothing", test_vm_that_starts_anew_begins_at_nothing);
  TEST ("vm-that-is-gone-is-not-kept", test_vm_that_is_gone_is_not_kept);
  TEST ("damaged-file-is-set-aside", test_damaged_file_is_set_aside);
  return g_test_run ();
}
