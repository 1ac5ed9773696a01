/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people and programs ask of the coordinator. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coordinator-fixture.h"
#include "policy-settings.h"

static void
test_pause_ends_by_itself (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GError) error = NULL;
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 15);
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 30, ":1.7 uid 0");
  g_assert_cmpint (mc_coordinator_get_view (f->coordinator)->state, ==, MC_STATE_PAUSED);
  g_assert_cmpstr (mc_coordinator_get_view (f->coordinator)->pause_reason, ==, "backup");
  before = fixture_n_targets (f);
  vm->used = 480 * MC_MIB;
  fixture_pass (f, 20);
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "paused");
  g_assert_cmpuint (mc_vm_get_view (fixture_vm_of (f, vm))->unused, <=, 32 * MC_MIB);
  fixture_pass (f, 15);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
  g_assert_nonnull (strstr (f->changes->str, "Paused false→true :1.7 uid 0\n"));
  g_assert_nonnull (strstr (f->changes->str, "Paused true→false timer\n"));
  g_assert_false (
      mc_pause_end (&mc_coordinator_get_parts (f->coordinator)->pause, "Balancing", "", &error));
  g_assert_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_PAUSED);
}

/* A guest that cannot give what it was told to, and is on its way. */
static McFakeVm *
squeeze_out_of_reach (Fixture *f)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  vm->floor = MC_GIB - 10 * MC_MIB;
  fixture_start_service (f);
  while (vm->target == MC_UNKNOWN)
    fixture_pass (f, 1);
  g_assert_cmpuint (vm->target, <, vm->figures.balloon - 10 * MC_MIB);
  return vm;
}

/* The guest would go on to give up every page it frees, for as long as the pause lasts. */
static void
test_pause_leaves_no_target_out_of_reach (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = squeeze_out_of_reach (f);

  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 0, "me");
  fixture_pass (f, 15);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "paused");
  g_assert_cmpuint (vm->target, >=, vm->figures.balloon - 10 * MC_MIB);
}

static void
test_dry_run_leaves_no_target_out_of_reach (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = squeeze_out_of_reach (f);

  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, TRUE, "me");
  fixture_pass (f, 15);
  g_assert_cmpuint (vm->target, >=, vm->figures.balloon - 10 * MC_MIB);
}

static void
test_pause_outlives_a_restart (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 5);
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "migration", 600, "me");
  mc_pause_begin (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "being looked at", 0, "me");
  fixture_stop_service (f);
  fixture_start_service (f);
  fixture_pass (f, 3);
  g_assert_cmpstr (mc_coordinator_get_view (f->coordinator)->pause_reason, ==, "migration");
  g_assert_cmpstr (mc_vm_get_view (fixture_vm_of (f, vm))->pause_reason, ==, "being looked at");
  mc_pause_end (&mc_coordinator_get_parts (f->coordinator)->pause, "Balancing", "me", NULL);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "paused");
  g_assert_true (mc_pause_end (&mc_vm_get_parts (fixture_vm_of (f, vm))->pause, "vm", "me", NULL));
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

/* Returns: the descriptor that whoever inhibits keeps. */
static int
inhibit (Fixture *f, const char *who, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = mc_inhibitors_add (
      &mc_coordinator_get_parts (f->coordinator)->inhibitors, who, why, "me", 1000, 42, &error);
  int fd;

  g_assert_no_error (error);
  fd = g_unix_fd_list_get (fds, 0, &error);
  g_assert_no_error (error);
  return fd;
}

static void
test_inhibitors (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  int one, two;

  fixture_start_service (f);
  fixture_pass (f, 5);
  one = inhibit (f, "backup", "a snapshot is taken");
  two = inhibit (f, "other", "for a reason");
  g_assert_cmpuint (mc_coordinator_get_parts (f->coordinator)->inhibitors.list->len, ==, 2);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "paused");
  g_assert_nonnull (
      strstr (mc_vm_get_view (fixture_vm_of (f, vm))->status_detail, "a snapshot is taken"));
  close (one);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "paused");
  close (two);
  fixture_pass (f, 3);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "managed");
}

