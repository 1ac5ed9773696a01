/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures that lie, vanish or run backwards, and clocks that step, on the whole service with the
 * fake hypervisor: real guests do not produce these on demand.
 */
#include "config.h"

#include <string.h>

#include "coordinator-fixture.h"
#include "coordinator.h"

/* What was logged, but for what is for developers: one message after the other. */
static GPtrArray *messages;

static GLogWriterOutput
capture (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields && level < G_LOG_LEVEL_DEBUG; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_ptr_array_add (messages, g_strdup (fields[i].value));
  return g_log_writer_default (level, fields, n_fields, user_data);
}

static guint
count_messages (const char *with)
{
  guint count = 0;

  for (guint i = 0; i < messages->len; i++)
    count += strstr (messages->pdata[i], with) != NULL;
  return count;
}

/* The VM whose figures are wrong, and one whose figures are right. */
static McFakeVm *liar, *honest;

static McFakeVm *
add_guest (Fixture *f, const char *name)
{
  return fixture_add_guest (f, name, MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  fixture_set_up (f, data);
  mc_fake_hypervisor_set_host (f->fake, 8 * MC_GIB, 6 * MC_GIB);
  liar = add_guest (f, "liar");
  honest = add_guest (f, "honest");
  fixture_start_service (f);
  fixture_pass (f, 10);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  g_ptr_array_set_size (messages, 0);
}

static guint
n_moves (McFakeVm *vm)
{
  return vm->n_calls[MC_FAKE_CALL_SET_TARGET];
}

/* Whatever one guest tells, the other is served in time. */
static void
assert_honest_is_served (Fixture *f)
{
  guint64 before = honest->figures.balloon;

  honest->used = before - 50 * MC_MIB;
  fixture_pass (f, 4);
  g_assert_cmpuint (honest->target, !=, MC_UNKNOWN);
  g_assert_cmpuint (honest->target, >, before);
  g_assert_cmpstr (fixture_status_of (f, honest), ==, "managed");
}

static void
test_frozen (Fixture *f, gconstpointer data)
{
  guint moves;

  liar->silent = TRUE;
  fixture_pass (f, 14); /* five times as long as reports are apart, and a cycle */
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "stale");
  moves = n_moves (liar);
  assert_honest_is_served (f);
  fixture_pass (f, 120);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  liar->silent = FALSE;
  fixture_pass (f, 4);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

static void
test_absent (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (liar);

  liar->used = MC_UNKNOWN; /* its figures are the test's from now on */
  liar->figures.unused = liar->figures.usable = liar->figures.available = MC_UNKNOWN;
  liar->figures.swap_in = liar->figures.swap_out = MC_UNKNOWN;
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "no-stats");
  assert_honest_is_served (f);
  g_assert_cmpuint (n_moves (liar), ==, moves);
}

/* Each of these at once in a guest that otherwise goes on to report. */
static void
test_absurd (Fixture *f, gconstpointer data)
{
  const guint64 absurd[] = { G_MAXUINT64, G_MAXUINT64 - 1, G_MAXINT64, 2 * MC_GIB, MC_GIB + 1 };
  guint64 unused = liar->figures.unused;

  liar->used = MC_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      guint moves = n_moves (liar);

      liar->figures.unused = absurd[i];
      liar->figures.usable = absurd[i];
      liar->figures.available = absurd[i];
      for (guint second = 0; second < 20; second++)
        {
          liar->figures.stats_time_s++;
          fixture_pass (f, 1);
        }
      g_assert_cmpstr (fixture_status_of (f, liar), !=, "managed");
      g_assert_cmpuint (n_moves (liar), ==, moves);
    }
  assert_honest_is_served (f);
  liar->figures.unused = liar->figures.usable = unused;
  liar->figures.available = liar->figures.balloon;
  liar->figures.stats_time_s++;
  fixture_pass (f, 12); /* who reported what cannot be is not believed at once */
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* Swap counters that start again, and reports dated earlier than the last: the host's clock went
 * back. */
static void
test_backwards (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (liar);

  liar->figures.swap_in = liar->figures.swap_out = 8 * MC_GIB;
  liar->figures.stats_time_s = 1000000;
  fixture_pass (f, 2);
  moves = n_moves (liar);
  for (guint i = 0; i < 60; i++)
    {
      liar->figures.swap_in -= 100 * MC_MIB;
      liar->figures.swap_out -= 100 * MC_MIB;
      liar->figures.stats_time_s -= 2; /* of which the fake adds one */
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
    }
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, liar))->swap_in_rate, ==, 0);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  assert_honest_is_served (f);
}

