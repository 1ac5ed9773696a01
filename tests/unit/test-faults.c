/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures that lie, vanish or run backwards, and clocks that step, on the whole service with the
 * fake hypervisor: real guests do not produce these on demand.
 */
#include "config.h"

#include <string.h>

#include "coordinator.h"
#include "fake-hypervisor.h"
#include "test-clock.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

typedef struct
{
  McFakeHypervisor *fake;
  McTestClock *clock;
  McHost *host;
  McCoordinator *coordinator;
  McFakeVm *liar;
  McFakeVm *honest;
} Fixture;

static void
pass (Fixture *f, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      mc_fake_hypervisor_tick (f->fake, 1);
      mc_test_clock_advance (f->clock, SECOND);
    }
}

static McFakeVm *
add_guest (Fixture *f, const char *name)
{
  McFakeVm *vm = mc_fake_hypervisor_add_vm (f->fake, name, MC_GIB);

  vm->figures.balloon = 512 * MC_MIB;
  vm->used = 300 * MC_MIB;
  mc_fake_hypervisor_tick (f->fake, 1);
  return vm;
}

static const char *
status_of (Fixture *f, McFakeVm *fake)
{
  McVm *vm = mc_coordinator_lookup_vm (f->coordinator, fake->figures.uuid);

  g_assert_nonnull (vm);
  return mc_vm_status_nick (mc_vm_get_view (vm)->status);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->fake = mc_fake_hypervisor_new ();
  f->clock = mc_test_clock_new ();
  f->host = mc_host_new (NULL, "/nonexistent");
  mc_fake_hypervisor_set_local (f->fake, FALSE);
  mc_fake_hypervisor_set_host (f->fake, 8 * MC_GIB, 6 * MC_GIB);
  f->liar = add_guest (f, "liar");
  f->honest = add_guest (f, "honest");
  f->coordinator = mc_coordinator_new (MC_HYPERVISOR (f->fake), f->host, MC_CLOCK (f->clock),
                                       mc_config_new (), NULL);
  mc_coordinator_start (f->coordinator);
  pass (f, 10);
  g_assert_cmpstr (status_of (f, f->liar), ==, "managed");
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  *(gboolean *)user_data = TRUE;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gboolean stopped = FALSE;

  mc_coordinator_stop_async (f->coordinator, on_stopped, &stopped);
  for (guint i = 0; i < 10 && !stopped; i++)
    mc_test_clock_advance (f->clock, SECOND);
  g_assert_true (stopped);
  g_object_unref (f->coordinator);
  g_object_unref (f->fake);
  g_object_unref (f->clock);
  g_object_unref (f->host);
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
  guint64 before = f->honest->figures.balloon;

  f->honest->used = before - 50 * MC_MIB;
  pass (f, 4);
  g_assert_cmpuint (f->honest->target, !=, MC_UNKNOWN);
  g_assert_cmpuint (f->honest->target, >, before);
  g_assert_cmpstr (status_of (f, f->honest), ==, "managed");
}

static void
test_frozen (Fixture *f, gconstpointer data)
{
  guint moves;

  f->liar->silent = TRUE;
  pass (f, 14); /* five times as long as reports are apart, and a cycle */
  g_assert_cmpstr (status_of (f, f->liar), ==, "stale");
  moves = n_moves (f->liar);
  assert_honest_is_served (f);
  pass (f, 120);
  g_assert_cmpuint (n_moves (f->liar), ==, moves);
  f->liar->silent = FALSE;
  pass (f, 4);
  g_assert_cmpstr (status_of (f, f->liar), ==, "managed");
}

static void
test_absent (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (f->liar);

  f->liar->used = MC_UNKNOWN; /* its figures are the test's from now on */
  f->liar->figures.unused = f->liar->figures.usable = f->liar->figures.available = MC_UNKNOWN;
  f->liar->figures.swap_in = f->liar->figures.swap_out = MC_UNKNOWN;
  pass (f, 3);
  g_assert_cmpstr (status_of (f, f->liar), ==, "no-stats");
  assert_honest_is_served (f);
  g_assert_cmpuint (n_moves (f->liar), ==, moves);
}

