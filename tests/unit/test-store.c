/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runtime settings on disk: whole whenever the service is killed, newest last. */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state-file.h"

typedef struct
{
  char *directory;
  char *path;
  char *aside; /* what was there and is not used */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "settings", NULL);
  f->aside = g_build_filename (f->directory, "settings.damaged", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unlink (f->path);
  g_unlink (f->aside);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->aside);
  g_free (f->path);
  g_free (f->directory);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (mc_store_sync_finish (MC_STORE (source), result, &error))
    g_string_append (user_data, "kept\n");
  else
    g_string_append_printf (user_data, "%s\n", error->message);
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  for (const char *at = strstr (text, part); at != NULL; at = strstr (at + 1, part))
    n++;
  return n;
}

static void
wait_told (GString *told, guint n_lines)
{
  while (count (told->str, "\n") < n_lines)
    g_main_context_iteration (NULL, TRUE);
}

/* What was saved has got to the disk, or has not. */
static void
flush (McStore *store)
{
  g_autoptr (GString) told = g_string_new (NULL);

  mc_store_sync_async (store, on_synced, told);
  wait_told (told, 1);
}

static void
test_newest_wins (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, f->directory);
  g_autoptr (McStore) again = NULL;

  for (int i = 1; i <= 200; i++)
    {
      g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", i);
      mc_store_save (store);
    }
  flush (store);
  again = mc_store_new (&mc_state_file_kind, f->directory);
  g_assert_cmpint (g_key_file_get_integer (mc_store_get_keys (again), "Group", "key", NULL), ==,
                   200);
}

/* A child that writes as fast as it can, until it is killed. Both keys of a state that was written
 * are equal. */
static void
write_for_ever (const char *directory)
{
  for (;;)
    {
      g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, directory);

      for (int i = 1; i <= 16; i++)
        {
          g_key_file_set_integer (mc_store_get_keys (store), "Group", "one", i);
          g_key_file_set_integer (mc_store_get_keys (store), "Group", "two", i);
          mc_store_save (store);
        }
    }
}

static void
test_whole_after_a_kill (Fixture *f, gconstpointer data)
{
  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (McStore) store = NULL;
      pid_t child = fork ();
      int status, one, two;

      if (child == 0)
        write_for_ever (f->directory);
      do
        g_usleep (200);
      while (!g_file_test (f->path, G_FILE_TEST_EXISTS));
      g_usleep ((gulong)g_test_rand_int_range (0, 5000));
      kill (child, SIGKILL);
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      store = mc_store_new (&mc_state_file_kind, f->directory);
      one = g_key_file_get_integer (mc_store_get_keys (store), "Group", "one", NULL);
      two = g_key_file_get_integer (mc_store_get_keys (store), "Group", "two", NULL);
      g_assert_cmpint (one, >, 0);
      g_assert_cmpint (one, ==, two);
    }
  /* Nothing is left over from the writes that were cut off: tear_down() finds an empty directory.
   */
}

static void
test_keeps_nothing_without_a_place (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, NULL);

  g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", 1);
  mc_store_save (store);
  flush (store);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

