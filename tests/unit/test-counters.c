/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted, the last hour of it, and the file of both. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "counters-file.h"
#include "size.h"

#define UUID   "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define SECOND G_USEC_PER_SEC
#define MINUTE ((gint64)60 * SECOND)

#define SINCE G_GUINT64_CONSTANT (1790000000000000)

/* Counters */

static void
test_sums (void)
{
  McCounters counters = { 0 };

  mc_counters_add_move (&counters, 100, 300);
  mc_counters_add_move (&counters, 300, 250);
  mc_counters_add_failed_move (&counters);
  mc_counters_add_need (&counters, 700000);
  mc_counters_add_need (&counters, 700000);
  mc_counters_add_critical (&counters, 5);
  g_assert_cmpuint (counters.moves, ==, 2);
  g_assert_cmpuint (counters.failed_moves, ==, 1);
  g_assert_cmpuint (counters.granted, ==, 200);
  g_assert_cmpuint (counters.reclaimed, ==, 50);
  g_assert_cmpuint (counters.need_us, ==, 1400000);
  g_assert_cmpuint (counters.critical_us, ==, 5);
}

static void
test_written_and_read (void)
{
  McCounters counters = { 1, 2, 3 * MC_GIB, 4, 5, 6, FALSE }, again = { 0 };
  g_autofree char *text = mc_counters_format (&counters);
  g_autofree char *of_later = g_strconcat (text, ";7", NULL);
  g_autofree char *read = NULL;

  g_assert_cmpstr (text, ==, "1;2;3221225472;4;5;6");
  g_assert_true (mc_counters_parse (&again, text));
  g_assert_true (again.noted);
  read = mc_counters_format (&again);
  g_assert_cmpstr (read, ==, text);
  g_assert_true (mc_counters_parse (&again, of_later));
}

static void
test_nonsense (void)
{
  static const char *const nonsense[] = {
    "",
    "1;2;3;4;5",
    "1;2;3;4;5;",
    "1;2;3;4;5;-6",
    "1;2;3;4;5; 6",
    "1;2;3;4;5;six",
    "1;2;3;4;5;18446744073709551615",
    "1;2;3;4;5;99999999999999999999999",
    "1,2,3,4,5,6",
  };
  McCounters counters = { .moves = 42 };

  for (guint i = 0; i < G_N_ELEMENTS (nonsense); i++)
    g_assert_false (mc_counters_parse (&counters, nonsense[i]));
  g_assert_cmpuint (counters.moves, ==, 42);
}

/* The last hour */

static void
test_hour_forgets (void)
{
  McLastHour hour = { 0 };
  gint64 begin = 1000 * MINUTE;

  g_assert_cmpuint (mc_last_hour_sum (&hour, begin), ==, 0);
  mc_last_hour_add (&hour, begin, 5);
  mc_last_hour_add (&hour, begin + 59 * SECOND, 6);
  mc_last_hour_add (&hour, begin + 30 * MINUTE, 100);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 30 * MINUTE), ==, 111);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 59 * MINUTE), ==, 111);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 60 * MINUTE), ==, 100);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 90 * MINUTE), ==, 0);
  /* What it has forgotten does not come back in the place of another minute. */
  mc_last_hour_add (&hour, begin + 61 * MINUTE, 1);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 61 * MINUTE), ==, 101);
  mc_last_hour_add (&hour, begin + 500 * MINUTE, 7);
  g_assert_cmpuint (mc_last_hour_sum (&hour, begin + 500 * MINUTE), ==, 7);
}

static void
test_hour_is_sixty_minutes (void)
{
  McLastHour hour = { 0 };

  for (gint64 minute = 0; minute < 1000; minute++)
    mc_last_hour_add (&hour, minute * MINUTE, 1);
  g_assert_cmpuint (mc_last_hour_sum (&hour, 999 * MINUTE), ==, 60);
}