static void
test_clock_steps (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (liar);
  const gint64 steps_s[] = { 3600, -7200, 86400 * 365, -86400 * 700 };

  for (guint i = 0; i < G_N_ELEMENTS (steps_s); i++)
    {
      mc_test_clock_step_wall (f->clock, steps_s[i] * SECOND);
      for (guint second = 0; second < 10; second++)
        {
          fixture_pass (f, 1);
          g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
        }
    }
  g_assert_cmpuint (n_moves (liar), ==, moves);
  assert_honest_is_served (f);
}

/* A pause is of so many seconds, whatever the wall clock does meanwhile. */
static void
test_clock_steps_in_a_pause (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 30, "test");
  g_assert_no_error (error);
  mc_test_clock_step_wall (f->clock, -3600 * (gint64)SECOND);
  fixture_pass (f, 25);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  mc_test_clock_step_wall (f->clock, 7200 * (gint64)SECOND);
  fixture_pass (f, 3);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  fixture_pass (f, 4);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
}

/* Another coordinator, or a person with virsh. */
static void
test_foreign_target (Fixture *f, gconstpointer data)
{
  McVm *vm = fixture_vm_of (f, liar);
  guint moves;

  liar->used = 470 * MC_MIB;
  fixture_pass (f, 30);
  liar->used = 400 * MC_MIB;
  fixture_pass (f, 10);
  g_assert_cmpuint (liar->figures.balloon, >, 540 * MC_MIB);
  moves = n_moves (liar);
  liar->target = 510 * MC_MIB; /* told by somebody else; it has 70 MiB left */
  fixture_pass (f, 4);
  g_assert_nonnull (strstr (mc_vm_get_view (vm)->last_reason, "somebody else"));
  fixture_pass (f, 50);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  g_assert_cmpuint (liar->figures.balloon, ==, 510 * MC_MIB);
  fixture_pass (f, 12);
  g_assert_cmpuint (liar->figures.balloon, >, 540 * MC_MIB);
  assert_honest_is_served (f);
}

/* … but not where it would leave a guest with as good as nothing. */
static void
test_foreign_target_that_kills (Fixture *f, gconstpointer data)
{
  liar->used = 470 * MC_MIB;
  fixture_pass (f, 30);
  liar->used = 400 * MC_MIB;
  fixture_pass (f, 10);
  liar->target = 460 * MC_MIB; /* 20 MiB are left */
  fixture_pass (f, 8);
  g_assert_cmpuint (liar->figures.balloon, >, 540 * MC_MIB);
}

/* A maximum far below what the guest uses, which may have no swap. */
static void
test_maximum_below_use (Fixture *f, gconstpointer data)
{
  mc_fake_hypervisor_set_vm_metadata (
      f->fake, liar, "<policy xmlns='" MC_METADATA_NAMESPACE "'><maximum>128M</maximum></policy>");
  fixture_pass (f, 60);
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, liar))->policy.maximum, ==, 128 * MC_MIB);
  g_assert_cmpuint (liar->figures.balloon, <, 400 * MC_MIB);
  g_assert_cmpuint (liar->figures.balloon, >, 330 * MC_MIB);
  g_assert_nonnull (strstr (mc_vm_get_view (fixture_vm_of (f, liar))->last_reason, "of 128 MiB"));
  g_assert_nonnull (
      strstr (mc_vm_get_view (fixture_vm_of (f, liar))->status_detail, "than its maximum"));
  liar->used = 10 * MC_MIB;
  fixture_pass (f, 30);
  g_assert_null (
      strstr (mc_vm_get_view (fixture_vm_of (f, liar))->status_detail, "than its maximum"));
  g_assert_cmpuint (liar->figures.balloon, ==, 128 * MC_MIB);
}

/* The boot before may have reported once more since it was last looked at. */
static void
test_rebooted_while_busy (Fixture *f, gconstpointer data)
{
  guint moves;

  mc_fake_hypervisor_hang_vm (f->fake, liar);
  liar->silent = TRUE;
  fixture_pass (f, 2);
  mc_fake_hypervisor_reboot_vm (f->fake, liar);
  fixture_pass (f, 2);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  moves = n_moves (liar);
  liar->figures.stats_time_s++;
  liar->figures.unused = liar->figures.usable = 10 * MC_MIB;
  mc_fake_hypervisor_release_vm (f->fake, liar);
  fixture_pass (f, 8);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "booting");
  g_assert_cmpuint (n_moves (liar), ==, moves);
  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

