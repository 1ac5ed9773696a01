/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service forecasts in a dry run, and where it ends once that is off. */
#include "config.h"

#include <string.h>

#include "coordinator-fixture.h"
#include "forecast-run.h"

#define WATCHED 30
#define LIVES   600

/* Of a VM's capacity: moves below comfort_trifle_percent are not worth one, so where they end
 * depends on the second in which they begin. */
#define TOLERANCE_PERCENT 10

static McForecastRun *
forecast (Fixture *f)
{
  McForecastRun *run = mc_forecast_run_new (mc_coordinator_get_parts (f->coordinator));

  mc_forecast_run_carry_out (run);
  return run;
}

static McVmForecast
forecast_of (const McForecastRun *run, const McFakeVm *vm)
{
  for (gsize i = 0; i < mc_forecast_run_count_vms (run); i++)
    {
      const char *uuid;
      const McVmForecast *found = mc_forecast_run_get_vm (run, i, &uuid);

      if (g_str_equal (uuid, vm->figures.uuid))
        return *found;
    }
  g_assert_not_reached ();
}

static void
add_mixed_guests (Fixture *f, McFakeVm **vms)
{
  vms[0] = fixture_add_guest (f, "idle", MC_GIB, MC_GIB, 300 * MC_MIB);
  vms[1] = fixture_add_guest (f, "busy", MC_GIB, 600 * MC_MIB, 540 * MC_MIB);
  vms[2] = fixture_add_guest (f, "large", 2 * MC_GIB, 2 * MC_GIB, 500 * MC_MIB);
}

static void
end_dry_run (Fixture *f)
{
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, FALSE, "test");
}

static void
assert_ends_as_forecast (Fixture *f, guint64 other)
{
  McFakeVm *vms[3];
  McVmForecast ends[G_N_ELEMENTS (vms)];
  g_autoptr (McForecastRun) run = NULL;

  f->dry_run = TRUE;
  add_mixed_guests (f, vms);
  mc_fake_hypervisor_set_host (f->fake, 6 * MC_GIB, 5 * MC_GIB);
  mc_fake_hypervisor_set_host_other (f->fake, other);
  fixture_start_service (f);
  fixture_pass (f, WATCHED);
  run = forecast (f);
  g_assert_true (mc_forecast_run_get_sum (run)->at_rest);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    {
      ends[i] = forecast_of (run, vms[i]);
      g_assert_cmpuint (ends[i].from, ==, vms[i]->figures.balloon);
    }
  g_assert_cmpuint (fixture_n_targets (f), ==, 0);
  end_dry_run (f);
  fixture_pass (f, LIVES);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    {
      guint64 capacity = vms[i]->figures.capacity;
      guint64 end = vms[i]->figures.balloon;

      g_test_message ("%s: %" G_GUINT64_FORMAT " MiB → %" G_GUINT64_FORMAT
                      " MiB, forecast %" G_GUINT64_FORMAT " MiB",
                      vms[i]->figures.name, ends[i].from / MC_MIB, end / MC_MIB,
                      ends[i].to / MC_MIB);
      g_assert_cmpuint (MAX (end, ends[i].to) - MIN (end, ends[i].to), <=,
                        capacity / 100 * TOLERANCE_PERCENT);
    }
}

static void
test_ends_with_room (Fixture *f, gconstpointer data)
{
  assert_ends_as_forecast (f, MC_GIB);
}

static void
test_ends_on_a_tight_host (Fixture *f, gconstpointer data)
{
  assert_ends_as_forecast (f, 3 * MC_GIB);
}

/* To the last byte. */
static void
test_changes_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vms[3];
  McVmHistory before[G_N_ELEMENTS (vms)];
  g_autoptr (McForecastRun) run = NULL;

  add_mixed_guests (f, vms);
  fixture_start_service (f);
  fixture_pass (f, 5);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    memcpy (&before[i], mc_vm_get_history (fixture_vm_of (f, vms[i])), sizeof before[i]);
  run = forecast (f);
  g_assert_cmpuint (mc_forecast_run_count_vms (run), ==, G_N_ELEMENTS (vms));
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    g_assert_cmpmem (&before[i], sizeof before[i], mc_vm_get_history (fixture_vm_of (f, vms[i])),
                     sizeof before[i]);
}

