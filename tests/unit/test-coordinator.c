/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The coordinator's cycles, on a fake hypervisor, with a clock of the test's own. */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "coordinator-fixture.h"

/* What was logged: one message a line. */
static GString *messages;

static void
test_needy_is_given_within_an_interval (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "needy", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 10);
  vm->used = 450 * MC_MIB;
  mc_fake_hypervisor_tick (f->fake, 1);
  mc_test_clock_advance (f->clock, 2 * SECOND + SECOND / 10);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
  g_assert_cmpuint (f->n_moved, >, 0);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->target, ==, vm->target);
  g_assert_cmpstr (mc_vm_get_view (fixture_vm_of (f, vm))->last_reason, !=, "");
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, vm))->len, ==, f->n_moved);
}

static void
test_rest (Fixture *f, gconstpointer data)
{
  guint before;

  fixture_add_guest (f, "one", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_add_guest (f, "two", 2 * MC_GIB, 2 * MC_GIB, 500 * MC_MIB);
  fixture_start_service (f);
  fixture_pass (f, 300);
  before = fixture_n_targets (f);
  g_string_truncate (f->changes, 0);
  fixture_pass (f, 120);
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_cmpstr (f->changes->str, ==, "");
}

static void
test_hung_vm_delays_nobody (Fixture *f, gconstpointer data)
{
  McFakeVm *hung = fixture_add_guest (f, "hung", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McFakeVm *other = fixture_add_guest (f, "other", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 10);
  mc_fake_hypervisor_hang_vm (f->fake, hung);
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, hung), ==, "busy");
  other->used = 460 * MC_MIB;
  fixture_pass (f, 4);
  g_assert_cmpuint (other->target, >, 512 * MC_MIB);
  mc_fake_hypervisor_release_vm (f->fake, hung);
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, hung), ==, "managed");
}

static void
test_set_that_fails (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "in a save", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint begun, moved;

  fixture_start_service (f);
  fixture_pass (f, 10);
  moved = f->n_moved;
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 1000);
  vm->used = 470 * MC_MIB;
  begun = fixture_n_targets (f);
  fixture_pass (f, 60);
  /* It is tried again, less and less often. */
  g_assert_cmpuint (fixture_n_targets (f) - begun, >=, 4);
  g_assert_cmpuint (fixture_n_targets (f) - begun, <=, 8);
  g_assert_cmpuint (f->n_moved, ==, moved);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 0);
  fixture_pass (f, 70);
  g_assert_cmpuint (vm->figures.balloon, >, 512 * MC_MIB);
}

static void
test_cycles_never_overlap (Fixture *f, gconstpointer data)
{
  guint begun;

  fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  mc_fake_hypervisor_hang_samples (f->fake);
  fixture_pass (f, 2);
  begun = mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE);
  fixture_pass (f, 30);
  g_assert_cmpuint (mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE), ==, begun);
  mc_fake_hypervisor_release_samples (f->fake);
  fixture_pass (f, 5);
  g_assert_cmpuint (mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE), >, begun);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
}

/* Somebody else asks a VM for its figures, too, and now and then at the same moment. */
static void
test_busy_once_is_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint revision;

  fixture_start_service (f);
  fixture_pass (f, 10);
  revision = mc_vm_get_view (fixture_vm_of (f, vm))->revision;
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  fixture_pass (f, 2);
  mc_fake_hypervisor_release_vm (f->fake, vm);
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->revision, ==, revision);
}

/* Of a VM whose part of a sample was late it is told that it is there, and no more: it keeps what
 * it had, and a new one waits for its figures. */
