/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes, times and thresholds as people type and read them. */
#include "config.h"

#include "threshold.h"
#include "units.h"

#define MIB ((guint64)1 << 20)

static void
test_times (void)
{
  static const struct
  {
    const char *text;
    guint64 seconds;
    const char *shown;
  } good[] = {
    { "0", 0, "0s" },      { "90", 90, "1m 30s" },      { "90s", 90, "1m 30s" },
    { "10m", 600, "10m" }, { "1h30m", 5400, "1h 30m" }, { "2d", 172800, "2d" },
  };
  static const char *const bad[]
      = { "", "m", "10x", "1h30", "-1", "1.5h", "10 m", "99999999999999999999d" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *shown = NULL;
      guint64 seconds = 1;

      g_assert_true (mc_units_parse_seconds (good[i].text, &seconds));
      g_assert_cmpuint (seconds, ==, good[i].seconds);
      shown = mc_units_format_seconds (seconds);
      g_assert_cmpstr (shown, ==, good[i].shown);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint64 seconds = 42;

      g_test_message ("%s", bad[i]);
      g_assert_false (mc_units_parse_seconds (bad[i], &seconds));
      g_assert_cmpuint (seconds, ==, 42);
    }
}

static void
check_threshold (
    const char *name, const char *text, gboolean good, guint64 value, const char *shown)
{
  const McThreshold *threshold = mc_threshold_find (mc_host_thresholds, name);
  g_autofree char *format = NULL;
  guint64 read = 0;

  g_assert_cmpint (mc_threshold_parse (threshold, text, &read), ==, good);
  if (!good)
    return;
  g_assert_cmpuint (read, ==, value);
  format = mc_threshold_format (threshold, read);
  g_assert_cmpstr (format, ==, shown);
}

static void
test_thresholds (void)
{
  g_autofree char *known = mc_threshold_bus_name (mc_host_thresholds, "low-watermark");
  g_autofree char *unknown = mc_threshold_bus_name (mc_host_thresholds, "bogus");

  g_assert_cmpstr (known, ==, "LowWatermark");
  g_assert_cmpstr (unknown, ==, "bogus");
  g_assert_null (mc_threshold_find (mc_host_thresholds, "weight"));
  g_assert_nonnull (mc_threshold_find (mc_vm_thresholds, "WEIGHT"));
  check_threshold ("LowWatermark", "150M", TRUE, 150 * MIB, "150 MiB");
  check_threshold ("low-watermark", "75%", FALSE, 0, NULL);
  check_threshold ("host-usage-limit", "75%", TRUE, 75, "75 %");
  check_threshold ("host-usage-limit", "75", TRUE, 75, "75 %");
  check_threshold ("host-usage-limit", "75M", FALSE, 0, NULL);
  check_threshold ("interval", "1m", TRUE, 60, "1m");
  check_threshold ("interval", "fast", FALSE, 0, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/units/times", test_times);
  g_test_add_func ("/units/thresholds", test_thresholds);
  return g_test_run ();
}
