/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as people write them. */
#include "config.h"

#include "size.h"

#define KIB ((guint64)1 << 10)
#define MIB ((guint64)1 << 20)
#define GIB ((guint64)1 << 30)
#define TIB ((guint64)1 << 40)

static void
test_parse (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } sizes[] = {
    { "0", 0 },
    { "1073741824", GIB },
    { "1000B", 1000 },
    { "7b", 7 },
    { "1k", KIB },
    { "1K", KIB },
    { "150m", 150 * MIB },
    { "150M", 150 * MIB },
    { "150MB", 150 * MIB },
    { "150MiB", 150 * MIB },
    { "150 mib", 150 * MIB },
    { "1.5G", 3 * GIB / 2 },
    { "0.5M", MIB / 2 },
    { "0.25M", MIB / 4 },
    { "0.1K", 102 },
    { "1.99999999999999999999K", 2047 },
    { "1.25 GiB", 5 * GIB / 4 },
    { "16T", 16 * TIB },
    { "007M", 7 * MIB },
    { "18446744073709551614", G_MAXUINT64 - 1 },
    { "16777215.9999999999999T", G_MAXUINT64 - 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      guint64 bytes = 1;

      g_test_message ("'%s'", sizes[i].text);
      g_assert_true (mc_size_parse (sizes[i].text, &bytes));
      g_assert_cmpuint (bytes, ==, sizes[i].bytes);
    }
}

static void
test_refuse (void)
{
  static const char *const texts[] = {
    "",          " ",
    "M",         "-1",
    "+1",        "-1M",
    " 1M",       "1M ",
    "1.M",       ".5M",
    "1.5",       "1.5B",
    "1 5M",      "1,5M",
    "0x10",      "1e3",
    "1P",        "1Mi",
    "1BB",       "1BiB",
    "1MM",       "1M1",
    "nan",       "inf",
    "1M\n2",     "1..5",
    "1.5.5M",    "1MiBB",
    "１００M",   "1_0M",
    "100 %",     "18446744073709551615",
    "16777216T", "99999999999999999999999",
    "1 ",        "150%",
    "1M ",       "18014398509481983.999999999K",
    "1.2.3M",    "99999999999999999999",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      guint64 bytes = 42;

      g_test_message ("'%s'", texts[i]);
      g_assert_false (mc_size_parse (texts[i], &bytes));
      g_assert_cmpuint (bytes, ==, 42);
    }
}

static void
test_format (void)
{
  static const struct
  {
    guint64 bytes;
    const char *exact;
    const char *rounded;
  } sizes[] = {
    { 0, "0", "0 B" },
    { 1, "1", "1 B" },
    { 1000, "1000", "1000 B" },
    { 1023, "1023", "1023 B" },
    { KIB, "1K", "1 KiB" },
    { 150 * MIB, "150M", "150 MiB" },
    { 150 * MIB + MIB / 2 - 1, "157810687", "150 MiB" },
    { 150 * MIB + MIB / 2, "154112K", "151 MiB" },
    { 1023 * MIB + MIB / 2 - 1, "1073217535", "1023 MiB" },
    { 1023 * MIB + MIB / 2, "1048064K", "1 GiB" },
    { GIB - 1, "1073741823", "1 GiB" },
    { 1200 * MIB, "1200M", "1.2 GiB" },
    { 3 * GIB / 2, "1536M", "1.5 GiB" },
    { 2 * GIB, "2G", "2 GiB" },
    { 2 * GIB - 1, "2147483647", "2 GiB" },
    { 12 * GIB + 300 * MIB, "12588M", "12.3 GiB" },
    { TIB - 1, "1099511627775", "1 TiB" },
    { 16 * TIB, "16T", "16 TiB" },
    { 2048 * TIB, "2048T", "2048 TiB" },
    { G_MAXUINT64, "18446744073709551615", "16777216 TiB" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *exact = mc_size_format_exact (sizes[i].bytes);
      g_autofree char *rounded = mc_size_format (sizes[i].bytes);

      g_assert_cmpstr (exact, ==, sizes[i].exact);
      g_assert_cmpstr (rounded, ==, sizes[i].rounded);
    }
}

/* What is written into metadata is read again as the very same number. */
static void
test_round_trip (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      guint64 bytes = ((guint64)g_test_rand_int () << 32 | (guint32)g_test_rand_int ())
                      >> g_test_rand_int_range (1, 64);
      guint64 read;
      g_autofree char *text = NULL;

      bytes <<= 10 * g_test_rand_int_range (0, 3);
      bytes = MIN (bytes, G_MAXUINT64 - 1);
      text = mc_size_format_exact (bytes);
      g_assert_true (mc_size_parse (text, &read));
      g_assert_cmpuint (read, ==, bytes);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/size/parse", test_parse);
  g_test_add_func ("/size/refuse", test_refuse);
  g_test_add_func ("/size/format", test_format);
  g_test_add_func ("/size/round-trip", test_round_trip);
  return g_test_run ();
}