static void
test_vm_of_which_nothing_came_in_time (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB), *later;
  McVmSample figures;

  fixture_start_service (f);
  fixture_pass (f, 10);
  figures = vm->figures;
  later = fixture_add_guest (f, "later", MC_GIB, 512 * MC_MIB, MC_UNKNOWN);
  vm->used = MC_UNKNOWN;
  vm->figures.busy = later->figures.busy = TRUE;
  vm->figures.balloon = vm->figures.capacity = vm->figures.cpu_time_us = MC_UNKNOWN;
  later->figures.balloon = later->figures.capacity = MC_UNKNOWN;
  fixture_pass (f, 6);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "busy");
  g_assert_cmpuint (mc_vm_get_parts (fixture_vm_of (f, vm))->domain.facts.balloon, ==,
                    figures.balloon);
  g_assert_cmpuint (mc_vm_get_parts (fixture_vm_of (f, vm))->domain.facts.capacity, ==,
                    figures.capacity);
  g_assert_cmpuint (f->n_added, ==, 1);
  g_assert_cmpuint (f->n_removed, ==, 0);
  vm->figures.busy = later->figures.busy = FALSE;
  vm->figures.balloon = later->figures.balloon = figures.balloon;
  vm->figures.capacity = later->figures.capacity = figures.capacity;
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (f->n_added, ==, 2);
}

static void
test_late_samples_degrade (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 5);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SAMPLE, MC_HYPERVISOR_ERROR_TIMED_OUT, 3);
  fixture_pass (f, 6);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "busy");
  fixture_pass (f, 4);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

static void
test_lost_hypervisor (Fixture *f, gconstpointer data)
{
  McFakeVm *stays = fixture_add_guest (f, "stays", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McFakeVm *goes = fixture_add_guest (f, "goes", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint begun;

  fixture_start_service (f);
  fixture_pass (f, 15);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  mc_test_clock_settle ();
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_false (mc_coordinator_get_view (f->coordinator)->hypervisor_connected);
  g_assert_nonnull (
      strstr (mc_vm_get_view (fixture_vm_of (f, stays))->status_detail, "end of file"));
  begun = fixture_n_targets (f);
  stays->used = 480 * MC_MIB;
  fixture_pass (f, 30);
  g_assert_cmpuint (fixture_n_targets (f), ==, begun);
  g_assert_cmpuint (f->n_removed, ==, 0);

  mc_fake_hypervisor_remove_vm (f->fake, goes);
  fixture_add_guest (f, "new", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  stays->description.stats_period_s = 0;
  mc_fake_hypervisor_reconnect (f->fake);
  fixture_advance (f, SECOND);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpuint (f->n_removed, ==, 1);
  g_assert_cmpuint (f->n_added, ==, 3);
  g_assert_cmpuint (stays->description.stats_period_s, ==, 1);
  fixture_pass (f, 4);
  g_assert_cmpuint (stays->target, >, 512 * MC_MIB);
}

static void
test_late_hypervisor (Fixture *f, gconstpointer data)
{
  mc_fake_hypervisor_set_away (f->fake, TRUE);
  fixture_start_service (f);
  fixture_pass (f, 10);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_away (f->fake, FALSE);
  mc_fake_hypervisor_reconnect (f->fake);
  mc_test_clock_advance (f->clock, SECOND);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpuint (f->n_added, ==, 1);
}

static guint
n_samples (Fixture *f)
{
  return mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SAMPLE);
}

static void
set_interval (Fixture *f, guint64 seconds)
{
  g_autoptr (GVariant) values
      = g_variant_ref_sink (g_variant_new_parsed ("{'Interval': %t}", seconds));

  g_assert_true (
      mc_host_limits_set (&mc_coordinator_get_parts (f->coordinator)->limits, values, "me", NULL));
  mc_test_clock_advance (f->clock, SECOND);
}

static void
test_events_bring_a_cycle_forward (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  McFakeVm *new;
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 90);
  set_interval (f, 30);
  before = n_samples (f);
  fixture_pass (f, 20);
  g_assert_cmpuint (n_samples (f), ==, before);

  g_signal_emit_by_name (f->host, "pressure");
  mc_test_clock_advance (f->clock, SECOND / 4);
  g_assert_cmpuint (n_samples (f), ==, ++before);

  mc_fake_hypervisor_set_running (f->fake, vm, FALSE);
  mc_test_clock_advance (f->clock, SECOND / 4);
  g_assert_cmpuint (n_samples (f), ==, ++before);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "suspended");

  new = mc_fake_hypervisor_add_vm (f->fake, "new", MC_GIB);
  mc_test_clock_advance (f->clock, SECOND / 4);
  g_assert_cmpuint (n_samples (f), >=, ++before);
  g_assert_cmpuint (f->n_added, ==, 2);
  fixture_pass (f, 1);

  before = n_samples (f);
  mc_fake_hypervisor_remove_vm (f->fake, new);
  mc_test_clock_advance (f->clock, SECOND / 4);
  g_assert_cmpuint (n_samples (f), ==, before + 1);
}

