/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was set at run time over what the configuration says. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "settings.h"
#include "state-file.h"
#include "policy-settings.h"

typedef struct
{
  char *directory;
  char *path;
  McStore *store;
  McSettings *settings;
} Fixture;

static void
start_with (Fixture *f, McConfig *config)
{
  f->store = mc_store_new (&mc_state_file_kind, f->directory);
  f->settings = mc_settings_new (config, f->store);
}

static void
stop (Fixture *f)
{
  g_clear_pointer (&f->settings, mc_settings_free);
  g_clear_object (&f->store);
}

static void
restart_with (Fixture *f, McConfig *config)
{
  stop (f);
  start_with (f, config);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "settings", NULL);
  start_with (f, mc_config_load (NULL, FALSE, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  stop (f);
  g_unlink (f->path);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->path);
  g_free (f->directory);
}

/* @text: as "{'LowWatermark': 1}" */
static gboolean
set (Fixture *f, const char *text, GError **error)
{
  g_autoptr (GVariant) values = g_variant_parse (G_VARIANT_TYPE ("a{st}"), text, NULL, NULL, NULL);

  g_assert_nonnull (values);
  return mc_settings_set (f->settings, values, error);
}

static const McPolicySettings *
in_force (Fixture *f)
{
  return mc_settings_get_policy (f->settings);
}

static void
test_set_and_reset (Fixture *f, gconstpointer data)
{
  const char *const one[] = { "StepLimit", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (set (f, "{'StepLimit': 10, 'Interval': 5}", &error));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 5);
  g_assert_true (mc_settings_reset (f->settings, one, &error));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 20);
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 5);
  g_assert_true (mc_settings_reset (f->settings, NULL, &error));
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 2);
  g_assert_true (set (f, "@a{st} {}", &error));
  g_assert_no_error (error);
}

/* Two that only fit each other can be set together. */
static void
test_together (Fixture *f, gconstpointer data)
{
  g_assert_false (set (f, "{'LowWatermark': 1073741824}", NULL));
  g_assert_true (set (f, "{'LowWatermark': 1073741824, 'HighWatermark': 2147483648}", NULL));
  g_assert_cmpuint (in_force (f)->thresholds.low_watermark, ==, MC_GIB);
}

static void
test_all_or_nothing (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *values;
    McThresholdError code;
    const char *says;
  } cases[] = {
    { "{'StepLimit': 10, 'Wattage': 5}", MC_THRESHOLD_ERROR_UNKNOWN, "\"Wattage\"" },
    { "{'StepLimit': 10, 'Minimum': 5}", MC_THRESHOLD_ERROR_UNKNOWN, "\"Minimum\"" },
    { "{'StepLimit': 10, 'HostUsageLimit': 101}", MC_THRESHOLD_ERROR_OUT_OF_RANGE, "101 %" },
    { "{'StepLimit': 10, 'LowWatermark': 419430400}", MC_THRESHOLD_ERROR_CONFLICT,
      "400M is not below" },
    { "{'StepLimit': 10, 'HostReserve': 18446744073709551615}", MC_THRESHOLD_ERROR_OUT_OF_RANGE,
      "HostReserve" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (set (f, cases[i].values, &error));
      g_assert_error (error, MC_THRESHOLD_ERROR, (int)cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].says));
      g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 20);
    }
  restart_with (f, mc_config_load (NULL, FALSE, NULL));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 20);
}

static void
test_reset_refused (Fixture *f, gconstpointer data)
{
  const char *const unknown[] = { "StepLimit", "Wattage", NULL };
  const char *const half[] = { "HighWatermark", NULL };
  g_autoptr (GError) error = NULL, conflict = NULL;

  g_assert_true (
      set (f, "{'StepLimit': 10, 'LowWatermark': 1073741824, 'HighWatermark': 2147483648}", NULL));
  g_assert_false (mc_settings_reset (f->settings, unknown, &error));
  g_assert_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_UNKNOWN);
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  /* The configuration's high watermark does not go with the low one that was set. */
  g_assert_false (mc_settings_reset (f->settings, half, &conflict));
  g_assert_error (conflict, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_CONFLICT);
  g_assert_cmpuint (in_force (f)->thresholds.high_watermark, ==, 2 * MC_GIB);
}