static const McVmView *
view_of (Fixture *f, McFakeVm *vm)
{
  return mc_vm_get_view (fixture_vm_of (f, vm));
}

/* A dump or a save that goes on for longer than libvirt waits: it then says that nothing was set.
 */
static void
test_set_that_fails_late (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;
  guint moved, sets;

  liar->set_takes_s = 30;
  liar->fails_sets = TRUE;
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 10);
  sets = n_moves (liar);
  moved = f->n_moved;
  g_assert_cmpuint (view_of (f, liar)->target, >, before);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  g_assert_nonnull (strstr (view_of (f, liar)->status_detail, "under way for too long"));
  assert_honest_is_served (f);
  fixture_pass (f, 12);
  g_assert_cmpuint (n_moves (liar), ==, sets); /* nothing else meanwhile */
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  moved = f->n_moved;
  for (guint i = 0; i < 10 && view_of (f, liar)->target > before; i++)
    fixture_pass (f, 1);
  g_assert_cmpuint (view_of (f, liar)->target, ==, before);
  g_assert_cmpuint (f->n_moved, ==, moved);
  liar->set_takes_s = 0;
  liar->fails_sets = FALSE;
  fixture_pass (f, 10);
  g_assert_cmpuint (liar->figures.balloon, >, before);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

static void
test_set_that_succeeds_late (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;
  guint moved = f->n_moved;

  liar->set_takes_s = 20;
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  g_assert_cmpuint (liar->figures.balloon, ==, before);
  g_assert_cmpuint (f->n_moved, ==, moved);
  liar->set_takes_s = 0;
  fixture_pass (f, 10);
  g_assert_cmpuint (liar->figures.balloon, >, before);
  g_assert_cmpuint (f->n_moved, >, moved);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* Nobody knows what became of a set whose connection was lost. */
static void
test_set_that_is_lost (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;

  liar->set_takes_s = 60;
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 10);
  g_assert_cmpuint (view_of (f, liar)->target, >, before);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  liar->set_takes_s = 0;
  liar->target = 100 * MC_MIB; /* whatever is in force */
  liar->rate = MC_MIB;
  fixture_pass (f, 5);
  mc_fake_hypervisor_reconnect (f->fake);
  fixture_pass (f, 3);
  g_assert_cmpuint (liar->target, >=, before - 10 * MC_MIB);
  liar->rate = 0;
  fixture_pass (f, 10);
  g_assert_cmpuint (liar->figures.balloon, >, before);
}

/* A hung process answers in the end: what was asked of it is then true. */
static void
test_set_that_hangs (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;

  liar->used = before - 50 * MC_MIB;
  mc_fake_hypervisor_tick (f->fake, 1); /* in need, as its last report says */
  mc_fake_hypervisor_hang_vm (f->fake, liar);
  fixture_pass (f, 60);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  assert_honest_is_served (f);
  mc_fake_hypervisor_release_vm (f->fake, liar);
  fixture_pass (f, 8);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  g_assert_cmpuint (liar->figures.balloon, >, before);
  g_assert_cmpuint (view_of (f, liar)->target, ==, liar->target);
}

/* Its balloon goes to all that it may have, and it reports no more. */
static void
test_unloaded_driver (Fixture *f, gconstpointer data)
{
  guint moves;

  liar->no_driver = TRUE;
  fixture_pass (f, 20);
  g_assert_cmpuint (liar->figures.balloon, ==, MC_GIB);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "stale");
  moves = n_moves (liar);
  assert_honest_is_served (f);
  fixture_pass (f, 60);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  liar->no_driver = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), !=, "stale");
  /* It did not reach its target for long, and is not counted on for ten minutes at the most. */
  for (guint i = 0; i < 600 && !g_str_equal (fixture_status_of (f, liar), "managed"); i++)
    fixture_pass (f, 1);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* What a dump kernel reports is its own: a few MiB, in a balloon of its size or another. */
