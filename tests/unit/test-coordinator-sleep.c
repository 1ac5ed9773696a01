/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs that are not asked while nothing can have happened to them, and what wakes them. */
#include "config.h"

#include "coordinator-fixture.h"

#define SELDOM_S 10
#define FIFTHS   5

static McTuning tuning;

static void
set_up (Fixture *f, gconstpointer data)
{
  tuning = mc_tuning_default;
  fixture_set_up (f, data);
  f->tuning = &tuning;
}

/* With all that it wants, and nothing to give. */
static McFakeVm *
add_idle_guest (Fixture *f, const char *name)
{
  McFakeVm *vm = fixture_add_guest (f, name, MC_GIB, MC_GIB, 620 * MC_MIB);

  vm->description.emulated = TRUE; /* and so it fills no more than a GiB in a second of its time */
  vm->figures.cpu_time_us = 5 * SECOND;
  return vm;
}

/* All guests idle: each uses a thousandth of a processor. */
static void
idle (Fixture *f, guint seconds)
{
  for (guint s = 0; s < seconds; s++)
    {
      for (guint i = 0; i < mc_fake_hypervisor_count_vms (f->fake); i++)
        mc_fake_hypervisor_get_vm (f->fake, i)->figures.cpu_time_us += 1000;
      fixture_pass (f, 1);
    }
}

static void
wait_until_asleep (Fixture *f, McFakeVm *vm)
{
  vm->n_asked = 1;
  for (guint s = 0; vm->n_asked != 0 && s < 60; s++)
    {
      vm->n_asked = 0;
      idle (f, 6);
    }
  g_assert_cmpuint (vm->n_asked, ==, 0);
}

static McFakeVm *
start_with_sleeper (Fixture *f)
{
  McFakeVm *vm = add_idle_guest (f, "vm");

  fixture_start_service (f);
  idle (f, 60);
  wait_until_asleep (f, vm);
  return vm;
}

static void
test_asked_seldom (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_with_sleeper (f);
  guint sets = vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD];

  g_assert_cmpuint (vm->description.stats_period_s, ==, SELDOM_S);
  idle (f, 240);
  g_assert_cmpuint (vm->n_asked, >=, 240 / 36);
  g_assert_cmpuint (vm->n_asked, <=, 240 / 2 / 5);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD], ==, sets);
  g_assert_cmpuint (vm->description.stats_period_s, ==, SELDOM_S);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

/* A part of a sample that is late tells nothing of who sleeps in it. */
static void
test_late_part_wakes_nobody (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_with_sleeper (f);
  const McDomain *domain = &mc_vm_get_parts (fixture_vm_of (f, vm))->domain;
  guint64 n_sample = domain->n_sample;
  guint sets = vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD];
  McVmSample figures = vm->figures;

  vm->used = MC_UNKNOWN; /* it says nothing by itself */
  vm->n_asked = 0;
  vm->figures.busy = TRUE;
  vm->figures.balloon = vm->figures.capacity = vm->figures.cpu_time_us = MC_UNKNOWN;
  for (guint i = 0; domain->n_sample == n_sample && i < 60 * FIFTHS; i++)
    fixture_advance (f, SECOND / FIFTHS);
  g_assert_cmpuint (domain->n_sample, ==, n_sample + 1);
  vm->figures.busy = FALSE;
  vm->figures.balloon = figures.balloon;
  vm->figures.capacity = figures.capacity;
  vm->figures.cpu_time_us = figures.cpu_time_us;
  fixture_pass (f, 6);
  g_assert_true (domain->facts.asleep);
  g_assert_cmpuint (vm->n_asked, ==, 0);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD], ==, sets);
}

/* As soon as its process has used what a need would take, it is asked, reports as often as anybody,
 * and is served. */
static void
test_cpu_time_wakes_it (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_with_sleeper (f);

  mc_fake_hypervisor_set_balloon (f->fake, vm, 900 * MC_MIB);
  vm->target = 900 * MC_MIB;
  idle (f, 90);
  vm->n_asked = 0;
  idle (f, 3);
  vm->used = 830 * MC_MIB;
  vm->figures.cpu_time_us += SECOND / 2;
  fixture_pass (f, 3);
  g_assert_cmpuint (vm->n_asked, >=, 1);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
  g_assert_cmpuint (vm->target, >, 900 * MC_MIB);
}

static void
wake_by_event (Fixture *f, McFakeVm *vm)
{
  mc_fake_hypervisor_reboot_vm (f->fake, vm);
}

