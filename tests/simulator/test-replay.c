/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recorded run, decided again: on a record of the test bed, and on files that are none. */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "replay.h"

#define HEAD "t,guest,balloon,unused,usable,target,host_available\n"

/* Returns: (transfer full): what is printed; NULL with @error set. */
static char *
replay (const char *path, GError **error)
{
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream (&text, &length);
  gboolean done = sim_replay (path, out, error);

  fclose (out);
  if (done)
    return text;
  free (text);
  return NULL;
}

static char *
replay_text (const char *csv, GError **error)
{
  g_autofree char *path = NULL;
  int file = g_file_open_tmp ("replay-XXXXXX.csv", &path, NULL);
  char *text;

  g_assert_cmpint (file, >=, 0);
  g_close (file, NULL);
  g_assert_true (g_file_set_contents (path, csv, -1, NULL));
  text = replay (path, error);
  g_unlink (path);
  return text;
}

/* Four guests on the test bed; "mail" grows by 600 MiB while the others idle. */
static void
test_sample (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "samples", "mail-grows.csv", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = replay (path, &error);

  g_assert_no_error (error);
  /* It is given more, and so it was then, from 512 MiB to its maximum. */
  g_assert_nonnull (strstr (text, "mail          512 → 658"));
  g_assert_nonnull (strstr (text, "512 → 692: headroom of 93 MiB is at or below 100 MiB"));
  g_assert_nonnull (strstr (text, "samples of 4 guests over"));
}

static void
test_beside_what_was_done (void)
{
  g_autoptr (GError) error = NULL;
  /* "web" is short from the start; somebody gives it 100 MiB after two seconds. Its first report
   * may be of any age. */
  g_autofree char *text
      = replay_text (HEAD "0,web,536870912,20971520,20971520,536870912,4294967296\n"
                          "2,web,536870912,20971520,20971520,536870912,4294967296\n"
                          "4,web,536870912,20971520,20971520,641728512,4294967296\n"
                          "6,web,641728512,125829120,125829120,641728512,4294967296\n",
                     &error);
  g_auto (GStrv) lines = NULL;

  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  g_assert_nonnull (strstr (lines[1], "512 → 612: headroom of 20 MiB is at or below 100 MiB"));
  g_assert_nonnull (strstr (lines[2], "  512 → 612"));
  g_assert_nonnull (strstr (text, "1 moves of 100 MiB in all were done"));
}

static void
test_files_that_are_none (void)
{
  const struct
  {
    const char *csv, *complaint;
  } rows[] = {
    { "", "there is nothing" },
    { "t,guest,balloon,unused\n", "there is no column \"host_available\"" },
    { HEAD, "nothing after the names" },
    { HEAD "0,web,1\n", "line 2: it has 3 fields, and there are 7 columns" },
    { HEAD "soon,web,1,1,1,1,1\n", "line 2: t is 'soon'" },
    { HEAD "0,web,-1,1,1,1,1\n", "line 2: balloon is '-1', not a whole number" },
    { HEAD "1,web,1,1,1,1,1\n0,web,1,1,1,1,1\n", "line 3: its time is before" },
    { HEAD "1,web,1,1,1,1,1\n1,web,1,1,1,1,1\n", "line 3: 'web' is there twice" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = replay_text (rows[i].csv, &error);

      g_assert_null (text);
      g_assert_nonnull (strstr (error->message, rows[i].complaint));
    }
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = replay ("/nonexistent.csv", &error);

  g_assert_null (text);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/replay/sample", test_sample);
  g_test_add_func ("/simulator/replay/beside-what-was-done", test_beside_what_was_done);
  g_test_add_func ("/simulator/replay/files-that-are-none", test_files_that_are_none);
  g_test_add_func ("/simulator/replay/no-file", test_no_file);
  return g_test_run ();
}