static void
test_crashed_kernel (Fixture *f, gconstpointer data)
{
  guint64 used = liar->used;
  guint moves;

  fixture_pass (f, 20);
  moves = n_moves (liar);
  mc_fake_hypervisor_crash_vm (f->fake, liar);
  mc_fake_hypervisor_crash_vm (f->fake, liar); /* it panicked, and then told that it dumps */
  liar->used = MC_UNKNOWN;
  liar->figures.available = 200 * MC_MIB;
  liar->figures.unused = liar->figures.usable = 20 * MC_MIB;
  for (guint i = 0; i < 120; i++)
    {
      liar->figures.stats_time_s++;
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), ==, "suspended");
    }
  g_assert_nonnull (strstr (view_of (f, liar)->status_detail, "kernel has crashed"));
  g_assert_cmpuint (n_moves (liar), ==, moves);
  assert_honest_is_served (f);

  liar->used = used;
  mc_fake_hypervisor_reset_vm (f->fake, liar, 2);
  for (guint i = 0; i < 10; i++)
    {
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), ==, "booting");
    }
  mc_fake_hypervisor_reboot_vm (f->fake, liar); /* some events come later */
  g_assert_cmpuint (n_moves (liar), ==, moves);
  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* QEMU 10 forgets what a guest reported when it is reset, and tells of it up to four times. */
static void
test_forgotten_by_a_reset (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (liar);

  mc_fake_hypervisor_reset_vm (f->fake, liar, 4);
  for (guint i = 0; i < 50; i++)
    {
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), ==, "booting");
    }
  g_assert_cmpuint (n_moves (liar), ==, moves);
  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* Events are missed while the hypervisor is away. */
static void
test_crashed_while_away (Fixture *f, gconstpointer data)
{
  mc_fake_hypervisor_crash_vm (f->fake, liar);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "suspended");
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  fixture_pass (f, 3);
  mc_fake_hypervisor_reset_vm (f->fake, liar, 2);
  mc_fake_hypervisor_reconnect (f->fake);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "booting");
  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* Suspended to RAM, hibernated, or restored from a snapshot: its driver or its QEMU have another
 * balloon than it was told, and what it reported is from before. */
static void
wakes_up (Fixture *f, guint64 balloon)
{
  guint moves;

  fixture_pass (f, 90);
  mc_fake_hypervisor_set_running (f->fake, liar, FALSE);
  fixture_pass (f, 60);
  moves = n_moves (liar);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "suspended");
  liar->silent = TRUE;
  mc_fake_hypervisor_set_balloon (f->fake, liar, balloon);
  mc_fake_hypervisor_set_running (f->fake, liar, TRUE);
  assert_honest_is_served (f);
  fixture_pass (f, 6);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  g_assert_cmpuint (liar->figures.balloon, ==, balloon);

  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  liar->used = MIN (balloon - 60 * MC_MIB, 850 * MC_MIB); /* it works on, and is served */
  fixture_pass (f, 120);
  g_assert_cmpuint (liar->swapped, ==, 0);
  g_assert_cmpuint (liar->figures.usable, >, 100 * MC_MIB);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

static void
test_woken_up_with_a_full_balloon (Fixture *f, gconstpointer data)
{
  wakes_up (f, MC_GIB);
}

static void
test_restored_with_the_balloon_of_then (Fixture *f, gconstpointer data)
{
  wakes_up (f, 700 * MC_MIB);
}

/* By libvirt's access control: it stays so until somebody changes the rules. */
static void
test_denied_sets (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;
  guint sets, revision;

  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_DENIED,
                             "access denied: 'QEMU' denied access");
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 10);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "unsupported");
  g_assert_nonnull (strstr (view_of (f, liar)->status_detail, "'QEMU' denied access"));
  sets = n_moves (liar);
  revision = view_of (f, liar)->revision;
  fixture_pass (f, 3600);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "unsupported");
  g_assert_cmpuint (view_of (f, liar)->revision, ==, revision);
  g_assert_cmpuint (n_moves (liar) - sets, >=, 50); /* it is tried again */
  g_assert_cmpuint (n_moves (liar) - sets, <=, 80);
  g_assert_cmpuint (count_messages ("denied access"), ==, 1);
  g_assert_cmpuint (count_messages ("liar"), <=, 2);
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_DENIED, NULL);
  fixture_pass (f, 70);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  g_assert_cmpuint (liar->figures.balloon, >, before);
}

static guint64
untouched (const McFakeVm *vm)
{
  return vm->figures.balloon - vm->figures.resident;
}

/* What it was granted and has not touched is its own to touch, though nobody may set it any more.
 */
static void
test_denied_sets_keep_their_promise (Fixture *f, gconstpointer data)
{
  const McHostView *host = mc_coordinator_get_view (f->coordinator);

  liar->used = 800 * MC_MIB;
  fixture_pass (f, 30);
  liar->used = 300 * MC_MIB;
  liar->figures.resident = 400 * MC_MIB; /* the host has reclaimed what it freed */
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_DENIED,
                             "access denied: 'QEMU' denied access");
  mc_fake_hypervisor_set_vm_metadata (f->fake, liar, "<policy><maximum>600M</maximum></policy>");
  fixture_pass (f, 10);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "unsupported");
  g_assert_cmpuint (untouched (liar), >, 300 * MC_MIB);
  g_assert_cmpuint (host->host_promised + 100 * MC_MIB, >, untouched (liar) + untouched (honest));
}