static void
test_outlasts_a_restart (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL);

  g_assert_true (set (f, "{'StepLimit': 10, 'HostReserve': 1073741824}", NULL));
  mc_settings_set_dry_run (f->settings, TRUE);
  config->policy.thresholds.host_usage_limit = 60;
  config->policy.thresholds.step_limit = 30;
  restart_with (f, config);
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  g_assert_cmpuint (in_force (f)->thresholds.host_reserve, ==, MC_GIB);
  g_assert_cmpuint (in_force (f)->thresholds.host_usage_limit, ==, 60);
  g_assert_true (mc_settings_get_dry_run (f->settings));
  g_assert_true (mc_settings_reset (f->settings, NULL, NULL));
  mc_settings_set_dry_run (f->settings, FALSE);
  restart_with (f, mc_config_load (NULL, FALSE, NULL));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 20);
  g_assert_false (mc_settings_get_dry_run (f->settings));
}

/* One ordered with a start is that run's alone, and makes nobody forget the one that was set. */
static void
test_dry_run_outlasts_one_that_was_ordered (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL),
           *again = mc_config_load (NULL, FALSE, NULL);

  mc_settings_set_dry_run (f->settings, TRUE);
  mc_config_order_dry_run (config);
  restart_with (f, config);
  g_assert_true (set (f, "{'StepLimit': 10}", NULL));
  g_assert_true (mc_settings_reload (f->settings, again, NULL));
  restart_with (f, mc_config_load (NULL, FALSE, NULL));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  g_assert_true (mc_settings_get_dry_run (f->settings));
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL),
           *unfit = mc_config_load (NULL, FALSE, NULL);
  g_autoptr (GError) error = NULL, conflict = NULL;

  g_assert_true (set (f, "{'HighWatermark': 209715200}", &error));
  config->policy.thresholds.step_limit = 30;
  config->policy.thresholds.low_watermark = 120 * MC_MIB;
  g_assert_true (mc_settings_reload (f->settings, config, &error));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 30);
  g_assert_cmpuint (in_force (f)->thresholds.low_watermark, ==, 120 * MC_MIB);
  g_assert_cmpuint (in_force (f)->thresholds.high_watermark, ==, 200 * MC_MIB);
  /* What was set at run time does not go with this one: nothing of it is taken. */
  unfit->path = g_strdup ("memcoord.conf");
  unfit->policy.thresholds.step_limit = 40;
  unfit->policy.thresholds.low_watermark = 300 * MC_MIB;
  unfit->policy.thresholds.high_watermark = 400 * MC_MIB;
  g_assert_false (mc_settings_reload (f->settings, unfit, &conflict));
  g_assert_error (conflict, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_CONFLICT);
  g_assert_nonnull (strstr (conflict->message, "memcoord.conf"));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 30);
  g_assert_true (mc_settings_get_config (f->settings) == config);
}

/* Dry run follows a configuration that changed it, and only then. */
static void
test_reload_dry_run (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL);

  mc_settings_set_dry_run (f->settings, TRUE);
  g_assert_true (mc_settings_reload (f->settings, mc_config_load (NULL, FALSE, NULL), NULL));
  g_assert_true (mc_settings_get_dry_run (f->settings));
  mc_settings_set_dry_run (f->settings, FALSE);
  config->dry_run = TRUE;
  g_assert_true (mc_settings_reload (f->settings, config, NULL));
  g_assert_true (mc_settings_get_dry_run (f->settings));
  g_assert_true (mc_settings_reload (f->settings, mc_config_load (NULL, FALSE, NULL), NULL));
  g_assert_false (mc_settings_get_dry_run (f->settings));
}