static void
test_dry_run (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  McVm *known;

  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\ndry-run=true\n", -1, NULL));
  fixture_start_service (f);
  fixture_pass (f, 15);
  vm->used = 480 * MC_MIB;
  fixture_pass (f, 15);
  known = fixture_vm_of (f, vm);
  g_assert_cmpuint (fixture_n_targets (f), ==, 0);
  g_assert_cmpuint (f->n_moved, ==, 0);
  g_assert_true (g_str_has_prefix (mc_vm_get_view (known)->last_reason, "dry run: "));
  g_assert_cmpuint (mc_vm_get_moves (known)->len, <=, 4);
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, FALSE, "me");
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->target, >, 512 * MC_MIB);
}

/* What was only reported is not waited for: once the dry run is off, balloons go on giving. */
static void
test_dry_run_is_not_remembered (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  fixture_add_guest (f, "other", MC_GIB, MC_GIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_host_other (f->fake, 3 * MC_GIB);
  f->dry_run = TRUE;
  fixture_start_service (f);
  fixture_pass (f, 90);
  g_assert_cmpuint (fixture_n_targets (f), ==, 0);
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, vm))->len, >, 0);
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, FALSE, "me");
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->figures.balloon, <, 700 * MC_MIB);
}

static void
test_plan_moves_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autoptr (GPtrArray) plan = NULL;
  const McPlanned *planned;
  McVmHistory history;
  McVmDecision decision;
  guint before;

  fixture_start_service (f);
  fixture_pass (f, 10);
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, TRUE, "me");
  vm->used = 480 * MC_MIB;
  fixture_pass (f, 5);
  before = fixture_n_targets (f);
  history = *mc_vm_get_history (fixture_vm_of (f, vm));
  decision = *mc_vm_get_decision (fixture_vm_of (f, vm));
  plan = mc_cycle_plan (mc_coordinator_get_parts (f->coordinator));
  g_assert_cmpuint (plan->len, ==, 1);
  planned = plan->pdata[0];
  g_assert_cmpuint (planned->to, >, planned->from);
  g_assert_cmpuint (fixture_n_targets (f), ==, before);
  g_assert_cmpmem (mc_vm_get_history (fixture_vm_of (f, vm)), sizeof history, &history,
                   sizeof history);
  g_assert_cmpmem (mc_vm_get_decision (fixture_vm_of (f, vm)), sizeof decision, &decision,
                   sizeof decision);
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
  return mc_host_limits_set (&mc_coordinator_get_parts (f->coordinator)->limits, values,
                             ":1.5 uid 0", error);
}

static void
test_thresholds_are_set_whole (Fixture *f, gconstpointer data)
{
  const McHostView *view;
  g_autoptr (GError) conflict = NULL, unknown = NULL;
  const char *none[] = { NULL };

  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_false (set_host (f, &conflict, "StepLimit", 10, "LowWatermark", 400 * MC_MIB));
  g_assert_error (conflict, MC_SERVICE_ERROR, MC_SERVICE_ERROR_CONFLICT);
  g_assert_cmpuint (view->thresholds.step_limit, ==, 20);
  g_assert_false (set_host (f, &unknown, "Wattage", 1, NULL, 0));
  g_assert_error (unknown, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_THRESHOLD);
  g_assert_cmpstr (f->changes->str, ==, "");

  g_assert_true (set_host (f, NULL, "LowWatermark", 200 * MC_MIB, "HighWatermark", 300 * MC_MIB));
  g_assert_cmpuint (view->thresholds.low_watermark, ==, 200 * MC_MIB);
  g_assert_nonnull (strstr (f->changes->str, "LowWatermark 104857600→209715200 :1.5 uid 0\n"));
  fixture_stop_service (f);
  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_cmpuint (view->thresholds.high_watermark, ==, 300 * MC_MIB);
  g_assert_true (
      mc_host_limits_reset (&mc_coordinator_get_parts (f->coordinator)->limits, none, "me", NULL));
  g_assert_cmpuint (view->thresholds.high_watermark, ==, 150 * MC_MIB);
}

typedef struct
{
  guint n_ended;
  GError *error;
} Reloaded;

