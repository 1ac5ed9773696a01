/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much is logged, and where. Each case runs in a process of its own: a process has one log. */
#include "config.h"

#include "log.h"

static const char *const levels[]
    = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

static void
run_in_child (const char *name)
{
  g_test_trap_subprocess (name, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
log_one_of_each (void)
{
  g_warning ("a warning");
  g_message ("a notice");
  g_info ("an info");
  g_debug ("a detail");
}

static void
test_default_child (void)
{
  mc_log_init ();
  g_assert_cmpstr (mc_log_get_level (), ==, "info");
  g_assert_cmpstr (mc_log_get_target (), ==, "console");
  log_one_of_each ();
}

static void
test_default (void)
{
  run_in_child ("/log/default/subprocess");
  g_test_trap_assert_stderr ("*WARNING*a warning*a notice*INFO*an info*");
  g_test_trap_assert_stderr_unmatched ("*a detail*");
  g_test_trap_assert_stdout_unmatched ("*a warning*");
}

static void
test_least_child (void)
{
  mc_log_init ();
  g_assert_true (mc_log_set_level ("warning"));
  log_one_of_each ();
}

static void
test_least (void)
{
  run_in_child ("/log/least/subprocess");
  g_test_trap_assert_stderr ("*a warning*");
  g_test_trap_assert_stderr_unmatched ("*a notice*");
}

static void
test_most_child (void)
{
  mc_log_init ();
  g_assert_true (mc_log_set_level ("debug"));
  g_log ("library", G_LOG_LEVEL_DEBUG, "a turn of its loop");
  log_one_of_each ();
  g_log ("library", G_LOG_LEVEL_INFO, "what a library says");
}

static void
test_most (void)
{
  run_in_child ("/log/most/subprocess");
  g_test_trap_assert_stderr ("*a warning*a notice*an info*DEBUG*a detail*what a library says*");
  g_test_trap_assert_stderr_unmatched ("*a turn of its loop*");
}

static void
test_names (void)
{
  static const char *const wrong[] = { "", "Info", "verbose", "7", "information", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      g_assert_true (mc_log_set_level (levels[i]));
      g_assert_cmpstr (mc_log_get_level (), ==, levels[i]);
      for (guint j = 0; j < G_N_ELEMENTS (wrong); j++)
        g_assert_false (mc_log_set_level (wrong[j]));
      g_assert_cmpstr (mc_log_get_level (), ==, levels[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/log/default", test_default);
  g_test_add_func ("/log/default/subprocess", test_default_child);
  g_test_add_func ("/log/least", test_least);
  g_test_add_func ("/log/least/subprocess", test_least_child);
  g_test_add_func ("/log/most", test_most);
  g_test_add_func ("/log/most/subprocess", test_most_child);
  g_test_add_func ("/log/names", test_names);
  return g_test_run ();
}
