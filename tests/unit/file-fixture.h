/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of a test's own, and a file in it for what is tested to make. Main thread. */
#pragma once

#include <glib/gstdio.h>

G_BEGIN_DECLS

typedef struct
{
  char *directory;
  char *path;
} FileFixture;

/* @name: (type filename): of the file, which is not there yet */
static inline void
file_fixture_set_up (FileFixture *f, gconstpointer name)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, name, NULL);
}

/* Nothing else is left in the directory by then. */
static inline void
file_fixture_tear_down (FileFixture *f, gconstpointer name)
{
  g_remove (f->path);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->path);
  g_free (f->directory);
}

G_END_DECLS