/* A local host's memory is known before anything is served. */
static void
test_reserve_is_judged_at_the_start (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "meminfo", NULL);
  g_autoptr (GVariant) more
      = g_variant_ref_sink (g_variant_new_parsed ("{'HostReserve': uint64 4294967296}"));
  g_autoptr (GError) error = NULL;
  const char *text = "[Thresholds]\n\nhost-reserve=8G\n";

  g_object_unref (f->host);
  f->host = mc_host_new (path, "/nonexistent", NULL);
  mc_fake_hypervisor_set_local (f->fake, TRUE);
  g_assert_true (
      g_file_set_contents (path, "MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n", -1, NULL));
  fixture_start_service (f);
  g_assert_true (
      mc_host_limits_check_host (&mc_coordinator_get_parts (f->coordinator)->limits, NULL));
  g_assert_true (
      mc_host_limits_set (&mc_coordinator_get_parts (f->coordinator)->limits, more, "me", NULL));
  fixture_stop_service (f);

  /* What was set goes, where the host has less since. */
  g_object_unref (f->host);
  f->host = mc_host_new (path, "/nonexistent", NULL);
  g_assert_true (
      g_file_set_contents (path, "MemTotal: 4194304 kB\nMemAvailable: 3145728 kB\n", -1, NULL));
  fixture_start_service (f);
  g_assert_true (
      mc_host_limits_check_host (&mc_coordinator_get_parts (f->coordinator)->limits, NULL));
  fixture_advance (f, 3 * SECOND);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->thresholds.host_reserve, ==,
                    200 * MC_MIB);
  fixture_stop_service (f);

  g_assert_true (g_file_set_contents (f->config_path, text, -1, NULL));
  fixture_start_service (f);
  g_assert_false (
      mc_host_limits_check_host (&mc_coordinator_get_parts (f->coordinator)->limits, &error));
  g_assert_true (g_str_has_suffix (error->message,
                                   "/memcoord.conf:3: host-reserve: HostReserve 8 GiB is not below "
                                   "HostTotal 4 GiB"));
  g_unlink (path);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reloaded *reloaded = user_data;

  reloaded->n_ended++;
  g_clear_error (&reloaded->error);
  mc_host_limits_reload_finish (result, &reloaded->error);
}

static void
begin_reload (Fixture *f, Reloaded *reloaded)
{
  mc_host_limits_reload_async (&mc_coordinator_get_parts (f->coordinator)->limits, "configuration",
                               on_reloaded, reloaded);
}

static gboolean
reload (Fixture *f, GError **error)
{
  Reloaded reloaded = { 0 };

  begin_reload (f, &reloaded);
  while (reloaded.n_ended < 1)
    g_main_context_iteration (NULL, TRUE);
  if (reloaded.error == NULL)
    return TRUE;
  g_propagate_error (error, reloaded.error);
  return FALSE;
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  const McHostView *view;
  g_autofree char *status = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (f->config_path, "[Thresholds]\nstep-limit=10\n", -1, NULL));
  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_cmpuint (view->thresholds.step_limit, ==, 10);
  g_assert_true (g_file_set_contents (f->config_path,
                                      "[Thresholds]\nstep-limit=15\nhost-reserve=1G\n", -1, NULL));
  g_assert_true (reload (f, &error));
  g_assert_cmpuint (view->thresholds.step_limit, ==, 15);
  g_assert_nonnull (strstr (f->changes->str, "StepLimit 10→15 configuration\n"));
  g_assert_true (
      g_file_set_contents (f->config_path, "[Thresholds]\nstep-limit=12\nspeed=high\n", -1, NULL));
  g_assert_false (reload (f, &error));
  g_assert_nonnull (strstr (error->message, "speed"));
  g_assert_cmpuint (view->thresholds.step_limit, ==, 15);
  g_assert_cmpstr (view->reload_error, ==, error->message);
  status = g_strdup_printf ("Balancing 0 VMs of fake:///; the last reload was refused: %s",
                            error->message);
  fixture_pass (f, 3);
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==, status);
  g_assert_true (g_file_set_contents (f->config_path, "[Thresholds]\nstep-limit=12\n", -1, NULL));
  g_assert_true (reload (f, NULL));
  g_assert_cmpstr (view->reload_error, ==, "");
  g_assert_cmpstr (mc_coordinator_get_status (f->coordinator), ==, "Balancing 0 VMs of fake:///");
}