static void
test_bursts_of_events_are_one (Fixture *f, gconstpointer data)
{
  guint before;

  fixture_start_service (f);
  before = n_samples (f);
  for (guint i = 0; i < 40; i++)
    {
      mc_fake_hypervisor_add_vm (f->fake, "vm", MC_GIB);
      mc_test_clock_advance (f->clock, SECOND / 40);
    }
  g_assert_cmpuint (n_samples (f) - before, <=, 7);
  mc_test_clock_advance (f->clock, SECOND / 4);
  g_assert_cmpuint (f->n_added, ==, 40);
}

static void
test_cadence (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 400 * MC_MIB, 200 * MC_MIB);
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 90);
  set_interval (f, 10);
  before = n_samples (f);
  fixture_pass (f, 60);
  g_assert_cmpuint (n_samples (f) - before, <=, 7);
  /* In need, and the host has nothing to give: looked at as often as it reports. */
  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB);
  vm->used = 395 * MC_MIB;
  fixture_pass (f, 11);
  before = n_samples (f);
  fixture_pass (f, 20);
  g_assert_cmpuint (n_samples (f) - before, >=, 18);
}

/* As a test bed does that has bound a file of its own over the kernel's. */
static void
write_in_place (const char *path, const char *text)
{
  int fd = g_open (path, O_WRONLY | O_TRUNC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize)strlen (text));
  close (fd);
}

static void
test_host_that_cannot_be_read (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "meminfo", NULL);
  const char *bad = "MemTotal: none\n";
  const char *good = "MemTotal: 8388608 kB\nMemAvailable: 3145728 kB\nHugetlb: 4194304 kB\n";
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint before;

  g_assert_true (g_file_set_contents (path, good, -1, NULL));
  g_object_unref (f->host);
  f->host = mc_host_new (path, "/nonexistent", NULL);
  mc_fake_hypervisor_set_local (f->fake, TRUE);
  fixture_start_service (f);
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->host_available, ==, 3 * MC_GIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->host_total, ==, 4 * MC_GIB);

  write_in_place (path, bad);
  g_string_truncate (messages, 0);
  before = fixture_n_targets (f);
  vm->used = 480 * MC_MIB;
  fixture_pass (f, 5);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_nonnull (strstr (mc_coordinator_get_status (f->coordinator), "memory cannot be read"));
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_true (g_str_has_prefix (messages->str, "Nothing is moved until the host's memory can be "
                                                  "read: "));
  g_assert_cmpstr (strchr (messages->str, '\n'), ==, "\n"); /* once, and nothing else */
  g_string_truncate (messages, 0);

  write_in_place (path, good);
  fixture_pass (f, 5);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
  g_assert_nonnull (strstr (messages->str, "can be read again"));
  g_assert_null (strstr (messages->str, "reachable again"));
  g_unlink (path);
}

/* It would take all of what VMs have. It may be known from the first sample on only, and the host
 * may have less later. */
static void
test_host_smaller_than_its_reserve (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autoptr (GVariant) less
      = g_variant_ref_sink (g_variant_new_parsed ("{'HostReserve': uint64 1073741824}"));
  guint before;

  g_assert_true (g_file_set_contents (f->config_path, "[Thresholds]\nhost-reserve=5G\n", -1, NULL));
  g_string_truncate (messages, 0);
  fixture_start_service (f);
  before = fixture_n_targets (f);
  fixture_pass (f, 30);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_DEGRADED);
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==,
                   "Nothing is moved: HostReserve 5 GiB is not below HostTotal 4 GiB.");
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
  g_assert_nonnull (strstr (messages->str, "HostReserve 5 GiB is not below HostTotal 4 GiB\n"));

  g_assert_true (
      mc_host_limits_set (&mc_coordinator_get_parts (f->coordinator)->limits, less, "me", NULL));
  fixture_pass (f, 30);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
  g_assert_nonnull (strstr (messages->str, "HostReserve is below HostTotal again"));
}

