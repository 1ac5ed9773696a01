/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past in a directory: told of what cannot be used, going on all the same, and bounded. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utime.h>

#include "recorder.h"

#define NOW  ((gint64)1790000100)
#define UUID "00000000-0000-4000-8000-000000000001"

static GMutex lock;
static GString *told; /* under the lock: the recorder's thread tells */

static void
tell (const char *path, const char *aside, const char *why)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *now = aside != NULL ? g_path_get_basename (aside) : NULL;

  g_mutex_lock (&lock);
  g_string_append_printf (told, "%s is now %s: %s\n", name, now, why);
  g_mutex_unlock (&lock);
}

static void
tell_not_kept (const char *why)
{
  g_mutex_lock (&lock);
  g_string_append_printf (told, "not kept: %s\n", why);
  g_mutex_unlock (&lock);
}

static GCond answered;

typedef struct
{
  GVariant *found;
  gboolean there;
} Answer;

static const McArchiveNews news = { tell, tell_not_kept };

typedef struct
{
  char *directory;
  McRecorder *recorder;
  GAsyncResult *result;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *parent = g_dir_make_tmp ("memcoord-XXXXXX", NULL);

  told = g_string_new (NULL);
  f->directory = g_build_filename (parent, "history", NULL);
  f->recorder = mc_recorder_new (f->directory, &news);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *parent = g_path_get_dirname (f->directory);
  g_autoptr (GDir) dir = NULL;
  const char *name;

  g_clear_pointer (&f->recorder, mc_recorder_free);
  dir = g_dir_open (f->directory, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->directory, name, NULL);

      g_remove (path);
    }
  g_remove (f->directory);
  g_assert_cmpint (g_rmdir (parent), ==, 0);
  g_free (f->directory);
  g_string_free (told, TRUE);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