/* The last of several is what counts, and what is read is nothing that one waits for. */
static void
test_reloads (Fixture *f, gconstpointer data)
{
  Reloaded reloaded = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_start_service (f);
  for (guint i = 1; i <= 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("[Thresholds]\nstep-limit=%u\n", i);

      g_assert_true (g_file_set_contents (f->config_path, text, -1, NULL));
      begin_reload (f, &reloaded);
    }
  while (reloaded.n_ended < 20)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (reloaded.error);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->thresholds.step_limit, ==, 20);
  g_unlink (f->config_path);
  g_assert_cmpint (mkfifo (f->config_path, 0600), ==, 0);
  g_assert_false (reload (f, &error));
  g_assert_nonnull (strstr (error->message, "memcoord.conf is not a regular file"));
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->thresholds.step_limit, ==, 20);
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

  reserved->id = mc_reservations_reserve_finish (result, &reserved->granted, &reserved->error);
}

static void
test_reservation (Fixture *f, gconstpointer data)
{
  Reserved reserved = { 0 };
  McFakeVm *vm;

  mc_fake_hypervisor_set_host (f->fake, 3 * MC_GIB, MC_GIB);
  mc_fake_hypervisor_set_host_other (f->fake, 512 * MC_MIB);
  vm = fixture_add_guest (f, "idle", 2 * MC_GIB, 2 * MC_GIB, 300 * MC_MIB);
  fixture_start_service (f);
  fixture_pass (f, 15);
  mc_reservations_reserve_async (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                 1200 * MC_MIB, 120, NULL, on_reserved, &reserved);
  fixture_pass (f, 40);
  g_assert_no_error (reserved.error);
  g_assert_nonnull (reserved.id);
  g_assert_cmpuint (reserved.granted, ==, 1200 * MC_MIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 1200 * MC_MIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->host_available, >=, 1400 * MC_MIB);
  g_assert_cmpuint (vm->figures.unused, >=, 100 * MC_MIB);

  fixture_add_guest (f, "expected", MC_GIB, MC_GIB, 300 * MC_MIB);
  fixture_pass (f, 3);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 176 * MC_MIB);
  g_assert_true (mc_reservations_release (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                          reserved.id, NULL));
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 0);
  g_assert_false (mc_reservations_release (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                           reserved.id, &reserved.error));
  g_assert_error (reserved.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_RESERVATION);
  g_clear_error (&reserved.error);
  g_free (reserved.id);
}

static guint64
paused_until (Fixture *f)
{
  return mc_coordinator_get_view (f->coordinator)->paused_until;
}

static gboolean
is_paused (Fixture *f)
{
  return mc_coordinator_get_view (f->coordinator)->state == MC_STATE_PAUSED;
}

static void
test_pause_outlasts_a_stepped_clock (Fixture *f, gconstpointer data)
{
  const gint64 steps_s[] = { 3600, -3600, -86400 * 365 };

  fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  fixture_start_service (f);
  for (guint i = 0; i < G_N_ELEMENTS (steps_s); i++)
    {
      guint64 before;

      mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "backup", 60, "me");
      before = paused_until (f);
      fixture_pass (f, 10);
      mc_test_clock_step_wall (f->clock, steps_s[i] * SECOND);
      fixture_pass (f, 40);
      g_assert_true (is_paused (f));
      g_assert_cmpuint (paused_until (f), ==, before + (guint64)(steps_s[i] * SECOND));
      fixture_pass (f, 11);
      g_assert_false (is_paused (f));
    }
}

static void
test_pause_goes_on_while_away (Fixture *f, gconstpointer data)
{
  fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  fixture_start_service (f);
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "migration", 600, "me");
  fixture_pass (f, 100);
  fixture_stop_service (f);
  fixture_pass (f, 200);
  fixture_start_service (f);
  g_assert_true (is_paused (f));
  fixture_pass (f, 290);
  g_assert_true (is_paused (f));
  fixture_pass (f, 15);
  g_assert_false (is_paused (f));
}

static void
test_pause_is_over_while_away (Fixture *f, gconstpointer data)
{
  fixture_start_service (f);
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "migration", 60, "me");
  fixture_stop_service (f);
  fixture_pass (f, 61);
  fixture_start_service (f);
  g_assert_false (is_paused (f));
  fixture_stop_service (f);
  fixture_start_service (f);
  g_assert_false (is_paused (f));
}