static void
wake_by_change (Fixture *f, McFakeVm *vm)
{
  mc_fake_hypervisor_change_vm (f->fake, vm);
}

static void
wake_by_balloon (Fixture *f, McFakeVm *vm)
{
  mc_fake_hypervisor_set_balloon (f->fake, vm, vm->figures.balloon - 8 * MC_MIB);
}

static void
wake_by_tight_host (Fixture *f, McFakeVm *vm)
{
  mc_fake_hypervisor_set_host_other (f->fake, 7000 * MC_MIB);
}

static void
wake_by_pause (Fixture *f, McFakeVm *vm)
{
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "a test", 0, "me");
}

static void
wake_by_resuming (Fixture *f, McFakeVm *vm)
{
  g_assert_true (mc_pause_end (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "", "me", NULL));
}

static void
wake_by_policy_of_all (Fixture *f, McFakeVm *vm)
{
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "a test", 0, "me");
  g_assert_true (mc_pause_end (&mc_coordinator_get_parts (f->coordinator)->pause, "", "me", NULL));
}

static void
test_what_wakes_it (Fixture *f, gconstpointer data)
{
  void (*const wakes[]) (Fixture *f, McFakeVm *vm)
      = { wake_by_event,    wake_by_change,        wake_by_balloon,   wake_by_pause,
          wake_by_resuming, wake_by_policy_of_all, wake_by_tight_host };
  McFakeVm *vm = start_with_sleeper (f);

  for (gsize i = 0; i < G_N_ELEMENTS (wakes); i++)
    {
      for (guint s = 0; vm->n_asked != 0 && s < 200; s++)
        {
          vm->n_asked = 0;
          idle (f, 6);
        }
      g_assert_cmpuint (vm->n_asked, ==, 0);
      wakes[i](f, vm);
      fixture_pass (f, 3);
      g_assert_cmpuint (vm->n_asked, >=, 1);
    }
}

/* Returns: after how many seconds it has what it needs. */
static guint
serve (Fixture *f, McFakeVm *needy)
{
  needy->used = needy->figures.balloon - 20 * MC_MIB;
  needy->figures.cpu_time_us += SECOND;
  for (guint s = 1; s < 60; s++)
    {
      fixture_pass (f, 1);
      if (needy->target >= needy->used + 150 * MC_MIB)
        return s;
    }
  g_assert_not_reached ();
}

/* What a process has that hangs as it sleeps is nobody's: nobody waits for it. */
static void
test_one_that_hangs_delays_nobody (Fixture *f, gconstpointer data)
{
  McFakeVm *hung = add_idle_guest (f, "hung"), *needy = add_idle_guest (f, "needy");
  guint beside_well, beside_hung;

  add_idle_guest (f, "other");
  fixture_start_service (f);
  idle (f, 90);
  beside_well = serve (f, needy);
  needy->used = 300 * MC_MIB;
  idle (f, 400);
  hung->n_asked = 0;
  mc_fake_hypervisor_hang_vm (f->fake, hung);
  idle (f, 1);
  g_assert_cmpstr (fixture_status_of (f, hung), ==, "managed");
  beside_hung = serve (f, needy);
  g_assert_cmpuint (beside_hung, <=, beside_well);
  idle (f, 32);
  g_assert_cmpstr (fixture_status_of (f, hung), ==, "busy");
}

/* Returns: how many samples there are in so many seconds: @awake is asked in each. */
static guint
count_samples (Fixture *f, McFakeVm *awake, guint seconds)
{
  awake->n_asked = 0;
  fixture_pass (f, seconds);
  return awake->n_asked;
}

/* It is not waited for as soon as it is only shown: it may never report again. */
static void
test_one_that_is_suspended_as_it_wakes_is_not_waited_for (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_with_sleeper (f), *awake = add_idle_guest (f, "awake");

  awake->no_driver = TRUE; /* and so it is asked in every cycle */
  idle (f, 60);
  wait_until_asleep (f, vm);
  while (vm->n_asked == 0) /* its turn */
    idle (f, 1);
  vm->silent = TRUE;
  idle (f, 4);
  vm->n_asked = 0;
  vm->figures.cpu_time_us += 2 * SECOND;
  for (guint s = 0; vm->n_asked == 0 && s < 10; s++)
    fixture_pass (f, 1);
  mc_fake_hypervisor_set_running (f->fake, vm, FALSE);
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "suspended");
  g_assert_cmpuint (count_samples (f, awake, 60), <=, 60 / 2 + 2);
}