static void
test_refused_sets (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;
  guint revision;

  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED,
                             "cannot acquire state change lock");
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 20);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
  g_assert_nonnull (strstr (view_of (f, liar)->status_detail, "state change lock"));
  revision = view_of (f, liar)->revision;
  for (guint i = 0; i < 600; i++)
    {
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), ==, "busy");
    }
  g_assert_cmpuint (view_of (f, liar)->revision - revision, <=, 2 * 12);
  g_assert_cmpuint (count_messages ("state change lock"), ==, 1);
  g_assert_cmpuint (count_messages ("liar"), <=, 2);
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, NULL);
  fixture_pass (f, 70);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  g_assert_cmpuint (liar->figures.balloon, >, before);
}

static void
test_denied_descriptions (Fixture *f, gconstpointer data)
{
  McFakeVm *new;
  guint reads;

  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_DESCRIBE, MC_HYPERVISOR_ERROR_DENIED,
                             "access denied: 'QEMU' denied access");
  new = add_guest (f, "new");
  reads = new->n_calls[MC_FAKE_CALL_DESCRIBE];
  fixture_pass (f, 600);
  g_assert_cmpstr (fixture_status_of (f, new), ==, "busy");
  g_assert_nonnull (strstr (view_of (f, new)->status_detail, "denied access"));
  g_assert_cmpuint (new->n_calls[MC_FAKE_CALL_DESCRIBE] - reads, >=, 10);
  g_assert_cmpuint (new->n_calls[MC_FAKE_CALL_DESCRIBE] - reads, <=, 20);
  /* What is known of the others is still so. */
  assert_honest_is_served (f);
  g_assert_cmpuint (count_messages ("denied access"), ==, 3); /* once for each VM */
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_DESCRIBE, MC_HYPERVISOR_ERROR_DENIED, NULL);
  fixture_pass (f, 70);
  g_assert_cmpstr (fixture_status_of (f, new), ==, "managed");
}

/* Nothing is refused by a process that hangs: it is looked at again soon after it is back. */
static void
test_hung_from_the_start (Fixture *f, gconstpointer data)
{
  McFakeVm *new = add_guest (f, "new");

  mc_fake_hypervisor_hang_vm (f->fake, new);
  fixture_pass (f, 120);
  g_assert_cmpstr (fixture_status_of (f, new), ==, "busy");
  assert_honest_is_served (f);
  mc_fake_hypervisor_release_vm (f->fake, new);
  fixture_pass (f, 12);
  g_assert_cmpstr (fixture_status_of (f, new), ==, "managed");
  g_assert_cmpuint (new->description.stats_period_s, ==, 1);
  g_assert_cmpuint (count_messages ("libvirt did not"), ==, 0);
}

static void
test_alternating_figures (Fixture *f, gconstpointer data)
{
  guint64 sound = liar->figures.unused;
  guint revision = view_of (f, liar)->revision;

  liar->used = MC_UNKNOWN;
  for (guint i = 0; i < 3600; i++)
    {
      liar->figures.unused = i % 2 == 0 ? 2 * MC_GIB : sound;
      liar->figures.stats_time_s++;
      fixture_pass (f, 1);
    }
  g_assert_cmpuint (count_messages ("liar"), <=, 60);
  g_assert_cmpuint (view_of (f, liar)->revision - revision, <=, 60);
  g_assert_cmpuint (count_messages ("honest"), <=, 2);
  assert_honest_is_served (f);
  /* What a person does is seen at once. */
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, liar))->pause, "look", 0, "test");
  fixture_pass (f, 1);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "paused");
  mc_pause_end (&mc_vm_get_parts (fixture_vm_of (f, liar))->pause, "vm", "test", NULL);
  fixture_pass (f, 1);
  g_assert_cmpstr (fixture_status_of (f, liar), !=, "paused");
  liar->figures.unused = sound;
  for (guint i = 0; i < 90; i++)
    {
      liar->figures.stats_time_s++;
      fixture_pass (f, 1);
    }
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

