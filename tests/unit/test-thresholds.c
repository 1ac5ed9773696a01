/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thresholds: their limits, and how they bind each other. */
#include "config.h"

#include <string.h>

#include "policy-settings.h"

static void
assert_error (GError *error, McThresholdError code, const char *message)
{
  g_assert_error (error, MC_THRESHOLD_ERROR, (int)code);
  g_assert_cmpstr (error->message, ==, message);
}

/* Each host threshold takes its limits and nothing beyond, and what was set is what is got. */
static void
test_host_limits (void)
{
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    {
      McPolicySettings settings = mc_policy_settings_default ();
      const McPolicySettings before = settings;
      const guint64 outside[] = { threshold->least - 1, threshold->most + 1, 0, G_MAXUINT64 };
      const guint64 inside[] = { threshold->least, threshold->most };

      g_test_message ("%s", threshold->name);
      g_assert_true (mc_threshold_find (mc_host_thresholds, threshold->name) == threshold);
      for (guint i = 0; i < G_N_ELEMENTS (outside); i++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_false (
              mc_host_threshold_set (&settings.thresholds, threshold, outside[i], &error));
          g_assert_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_OUT_OF_RANGE);
          g_assert_nonnull (strstr (error->message, threshold->name));
          g_assert_cmpuint (mc_host_threshold_get (&settings.thresholds, threshold), ==,
                            mc_host_threshold_get (&before.thresholds, threshold));
        }
      for (guint i = 0; i < G_N_ELEMENTS (inside); i++)
        {
          g_assert_true (mc_host_threshold_set (&settings.thresholds, threshold, inside[i], NULL));
          g_assert_cmpuint (mc_host_threshold_get (&settings.thresholds, threshold), ==, inside[i]);
        }
    }
}

/* Setting one changes that one alone. */
static void
test_host_one_at_a_time (void)
{
  for (const McThreshold *set = mc_host_thresholds; set->name != NULL; set++)
    {
      McPolicySettings before = mc_policy_settings_default (), after = before;

      g_assert_true (mc_host_threshold_set (&after.thresholds, set, set->most, NULL));
      for (const McThreshold *other = mc_host_thresholds; other->name != NULL; other++)
        g_assert_cmpuint (mc_host_threshold_get (&after.thresholds, other), ==,
                          other == set ? set->most
                                       : mc_host_threshold_get (&before.thresholds, other));
    }
}

static void
test_vm_limits (void)
{
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    {
      McVmPolicy policy = MC_ALL_UNSET (McVmPolicy);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", threshold->name);
      g_assert_true (mc_threshold_find (mc_vm_thresholds, threshold->name) == threshold);
      g_assert_cmpuint (mc_vm_threshold_get (&policy, threshold), ==, MC_UNSET);
      g_assert_false (mc_vm_threshold_set (&policy, threshold, threshold->most + 1, &error));
      g_assert_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_OUT_OF_RANGE);
      g_assert_cmpuint (mc_vm_threshold_get (&policy, threshold), ==, MC_UNSET);
      g_assert_false (mc_vm_threshold_set (&policy, threshold, G_MAXUINT64, NULL));
      if (threshold->least > 0)
        g_assert_false (mc_vm_threshold_set (&policy, threshold, threshold->least - 1, NULL));
      for (const McThreshold *other = mc_vm_thresholds; other->name != NULL; other++)
        {
          policy = MC_ALL_UNSET (McVmPolicy);
          g_assert_true (mc_vm_threshold_set (&policy, threshold, threshold->least, NULL));
          g_assert_cmpuint (mc_vm_threshold_get (&policy, other), ==,
                            other == threshold ? threshold->least : MC_UNSET);
        }
    }
}

static void
test_unknown (void)
{
  g_assert_null (mc_threshold_find (mc_host_thresholds, "Minimum"));
  g_assert_null (mc_threshold_find (mc_host_thresholds, "low-watermark"));
  g_assert_null (mc_threshold_find (mc_host_thresholds, ""));
  g_assert_null (mc_threshold_find (mc_host_thresholds, NULL));
  g_assert_null (mc_threshold_find (mc_vm_thresholds, "HostReserve"));
  g_assert_null (mc_threshold_find (mc_vm_thresholds, "lowwatermark"));
}