static void
test_what_does_not_fit_is_dropped (Fixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (
      f->path,
      "[Thresholds]\nStepLimit=10\nWattage=3\nHostUsageLimit=4000\nInterval=soon\n"
      "HostReserve=-1\nLowWatermark=99999999999999999999999\n"
      "[Settings]\ndry-run=perhaps\n",
      -1, NULL));
  restart_with (f, mc_config_load (NULL, FALSE, NULL));
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  g_assert_cmpuint (in_force (f)->thresholds.host_usage_limit, ==, 75);
  g_assert_cmpuint (in_force (f)->thresholds.host_reserve, ==, 200 * MC_MIB);
  g_assert_cmpuint (in_force (f)->thresholds.low_watermark, ==, 100 * MC_MIB);
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 2);
}

/* A word that is neither does not end a dry run that the configuration asks for. */
static void
test_unreadable_dry_run (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL);

  g_assert_true (g_file_set_contents (f->path, "[Settings]\ndry-run=perhaps\n", -1, NULL));
  config->dry_run = TRUE;
  restart_with (f, config);
  g_assert_true (mc_settings_get_dry_run (f->settings));
}

static void
test_conflict_with_the_configuration (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL);

  g_assert_true (set (f, "{'HighWatermark': 209715200}", NULL));
  config->policy.thresholds.low_watermark = 300 * MC_MIB;
  config->policy.thresholds.high_watermark = 400 * MC_MIB;
  restart_with (f, config);
  g_assert_cmpuint (in_force (f)->thresholds.high_watermark, ==, 400 * MC_MIB);
}

/* And no other. Of those that only fit each other, neither conflicts. */
static void
test_what_conflicts_is_dropped (Fixture *f, gconstpointer data)
{
  McConfig *config = mc_config_load (NULL, FALSE, NULL);

  g_assert_true (set (f,
                      "{'StepLimit': 10, 'Interval': 5, 'LowWatermark': 1073741824, "
                      "'HighWatermark': 2147483648}",
                      NULL));
  config->policy.stats_period_us = 8 * G_USEC_PER_SEC;
  config->policy.thresholds.interval_s = 9;
  g_test_expect_message ("memcoord", G_LOG_LEVEL_WARNING,
                         "The runtime setting Interval is dropped, as it conflicts with the "
                         "configuration: *");
  restart_with (f, config);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 9);
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
  g_assert_cmpuint (in_force (f)->thresholds.low_watermark, ==, MC_GIB);
  g_assert_cmpuint (in_force (f)->thresholds.high_watermark, ==, 2 * MC_GIB);
  /* For good: it does not come back with another configuration. */
  restart_with (f, mc_config_load (NULL, FALSE, NULL));
  g_assert_cmpuint (in_force (f)->thresholds.interval_s, ==, 2);
  g_assert_cmpuint (in_force (f)->thresholds.step_limit, ==, 10);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/settings/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That something is dropped is told by a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("set-and-reset", test_set_and_reset);
  TEST ("together", test_together);
  TEST ("all-or-nothing", test_all_or_nothing);
  TEST ("reset-refused", test_reset_refused);
  TEST ("outlasts-a-restart", test_outlasts_a_restart);
  TEST ("reload", test_reload);
  TEST ("dry-run-outlasts-one-that-was-ordered", test_dry_run_outlasts_one_that_was_ordered);
  TEST ("reload-dry-run", test_reload_dry_run);
  TEST ("what-does-not-fit-is-dropped", test_what_does_not_fit_is_dropped);
  TEST ("unreadable-dry-run", test_unreadable_dry_run);
  TEST ("conflict-with-the-configuration", test_conflict_with_the_configuration);
  TEST ("what-conflicts-is-dropped", test_what_conflicts_is_dropped);
  return g_test_run ();
}
