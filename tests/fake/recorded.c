/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The history of a service that a test runs. */
#include "config.h"

#include "recorded.h"

#include <glib/gstdio.h>

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_recorder_sync_finish (result);
  *(gboolean *)user_data = TRUE;
}

void
mc_test_wait_for_recorder (McRecorder *recorder)
{
  gboolean recorded = FALSE;

  mc_recorder_sync_async (recorder, on_recorded, &recorded);
  while (!recorded)
    g_main_context_iteration (NULL, TRUE);
}

void
mc_test_remove_history (const char *state_dir)
{
  g_autofree char *history = g_build_filename (state_dir, "history", NULL);
  g_autoptr (GDir) dir = g_dir_open (history, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (history, name, NULL);

      g_unlink (path);
    }
  g_rmdir (history);
}