static void
wait_for_result (Fixture *f)
{
  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
sync_all (Fixture *f)
{
  mc_recorder_sync_async (f->recorder, on_result, f);
  wait_for_result (f);
  mc_recorder_sync_finish (f->result);
  g_clear_object (&f->result);
}

static void
restart (Fixture *f)
{
  mc_recorder_free (f->recorder);
  f->recorder = mc_recorder_new (f->directory, &news);
}

static void
add (Fixture *f, const char *uuid, gint64 time_s, float figure)
{
  McHistoryRow row = { .step = (guint32)(time_s / MC_HISTORY_FINE_S) };

  for (guint i = 0; i < MC_HISTORY_MOST_COLUMNS; i++)
    row.figures[i] = figure;
  mc_recorder_add (f->recorder, uuid, &row);
}

static void
add_move (Fixture *f, const char *uuid, guint64 time_us)
{
  McLoggedMove move = { time_us, 1, 2, "grows" };

  mc_recorder_add_move (f->recorder, uuid, &move);
}

/* In the recorder's thread. */
static void
on_found (GVariant *found, GError *error, gpointer user_data)
{
  Answer *answer = user_data;

  g_mutex_lock (&lock);
  g_assert_no_error (error);
  answer->found = found != NULL ? g_variant_ref (found) : NULL;
  answer->there = TRUE;
  g_cond_signal (&answered);
  g_mutex_unlock (&lock);
}

/* Returns: (transfer full) (nullable) */
static GVariant *
wait_for_answer (Answer *answer)
{
  g_mutex_lock (&lock);
  while (!answer->there)
    g_cond_wait (&answered, &lock);
  g_mutex_unlock (&lock);
  return answer->found;
}

/* Returns: (nullable): (asaad) */
static GVariant *
read_rows (Fixture *f, const char *uuid)
{
  McHistoryQuery query = { (char *)uuid, NOW - 3600, NOW + 60, NOW + 60, 0 };
  Answer answer = { 0 };

  mc_recorder_read (f->recorder, &query, on_found, &answer);
  return wait_for_answer (&answer);
}

static gsize
count_rows (Fixture *f, const char *uuid)
{
  g_autoptr (GVariant) found = read_rows (f, uuid);
  g_autoptr (GVariant) rows = NULL;

  if (found == NULL)
    return 0;
  rows = g_variant_get_child_value (found, 1);
  return g_variant_n_children (rows);
}

/* Returns: (transfer full) (nullable): as text */
static char *
read_moves (Fixture *f, const char *uuid)
{
  McHistoryQuery query = { (char *)uuid, 0, NOW, NOW, 0 };
  g_autoptr (GVariant) found = NULL;
  Answer answer = { 0 };

  mc_recorder_read_moves (f->recorder, &query, on_found, &answer);
  found = wait_for_answer (&answer);
  return found != NULL ? g_variant_print (found, FALSE) : NULL;
}

static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  g_mkdir (f->directory, 0700);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* A directory where something is to be renamed to, so that it cannot be. */
static void
make_directory (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

/* Returns: how often that was told. */
static guint
count_told (const char *part)
{
  g_auto (GStrv) parts = g_strsplit (told->str, part, -1);

  return g_strv_length (parts) - 1;
}

static gboolean
is_there (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_read_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) found = NULL;
  g_autofree const char **columns = NULL;

  g_assert_null (read_rows (f, UUID));
  add (f, UUID, NOW, 5);
  add (f, UUID, NOW + 10, 7);
  found = read_rows (f, UUID); /* though nothing was flushed */
  g_variant_get_child (found, 0, "^a&s", &columns);
  g_assert_cmpstr (columns[0], ==, "Time");
  g_assert_cmpstr (columns[1], ==, "Balloon");
  g_assert_cmpuint (g_strv_length ((char **)columns), ==, 1 + MC_HISTORY_VM_N_COLUMNS);
  g_assert_cmpuint (count_rows (f, UUID), ==, 3); /* and the gap until now */
  g_assert_null (read_rows (f, "00000000-0000-4000-8000-000000000002"));
}

static void
test_restart (Fixture *f, gconstpointer data)
{
  g_autofree char *moves = NULL;

  add (f, NULL, NOW, 5);
  add (f, UUID, NOW, 5);
  add_move (f, UUID, 7);
  restart (f);
  g_assert_cmpuint (count_rows (f, NULL), ==, 2);
  g_assert_cmpuint (count_rows (f, UUID), ==, 2);
  moves = read_moves (f, UUID);
  g_assert_cmpstr (moves, ==, "[('" UUID "', 7, 1, 2, 'grows')]");
  g_assert_cmpstr (told->str, ==, "");
}

static void
test_moves_of_all (Fixture *f, gconstpointer data)
{
  g_autofree char *moves = NULL;

  add_move (f, "00000000-0000-4000-8000-000000000002", 7000000);
  add_move (f, UUID, 8000000);
  add_move (f, UUID, 3000000);
  moves = read_moves (f, NULL);
  g_assert_cmpstr (moves, ==,
                   "[('" UUID "', 3000000, 1, 2, 'grows'), "
                   "('00000000-0000-4000-8000-000000000002', 7000000, 1, 2, 'grows'), "
                   "('" UUID "', 8000000, 1, 2, 'grows')]");
}

/* Each second another VM's. */
static void
test_newest_moves_of_many (Fixture *f, gconstpointer data)
{
  McHistoryQuery query = { NULL, 0, NOW, NOW, 0 };
  guint n_vms = 80, n_moves = 300, all = n_vms * n_moves;
  g_autoptr (GVariant) found = NULL;
  Answer answer = { 0 };
  guint64 time;

  for (guint vm = 0; vm < n_vms; vm++)
    {
      g_autofree char *name = g_strdup_printf ("00000000-0000-4000-8000-%012u.moves", vm);
      g_autoptr (GString) text = g_string_new (NULL);

      for (guint i = 0; i < n_moves; i++)
        g_string_append_printf (text, "%u000000 1 2 grows\n", i * n_vms + vm + 1);
      write_file (f, name, text->str);
    }
  mc_recorder_read_moves (f->recorder, &query, on_found, &answer);
  found = wait_for_answer (&answer);
  g_assert_cmpuint (g_variant_n_children (found), ==, MC_RECORDER_MOST_MOVES);
  for (guint i = 0; i < MC_RECORDER_MOST_MOVES; i++)
    {
      g_variant_get_child (found, i, "(&sttt&s)", NULL, &time, NULL, NULL, NULL);
      g_assert_cmpuint (time, ==, (all - MC_RECORDER_MOST_MOVES + i + 1) * (guint64)G_USEC_PER_SEC);
    }
}

static GMutex disk;

static void
wait_for_disk (const char *path, const char *aside, const char *why)
{
  g_mutex_lock (&disk);
  g_mutex_unlock (&disk);
}

/* The recorder writes something, which lasts until disk_answers(). */
static void
hang_disk (Fixture *f)
{
  static const McArchiveNews hanging = { wait_for_disk, tell_not_kept };

  mc_recorder_free (f->recorder);
  f->recorder = mc_recorder_new (f->directory, &hanging);
  write_file (f, "host.series", "it hangs when this is set aside");
  g_mutex_lock (&disk);
  add (f, NULL, NOW, 5);
  mc_recorder_flush (f->recorder);
}

static void
disk_answers (void)
{
  g_mutex_unlock (&disk);
}

/* What has come meanwhile is told all the same. */
static void
test_moves_of_all_while_something_is_written (Fixture *f, gconstpointer data)
{
  McHistoryQuery query = { NULL, 0, NOW, NOW, 0 };
  g_autoptr (GVariant) found = NULL;
  g_autofree char *moves = NULL;
  Answer answer = { 0 };

  hang_disk (f);
  add_move (f, UUID, 7);
  mc_recorder_read_moves (f->recorder, &query, on_found, &answer);
  disk_answers ();
  found = wait_for_answer (&answer);
  moves = g_variant_print (found, FALSE);
  g_assert_cmpstr (moves, ==, "[('" UUID "', 7, 1, 2, 'grows')]");
}

static void
test_nothing_is_kept (Fixture *f, gconstpointer data)
{
  mc_recorder_free (f->recorder);
  f->recorder = mc_recorder_new (NULL, &news);
  add (f, UUID, NOW, 5);
  add_move (f, UUID, 7);
  g_assert_null (read_rows (f, UUID));
  g_assert_null (read_moves (f, NULL));
  sync_all (f);
}

/* What begins nobody's name is no file of this. */
static void
test_no_uuid (Fixture *f, gconstpointer data)
{
  add (f, "../../etc/passwd", NOW, 5);
  sync_all (f);
  g_assert_false (g_file_test (f->directory, G_FILE_TEST_EXISTS));
}

static void
test_set_aside (Fixture *f, gconstpointer data)
{
  g_autofree char *moves = NULL;

  write_file (f, "host.series", "it is mine");
  write_file (f, UUID ".series", "");
  write_file (f, UUID ".moves", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
  add (f, NULL, NOW, 5);
  add (f, UUID, NOW, 5);
  add_move (f, UUID, 7);
  sync_all (f);
  g_assert_true (is_there (f, "host.series.damaged"));
  g_assert_true (is_there (f, UUID ".series.damaged"));
  g_assert_true (is_there (f, UUID ".moves.damaged"));
  g_assert_nonnull (strstr (told->str, "host.series is now host.series.damaged: "));
  g_assert_nonnull (strstr (told->str, UUID ".series is now " UUID ".series.damaged: "));
  g_assert_nonnull (strstr (told->str, UUID ".moves is now " UUID ".moves.damaged: "));
  g_assert_cmpuint (count_rows (f, NULL), ==, 2);
  g_assert_cmpuint (count_rows (f, UUID), ==, 2);
  moves = read_moves (f, UUID);
  g_assert_cmpstr (moves, ==, "[('" UUID "', 7, 1, 2, 'grows')]");
}

/* What is in the file is not to blame for that, and is kept. */
static void
test_no_descriptor_is_left (Fixture *f, gconstpointer data)
{
  struct rlimit limit, less;
  int next = open ("/dev/null", O_RDONLY);

  add (f, NULL, NOW, 5);
  sync_all (f);
  mc_recorder_free (f->recorder);
  f->recorder = mc_recorder_new (f->directory, &news);
  add (f, NULL, NOW + 10, 5);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  less = (struct rlimit){ (rlim_t)next, limit.rlim_max };
  close (next);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &less));
  sync_all (f);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_nonnull (strstr (told->str, g_strerror (EMFILE)));
  g_assert_false (is_there (f, "host.series.damaged"));
  add (f, NULL, NOW + 20, 5);
  g_assert_cmpuint (count_rows (f, NULL), ==, 4); /* from the first to the end of the last */
}