/* Whatever it does every second: moves, refusals, states. */
static void
test_bounded_log (Fixture *f, gconstpointer data)
{
  McVm *vm = fixture_vm_of (f, liar);
  guint logged = 0, of_last_hour = 0;

  for (guint i = 0; i < 2 * 3600; i++)
    {
      gboolean may
          = mc_domain_may_log (&mc_vm_get_parts (vm)->domain, mc_clock_now (MC_CLOCK (f->clock)));

      logged += may;
      of_last_hour += may && i >= 3600;
      mc_test_clock_advance (f->clock, SECOND);
    }
  g_assert_cmpuint (logged, >=, 60);
  g_assert_cmpuint (logged + count_messages ("log entries suppressed"), <=, 110);
  g_assert_cmpuint (of_last_hour, >=, 30);
  g_assert_cmpuint (count_messages ("log entries suppressed"), >=, 10);
}

/* Somebody else asks its process for figures twice a second, and at times at the same moment. */
static void
test_busy_now_and_then (Fixture *f, gconstpointer data)
{
  guint revision = view_of (f, liar)->revision;

  for (guint i = 0; i < 600; i++)
    {
      if (i % 10 < 2)
        mc_fake_hypervisor_hang_vm (f->fake, liar);
      fixture_advance (f, SECOND);
      mc_fake_hypervisor_release_vm (f->fake, liar);
      mc_fake_hypervisor_tick (f->fake, 1);
    }
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  g_assert_cmpuint (view_of (f, liar)->revision, ==, revision);
  g_assert_cmpuint (count_messages ("liar"), ==, 0);
}

/* The policy asks for the same target once more: the guest may not have heard of it. */
static void
test_repeated_set (Fixture *f, gconstpointer data)
{
  McVm *vm = fixture_vm_of (f, liar);
  guint moved = f->n_moved, known = mc_vm_get_moves (vm)->len, sets;
  McVmDecision again = { .target = 512 * MC_MIB, .before = 512 * MC_MIB, .move = TRUE };

  liar->used = liar->figures.balloon - 50 * MC_MIB;
  fixture_pass (f, 6);
  g_assert_cmpuint (f->n_moved, >, moved);
  fixture_pass (f, 30);
  again.before = again.target = mc_vm_get_view (vm)->target;
  moved = f->n_moved;
  known = mc_vm_get_moves (vm)->len;
  sets = n_moves (liar);
  liar->target = 300 * MC_MIB; /* lost in a reset, say */
  g_ptr_array_set_size (messages, 0);
  mc_vm_store_decision (vm, &again);
  mc_vm_apply_decision (vm);
  mc_vm_apply_decision (vm); /* one is on its way */
  mc_test_clock_settle ();
  g_assert_cmpuint (n_moves (liar), ==, sets + 1);
  g_assert_cmpuint (liar->target, ==, again.target);
  g_assert_cmpuint (mc_vm_get_view (vm)->target, ==, again.target);
  g_assert_cmpuint (f->n_moved, ==, moved);
  g_assert_cmpuint (mc_vm_get_moves (vm)->len, ==, known);
  g_assert_cmpuint (messages->len, ==, 0);
}

/* On a tight host, where everybody gives: its last report has much to spare, and is of another
 * time. */
static void
restart_beside_a_panicked_guest (Fixture *f, void (*end) (Fixture *f))
{
  guint64 balloon;
  guint moved;

  fixture_pass (f, 30);
  liar->silent = TRUE;
  liar->used = 100 * MC_MIB;
  liar->figures.unused = liar->figures.usable = 350 * MC_MIB;
  balloon = liar->figures.balloon;
  end (f);
  mc_fake_hypervisor_set_host_other (f->fake, 7 * MC_GIB);
  mc_fake_hypervisor_tick (f->fake, 1);
  fixture_start_service (f);
  moved = f->n_moved;
  for (guint i = 0; i < 120; i++)
    {
      fixture_pass (f, 1);
      g_assert_cmpstr (fixture_status_of (f, liar), !=, "managed");
      g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, liar))->len, ==, 0);
    }
  g_assert_cmpuint (liar->figures.balloon, ==, balloon);
  g_assert_nonnull (
      strstr (view_of (f, liar)->status_detail, "since the service started watching it"));
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, honest))->len, ==, f->n_moved - moved);
  liar->silent = FALSE;
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
}

static void
test_restarted_beside_a_panicked_guest (Fixture *f, gconstpointer data)
{
  restart_beside_a_panicked_guest (f, fixture_stop_service);
}

static void
test_killed_beside_a_panicked_guest (Fixture *f, gconstpointer data)
{
  restart_beside_a_panicked_guest (f, fixture_kill_service);
}

