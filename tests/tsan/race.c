/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two threads that count: with a lock around it, or "without", which is to be found out. */
#include "config.h"

#include <glib.h>

static GMutex lock;
static gboolean locked;
static int count;

static gpointer
run (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      if (locked)
        g_mutex_lock (&lock);
      count++;
      if (locked)
        g_mutex_unlock (&lock);
    }
  return NULL;
}

int
main (int argc, char **argv)
{
  GThread *other;

  locked = !(argc > 1 && g_str_equal (argv[1], "without"));
  other = g_thread_new ("other", run, NULL);
  run (NULL);
  g_thread_join (other);
  return count > 0 ? 0 : 1;
}
