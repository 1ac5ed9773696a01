/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The moves of a VM in a file: newest kept, within a limit, and half a line hurts nobody. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk-file.h"
#include "file-fixture.h"
#include "moves-log.h"

static void
add (FileFixture *f, guint64 time_us)
{
  McLoggedMove move = { time_us, 1 << 30, 2 << 20, "funds-others" };
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_moves_log_write (f->path, &move, 1, &error));
  g_assert_no_error (error);
}

static GArray *
read_all (FileFixture *f)
{
  g_autoptr (GError) error = NULL;
  GArray *moves = mc_moves_log_read (f->path, &error);

  g_assert_no_error (error);
  return moves;
}

static void
test_written_is_read (FileFixture *f, gconstpointer data)
{
  g_autoptr (GArray) none = read_all (f), moves = NULL;
  const McLoggedMove *last;

  g_assert_cmpuint (none->len, ==, 0);
  add (f, 1);
  add (f, G_GUINT64_CONSTANT (1790000000000000));
  moves = read_all (f);
  g_assert_cmpuint (moves->len, ==, 2);
  last = &g_array_index (moves, McLoggedMove, 1);
  g_assert_cmpuint (last->time_us, ==, G_GUINT64_CONSTANT (1790000000000000));
  g_assert_cmpuint (last->from, ==, 1 << 30);
  g_assert_cmpuint (last->to, ==, 2 << 20);
  g_assert_cmpstr (last->code, ==, "funds-others");
}

static void
test_limit (FileFixture *f, gconstpointer data)
{
  guint64 n = 3000;
  g_autoptr (GArray) moves = NULL;
  GStatBuf info;

  for (guint64 i = 1; i <= n; i++)
    add (f, G_GUINT64_CONSTANT (1790000000000000) + i);
  moves = read_all (f);
  g_assert_cmpuint (moves->len, >=, 250);
  for (guint i = 0; i < moves->len; i++)
    g_assert_cmpuint (g_array_index (moves, McLoggedMove, i).time_us, ==,
                      G_GUINT64_CONSTANT (1790000000000000) + n - moves->len + 1 + i);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_size, <=, 32 * 1024);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

/* The name leaves no room for that of a file beside it, with which it would be shortened. */
static void
test_limit_where_it_cannot_be_shortened (FileFixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (250, 'a');
  McLoggedMove move = { 1, 1 << 30, 2 << 20, "funds-others" };
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  g_free (f->path);
  f->path = g_build_filename (f->directory, name, NULL);
  for (guint i = 0; i < 3000; i++)
    {
      g_clear_error (&error);
      g_assert_cmpint (mc_moves_log_write (f->path, &move, 1, &error), ==, error == NULL);
    }
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_size, <=, 32 * 1024);
}

/* Killed, or without power, in the middle of a line. */
static void
test_half_a_line (FileFixture *f, gconstpointer data)
{
  g_autoptr (GArray) moves = NULL;

  g_assert_true (g_file_set_contents (f->path, "5 6 7 grows\n17900", -1, NULL));
  add (f, 9);
  moves = read_all (f);
  g_assert_cmpuint (moves->len, ==, 2);
  g_assert_cmpuint (g_array_index (moves, McLoggedMove, 0).time_us, ==, 5);
  g_assert_cmpuint (g_array_index (moves, McLoggedMove, 1).time_us, ==, 9);
}

static void
expect_damaged (FileFixture *f, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mc_moves_log_read (f->path, &error));
  g_assert_error (error, MC_DISK_FILE_ERROR, MC_DISK_FILE_ERROR_DAMAGED);
  g_assert_cmpstr (error->message, ==, why);
}

static void
test_foreign (FileFixture *f, gconstpointer data)
{
  g_autofree char *much = g_strnfill (100 * 1024, '\n');

  g_assert_true (g_file_set_contents (f->path, much, 100, NULL));
  expect_damaged (f, "many of its lines are no moves");
  g_assert_true (g_file_set_contents (f->path, much, -1, NULL));
  expect_damaged (f, "it is larger than this version writes");
  g_unlink (f->path);
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  expect_damaged (f, "it is not a regular file");
}

static void
test_lines (FileFixture *f, gconstpointer data)
{
  static const char *const odd[] = {
    "",
    "1 2 3",
    "1 2 3 ",
    "1 2 grows",
    "-1 2 3 grows",
    "1  2 3 grows",
    "1 2 3 Grows",
    "1 2 3 grows and grows",
    "18446744073709551616 2 3 grows",
    "1 2 3 a-word-that-is-longer-than-any-that-there-is",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *line = g_strconcat (odd[i], "\n", NULL);
      guint damaged;
      g_autoptr (GArray) moves = mc_moves_log_parse (line, strlen (line), &damaged);

      g_assert_cmpuint (moves->len, ==, 0);
      g_assert_cmpuint (damaged, ==, 1);
    }
}

#define TEST(name, function)                                                                       \
  g_test_add ("/moves-log/" name, FileFixture, "a.moves", file_fixture_set_up, function,           \
              file_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("written-is-read", test_written_is_read);
  TEST ("limit", test_limit);
  TEST ("limit-where-it-cannot-be-shortened", test_limit_where_it_cannot_be_shortened);
  TEST ("half-a-line", test_half_a_line);
  TEST ("foreign", test_foreign);
  TEST ("lines", test_lines);
  return g_test_run ();
}