static void
test_foreign_target_is_respected (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 20);
  vm->used = 460 * MC_MIB;
  fixture_pass (f, 20); /* it is told, and has what it was told */
  vm->used = 300 * MC_MIB;
  vm->target = MC_GIB; /* virsh setmem */
  fixture_pass (f, 5);
  before = fixture_n_targets (f);
  fixture_pass (f, 40);
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->balloon, ==, MC_GIB);
  g_assert_nonnull (
      strstr (mc_vm_get_view (fixture_vm_of (f, vm))->status_detail, "Somebody else"));
  fixture_pass (f, 240); /* its peak is not expected back any more */
  g_assert_cmpuint (fixture_n_targets (f), >, before);
}

static void
test_vm_that_vanishes_while_it_is_told (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  guint moved;

  fixture_start_service (f);
  fixture_pass (f, 15);
  moved = f->n_moved;
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  vm->used = 480 * MC_MIB;
  vm->figures.unused = vm->figures.usable = 10 * MC_MIB;
  fixture_pass (f, 3);
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  fixture_pass (f, 3);
  g_assert_cmpuint (f->n_moved, ==, moved);
  g_assert_cmpuint (f->n_removed, ==, 1);
}

static void
test_description_is_tried_again (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  for (guint i = 0; i < 50; i++)
    fixture_add_guest (f, "other", MC_GIB, MC_GIB, 300 * MC_MIB);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_DESCRIBE, MC_HYPERVISOR_ERROR_FAILED, 1);
  fixture_start_service (f);
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
}

/* The loop turns, and no cycle ends: for the watchdog that is no life. */
static void
test_alive (Fixture *f, gconstpointer data)
{
  fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_start_service (f);
  fixture_pass (f, 60);
  g_assert_true (mc_coordinator_is_alive (f->coordinator));
  mc_fake_hypervisor_hang_samples (f->fake);
  fixture_pass (f, 15);
  g_assert_true (mc_coordinator_is_alive (f->coordinator));
  fixture_pass (f, 20);
  g_assert_false (mc_coordinator_is_alive (f->coordinator));
  mc_fake_hypervisor_release_samples (f->fake);
  fixture_pass (f, 5);
  g_assert_true (mc_coordinator_is_alive (f->coordinator));
  /* One that is away is no reason to be restarted. */
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  fixture_pass (f, 60);
  g_assert_true (mc_coordinator_is_alive (f->coordinator));
}

static void
test_status_line (Fixture *f, gconstpointer data)
{
  fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_start_service (f);
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==, "Balancing 1 VM of fake:///");
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 0, "me");
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==,
                   "All balancing is paused: backup; resume it with \"memcoordctl resume\".");
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==,
                   "Nothing is moved: end of file.");
}

static guint
count_in_messages (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (messages->str, text, -1);

  return g_strv_length (parts) - 1;
}

/* It is lost for one reason, and stays away for another. */
static void
test_reasons_of_an_outage (Fixture *f, gconstpointer data)
{
  McHypervisor *hypervisor = MC_HYPERVISOR (f->fake);

  fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_start_service (f);
  for (guint outage = 0; outage < 2; outage++)
    {
      g_string_truncate (messages, 0);
      mc_fake_hypervisor_disconnect (f->fake, "end of file");
      for (guint i = 0; i < 3; i++)
        mc_hypervisor_set_connection (hypervisor, FALSE, "it was stopped");
      g_assert_cmpuint (count_in_messages ("Nothing is moved: end of file\n"), ==, 1);
      g_assert_cmpuint (count_in_messages ("Nothing is moved: it was stopped\n"), ==, 1);
      g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==,
                       "Nothing is moved: it was stopped.");
      for (guint i = 0; i < 100; i++)
        mc_hypervisor_set_connection (hypervisor, FALSE, i % 2 == 0 ? "no" : "neither");
      g_assert_cmpuint (count_in_messages ("Nothing is moved: "), ==, 5);
      g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==,
                       "Nothing is moved: neither.");
      mc_fake_hypervisor_reconnect (f->fake);
      fixture_pass (f, 5);
      g_assert_cmpuint (count_in_messages ("The hypervisor is reachable again"), ==, 1);
    }
}