/* The clock of a host without a battery, before it has heard of the time. */
static void
test_pause_is_never_longer_than_asked_for (Fixture *f, gconstpointer data)
{
  fixture_start_service (f);
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "migration", 60, "me");
  fixture_stop_service (f);
  mc_test_clock_step_wall (f->clock, -G_GINT64_CONSTANT (1600000000) * SECOND);
  fixture_start_service (f);
  g_assert_true (is_paused (f));
  fixture_pass (f, 61);
  g_assert_false (is_paused (f));
}

static void
test_ordered_dry_run (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const McHostView *view;

  f->dry_run = TRUE;
  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\n", -1, NULL));
  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_true (view->dry_run);
  g_assert_true (reload (f, &error));
  g_assert_true (view->dry_run);
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, FALSE, "me");
  g_assert_false (view->dry_run);
  g_assert_true (reload (f, &error));
  g_assert_false (view->dry_run);
  fixture_stop_service (f);
  fixture_start_service (f);
  g_assert_true (mc_coordinator_get_view (f->coordinator)->dry_run);
}

static void
test_dry_run_tells_once (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 420 * MC_MIB);

  f->dry_run = TRUE;
  fixture_start_service (f);
  for (guint i = 0; i < 120; i++)
    {
      vm->used = 420 * MC_MIB + i % 7 * MC_MIB;
      fixture_pass (f, 1);
    }
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, vm))->len, >=, 1);
  g_assert_cmpuint (mc_vm_get_moves (fixture_vm_of (f, vm))->len, <=, 3);
}

static void
test_reload_tells_all_that_changed (Fixture *f, gconstpointer data)
{
  McFakeVm *vms[20];
  const char *expected[] = {
    "CacheGrowth 'comfortable'→'never' configuration\n",
    "DefaultMinimum 0→268435456 configuration\n",
    "DefaultWeight 100→200 configuration\n",
    "Manage 'all'→'marked' configuration\n",
    "OnStop 'give-back'→'keep' configuration\n",
    "StatsPeriod 1→2 configuration\n",
    "HostUsageLimit 75→80 configuration\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    vms[i] = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vms[0], "<policy managed='yes'/>");
  fixture_start_service (f);
  g_assert_true (g_file_set_contents (
      f->config_path,
      "[Thresholds]\nhost-usage-limit=80\n[Policy]\ncache-growth=never\nminimum=256M\n"
      "weight=200\nmanage=marked\non-stop=keep\nstats-period=2\n",
      -1, NULL));
  g_assert_true (reload (f, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_nonnull (strstr (f->changes->str, expected[i]));
  fixture_advance (f, SECOND);
  g_assert_cmpuint (vms[0]->description.stats_period_s, ==, 2);
  g_assert_cmpstr (fixture_status_of (f, vms[0]), !=, "opted-out");
  for (guint i = 1; i < G_N_ELEMENTS (vms); i++)
    {
      g_assert_cmpuint (vms[i]->description.stats_period_s, ==, 0); /* as before */
      g_assert_cmpstr (fixture_status_of (f, vms[i]), ==, "opted-out");
    }
  g_string_truncate (f->changes, 0);
  g_assert_true (reload (f, NULL));
  g_assert_cmpstr (f->changes->str, ==, "");
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_sync_finish (MC_COORDINATOR (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

static void
test_kept_means_on_the_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  g_autofree char *text = NULL;
  gboolean kept = FALSE;

  fixture_start_service (f);
  g_assert_true (set_host (f, NULL, "StepLimit", 13, NULL, 0));
  mc_coordinator_sync_async (f->coordinator, on_kept, &kept);
  while (!kept)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "StepLimit=13"));
}

/* A disk that hangs. This stands before libc's function of the same name. */

static GMutex disk;

int
fsync (int fd)
{
  g_mutex_lock (&disk);
  g_mutex_unlock (&disk);
  return (int)syscall (SYS_fsync, fd);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  *(gboolean *)user_data = TRUE;
}

/* Nothing waits for it, neither the main loop nor the end of the service. */
static void
test_stop_beside_a_disk_that_hangs (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "settings", NULL);
  g_autofree char *text = NULL;
  gboolean stopped = FALSE;
  gint64 before_us, longest_us = 0, begun_us = g_get_monotonic_time ();

  fixture_start_service (f);
  g_mutex_lock (&disk);
  g_assert_true (set_host (f, NULL, "StepLimit", 13, NULL, 0));
  mc_coordinator_stop_async (f->coordinator, FALSE, on_stopped, &stopped);
  while (!stopped)
    {
      before_us = g_get_monotonic_time ();
      g_main_context_iteration (NULL, FALSE);
      longest_us = MAX (longest_us, g_get_monotonic_time () - before_us);
      g_usleep (1000);
    }
  g_assert_cmpint (longest_us, <, SECOND);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 10 * SECOND);
  before_us = g_get_monotonic_time ();
  g_assert_finalize_object (g_steal_pointer (&f->coordinator));
  g_assert_cmpint (g_get_monotonic_time () - before_us, <, SECOND);

  g_mutex_unlock (&disk);
  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);
  mc_test_clock_settle ();
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "StepLimit=13"));
}

