/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes, times and thresholds as people type and read them. */
#include "config.h"

#include "threshold.h"
#include "units.h"

#define MIB ((guint64)1 << 20)
#define GIB ((guint64)1 << 30)

static void
test_sizes_read (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } good[] = {
    { "0", 0 },
    { "4096", 4096 },
    { "7B", 7 },
    { "1K", 1024 },
    { "150M", 150 * MIB },
    { "150m", 150 * MIB },
    { "150MB", 150 * MIB },
    { "150MiB", 150 * MIB },
    { "150 MiB", 150 * MIB },
    { "2G", 2 * GIB },
    { "1.5G", 3 * GIB / 2 },
    { "0.25M", MIB / 4 },
    { "0.1K", 102 },
    { "1.99999999999999999999K", 2047 },
    { "3T", 3072 * GIB },
    { "18446744073709551614", G_MAXUINT64 - 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      guint64 bytes = 1;

      g_test_message ("%s", good[i].text);
      g_assert_true (mc_units_parse_size (good[i].text, &bytes));
      g_assert_cmpuint (bytes, ==, good[i].bytes);
    }
}

static void
test_sizes_refused (void)
{
  static const char *const bad[] = { "",
                                     "M",
                                     "-1",
                                     "+1",
                                     " 1M",
                                     "1M ",
                                     "1.5",
                                     "1.5B",
                                     "1.M",
                                     ".5M",
                                     "1,5M",
                                     "1Mi",
                                     "1MM",
                                     "1P",
                                     "1e3",
                                     "0x10",
                                     "nan",
                                     "150%",
                                     "1 ",
                                     "1.2.3M",
                                     "99999999999999999999",
                                     "18446744073709551615",
                                     "16777216T" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint64 bytes = 42;

      g_test_message ("%s", bad[i]);
      g_assert_false (mc_units_parse_size (bad[i], &bytes));
      g_assert_cmpuint (bytes, ==, 42);
    }
}

static void
test_sizes_shown (void)
{
  static const struct
  {
    guint64 bytes;
    const char *text;
  } shown[] = {
    { 0, "0 B" },
    { 1023, "1023 B" },
    { 1024, "1 KiB" },
    { 150 * MIB, "150 MiB" },
    { 3 * GIB / 2, "1.5 GiB" },
    { GIB - 1, "1 GiB" },
    { 1200 * MIB, "1.2 GiB" },
    { G_MAXUINT64, "16777216 TiB" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      g_autofree char *text = mc_units_format_size (shown[i].bytes);

      g_assert_cmpstr (text, ==, shown[i].text);
    }
}

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
  g_test_add_func ("/units/sizes-read", test_sizes_read);
  g_test_add_func ("/units/sizes-refused", test_sizes_refused);
  g_test_add_func ("/units/sizes-shown", test_sizes_shown);
  g_test_add_func ("/units/times", test_times);
  g_test_add_func ("/units/thresholds", test_thresholds);
  return g_test_run ();
}