/* Since when things are as they are: what goes on is told apart from what has just begun. */
static void
test_since_when (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", 2 * MC_GIB, MC_GIB, 300 * MC_MIB);
  const McVmView *shown;
  const McHostView *host;
  guint64 running, condition, status, is_short;

  fixture_start_service (f);
  fixture_pass (f, 3);
  host = mc_coordinator_get_view (f->coordinator);
  shown = mc_vm_get_view (fixture_vm_of (f, vm));
  running = host->state_since;
  condition = host->host_condition_since;
  g_assert_cmpuint (running, >, 0);
  g_assert_cmpuint (shown->status_since, >, 0);
  g_assert_cmpuint (shown->short_since, ==, 0);

  /* The host has nothing, and the guest needs more. */
  mc_fake_hypervisor_set_host_other (f->fake, 3 * MC_GIB - 100 * MC_MIB);
  vm->used = MC_GIB - 60 * MC_MIB;
  fixture_pass (f, 10);
  g_assert_cmpint (host->host_condition, ==, MC_HOST_CRITICAL);
  g_assert_cmpuint (host->host_condition_since, >, condition);
  g_assert_cmpuint (shown->short_since, >, running);
  condition = host->host_condition_since;
  fixture_pass (f, 10);
  g_assert_cmpuint (host->host_condition_since, ==, condition);
  g_assert_cmpuint (host->state_since, ==, running);

  /* A hypervisor that is away for a moment is no news of a VM. */
  status = shown->status_since;
  is_short = shown->short_since;
  mc_fake_hypervisor_disconnect (f->fake, "gone");
  fixture_pass (f, 5);
  g_assert_cmpint (shown->status, ==, MC_VM_BUSY);
  g_assert_cmpuint (shown->status_since, >, status);
  mc_fake_hypervisor_reconnect (f->fake);
  fixture_pass (f, 5);
  g_assert_cmpint (shown->status, ==, MC_VM_MANAGED);
  g_assert_cmpuint (shown->status_since, ==, status);
  g_assert_cmpuint (shown->short_since, ==, is_short);
  running = host->state_since;

  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 0, "me");
  fixture_pass (f, 3);
  g_assert_cmpuint (host->state_since, >, running);
  g_assert_cmpuint (shown->status_since, >, running);
  g_assert_cmpuint (shown->short_since, ==, 0);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/coordinator/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  messages = fixture_keep_log ();
  /* Warnings are part of what is tested here: a lost hypervisor, a refused target. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("needy-is-given-within-an-interval", test_needy_is_given_within_an_interval);
  TEST ("rest", test_rest);
  TEST ("hung-vm-delays-nobody", test_hung_vm_delays_nobody);
  TEST ("set-that-fails", test_set_that_fails);
  TEST ("cycles-never-overlap", test_cycles_never_overlap);
  TEST ("busy-once-is-nothing", test_busy_once_is_nothing);
  TEST ("nothing-came-in-time", test_vm_of_which_nothing_came_in_time);
  TEST ("late-samples-degrade", test_late_samples_degrade);
  TEST ("lost-hypervisor", test_lost_hypervisor);
  TEST ("late-hypervisor", test_late_hypervisor);
  TEST ("events-bring-a-cycle-forward", test_events_bring_a_cycle_forward);
  TEST ("bursts-of-events-are-one", test_bursts_of_events_are_one);
  TEST ("cadence", test_cadence);
  TEST ("host-that-cannot-be-read", test_host_that_cannot_be_read);
  TEST ("host-smaller-than-its-reserve", test_host_smaller_than_its_reserve);
  TEST ("foreign-target-is-respected", test_foreign_target_is_respected);
  TEST ("vm-that-vanishes-while-it-is-told", test_vm_that_vanishes_while_it_is_told);
  TEST ("description-is-tried-again", test_description_is_tried_again);
  TEST ("alive", test_alive);
  TEST ("status-line", test_status_line);
  TEST ("reasons-of-an-outage", test_reasons_of_an_outage);
  TEST ("since-when", test_since_when);
  status = g_test_run ();
  g_string_free (messages, TRUE);
  return status;
}