/* The machine may have been off meanwhile, and the clock that only goes on begun again. */
static void
test_hour_goes_on (void)
{
  static const struct
  {
    gint64 age_us;
    guint64 sum;
  } cases[] = {
    { 0, 111 },           { 10 * MINUTE, 111 }, { 29 * MINUTE, 111 },
    { 30 * MINUTE, 100 }, { 60 * MINUTE, 0 },   { 60000 * MINUTE, 0 },
    { -5 * MINUTE, 111 }, { G_MAXINT64, 0 },    { G_MININT64, 111 },
  };
  gint64 before = 5000 * MINUTE, after = 3 * MINUTE;
  McLastHour hour = { 0 };
  g_autofree char *text = NULL;

  mc_last_hour_add (&hour, before - 30 * MINUTE, 11);
  mc_last_hour_add (&hour, before, 100);
  text = mc_last_hour_format (&hour, before);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McLastHour again = { 0 };

      g_assert_true (mc_last_hour_parse (&again, text, after + 100 * MINUTE, cases[i].age_us));
      g_assert_cmpuint (mc_last_hour_sum (&again, after + 100 * MINUTE), ==, cases[i].sum);
    }
  g_assert_false (mc_last_hour_parse (&hour, "1;2;3", 0, 0));
  g_assert_false (mc_last_hour_parse (&hour, "", 0, 0));
  g_assert_cmpuint (mc_last_hour_sum (&hour, before), ==, 111);
}

/* Its clock may be younger than an hour. */
static void
test_hour_of_a_host_that_has_just_booted (void)
{
  McLastHour hour = { 0 }, again = { 0 };
  g_autofree char *text = NULL;

  mc_last_hour_add (&hour, 90 * MINUTE, 7);
  mc_last_hour_add (&hour, 100 * MINUTE, 8);
  text = mc_last_hour_format (&hour, 100 * MINUTE);
  g_assert_true (mc_last_hour_parse (&again, text, 2 * MINUTE, 3 * MINUTE));
  g_assert_cmpuint (mc_last_hour_sum (&again, 2 * MINUTE), ==, 15);
  g_assert_cmpuint (mc_last_hour_sum (&again, 49 * MINUTE), ==, 8);
}

/* The file */

typedef struct
{
  char *directory;
  char *path;
  char *aside;
  McStore *store;
  McDomain domain;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "counters", NULL);
  f->aside = g_build_filename (f->directory, "counters.damaged", NULL);
  f->domain = (McDomain){ .uuid = (char *)UUID, .id = 7 };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->store);
  g_unlink (f->path);
  g_unlink (f->aside);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->aside);
  g_free (f->path);
  g_free (f->directory);
}

static void
open_anew (Fixture *f)
{
  g_clear_object (&f->store); /* waits until all is written */
  f->store = mc_store_new (&mc_counters_file_kind, f->directory);
}

static void
open_with (Fixture *f, const char *text)
{
  g_clear_object (&f->store);
  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
  f->store = mc_store_new (&mc_counters_file_kind, f->directory);
}

static void
write_some (Fixture *f, guint64 moves)
{
  const McCounters total = { .moves = moves, .need_us = 5 }, of_vm = { .moves = 1, .granted = 9 };
  McLastHour need = { 0 };

  mc_last_hour_add (&need, MINUTE, 12);
  mc_counters_file_set_total (f->store, SINCE, &total, &need, MINUTE, (gint64)SINCE + MINUTE);
  mc_counters_file_set_vm (f->store, &f->domain, &of_vm);
  mc_store_save (f->store);
}

static guint64
granted_to_vm (Fixture *f)
{
  McCounters of_vm = { 0 };

  mc_counters_file_get_vm (f->store, &f->domain, &of_vm);
  return of_vm.granted;
}

static void
test_file_goes_on (Fixture *f, gconstpointer data)
{
  McCounters total = { 0 };
  McLastHour need = { 0 };
  g_autofree char *text = NULL;

  open_anew (f);
  g_assert_cmpuint (mc_counters_file_get_total (f->store, &total, &need, 0, 0), ==, 0);
  write_some (f, 3);
  open_anew (f);
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\ntotal=3;0;0;0;5;0\n"));
  g_assert_nonnull (strstr (text, "\n" UUID "=7;1;0;9;0;0;0\n"));
  g_assert_cmpuint (
      mc_counters_file_get_total (f->store, &total, &need, 2 * MINUTE, (gint64)SINCE + 2 * MINUTE),
      ==, SINCE);
  g_assert_cmpuint (total.moves, ==, 3);
  g_assert_cmpuint (mc_last_hour_sum (&need, 2 * MINUTE), ==, 12);
  g_assert_cmpuint (granted_to_vm (f), ==, 9);
}

static void
test_file_has_one_life_of_a_vm (Fixture *f, gconstpointer data)
{
  open_anew (f);
  write_some (f, 1);
  f->domain.id = 8;
  g_assert_cmpuint (granted_to_vm (f), ==, 0);
  f->domain.id = 7;
  g_assert_cmpuint (granted_to_vm (f), ==, 0); /* it was forgotten */
}