/* libvirt says that it was set, and the guest never hears of it. */
static void
test_dropped_set (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;
  guint sets = n_moves (liar), moved;

  liar->drops_sets = TRUE;
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 20);
  g_assert_cmpuint (n_moves (liar) - sets, >=, 2);
  g_assert_cmpuint (liar->figures.balloon, ==, before);
  assert_honest_is_served (f);
  moved = mc_vm_get_moves (fixture_vm_of (f, liar))->len;
  sets = n_moves (liar);
  fixture_pass (f, 600);
  g_assert_cmpuint (n_moves (liar) - sets, >=, 3);
  g_assert_cmpuint (n_moves (liar) - sets, <=, 20);
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, liar))->len, <=, moved + 1);
  liar->drops_sets = FALSE;
  fixture_pass (f, 600);
  g_assert_cmpuint (liar->figures.balloon, >, before);
}

/* Somebody sets the balloon while it is on its way to what it was granted. */
static void
test_foreign_target_on_the_way (Fixture *f, gconstpointer data)
{
  guint64 before = liar->figures.balloon;

  liar->rate = 8 * MC_MIB;
  liar->used = before - 50 * MC_MIB;
  fixture_pass (f, 4);
  g_assert_cmpuint (liar->target, >, before);
  g_assert_cmpuint (liar->figures.balloon, <, liar->target);
  liar->target = before;
  fixture_pass (f, 90);
  liar->rate = 0;
  fixture_pass (f, 5);
  g_assert_cmpuint (liar->figures.balloon, >, before);
  g_assert_cmpuint (liar->figures.usable, >, 100 * MC_MIB);
}

/* Another balloon manager. */

/* It has a target of ours, and some room. */
static void
give_a_target (Fixture *f)
{
  liar->used = 470 * MC_MIB;
  fixture_pass (f, 30);
  liar->used = 400 * MC_MIB;
  fixture_pass (f, 10);
  g_assert_cmpuint (n_moves (liar), >, 0);
}

static void
set_by_others (Fixture *f, guint times)
{
  for (guint i = 0; i < times; i++)
    {
      liar->target = liar->figures.balloon >= 640 * MC_MIB ? 520 * MC_MIB
                                                           : liar->figures.balloon + 40 * MC_MIB;
      fixture_pass (f, 10);
    }
}

static void
on_claimed (GObject *vm, GAsyncResult *result, gpointer user_data)
{
  gboolean *ended = user_data;
  GError *error = NULL;

  mc_vm_changes_finish (result, &error);
  g_assert_no_error (error);
  *ended = TRUE;
}

static void
test_foreign_manager (Fixture *f, gconstpointer data)
{
  McVm *vm = fixture_vm_of (f, liar);
  gboolean ended = FALSE;
  guint moves;

  give_a_target (f);
  set_by_others (f, 2);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  set_by_others (f, 1);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "foreign");
  g_assert_nonnull (strstr (mc_vm_get_view (vm)->status_detail, "memcoordctl set liar managed=no"));
  moves = n_moves (liar);
  set_by_others (f, 30);
  g_assert_cmpuint (n_moves (liar), ==, moves);
  g_assert_cmpuint (count_messages ("liar is left alone"), ==, 1);
  g_assert_cmpuint (count_messages ("honest is left alone"), ==, 0);
  assert_honest_is_served (f);
  mc_vm_changes_set_async (&mc_vm_get_parts (vm)->changes,
                           g_variant_new_parsed ("{'Managed': uint64 1}"), "a test", on_claimed,
                           &ended);
  fixture_pass (f, 4);
  g_assert_true (ended);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "managed");
  set_by_others (f, 4);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "foreign");
  g_assert_cmpuint (count_messages ("liar is left alone"), ==, 1); /* known for a day */
}

/* Whoever then takes the VM out, or stops the service, moves nothing: what it has is theirs. */
static void
test_foreign_manager_keeps_it (Fixture *f, gconstpointer data)
{
  guint64 balloon;

  mc_fake_hypervisor_set_vm_metadata (
      f->fake, liar, "<policy xmlns='" MC_METADATA_NAMESPACE "'><maximum>480M</maximum></policy>");
  fixture_pass (f, 30); /* memory is taken from it */
  g_assert_cmpuint (liar->figures.balloon, ==, 480 * MC_MIB);
  set_by_others (f, 4);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "foreign");
  balloon = liar->figures.balloon;
  mc_fake_hypervisor_set_vm_metadata (f->fake, liar,
                                      "<policy xmlns='" MC_METADATA_NAMESPACE "' managed='no'/>");
  fixture_pass (f, 60);
  g_assert_cmpstr (fixture_status_of (f, liar), ==, "opted-out");
  g_assert_cmpuint (liar->figures.balloon, ==, balloon);
}

