/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past in one file: what is written is read, whatever the clock does, and what is damaged is
 * seen. */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-file.h"
#include "file-fixture.h"
#include "series-reader.h"
#include "series.h"

#define NOW ((gint64)1790000100) /* the begin of a coarse step */

static McHistoryRow
row_at (gint64 time_s, double available, double condition)
{
  McHistoryRow row = { .step = (guint32)(time_s / MC_HISTORY_FINE_S) };

  for (guint i = 0; i < MC_HISTORY_MOST_COLUMNS; i++)
    row.figures[i] = NAN;
  row.figures[MC_HISTORY_HOST_AVAILABLE] = (float)available;
  row.figures[MC_HISTORY_HOST_CONDITION] = (float)condition;
  return row;
}

static void
write_one (FileFixture *f, gint64 time_s, double available, double condition)
{
  McHistoryRow row = row_at (time_s, available, condition);
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_series_write (f->path, &mc_history_of_host, &row, 1, &error));
  g_assert_no_error (error);
}

/* Every ten seconds of so long before @until_s; each has its own time as its figure. */
static void
write_span (FileFixture *f, gint64 until_s, gint64 seconds)
{
  guint n = MC_HISTORY_FINES;
  g_autofree McHistoryRow *rows = g_new (McHistoryRow, n);

  for (gint64 at = until_s - seconds; at < until_s; at += MC_HISTORY_COARSE_S)
    {
      g_autoptr (GError) error = NULL;

      for (guint i = 0; i < n; i++)
        rows[i]
            = row_at (at + i * MC_HISTORY_FINE_S, (double)(at + i * MC_HISTORY_FINE_S - NOW), 0);
      g_assert_true (mc_series_write (f->path, &mc_history_of_host, rows, n, &error));
      g_assert_no_error (error);
    }
}

/* Returns: (transfer full): aad */
static GVariant *
read_all (FileFixture *f, gint64 since_s, gint64 until_s, gint64 now_s, guint points)
{
  g_autoptr (GError) error = NULL;
  GVariant *rows
      = mc_series_read (f->path, &mc_history_of_host, since_s, until_s, now_s, points, &error);

  g_assert_no_error (error);
  return g_variant_ref_sink (rows);
}

static double
value_at (GVariant *rows, gsize row, guint column)
{
  g_autoptr (GVariant) figures = g_variant_get_child_value (rows, row);
  gsize n;
  const double *values = g_variant_get_fixed_array (figures, &n, sizeof (double));

  g_assert_cmpuint (n, ==, 1 + MC_HISTORY_HOST_N_COLUMNS);
  return values[column];
}

static gint64
time_of (GVariant *rows, gsize row)
{
  return (gint64)value_at (rows, row, 0) / G_USEC_PER_SEC;
}

static double
available_of (GVariant *rows, gsize row)
{
  return value_at (rows, row, 1 + MC_HISTORY_HOST_AVAILABLE);
}

static void
test_nothing (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = read_all (f, 0, NOW, NOW, 0);

  g_assert_cmpuint (g_variant_n_children (rows), ==, 0);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

static void
test_last_hour (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL;

  write_span (f, NOW, 2 * 3600);
  rows = read_all (f, NOW - 3600, NOW, NOW, 0);
  g_assert_cmpuint (g_variant_n_children (rows), ==, 360);
  for (gsize i = 0; i < 360; i++)
    {
      g_assert_cmpint (time_of (rows, i), ==, NOW - 3600 + 10 * (gint64)i);
      g_assert_cmpfloat (available_of (rows, i), ==, (double)(time_of (rows, i) - NOW));
      g_assert_true (value_at (rows, i, 1 + MC_HISTORY_HOST_TOTAL) == MC_SERIES_UNKNOWN);
    }
}

static void
test_last_week (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL;
  gint64 week_s = 7 * 24 * 3600;
  GStatBuf info, after;

  write_span (f, NOW - week_s, 3600);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  write_span (f, NOW, week_s);
  rows = read_all (f, NOW - week_s, NOW, NOW, 0);
  g_assert_cmpuint (g_variant_n_children (rows), ==, (gsize)week_s / 300);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_assert_cmpint (time_of (rows, i), ==, NOW - week_s + 300 * (gint64)i);
      /* The mean of 0, 10, … 290. */
      g_assert_cmpfloat_with_epsilon (available_of (rows, i),
                                      (double)(time_of (rows, i) - NOW) + 145, 1);
    }
  g_assert_cmpint (g_stat (f->path, &after), ==, 0);
  g_assert_cmpint (after.st_size, ==, info.st_size);
  g_assert_cmpint (after.st_size, <, 80 * 1024); /* a VM has twice as many columns */
}

static void
test_points (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL, one = NULL;

  write_span (f, NOW, 3600);
  rows = read_all (f, NOW - 3600, NOW, NOW, 100);
  g_assert_cmpuint (g_variant_n_children (rows), ==, 90); /* of four steps each */
  g_assert_cmpint (time_of (rows, 1) - time_of (rows, 0), ==, 40);
  g_assert_cmpfloat (available_of (rows, 0), ==, -3600 + 15);
  one = read_all (f, NOW - 3600, NOW, NOW, 1);
  g_assert_cmpuint (g_variant_n_children (one), ==, 1);
  g_assert_cmpfloat (available_of (one, 0), ==, -3600 + 1795);
}

static void
test_worst (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL;

  write_one (f, NOW, 100, 0);
  write_one (f, NOW + 10, 300, 2);
  write_one (f, NOW + 20, NAN, 0);
  rows = read_all (f, NOW - 24 * 3600, NOW + 300, NOW + 300, 0);
  g_assert_cmpuint (g_variant_n_children (rows), ==, 1);
  g_assert_cmpfloat (available_of (rows, 0), ==, 200);
  g_assert_cmpfloat (value_at (rows, 0, 1 + MC_HISTORY_HOST_CONDITION), ==, 2);
}