/* Messages name the value and the limit, as people write them. */
static void
test_messages (void)
{
  static const struct
  {
    const char *name;
    guint64 value;
    const char *message;
  } cases[] = {
    { "LowWatermark", 1 * MC_MIB, "LowWatermark 1M is below its least of 16M" },
    { "LowWatermark", 65 * MC_GIB, "LowWatermark 65G is above its most of 64G" },
    { "HostReserve", 1000, "HostReserve 1000 is below its least of 64M" },
    { "HostUsageLimit", 101, "HostUsageLimit 101 % is above its most of 100 %" },
    { "StepLimit", 0, "StepLimit 0 % is below its least of 1 %" },
    { "Interval", 0, "Interval 0 s is below its least of 1 s" },
  };
  McVmPolicy policy = MC_ALL_UNSET (McVmPolicy);
  g_autoptr (GError) weight = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McPolicySettings settings = mc_policy_settings_default ();
      g_autoptr (GError) error = NULL;

      g_assert_false (mc_host_threshold_set (&settings.thresholds,
                                             mc_threshold_find (mc_host_thresholds, cases[i].name),
                                             cases[i].value, &error));
      assert_error (error, MC_THRESHOLD_ERROR_OUT_OF_RANGE, cases[i].message);
    }
  g_assert_false (mc_vm_threshold_set (&policy, mc_threshold_find (mc_vm_thresholds, "Weight"),
                                       10001, &weight));
  assert_error (weight, MC_THRESHOLD_ERROR_OUT_OF_RANGE, "Weight 10001 is above its most of 10000");
}

static void
test_host_together (void)
{
  static const struct
  {
    guint64 low_mib, high_mib;
    const char *message; /* NULL: they go together */
  } cases[] = {
    { 100, 150, NULL },
    { 134, 150, NULL },
    { 135, 150, "LowWatermark 135M is closer than 16M to HighWatermark 150M" },
    { 150, 150, "LowWatermark 150M is not below HighWatermark 150M" },
    { 400, 150, "LowWatermark 400M is not below HighWatermark 150M" },
  };
  McPolicySettings settings = mc_policy_settings_default ();
  const McThreshold *culprits[2] = { NULL, NULL };
  g_autoptr (GError) period = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      settings.thresholds.low_watermark = cases[i].low_mib * MC_MIB;
      settings.thresholds.high_watermark = cases[i].high_mib * MC_MIB;
      g_assert_true (mc_policy_settings_check (&settings, culprits, &error)
                     == (cases[i].message == NULL));
      if (cases[i].message == NULL)
        continue;
      assert_error (error, MC_THRESHOLD_ERROR_CONFLICT, cases[i].message);
      g_assert_cmpstr (culprits[0]->name, ==, "LowWatermark");
      g_assert_cmpstr (culprits[1]->name, ==, "HighWatermark");
    }
  settings = mc_policy_settings_default ();
  settings.stats_period_us = 5 * G_USEC_PER_SEC;
  g_assert_false (mc_policy_settings_check (&settings, culprits, &period));
  assert_error (period, MC_THRESHOLD_ERROR_CONFLICT,
                "Interval 2 s is shorter than the statistics period of 5 s");
  g_assert_cmpstr (culprits[0]->name, ==, "Interval");
  g_assert_null (culprits[1]);
}