static void
set_late (Fixture *f)
{
  liar->set_takes_s = 20;
  liar->used = liar->figures.balloon - 50 * MC_MIB;
  fixture_pass (f, 30);
  liar->set_takes_s = 0;
  liar->used = 300 * MC_MIB;
}

static void
fail_late (Fixture *f)
{
  liar->fails_sets = TRUE;
  set_late (f);
  liar->fails_sets = FALSE;
}

static void
reload_driver (Fixture *f)
{
  liar->no_driver = TRUE;
  fixture_pass (f, 3);
  liar->no_driver = FALSE;
}

static void
reboot (Fixture *f)
{
  mc_fake_hypervisor_reboot_vm (f->fake, liar);
  reload_driver (f);
}

static void
lose_connection (Fixture *f)
{
  liar->used = liar->figures.balloon - 50 * MC_MIB;
  fixture_pass (f, 3);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  fixture_pass (f, 5);
  mc_fake_hypervisor_reconnect (f->fake);
  liar->used = 300 * MC_MIB;
}

static void
test_no_foreign_manager (Fixture *f, gconstpointer data)
{
  void (*const disturb[]) (Fixture *)
      = { set_late, fail_late, reload_driver, reboot, lose_connection };

  give_a_target (f);
  for (guint i = 0; i < G_N_ELEMENTS (disturb); i++)
    for (guint times = 0; times < 5; times++)
      {
        disturb[i](f);
        fixture_pass (f, 40);
        g_assert_cmpstr (fixture_status_of (f, liar), !=, "foreign");
      }
  g_assert_cmpuint (count_messages ("is left alone"), ==, 0);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/faults/" name, Fixture, NULL, set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  messages = g_ptr_array_new_with_free_func (g_free);
  g_log_set_writer_func (capture, NULL, NULL);
  /* Warnings are part of what is tested here: a set that fails, a lost hypervisor. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("frozen", test_frozen);
  TEST ("absent", test_absent);
  TEST ("absurd", test_absurd);
  TEST ("backwards", test_backwards);
  TEST ("clock-steps", test_clock_steps);
  TEST ("clock-steps-in-a-pause", test_clock_steps_in_a_pause);
  TEST ("foreign-target", test_foreign_target);
  TEST ("foreign-target-that-kills", test_foreign_target_that_kills);
  TEST ("maximum-below-use", test_maximum_below_use);
  TEST ("rebooted-while-busy", test_rebooted_while_busy);
  TEST ("set-that-fails-late", test_set_that_fails_late);
  TEST ("set-that-succeeds-late", test_set_that_succeeds_late);
  TEST ("set-that-is-lost", test_set_that_is_lost);
  TEST ("set-that-hangs", test_set_that_hangs);
  TEST ("unloaded-driver", test_unloaded_driver);
  TEST ("crashed-kernel", test_crashed_kernel);
  TEST ("forgotten-by-a-reset", test_forgotten_by_a_reset);
  TEST ("crashed-while-away", test_crashed_while_away);
  TEST ("woken-up-with-a-full-balloon", test_woken_up_with_a_full_balloon);
  TEST ("restored-with-the-balloon-of-then", test_restored_with_the_balloon_of_then);
  TEST ("repeated-set", test_repeated_set);
  TEST ("restarted-beside-a-panicked-guest", test_restarted_beside_a_panicked_guest);
  TEST ("killed-beside-a-panicked-guest", test_killed_beside_a_panicked_guest);
  TEST ("dropped-set", test_dropped_set);
  TEST ("foreign-target-on-the-way", test_foreign_target_on_the_way);
  TEST ("foreign-manager", test_foreign_manager);
  TEST ("foreign-manager-keeps-it", test_foreign_manager_keeps_it);
  TEST ("no-foreign-manager", test_no_foreign_manager);
  TEST ("denied-sets", test_denied_sets);
  TEST ("denied-sets-keep-their-promise", test_denied_sets_keep_their_promise);
  TEST ("refused-sets", test_refused_sets);
  TEST ("denied-descriptions", test_denied_descriptions);
  TEST ("hung-from-the-start", test_hung_from_the_start);
  TEST ("alternating-figures", test_alternating_figures);
  TEST ("bounded-log", test_bounded_log);
  TEST ("busy-now-and-then", test_busy_now_and_then);
  status = g_test_run ();
  g_ptr_array_unref (messages);
  return status;
}