/* Somebody truncates it while the service runs. */
static void
test_damaged_meanwhile (Fixture *f, gconstpointer data)
{
  add (f, NULL, NOW, 5);
  sync_all (f);
  write_file (f, "host.series", "");
  g_assert_cmpuint (count_rows (f, NULL), ==, 0);
  g_assert_nonnull (strstr (told->str, "host.series is now host.series.damaged"));
  write_file (f, "host.series", "");
  add (f, NULL, NOW + 10, 5);
  g_assert_cmpuint (count_rows (f, NULL), ==, 2);
}

/* The same of moves, which are written and not read. */
static void
test_moves_damaged_meanwhile (Fixture *f, gconstpointer data)
{
  g_autofree char *much = g_strnfill (100 * 1024, '\n'), *moves = NULL;

  add_move (f, UUID, 7);
  sync_all (f);
  write_file (f, UUID ".moves", much);
  add_move (f, UUID, 8);
  moves = read_moves (f, UUID);
  g_assert_cmpstr (moves, ==, "[('" UUID "', 8, 1, 2, 'grows')]");
  g_assert_cmpuint (count_told (UUID ".moves is now " UUID ".moves.damaged: "), ==, 1);
  g_assert_cmpuint (count_told ("not kept"), ==, 0);
}

/* Whoever may read could fill the log else. */
static void
test_what_stays_in_the_way_is_told_once (Fixture *f, gconstpointer data)
{
  write_file (f, "host.series", "it is mine");
  make_directory (f, "host.series.damaged");
  for (guint i = 0; i < 3; i++)
    {
      add (f, NULL, NOW + 10 * i, 5);
      g_assert_cmpuint (count_rows (f, NULL), ==, 0);
    }
  g_assert_cmpuint (count_told ("host.series is now "), ==, 1);
  g_assert_cmpuint (count_told ("not kept: "), ==, 0); /* that would be news of another kind */
}

