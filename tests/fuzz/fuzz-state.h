/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of the state directory as an earlier run left it, for the targets that read one. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

G_BEGIN_DECLS

static struct
{
  char *directory, *path, *aside;
} fuzz_state;

static void
fuzz_state_clean_up (void)
{
  g_unlink (fuzz_state.path);
  g_unlink (fuzz_state.aside);
  g_rmdir (fuzz_state.directory);
}

static GLogWriterOutput
fuzz_state_be_quiet (GLogLevelFlags level,
                     const GLogField *fields,
                     gsize n_fields,
                     gpointer user_data)
{
  g_assert_false (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR));
  return G_LOG_WRITER_HANDLED;
}

static inline void
fuzz_state_prepare (const char *name)
{
  if (fuzz_state.directory != NULL)
    return;
  g_log_set_writer_func (fuzz_state_be_quiet, NULL, NULL);
  fuzz_state.directory = g_mkdtemp (g_strdup ("/dev/shm/memcoord-fuzz-XXXXXX"));
  g_assert_nonnull (fuzz_state.directory);
  fuzz_state.path = g_build_filename (fuzz_state.directory, name, NULL);
  fuzz_state.aside = g_strconcat (fuzz_state.path, ".damaged", NULL);
  atexit (fuzz_state_clean_up);
}

/* Returns: (transfer none): the directory, in which @name has these bytes now. */
static inline const char *
fuzz_state_write (const char *name, const guint8 *data, gsize size)
{
  fuzz_state_prepare (name);
  g_assert_true (g_file_set_contents_full (fuzz_state.path, (const char *)data, (gssize)size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  return fuzz_state.directory;
}

G_END_DECLS