#define N_BURSTY 300

typedef struct
{
  McFakeVm *bursty[N_BURSTY]; /* each has a burst a minute, one after the other */
  McFakeVm *awake;            /* it is asked in each sample */
  guint fifth;
} Crowd;

static void
crowd_start (Crowd *self, Fixture *f)
{
  mc_fake_hypervisor_set_host (f->fake, 1024 * MC_GIB, 900 * MC_GIB);
  for (guint i = 0; i < N_BURSTY; i++)
    {
      g_autofree char *name = g_strdup_printf ("bursty-%u", i);

      self->bursty[i] = add_idle_guest (f, name);
    }
  self->awake = add_idle_guest (f, "awake");
  self->awake->no_driver = TRUE;
  fixture_start_service (f);
  idle (f, 120);
}

static void
crowd_pass_fifth (Crowd *self, Fixture *f, gboolean bursts)
{
  if (bursts)
    self->bursty[self->fifth % N_BURSTY]->figures.cpu_time_us += SECOND;
  if (self->fifth++ % FIFTHS == 0)
    mc_fake_hypervisor_tick (f->fake, 1);
  fixture_advance (f, SECOND / FIFTHS);
}

/* In the cycle that one VM wakes for all are asked who are awake: many who wake after each other do
 * not make the cycles follow each other as closely as they can. */
static void
test_many_that_wake_hurry_nobody_else (Fixture *f, gconstpointer data)
{
  Crowd crowd = { 0 };

  crowd_start (&crowd, f);
  crowd.awake->n_asked = 0;
  for (guint i = 0; i < 60 * FIFTHS; i++)
    crowd_pass_fifth (&crowd, f, TRUE);
  g_assert_cmpuint (crowd.awake->n_asked, <=, 60 * 2);
}

/* Returns: after how many fifths of a second it is known, at the most, that one that sleeps has
 * come to use more. */
static guint
surprise_sleeper (Crowd *crowd, Fixture *f, McFakeVm *vm, gboolean bursts)
{
  const McVmFacts *facts = &mc_vm_get_parts (fixture_vm_of (f, vm))->domain.facts;
  guint most = 0;

  for (guint phase = 0; phase < 2 * FIFTHS; phase++)
    {
      guint took = 0;
      guint64 unused;

      vm->used = 620 * MC_MIB;
      for (guint i = 0; i < 90 * FIFTHS + phase; i++)
        crowd_pass_fifth (crowd, f, bursts);
      g_assert_cmpuint (vm->description.stats_period_s, ==, SELDOM_S);
      unused = facts->unused;
      vm->used = 700 * MC_MIB;
      vm->figures.cpu_time_us += SECOND / 2;
      for (; facts->unused == unused && took < 60 * FIFTHS; took++)
        crowd_pass_fifth (crowd, f, bursts);
      g_assert_cmpuint (facts->unused, !=, unused);
      most = MAX (most, took);
    }
  return most;
}

/* It is heard of as soon as where nobody else wakes. */
static void
test_one_that_wakes_beside_many_is_heard (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_idle_guest (f, "vm");
  Crowd crowd = { 0 };
  guint alone, beside;

  crowd_start (&crowd, f);
  alone = surprise_sleeper (&crowd, f, vm, FALSE);
  beside = surprise_sleeper (&crowd, f, vm, TRUE);
  g_assert_cmpuint (beside, <=, alone);
}

/* In a dry run the periods of VMs that report by themselves are left alone. */
static void
test_dry_run_changes_no_period (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_idle_guest (f, "vm");

  vm->description.stats_period_s = 5;
  f->dry_run = TRUE;
  fixture_start_service (f);
  idle (f, 120);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_STATS_PERIOD], ==, 0);
  g_assert_cmpuint (vm->n_asked, <, 40);
}

static void
test_nobody_sleeps_where_it_is_off (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_idle_guest (f, "vm");

  tuning.sleep_turn_s = 0;
  fixture_start_service (f);
  idle (f, 60);
  vm->n_asked = 0;
  idle (f, 60);
  g_assert_cmpuint (vm->n_asked, >=, 60 / 2 - 1);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 1);
}

typedef struct
{
  McDomain domain;
  McVmSample *sample;
  gint64 now_us, wall_us;
} Reports;