/* Each of these at once in a guest that otherwise goes on to report. */
static void
test_absurd (Fixture *f, gconstpointer data)
{
  const guint64 absurd[] = { G_MAXUINT64, G_MAXUINT64 - 1, G_MAXINT64, 2 * MC_GIB, MC_GIB + 1 };
  guint64 unused = f->liar->figures.unused;

  f->liar->used = MC_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      guint moves = n_moves (f->liar);

      f->liar->figures.unused = absurd[i];
      f->liar->figures.usable = absurd[i];
      f->liar->figures.available = absurd[i];
      for (guint second = 0; second < 20; second++)
        {
          f->liar->figures.stats_time_s++;
          pass (f, 1);
        }
      g_assert_cmpstr (status_of (f, f->liar), !=, "managed");
      g_assert_cmpuint (n_moves (f->liar), ==, moves);
    }
  assert_honest_is_served (f);
  f->liar->figures.unused = f->liar->figures.usable = unused;
  f->liar->figures.available = f->liar->figures.balloon;
  f->liar->figures.stats_time_s++;
  pass (f, 2);
  g_assert_cmpstr (status_of (f, f->liar), ==, "managed");
}

/* Swap counters that start again, and reports dated earlier than the last: the host's clock went
 * back. */
static void
test_backwards (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (f->liar);

  f->liar->figures.swap_in = f->liar->figures.swap_out = 8 * MC_GIB;
  f->liar->figures.stats_time_s = 1000000;
  pass (f, 2);
  moves = n_moves (f->liar);
  for (guint i = 0; i < 60; i++)
    {
      f->liar->figures.swap_in -= 100 * MC_MIB;
      f->liar->figures.swap_out -= 100 * MC_MIB;
      f->liar->figures.stats_time_s -= 2; /* of which the fake adds one */
      pass (f, 1);
      g_assert_cmpstr (status_of (f, f->liar), ==, "managed");
    }
  g_assert_cmpuint (
      mc_vm_get_view (mc_coordinator_lookup_vm (f->coordinator, f->liar->figures.uuid))
          ->swap_in_rate,
      ==, 0);
  g_assert_cmpuint (n_moves (f->liar), ==, moves);
  assert_honest_is_served (f);
}

static void
test_clock_steps (Fixture *f, gconstpointer data)
{
  guint moves = n_moves (f->liar);
  const gint64 steps_s[] = { 3600, -7200, 86400 * 365, -86400 * 700 };

  for (guint i = 0; i < G_N_ELEMENTS (steps_s); i++)
    {
      mc_test_clock_step_wall (f->clock, steps_s[i] * SECOND);
      for (guint second = 0; second < 10; second++)
        {
          pass (f, 1);
          g_assert_cmpstr (status_of (f, f->liar), ==, "managed");
        }
    }
  g_assert_cmpuint (n_moves (f->liar), ==, moves);
  assert_honest_is_served (f);
}

/* A pause is of so many seconds, whatever the wall clock does meanwhile. */
static void
test_clock_steps_in_a_pause (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_coordinator_pause (f->coordinator, "backup", 30, "test", &error));
  g_assert_no_error (error);
  mc_test_clock_step_wall (f->clock, -3600 * SECOND);
  pass (f, 25);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  mc_test_clock_step_wall (f->clock, 7200 * SECOND);
  pass (f, 3);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  pass (f, 4);
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_RUNNING);
}

/* Another coordinator, or a person with virsh. */
static void
test_foreign_target (Fixture *f, gconstpointer data)
{
  McVm *vm = mc_coordinator_lookup_vm (f->coordinator, f->liar->figures.uuid);
  guint moves;

  f->liar->used = 470 * MC_MIB;
  pass (f, 30);
  f->liar->used = 400 * MC_MIB;
  pass (f, 10);
  g_assert_cmpuint (f->liar->figures.balloon, >, 540 * MC_MIB);
  moves = n_moves (f->liar);
  f->liar->target = 460 * MC_MIB; /* told by somebody else; it has 60 MiB left */
  pass (f, 4);
  g_assert_nonnull (strstr (mc_vm_get_view (vm)->last_reason, "somebody else"));
  pass (f, 50);
  g_assert_cmpuint (n_moves (f->liar), ==, moves);
  g_assert_cmpuint (f->liar->figures.balloon, ==, 460 * MC_MIB);
  pass (f, 12);
  g_assert_cmpuint (f->liar->figures.balloon, >, 500 * MC_MIB);
  assert_honest_is_served (f);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/faults/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("frozen", test_frozen);
  TEST ("absent", test_absent);
  TEST ("absurd", test_absurd);
  TEST ("backwards", test_backwards);
  TEST ("clock-steps", test_clock_steps);
  TEST ("clock-steps-in-a-pause", test_clock_steps_in_a_pause);
  TEST ("foreign-target", test_foreign_target);
  return g_test_run ();
}
