/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier run recorded, or what is in its place: a file of moves, and one of figures, whose
 * first bytes are those. */
#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "moves-log.h"
#include "series-reader.h"
#include "series.h"

#define NOW ((gint64)1790000100)

/* The recorder writes no more of a VM at once. */
#define MOVES_MOST 200

static char *directory, *path, *moves_path, *sound;
static gsize sound_length;

static void
clean_up (void)
{
  g_unlink (path);
  g_unlink (moves_path);
  g_rmdir (directory);
}

static void
prepare (void)
{
  McHistoryRow rows[MC_HISTORY_FINES] = { 0 };

  if (directory != NULL)
    return;
  directory = g_mkdtemp (g_strdup ("/dev/shm/memcoord-fuzz-XXXXXX"));
  g_assert_nonnull (directory);
  path = g_build_filename (directory, "host.series", NULL);
  moves_path = g_build_filename (directory, "a.moves", NULL);
  atexit (clean_up);
  for (guint i = 0; i < MC_HISTORY_FINES; i++)
    rows[i].step = (guint32)(NOW / MC_HISTORY_FINE_S - MC_HISTORY_FINES + i);
  g_assert_true (mc_series_write (path, &mc_history_of_host, rows, MC_HISTORY_FINES, NULL));
  g_assert_true (g_file_get_contents (path, &sound, &sound_length, NULL));
}

static void
expect_same (const McLoggedMove *move, const McLoggedMove *again)
{
  g_assert_cmpuint (move->time_us, ==, again->time_us);
  g_assert_cmpuint (move->from, ==, again->from);
  g_assert_cmpuint (move->to, ==, again->to);
  g_assert_cmpstr (move->code, ==, again->code);
}

/* A move that is read is written as it was. */
static void
try_moves (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  guint damaged;
  g_autoptr (GArray) moves = mc_moves_log_parse (text, size, &damaged), again = NULL;
  guint n = MIN (moves->len, MOVES_MOST);

  g_assert_cmpuint (moves->len + damaged, <=, size);
  g_unlink (moves_path);
  g_assert_true (mc_moves_log_write (moves_path, (McLoggedMove *)(gpointer)moves->data, n, NULL));
  again = mc_moves_log_read (moves_path, NULL);
  g_assert_cmpuint (again->len, ==, n);
  for (guint i = 0; i < n; i++)
    expect_same (&g_array_index (moves, McLoggedMove, i), &g_array_index (again, McLoggedMove, i));
}

/* Figures where the head of the file is whole: the data stands behind that. */
static void
try_series (const guint8 *data, gsize size, gsize from)
{
  g_autofree char *bytes = g_memdup2 (sound, sound_length);
  McHistoryRow row = { .step = (guint32)(NOW / MC_HISTORY_FINE_S) };
  g_autoptr (GVariant) rows = NULL;
  gboolean usable;

  memcpy (bytes + from, data, MIN (size, sound_length - from));
  g_assert_true (g_file_set_contents_full (path, bytes, (gssize)sound_length,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  usable = mc_series_check (path, &mc_history_of_host, NULL);
  g_assert_true (!usable || mc_series_write (path, &mc_history_of_host, &row, 1, NULL));
  rows = mc_series_read (path, &mc_history_of_host, NOW - 3600, NOW + 1, NOW, 0, NULL);
  g_assert_true (!usable || rows != NULL);
  if (rows != NULL)
    g_variant_ref_sink (rows);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  prepare ();
  try_moves (data, size);
  try_series (data, size, 0);
  try_series (data, size, 512);
  return 0;
}