/* It is kept for whoever wants to see what was in it. */
static void
check_set_aside (Fixture *f, const char *text)
{
  g_autofree char *kept = NULL;

  g_assert_true (g_file_get_contents (f->aside, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, text);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = NULL;

  g_assert_true (g_file_set_contents (f->path, "\x01\x02nonsense", -1, NULL));
  g_test_expect_message ("memcoord", G_LOG_LEVEL_WARNING,
                         "Runtime settings in *settings are not used*is now *settings.damaged");
  store = mc_store_new (&mc_state_file_kind, f->directory);
  g_test_assert_expected_messages ();
  check_set_aside (f, "\x01\x02nonsense");
  g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", 7);
  mc_store_save (store);
  flush (store);
  {
    g_autoptr (McStore) again = mc_store_new (&mc_state_file_kind, f->directory);

    g_assert_cmpint (g_key_file_get_integer (mc_store_get_keys (again), "Group", "key", NULL), ==,
                     7);
  }
}

/* What stands before an error in a file is no better than what comes after it. */
static void
test_half_garbage (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = NULL;

  g_assert_true (g_file_set_contents (f->aside, "of an earlier time", -1, NULL));
  g_assert_true (g_file_set_contents (f->path, "[Group]\nkey=7\nnonsense\n", -1, NULL));
  store = mc_store_new (&mc_state_file_kind, f->directory);
  check_set_aside (f, "[Group]\nkey=7\nnonsense\n");
  g_assert_false (g_key_file_has_group (mc_store_get_keys (store), "Group"));
}

/* A pipe in its place is not waited for, and is replaced. */
static void
test_pipe (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = NULL;

  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  g_test_expect_message ("memcoord", G_LOG_LEVEL_WARNING, "*is not a regular file; *");
  store = mc_store_new (&mc_state_file_kind, f->directory);
  g_test_assert_expected_messages ();
  mc_store_save (store);
  flush (store);
  g_assert_true (g_file_test (f->path, G_FILE_TEST_IS_REGULAR));
}

/* Only what the store itself may have left is swept away, and no copy that somebody made. */
static void
test_sweep (Fixture *f, gconstpointer data)
{
  static const char *const copies[]
      = { "settings.orig", "settings.backup", "settings.A1B2C3", "settings.memcoord-backup-1" };
  g_autofree char *left = g_build_filename (f->directory, "settings.memcoord-A1B2C3", NULL);
  g_autoptr (McStore) store = NULL;

  g_assert_true (g_file_set_contents (left, "x", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (copies); i++)
    {
      g_autofree char *copy = g_build_filename (f->directory, copies[i], NULL);

      g_assert_true (g_file_set_contents (copy, "x", -1, NULL));
    }
  store = mc_store_new (&mc_state_file_kind, f->directory);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  for (gsize i = 0; i < G_N_ELEMENTS (copies); i++)
    {
      g_autofree char *copy = g_build_filename (f->directory, copies[i], NULL);

      g_assert_cmpint (g_unlink (copy), ==, 0);
    }
}

/* What other users have no business with. */
static void
test_private (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, f->directory);
  GStatBuf info;

  mc_store_save (store);
  flush (store);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

/* Freeing it writes what is still to be written. */
static void
test_ends_written (Fixture *f, gconstpointer data)
{
  for (int i = 1; i <= 20; i++)
    {
      McStore *store = mc_store_new (&mc_state_file_kind, f->directory);
      g_autoptr (McStore) again = NULL;

      g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", i);
      mc_store_save (store);
      g_object_unref (store);
      again = mc_store_new (&mc_state_file_kind, f->directory);
      g_assert_cmpint (g_key_file_get_integer (mc_store_get_keys (again), "Group", "key", NULL), ==,
                       i);
    }
}

/* Disks that fail. These stand before libc's functions of the same names. */

static gboolean sync_fails, rename_fails;

int
fsync (int fd)
{
  struct stat info;

  g_assert_cmpint (fstat (fd, &info), ==, 0);
  /* The directory's alone: the file's has gone before it. */
  if (!sync_fails || !S_ISDIR (info.st_mode))
    return (int)syscall (SYS_fsync, fd);
  errno = EIO;
  return -1;
}

int
rename (const char *from, const char *to)
{
  if (!rename_fails)
    return (int)syscall (SYS_rename, from, to);
  errno = ENOSPC;
  return -1;
}

typedef struct
{
  McStore *store;
  int before;
} Undo;

static void
set_back (gpointer data)
{
  const Undo *undo = data;

  g_key_file_set_integer (mc_store_get_keys (undo->store), "Group", "key", undo->before);
  mc_store_save (undo->store);
}

static int
key_of (McStore *store)
{
  return g_key_file_get_integer (mc_store_get_keys (store), "Group", "key", NULL);
}

static void
set_key (McStore *store, int value, GString *told)
{
  Undo *undo = g_new (Undo, 1);

  *undo = (Undo){ store, key_of (store) };
  g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", value);
  mc_store_save (store);
  mc_store_undo_with (store, set_back, undo, g_free);
  mc_store_sync_async (store, on_synced, told);
}

static void
check_on_disk (Fixture *f, int value)
{
  g_autoptr (McStore) again = mc_store_new (&mc_state_file_kind, f->directory);

  g_assert_cmpint (key_of (again), ==, value);
}

static void
check_failing (Fixture *f, gboolean *failing, const char *says)
{
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, f->directory);
  g_autoptr (GString) told = g_string_new (NULL);

  set_key (store, 1, told);
  wait_told (told, 1);
  g_assert_cmpstr (told->str, ==, "kept\n");
  *failing = TRUE;
  g_string_truncate (told, 0);
  /* Some of them wait while others are written. */
  for (int i = 2; i <= 10; i++)
    {
      set_key (store, i, told);
      g_main_context_iteration (NULL, FALSE);
    }
  wait_told (told, 9);
  g_test_message ("%s", told->str);
  g_assert_cmpuint (count (told->str, says), ==, 9);
  g_assert_cmpint (key_of (store), ==, 1);
  flush (store);
  *failing = FALSE;
  g_string_truncate (told, 0);
  set_key (store, 11, told);
  wait_told (told, 1);
  g_assert_cmpstr (told->str, ==, "kept\n");
  check_on_disk (f, 11);
}

static void
test_directory_is_not_synced (Fixture *f, gconstpointer data)
{
  check_failing (f, &sync_fails, "failed to sync ");
}

static void
test_is_not_renamed (Fixture *f, gconstpointer data)
{
  check_failing (f, &rename_fails, "/settings: No space left on device");
  /* Nothing is left of what was not renamed: tear_down() finds an empty directory. */
}

/* A disk that is full, to a process: what is begun is not left there. */
static void
test_full (Fixture *f, gconstpointer data)
{
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, f->directory);
  g_autoptr (GString) told = g_string_new (NULL);
  struct rlimit before, none = { 0 };

  set_key (store, 1, told);
  wait_told (told, 1);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  none.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &none), ==, 0);
  set_key (store, 2, told);
  wait_told (told, 2);
  flush (store);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_nonnull (strstr (told->str, "/settings: File too large\n"));
  g_assert_cmpint (key_of (store), ==, 1);
  check_on_disk (f, 1);
}