/* As on a full disk, on which there is room for what was there before: no file may be as long as a
 * VM's, and the host's is shorter. */
static void
test_not_kept_of_some_is_told_once (Fixture *f, gconstpointer data)
{
  struct rlimit limit = { 100 * 1000, RLIM_INFINITY }, before;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  for (guint i = 0; i < 3; i++)
    {
      add (f, NULL, NOW + 10 * i, 5);
      add (f, UUID, NOW + 10 * i, 5);
      sync_all (f);
    }
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpuint (count_told ("not kept: "), ==, 1);
  g_assert_cmpuint (count_rows (f, NULL), ==, 4); /* and the gap until now */
}

static void
test_not_kept_is_told_once (Fixture *f, gconstpointer data)
{
  g_autofree char *once = NULL;

  g_assert_true (g_file_set_contents (f->directory, "a file in the directory's place", -1, NULL));
  add (f, NULL, NOW, 5);
  sync_all (f);
  once = g_strdup (told->str);
  g_assert_true (g_str_has_prefix (once, "not kept: failed to "));
  add (f, NULL, NOW + 10, 5);
  add (f, UUID, NOW + 10, 5);
  sync_all (f);
  g_assert_cmpstr (told->str, ==, once);
  g_unlink (f->directory);
  add (f, NULL, NOW + 20, 5);
  g_assert_cmpuint (count_rows (f, NULL), ==, 2);
}

/* A VM that was last there so many days ago. */
static void
make_former (Fixture *f, guint number, guint days)
{
  static const char *const suffixes[] = { ".series", ".moves", ".series.damaged" };
  time_t then = (time_t)(NOW - 24 * 60 * 60 * (gint64)days - number);
  struct utimbuf times = { then, then };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name
          = g_strdup_printf ("00000000-0000-4000-8000-%012u%s", number, suffixes[i]);
      g_autofree char *path = g_build_filename (f->directory, name, NULL);

      write_file (f, name, "");
      g_assert_cmpint (utime (path, &times), ==, 0);
    }
}

static gboolean
is_former_there (Fixture *f, guint number)
{
  g_autofree char *series = g_strdup_printf ("00000000-0000-4000-8000-%012u.series", number);
  g_autofree char *moves = g_strdup_printf ("00000000-0000-4000-8000-%012u.moves", number);
  g_autofree char *aside = g_strdup_printf ("00000000-0000-4000-8000-%012u.series.damaged", number);

  g_assert_cmpint (is_there (f, series), ==, is_there (f, moves));
  g_assert_cmpint (is_there (f, series), ==, is_there (f, aside));
  return is_there (f, series);
}