static void
test_vm_together (void)
{
  const McPolicySettings host = mc_policy_settings_default ();
  const struct
  {
    McVmPolicy policy;
    guint64 capacity;
    const char *message;
  } cases[] = {
    { MC_ALL_UNSET (McVmPolicy), MC_GIB, NULL },
    { { 512 * MC_MIB, 512 * MC_MIB, MC_UNSET, MC_UNSET, MC_UNSET }, 512 * MC_MIB, NULL },
    { { 2 * MC_GIB, 1 * MC_GIB, MC_UNSET, MC_UNSET, MC_UNSET },
      MC_UNKNOWN,
      "Minimum 2G is above Maximum 1G" },
    { { 2 * MC_GIB, MC_UNSET, MC_UNSET, MC_UNSET, MC_UNSET },
      MC_GIB,
      "Minimum 2G is above the VM's memory of 1G" },
    { { 2 * MC_GIB, MC_UNSET, MC_UNSET, MC_UNSET, MC_UNSET }, MC_UNKNOWN, NULL },
    /* A maximum beyond the VM's memory does no harm, and comes with a VM that was cloned smaller.
     */
    { { MC_UNSET, 8 * MC_GIB, MC_UNSET, MC_UNSET, MC_UNSET }, MC_GIB, NULL },
    { { MC_UNSET, MC_UNSET, 200 * MC_MIB, 300 * MC_MIB, 1 }, MC_GIB, NULL },
    /* One of its own is judged against the host's other. */
    { { MC_UNSET, MC_UNSET, 200 * MC_MIB, MC_UNSET, MC_UNSET },
      MC_GIB,
      "LowWatermark 200M is not below HighWatermark 150M" },
    { { MC_UNSET, MC_UNSET, MC_UNSET, 110 * MC_MIB, MC_UNSET },
      MC_GIB,
      "LowWatermark 100M is closer than 16M to HighWatermark 110M" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("case %u", i);
      g_assert_true (mc_vm_policy_check (&cases[i].policy, &host, cases[i].capacity, &error)
                     == (cases[i].message == NULL));
      if (cases[i].message != NULL)
        assert_error (error, MC_THRESHOLD_ERROR_CONFLICT, cases[i].message);
    }
}

static void
test_defaults (void)
{
  const McPolicySettings defaults = mc_policy_settings_default ();

  g_assert_cmpuint (defaults.thresholds.low_watermark, ==, 100 * MC_MIB);
  g_assert_cmpuint (defaults.thresholds.high_watermark, ==, 150 * MC_MIB);
  g_assert_cmpuint (defaults.thresholds.host_reserve, ==, 200 * MC_MIB);
  g_assert_cmpuint (defaults.thresholds.host_usage_limit, ==, 75);
  g_assert_cmpuint (defaults.thresholds.step_limit, ==, 20);
  g_assert_cmpuint (defaults.thresholds.interval_s, ==, 2);
  g_assert_true (mc_policy_settings_check (&defaults, NULL, NULL));
}

static void
check_typed (const char *name, const char *text, gboolean good, guint64 value, const char *shown)
{
  const McThreshold *threshold = mc_threshold_find_typed (mc_host_thresholds, name);
  g_autofree char *format = NULL;
  guint64 read = 0;

  g_test_message ("%s=%s", name, text);
  g_assert_cmpint (mc_threshold_parse (threshold, text, &read), ==, good);
  g_assert_cmpuint (read, ==, value);
  if (!good)
    return;
  format = mc_threshold_format (threshold, read);
  g_assert_cmpstr (format, ==, shown);
}

static void
test_typed (void)
{
  g_assert_null (mc_threshold_find_typed (mc_host_thresholds, "weight"));
  g_assert_nonnull (mc_threshold_find_typed (mc_vm_thresholds, "WEIGHT"));
  check_typed ("LowWatermark", "150M", TRUE, 150 * MC_MIB, "150 MiB");
  check_typed ("low-watermark", "75%", FALSE, 0, NULL);
  check_typed ("host-usage-limit", "75%", TRUE, 75, "75 %");
  check_typed ("host-usage-limit", "75 %", TRUE, 75, "75 %");
  check_typed ("host-usage-limit", "75", TRUE, 75, "75 %");
  check_typed ("host-usage-limit", "75M", FALSE, 0, NULL);
  check_typed ("host-usage-limit", "%", FALSE, 0, NULL);
  check_typed ("interval", "1m", TRUE, 60, "1m");
  check_typed ("interval", "fast", FALSE, 0, NULL);
  /* What only a newer service knows. */
  check_typed ("bogus", "1G", TRUE, MC_GIB, "1 GiB");
}

/* What is written into a file is read again as it was, and nothing else is read. */
static void
test_files (void)
{
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    {
      g_autofree char *text = mc_threshold_write (threshold, threshold->most);
      guint64 value = 0;

      g_assert_true (mc_threshold_find_key (mc_host_thresholds, threshold->key) == threshold);
      g_assert_true (mc_threshold_read (threshold, text, &value));
      g_assert_cmpuint (value, ==, threshold->most);
      g_assert_false (mc_threshold_read (threshold, "75%", &value));
      g_assert_false (mc_threshold_read (threshold, "", &value));
    }
}

static void
test_list (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mc_threshold_require (mc_vm_thresholds, "Speed", &error));
  g_assert_cmpstr (error->message, ==,
                   "A VM has no threshold \"Speed\"; it has LowWatermark, HighWatermark, Minimum, "
                   "Maximum and Weight");
}

/* An eighth, and no more than makes nobody swap for memory that nobody touches. */
static void
test_default_minimum (void)
{
  const guint64 rows[][2] = { { 128, 16 }, { 512, 64 }, { 1024, 64 }, { 512 * 1024, 64 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (mc_policy_default_minimum (rows[i][0] * MC_MIB), ==, rows[i][1] * MC_MIB);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/thresholds/host-limits", test_host_limits);
  g_test_add_func ("/thresholds/host-one-at-a-time", test_host_one_at_a_time);
  g_test_add_func ("/thresholds/vm-limits", test_vm_limits);
  g_test_add_func ("/thresholds/unknown", test_unknown);
  g_test_add_func ("/thresholds/messages", test_messages);
  g_test_add_func ("/thresholds/host-together", test_host_together);
  g_test_add_func ("/thresholds/vm-together", test_vm_together);
  g_test_add_func ("/thresholds/defaults", test_defaults);
  g_test_add_func ("/thresholds/default-minimum", test_default_minimum);
  g_test_add_func ("/thresholds/typed", test_typed);
  g_test_add_func ("/thresholds/files", test_files);
  g_test_add_func ("/thresholds/list", test_list);
  return g_test_run ();
}