/* A place that cannot be written to is told of, and what was set holds. */
static void
test_unwritable (Fixture *f, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename (f->directory, "gone", NULL);
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, nowhere);

  g_key_file_set_integer (mc_store_get_keys (store), "Group", "key", 1);
  mc_store_save (store);
  flush (store);
  g_assert_cmpint (g_key_file_get_integer (mc_store_get_keys (store), "Group", "key", NULL), ==, 1);
}

#define TEST(name, function) g_test_add ("/store/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That something is dropped is told by a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  /* First: the child of a process that has had a pool of GLib's threads gets none. */
  TEST ("whole-after-a-kill", test_whole_after_a_kill);
  TEST ("newest-wins", test_newest_wins);
  TEST ("keeps-nothing-without-a-place", test_keeps_nothing_without_a_place);
  TEST ("garbage", test_garbage);
  TEST ("half-garbage", test_half_garbage);
  TEST ("pipe", test_pipe);
  TEST ("sweep", test_sweep);
  TEST ("private", test_private);
  TEST ("ends-written", test_ends_written);
  TEST ("unwritable", test_unwritable);
  TEST ("directory-is-not-synced", test_directory_is_not_synced);
  TEST ("is-not-renamed", test_is_not_renamed);
  TEST ("full", test_full);
  return g_test_run ();
}