typedef struct
{
  gboolean ended;
  GError *error;
} Settled;

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Settled *settled = user_data;

  settled->ended = TRUE;
  mc_coordinator_sync_finish (MC_COORDINATOR (source), result, &settled->error);
}

static void
assert_not_kept (Fixture *f)
{
  Settled settled = { 0 };

  mc_coordinator_sync_async (f->coordinator, on_settled, &settled);
  while (!settled.ended)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (settled.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_nonnull (strstr (settled.error->message, "cannot be saved, so nothing was changed"));
  g_clear_error (&settled.error);
}

/* Its place is away for a while, as a disk that is full is. */
static void
test_what_cannot_be_kept_changes_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
  g_autofree char *away = g_strconcat (f->directory, ".away", NULL);
  g_autoptr (GError) error = NULL;
  const McHostView *view;
  McVm *of_service;

  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  of_service = fixture_vm_of (f, vm);
  mc_pause_begin (&mc_vm_get_parts (of_service)->pause, "backup", 0, "me");
  fixture_advance (f, SECOND);
  g_assert_cmpint (g_rename (f->directory, away), ==, 0);

  g_string_truncate (f->changes, 0);
  g_assert_true (set_host (f, NULL, "StepLimit", 13, NULL, 0));
  assert_not_kept (f);
  g_assert_cmpuint (view->thresholds.step_limit, ==, 20);
  g_assert_nonnull (strstr (f->changes->str, "StepLimit 13→20 disk\n"));
  mc_host_limits_set_dry_run (&mc_coordinator_get_parts (f->coordinator)->limits, TRUE, "me");
  mc_pause_begin (&mc_coordinator_get_parts (f->coordinator)->pause, "update", 60, "me");
  g_assert_true (mc_pause_end (&mc_vm_get_parts (of_service)->pause, "vm", "me", NULL));
  g_assert_true (reload (f, NULL));
  assert_not_kept (f);
  g_assert_false (view->dry_run);
  g_assert_cmpstr (view->pause_reason, ==, "");
  g_assert_cmpint (view->state, ==, MC_STATE_RUNNING);
  g_assert_cmpstr (mc_vm_get_view (of_service)->pause_reason, ==, "backup");

  g_assert_cmpint (g_rename (away, f->directory), ==, 0);
  g_assert_true (set_host (f, NULL, "StepLimit", 14, NULL, 0));
  fixture_stop_service (f);
  fixture_start_service (f);
  view = mc_coordinator_get_view (f->coordinator);
  g_assert_cmpuint (view->thresholds.step_limit, ==, 14);
  g_assert_cmpstr (view->pause_reason, ==, "");
  g_assert_false (view->dry_run);
  g_assert_cmpstr (mc_vm_get_view (fixture_vm_of (f, vm))->pause_reason, ==, "backup");
}

