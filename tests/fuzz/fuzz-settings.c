/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier run kept, or what is in its place: what does not fit is dropped. */
#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "settings.h"
#include "state-file.h"
#include "policy-settings.h"

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
  path = g_build_filename (directory, "settings", NULL);
  aside = g_build_filename (directory, "settings.damaged", NULL);
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
  g_autoptr (McSettings) settings = NULL;
  g_autoptr (GError) error = NULL;

  if (g_once_init_enter (&quiet))
    {
      g_log_set_writer_func (be_quiet, NULL, NULL);
      g_once_init_leave (&quiet, 1);
    }
  prepare ();
  g_assert_true (g_file_set_contents_full (path, (const char *)data, (gssize)size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  store = mc_store_new (&mc_state_file_kind, directory);
  settings = mc_settings_new (mc_config_load (NULL, FALSE, NULL), store);
  g_assert_true (mc_policy_settings_check (mc_settings_get_policy (settings), NULL, &error));
  g_unlink (path);
  return 0;
}
