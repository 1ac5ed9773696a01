/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lengths of time as people type and read them. */
#include "config.h"

#include "duration.h"

static void
test_read_and_shown (void)
{
  static const struct
  {
    const char *text;
    guint64 seconds;
    const char *shown, *in_short;
  } good[] = {
    { "0", 0, "0s", "0s" },        { "59s", 59, "59s", "59s" },  { "90", 90, "1m 30s", "1m" },
    { "90s", 90, "1m 30s", "1m" }, { "10m", 600, "10m", "10m" }, { "1h30m", 5400, "1h 30m", "1h" },
    { "2d", 172800, "2d", "2d" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *shown = NULL;
      g_autofree char *in_short = NULL;
      guint64 seconds = 1;

      g_test_message ("%s", good[i].text);
      g_assert_true (mc_duration_parse (good[i].text, &seconds));
      g_assert_cmpuint (seconds, ==, good[i].seconds);
      shown = mc_duration_format (seconds);
      g_assert_cmpstr (shown, ==, good[i].shown);
      in_short = mc_duration_format_short (seconds);
      g_assert_cmpstr (in_short, ==, good[i].in_short);
    }
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "",     "m",
    "10x",  "1h30",
    "-1",   "1.5h",
    "10 m", "99999999999999999999d",
    "s",    "99999999999999999999s",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint64 seconds = 42;

      g_test_message ("%s", bad[i]);
      g_assert_false (mc_duration_parse (bad[i], &seconds));
      g_assert_cmpuint (seconds, ==, 42);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/duration/read-and-shown", test_read_and_shown);
  g_test_add_func ("/duration/refused", test_refused);
  return g_test_run ();
}