static void
test_file_has_vms_that_are_there (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) present = g_hash_table_new (g_str_hash, g_str_equal);

  open_anew (f);
  write_some (f, 1);
  g_hash_table_add (present, (char *)UUID);
  mc_counters_file_sweep_vms (f->store, present);
  g_assert_cmpuint (granted_to_vm (f), ==, 9);
  g_hash_table_remove_all (present);
  mc_counters_file_sweep_vms (f->store, present);
  g_assert_cmpuint (granted_to_vm (f), ==, 0);
}

static void
test_file_has_one_boot (Fixture *f, gconstpointer data)
{
  McCounters total = { 0 };
  McLastHour need = { 0 };
  g_autofree char *text = NULL;

  open_anew (f);
  mc_counters_file_begin_boot (f->store);
  write_some (f, 3);
  mc_counters_file_begin_boot (f->store);
  g_assert_cmpuint (granted_to_vm (f), ==, 9);
  open_anew (f);
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  strstr (text, "boot-id=")[strlen ("boot-id=")] ^= 1;
  open_with (f, text);
  mc_counters_file_begin_boot (f->store);
  g_assert_cmpuint (granted_to_vm (f), ==, 0);
  g_assert_cmpuint (mc_counters_file_get_total (f->store, &total, &need, 0, 0), ==, SINCE);
}

/* What does not pass as a whole is set aside as it was, and counted from nothing. */
static void
test_file_is_damaged (Fixture *f, gconstpointer data)
{
  static const char *const texts[] = {
    "",
    "\x01\x02nonsense",
    "[Desktop Entry]\nName=Something else\n",
    "[Counters]\nsince=1\n",
    "[Counters]\nsince=1\ntotal=1;2;3\nneed=0\nwritten=1\n",
    "[Counters]\nsince=soon\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      McCounters total = { 0 };
      McLastHour need = { 0 };
      g_autofree char *aside = NULL;

      g_test_expect_message ("memcoord", G_LOG_LEVEL_WARNING,
                             "Counters in */counters are not used: *; the file is now "
                             "*/counters.damaged");
      open_with (f, texts[i]);
      g_test_assert_expected_messages ();
      g_assert_cmpuint (mc_counters_file_get_total (f->store, &total, &need, 0, 0), ==, 0);
      g_assert_true (g_file_get_contents (f->aside, &aside, NULL, NULL));
      g_assert_cmpstr (aside, ==, texts[i]);
      g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
      write_some (f, 4);
      open_anew (f);
      g_assert_cmpuint (mc_counters_file_get_total (f->store, &total, &need, 0, 0), ==, SINCE);
      g_assert_cmpuint (total.moves, ==, 4);
    }
}

static void
be_quiet (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

/* One bit of damage anywhere is noticed, or does no harm. */
static void
test_file_is_damaged_anywhere (Fixture *f, gconstpointer data)
{
  guint quiet = g_log_set_handler ("memcoord", G_LOG_LEVEL_WARNING, be_quiet, NULL);
  g_autofree char *text = NULL;
  gsize length;

  open_anew (f);
  write_some (f, 3);
  open_anew (f);
  g_assert_true (g_file_get_contents (f->path, &text, &length, NULL));
  for (gsize i = 0; i < length; i++)
    {
      McCounters total = { 0 };
      McLastHour need = { 0 };

      text[i] ^= 0x10;
      open_with (f, text);
      mc_counters_file_get_total (f->store, &total, &need, MINUTE, (gint64)SINCE + MINUTE);
      granted_to_vm (f);
      text[i] ^= 0x10;
    }
  g_log_remove_handler ("memcoord", quiet);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/counters/file/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That something is not used is told by a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/counters/sums", test_sums);
  g_test_add_func ("/counters/written-and-read", test_written_and_read);
  g_test_add_func ("/counters/nonsense", test_nonsense);
  g_test_add_func ("/counters/hour/forgets", test_hour_forgets);
  g_test_add_func ("/counters/hour/is-sixty-minutes", test_hour_is_sixty_minutes);
  g_test_add_func ("/counters/hour/goes-on", test_hour_goes_on);
  g_test_add_func ("/counters/hour/of-a-host-that-has-just-booted",
                   test_hour_of_a_host_that_has_just_booted);
  TEST ("goes-on", test_file_goes_on);
  TEST ("has-one-life-of-a-vm", test_file_has_one_life_of_a_vm);
  TEST ("has-vms-that-are-there", test_file_has_vms_that_are_there);
  TEST ("has-one-boot", test_file_has_one_boot);
  TEST ("is-damaged", test_file_is_damaged);
  TEST ("is-damaged-anywhere", test_file_is_damaged_anywhere);
  return g_test_run ();
}