/* Looks at its figures, so many seconds after it last did: the newest report is of @report_s. */
static void
look (Reports *reports, guint seconds, gint64 report_s)
{
  reports->now_us += seconds * SECOND;
  reports->wall_us += seconds * SECOND;
  reports->sample->stats_time_s = report_s;
  mc_domain_update_from_sample (&reports->domain, reports->sample, 0, reports->now_us,
                                reports->wall_us, 1);
}

/* Whatever the clock on the wall is set to: it was not there when it was last asked. */
static void
test_report_is_so_old_at_the_most (void)
{
  g_autoptr (McVmSample) sample = mc_vm_sample_new ("8c3b1e7e-0000-4000-8000-000000000001", "vm");
  gint64 wall_us = (gint64)1000000 * SECOND + SECOND / 4;
  Reports reports = { .sample = sample, .now_us = 50 * SECOND, .wall_us = wall_us };
  const gint64 *age_us = &reports.domain.facts.stats_age_us;
  const gint64 *shown_us = &reports.domain.report_wall_us;

  mc_domain_init (&reports.domain, NULL, sample, 0);
  look (&reports, 0, 999991);
  g_assert_cmpint (*age_us, ==, 0); /* the clock may have been set since */
  g_assert_cmpint (*shown_us, ==, (gint64)999992 * SECOND);
  look (&reports, 20, 1000009);
  g_assert_cmpint (*age_us, ==, 11 * SECOND + SECOND / 4);
  g_assert_cmpint (*shown_us, ==, (gint64)1000010 * SECOND);
  look (&reports, 2, 1000009); /* the same one */
  g_assert_cmpint (*age_us, ==, 13 * SECOND + SECOND / 4);
  g_assert_cmpint (*shown_us, ==, (gint64)1000010 * SECOND);
  reports.wall_us -= (gint64)3600 * SECOND;
  look (&reports, 4, 1000025); /* in the future, as it seems */
  g_assert_cmpint (*age_us, ==, 4 * SECOND);
  look (&reports, 4, 996000); /* long ago */
  g_assert_cmpint (*age_us, ==, 4 * SECOND);
  g_assert_cmpint (ABS (*shown_us - reports.wall_us), <=, 4 * SECOND);
  mc_domain_clear (&reports.domain);
}

/* A clock that was set back since, or is ahead of this one, tells of no report to come. */
static void
test_first_report_is_not_of_later (void)
{
  g_autoptr (McVmSample) sample = mc_vm_sample_new ("8c3b1e7e-0000-4000-8000-000000000001", "vm");
  gint64 wall_us = (gint64)1000000 * SECOND + SECOND / 4;
  Reports reports = { .sample = sample, .now_us = 50 * SECOND, .wall_us = wall_us };

  mc_domain_init (&reports.domain, NULL, sample, 0);
  look (&reports, 0, 1003600);
  g_assert_cmpint (reports.domain.report_wall_us, ==, wall_us);
  mc_domain_clear (&reports.domain);
}

/* What its guest had is put back, however seldom it was asked. */
static void
test_period_is_put_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = start_with_sleeper (f);

  fixture_stop_service (f);
  g_assert_cmpuint (vm->description.stats_period_s, ==, 0);
}

int
main (int argc, char *argv[])
{
  const struct
  {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/coordinator/sleep/seldom", test_asked_seldom },
    { "/coordinator/sleep/late-part", test_late_part_wakes_nobody },
    { "/coordinator/sleep/cpu-time", test_cpu_time_wakes_it },
    { "/coordinator/sleep/what-wakes", test_what_wakes_it },
    { "/coordinator/sleep/hangs", test_one_that_hangs_delays_nobody },
    { "/coordinator/sleep/suspended-as-it-wakes",
      test_one_that_is_suspended_as_it_wakes_is_not_waited_for },
    { "/coordinator/sleep/many-bursts", test_many_that_wake_hurry_nobody_else },
    { "/coordinator/sleep/beside-many-bursts", test_one_that_wakes_beside_many_is_heard },
    { "/coordinator/sleep/dry-run", test_dry_run_changes_no_period },
    { "/coordinator/sleep/period", test_period_is_put_back },
    { "/coordinator/sleep/off", test_nobody_sleeps_where_it_is_off },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, fixture_tear_down);
  g_test_add_func ("/coordinator/sleep/age-of-a-report", test_report_is_so_old_at_the_most);
  g_test_add_func ("/coordinator/sleep/first-report", test_first_report_is_not_of_later);
  return g_test_run ();
}