static void
test_gap (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL;

  write_one (f, NOW - 600, 1, 0);
  write_one (f, NOW - 590, 2, 0);
  write_one (f, NOW - 10, 3, 0);
  rows = read_all (f, NOW - 3600, NOW, NOW, 0);
  g_assert_cmpuint (g_variant_n_children (rows), ==, 4);
  g_assert_cmpint (time_of (rows, 2), ==, NOW - 580);
  g_assert_true (available_of (rows, 2) == MC_SERIES_UNKNOWN);
  g_assert_cmpfloat (available_of (rows, 3), ==, 3);
}

/* What was written by a clock that was ahead is not shown, and holds up nothing. */
static void
test_clock_goes_back (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL, later = NULL;

  write_span (f, NOW + 24 * 3600, 3600);
  write_span (f, NOW, 3600);
  rows = read_all (f, NOW - 3600, NOW, NOW, 0);
  g_assert_cmpuint (g_variant_n_children (rows), ==, 360);
  g_assert_cmpfloat (available_of (rows, 359), ==, -10);
  later = read_all (f, NOW - 24 * 3600, NOW, NOW, 0);
  g_assert_cmpuint (g_variant_n_children (later), ==, 12);
}

static void
test_clock_is_before_all (FileFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) rows = NULL;

  write_one (f, 20, 1, 0);
  rows = read_all (f, 0, 60, 60, 0);
  g_assert_cmpfloat (available_of (rows, 0), ==, 1);
}

static void
expect_unusable (FileFixture *f, const char *why)
{
  McHistoryRow row = row_at (NOW, 1, 0);
  g_autoptr (GError) error = NULL;

  g_assert_false (mc_series_check (f->path, &mc_history_of_host, &error));
  g_assert_error (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
  g_assert_cmpstr (error->message, ==, why);
  if (g_str_equal (why, "many of its rows are damaged"))
    return;
  g_clear_error (&error);
  g_assert_false (mc_series_write (f->path, &mc_history_of_host, &row, 1, &error));
  g_assert_error (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_null (mc_series_read (f->path, &mc_history_of_host, NOW - 60, NOW, NOW, 0, &error));
  g_assert_error (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
}

static void
test_foreign (FileFixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (f->path, "RRD", -1, NULL));
  expect_unusable (f, "it has another size than this version writes");
  g_unlink (f->path);
  g_assert_cmpint (g_mkdir (f->path, 0700), ==, 0);
  expect_unusable (f, "it is not a regular file");
  g_rmdir (f->path);
  g_assert_cmpint (symlink ("/etc/passwd", f->path), ==, 0);
  expect_unusable (f, "it is not a regular file");
  g_unlink (f->path);
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  expect_unusable (f, "it is not a regular file");
}

/* Sets bytes of the file to what they were not. */
static void
damage (FileFixture *f, gsize first, gsize each, gsize n)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (f->path, &bytes, &length, NULL));
  for (gsize i = 0; i < n; i++)
    bytes[first + i * each] ^= 0x55;
  g_assert_true (g_file_set_contents (f->path, bytes, (gssize)length, NULL));
}

static void
test_damaged (FileFixture *f, gconstpointer data)
{
  gsize row = 8 + 4 * MC_HISTORY_HOST_N_COLUMNS;
  g_autoptr (GVariant) rows = NULL;
  g_autoptr (GError) error = NULL;

  write_span (f, NOW, 3600);
  damage (f, 512 + 9, row, 3); /* what a loss of power may leave */
  g_assert_true (mc_series_check (f->path, &mc_history_of_host, &error));
  g_assert_no_error (error);
  rows = read_all (f, NOW - 3600, NOW, NOW, 0);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    g_assert_true (available_of (rows, i) == MC_SERIES_UNKNOWN
                   || available_of (rows, i) == (double)(time_of (rows, i) - NOW));
  damage (f, 512 + 9 + 100 * row, row, 200);
  expect_unusable (f, "many of its rows are damaged");
  damage (f, 20, 1, 1);
  expect_unusable (f, "its head is not one that this version writes");
}

static void
test_other_kind (FileFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_one (f, NOW, 1, 0);
  g_assert_false (mc_series_check (f->path, &mc_history_of_vm, &error));
  g_assert_error (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
}

/* Half a file is never there. */
static void
test_disk_full (FileFixture *f, gconstpointer data)
{
  struct rlimit limit = { 4096, RLIM_INFINITY }, before;
  McHistoryRow row = row_at (NOW, 1, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_false (mc_series_write (f->path, &mc_history_of_host, &row, 1, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (EFBIG));
  g_assert_nonnull (strstr (error->message, f->path));
  dir = g_dir_open (f->directory, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  write_one (f, NOW, 1, 0);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/series/" name, FileFixture, "host.series", file_fixture_set_up, function,          \
              file_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("nothing", test_nothing);
  TEST ("last-hour", test_last_hour);
  TEST ("last-week", test_last_week);
  TEST ("points", test_points);
  TEST ("worst", test_worst);
  TEST ("gap", test_gap);
  TEST ("clock-goes-back", test_clock_goes_back);
  TEST ("clock-is-before-all", test_clock_is_before_all);
  TEST ("foreign", test_foreign);
  TEST ("damaged", test_damaged);
  TEST ("other-kind", test_other_kind);
  TEST ("disk-full", test_disk_full);
  return g_test_run ();
}
