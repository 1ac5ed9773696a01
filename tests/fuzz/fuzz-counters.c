/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier run counted, or what is in its place: it is read whole, or set aside. */
#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#include "counters-file.h"
#include "fuzz.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define NOW  G_GINT64_CONSTANT (1790000000000000)

static char *directory, *path, *aside;

static void
clean_up (void)
{
  g_unlink (path);
  g_unlink (aside);
  g_rmdir (directory);
}

static void
prepare (void)
{
  if (directory != NULL)
    return;
  directory = g_mkdtemp (g_strdup ("/dev/shm/memcoord-fuzz-XXXXXX"));
  g_assert_nonnull (directory);
  path = g_build_filename (directory, "counters", NULL);
  aside = g_build_filename (directory, "counters.damaged", NULL);
  atexit (clean_up);
}

static GLogWriterOutput
be_quiet (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_assert_false (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR));
  return G_LOG_WRITER_HANDLED;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static gsize quiet;
  g_autoptr (McStore) store = NULL;
  McCounters total = { 0 }, of_vm = { 0 };
  McLastHour need = { 0 };
  const McDomain domain = { .uuid = (char *)UUID, .id = 7 };

  if (g_once_init_enter (&quiet))
    {
      g_log_set_writer_func (be_quiet, NULL, NULL);
      g_once_init_leave (&quiet, 1);
    }
  prepare ();
  g_assert_true (g_file_set_contents_full (path, (const char *)data, (gssize)size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  store = mc_store_new (&mc_counters_file_kind, directory);
  /* Whatever is read, one hour has no more than its sum has room for. */
  if (mc_counters_file_get_total (store, &total, &need, NOW, NOW) == 0)
    g_assert_cmpuint (total.moves, ==, 0);
  g_assert_cmpuint (mc_last_hour_sum (&need, NOW), <=, G_MAXINT64);
  mc_counters_file_get_vm (store, &domain, &of_vm);
  g_assert_cmpuint (of_vm.moves, <=, G_MAXINT64);
  g_unlink (path);
  return 0;
}