static void
test_empty_while_degraded (Fixture *f, gconstpointer data)
{
  g_autoptr (McForecastRun) run = NULL;

  fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_start_service (f);
  fixture_pass (f, 5);
  mc_fake_hypervisor_disconnect (f->fake, "gone");
  fixture_pass (f, 5);
  run = forecast (f);
  g_assert_null (mc_forecast_run_get_sum (run));
  g_assert_cmpuint (mc_forecast_run_count_vms (run), ==, 0);
}

/* Each is what it was: opted out, paused, silent, without a balloon. */
static void
test_who_is_not_managed_stays (Fixture *f, gconstpointer data)
{
  McFakeVm *vms[3];
  g_autoptr (McForecastRun) run = NULL;

  add_mixed_guests (f, vms);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vms[0], "<policy managed='no'/>");
  vms[1]->description.has_balloon = FALSE;
  mc_fake_hypervisor_set_host_other (f->fake, 2 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 20);
  vms[2]->silent = TRUE;
  fixture_pass (f, 60);
  run = forecast (f);
  g_assert_cmpint (forecast_of (run, vms[0]).status, ==, MC_VM_OPTED_OUT);
  g_assert_cmpint (forecast_of (run, vms[1]).status, ==, MC_VM_UNSUPPORTED);
  g_assert_cmpint (forecast_of (run, vms[2]).status, ==, MC_VM_STALE);
  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    g_assert_cmpuint (forecast_of (run, vms[i]).to, ==, vms[i]->figures.balloon);
  g_assert_cmpuint (mc_forecast_run_get_sum (run)->taken, ==, 0);
  g_assert_cmpuint (mc_forecast_run_get_sum (run)->given, ==, 0);
}

/* Where somebody else has set it while nobody moves it, not where the service had. */
static void
test_who_was_set_by_others_stays (Fixture *f, gconstpointer data)
{
  McFakeVm *vms[3];
  g_autoptr (McForecastRun) run = NULL;

  add_mixed_guests (f, vms);
  mc_fake_hypervisor_set_host_other (f->fake, 2 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 60);
  g_assert_cmpuint (vms[2]->figures.balloon, <, 2 * MC_GIB);
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vms[2]))->pause, "being looked at", 0, "me");
  vms[2]->target = 2 * MC_GIB - 100 * MC_MIB;
  fixture_pass (f, 10);
  run = forecast (f);
  g_assert_cmpuint (vms[2]->figures.balloon, ==, 2 * MC_GIB - 100 * MC_MIB);
  g_assert_cmpuint (forecast_of (run, vms[2]).to, ==, vms[2]->figures.balloon);
}

/* A VM that goes while the forecast is made takes nothing with it that the forecast reads. */
static void
test_outlives_its_vms (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  g_autofree char *uuid = NULL;
  g_autoptr (McForecastRun) run = NULL;
  const char *told;

  vm->description.immovable = g_strdup ("it has a device");
  fixture_start_service (f);
  fixture_pass (f, 5);
  uuid = g_strdup (vm->figures.uuid);
  run = mc_forecast_run_new (mc_coordinator_get_parts (f->coordinator));
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  fixture_pass (f, 5);
  mc_forecast_run_carry_out (run);
  mc_forecast_run_get_vm (run, 0, &told);
  g_assert_cmpstr (told, ==, uuid);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/forecast-run/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("ends-with-room", test_ends_with_room);
  TEST ("ends-on-a-tight-host", test_ends_on_a_tight_host);
  TEST ("changes-nothing", test_changes_nothing);
  TEST ("empty-while-degraded", test_empty_while_degraded);
  TEST ("who-is-not-managed-stays", test_who_is_not_managed_stays);
  TEST ("who-was-set-by-others-stays", test_who_was_set_by_others_stays);
  TEST ("outlives-its-vms", test_outlives_its_vms);
  return g_test_run ();
}