static void
test_reservations_share_what_there_is (Fixture *f, gconstpointer data)
{
  Reserved one = { 0 }, two = { 0 };
  guint64 possible;

  mc_fake_hypervisor_set_host (f->fake, 4 * MC_GIB, 2 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 5);
  possible = mc_coordinator_get_view (f->coordinator)->free_for_new_vm;
  g_assert_cmpuint (possible, ==, 2 * MC_GIB - 200 * MC_MIB - 64 * MC_MIB);
  mc_reservations_reserve_async (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                 1 * MC_GIB, 0, NULL, on_reserved, &one);
  mc_reservations_reserve_async (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                 1 * MC_GIB, 5, NULL, on_reserved, &two);
  fixture_pass (f, 3);
  g_assert_no_error (one.error);
  g_assert_no_error (two.error);
  g_assert_cmpuint (one.granted, ==, 1 * MC_GIB);
  g_assert_cmpuint (two.granted, ==, possible - 1 * MC_GIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->free_for_new_vm, ==, 0);
  fixture_pass (f, 6); /* the second's time is up */
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 1 * MC_GIB);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->free_for_new_vm, ==,
                    possible - 1 * MC_GIB);
  g_free (one.id);
  g_free (two.id);
}

static void
test_reservation_never_waits_for_ever (Fixture *f, gconstpointer data)
{
  Reserved reserved = { 0 };

  McFakeVm *slow;

  mc_fake_hypervisor_set_host_other (f->fake, 2300 * MC_MIB);
  slow = fixture_add_guest (f, "slow", 2 * MC_GIB, 2 * MC_GIB, 300 * MC_MIB);
  slow->rate = 8 * MC_MIB;
  fixture_start_service (f);
  fixture_pass (f, 15);
  mc_reservations_reserve_async (&mc_coordinator_get_parts (f->coordinator)->reservations,
                                 1 * MC_GIB, 0, NULL, on_reserved, &reserved);
  mc_test_clock_advance (f->clock, SECOND / 10);
  mc_fake_hypervisor_disconnect (f->fake, "end of file");
  fixture_pass (f, 21);
  g_assert_error (reserved.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_NOT_CONNECTED);
  g_assert_cmpuint (mc_coordinator_get_view (f->coordinator)->reserved, ==, 0);
  g_clear_error (&reserved.error);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/coordinator-control/" name, Fixture, NULL, fixture_set_up, function,               \
              fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are part of what is tested here: a lost hypervisor, a refused target. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("pause-ends-by-itself", test_pause_ends_by_itself);
  TEST ("pause-leaves-no-target-out-of-reach", test_pause_leaves_no_target_out_of_reach);
  TEST ("dry-run-leaves-no-target-out-of-reach", test_dry_run_leaves_no_target_out_of_reach);
  TEST ("pause-outlives-a-restart", test_pause_outlives_a_restart);
  TEST ("inhibitors", test_inhibitors);
  TEST ("dry-run", test_dry_run);
  TEST ("dry-run-is-not-remembered", test_dry_run_is_not_remembered);
  TEST ("plan-moves-nothing", test_plan_moves_nothing);
  TEST ("thresholds-are-set-whole", test_thresholds_are_set_whole);
  TEST ("reload", test_reload);
  TEST ("reserve-is-judged-at-the-start", test_reserve_is_judged_at_the_start);
  TEST ("reloads", test_reloads);
  TEST ("what-cannot-be-kept-changes-nothing", test_what_cannot_be_kept_changes_nothing);
  TEST ("reservation", test_reservation);
  TEST ("pause-outlasts-a-stepped-clock", test_pause_outlasts_a_stepped_clock);
  TEST ("pause-goes-on-while-away", test_pause_goes_on_while_away);
  TEST ("pause-is-over-while-away", test_pause_is_over_while_away);
  TEST ("pause-is-never-longer-than-asked-for", test_pause_is_never_longer_than_asked_for);
  TEST ("ordered-dry-run", test_ordered_dry_run);
  TEST ("dry-run-tells-once", test_dry_run_tells_once);
  TEST ("reload-tells-all-that-changed", test_reload_tells_all_that_changed);
  TEST ("stop-beside-a-disk-that-hangs", test_stop_beside_a_disk_that_hangs);
  TEST ("kept-means-on-the-disk", test_kept_means_on_the_disk);
  TEST ("reservations-share-what-there-is", test_reservations_share_what_there_is);
  TEST ("reservation-never-waits-for-ever", test_reservation_never_waits_for_ever);
  return g_test_run ();
}