static void
test_sweep (Fixture *f, gconstpointer data)
{
  GHashTable *present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  make_former (f, 1, 30); /* it runs */
  make_former (f, 2, 9);
  make_former (f, 3, 7);
  write_file (f, "notes.txt", "somebody's");
  write_file (f, UUID ".series.backup", "somebody's");
  write_file (f, UUID ".series.memcoord-a1B2c3", "what was begun when it was killed");
  write_file (f, UUID ".moves.memcoord-a1B2c3", "what was begun when it was killed");
  write_file (f, "host.series.memcoord-a1B2c3", "what was begun when it was killed");
  for (guint i = 100; i < 250; i++)
    make_former (f, i, 1);
  g_hash_table_add (present, g_strdup (UUID));
  mc_recorder_sweep (f->recorder, present, NOW);
  sync_all (f);
  g_assert_true (is_former_there (f, 1));
  g_assert_false (is_former_there (f, 2));
  g_assert_false (is_former_there (f, 3)); /* there are 139 that are newer */
  for (guint i = 100; i < 250; i++)
    g_assert_cmpint (is_former_there (f, i), ==, i < 239);
  g_assert_true (is_there (f, "notes.txt"));
  g_assert_true (is_there (f, UUID ".series.backup"));
  g_assert_false (is_there (f, UUID ".series.memcoord-a1B2c3"));
  g_assert_false (is_there (f, UUID ".moves.memcoord-a1B2c3"));
  g_assert_false (is_there (f, "host.series.memcoord-a1B2c3"));
}

/* A host of 100 VMs has started, and three of them have. */
static void
test_sweep_while_vms_come_back (Fixture *f, gconstpointer data)
{
  GHashTable *present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 1; i <= 100; i++)
    make_former (f, i, 1);
  for (guint i = 1; i <= 3; i++)
    g_hash_table_add (present, g_strdup_printf ("00000000-0000-4000-8000-%012u", i));
  mc_recorder_sweep (f->recorder, present, NOW);
  sync_all (f);
  for (guint i = 1; i <= 100; i++)
    g_assert_true (is_former_there (f, i));
}

/* Where many are there, the others are bounded all the same. */
static void
test_sweep_beside_many (Fixture *f, gconstpointer data)
{
  GHashTable *present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 100; i < 150; i++)
    make_former (f, i, 1);
  for (guint i = 1000; i < 1200; i++)
    g_hash_table_add (present, g_strdup_printf ("00000000-0000-4000-8000-%012u", i));
  mc_recorder_sweep (f->recorder, present, NOW);
  sync_all (f);
  for (guint i = 100; i < 150; i++)
    g_assert_cmpint (is_former_there (f, i), ==, i < 140);
}

static int n_freed; /* atomic */

static void
free_uuid (gpointer uuid)
{
  g_atomic_int_inc (&n_freed);
  g_free (uuid);
}

/* A week of that, and all that gathers is one more. */
static void
test_sweeps_do_not_gather (Fixture *f, gconstpointer data)
{
  hang_disk (f);
  for (guint i = 0; i < MC_HISTORY_COARSE_STEPS; i++)
    {
      GHashTable *present = g_hash_table_new_full (g_str_hash, g_str_equal, free_uuid, NULL);

      g_hash_table_add (present, g_strdup (UUID));
      mc_recorder_sweep (f->recorder, present, NOW);
    }
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, MC_HISTORY_COARSE_STEPS - 1);
  disk_answers ();
  sync_all (f);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, MC_HISTORY_COARSE_STEPS);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/recorder/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("read-at-once", test_read_at_once);
  TEST ("restart", test_restart);
  TEST ("moves-of-all", test_moves_of_all);
  TEST ("newest-moves-of-many", test_newest_moves_of_many);
  TEST ("moves-of-all-while-something-is-written", test_moves_of_all_while_something_is_written);
  TEST ("nothing-is-kept", test_nothing_is_kept);
  TEST ("no-uuid", test_no_uuid);
  TEST ("set-aside", test_set_aside);
  TEST ("no-descriptor-is-left", test_no_descriptor_is_left);
  TEST ("damaged-meanwhile", test_damaged_meanwhile);
  TEST ("moves-damaged-meanwhile", test_moves_damaged_meanwhile);
  TEST ("what-stays-in-the-way-is-told-once", test_what_stays_in_the_way_is_told_once);
  TEST ("not-kept-of-some-is-told-once", test_not_kept_of_some_is_told_once);
  TEST ("not-kept-is-told-once", test_not_kept_is_told_once);
  TEST ("sweep", test_sweep);
  TEST ("sweep-while-vms-come-back", test_sweep_while_vms_come_back);
  TEST ("sweep-beside-many", test_sweep_beside_many);
  TEST ("sweeps-do-not-gather", test_sweeps_do_not_gather);
  return g_test_run ();
}
