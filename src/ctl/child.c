/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the command that "inhibit" and "reserve" are for. */
#include "config.h"

#include "child.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <sys/wait.h>

typedef struct
{
  GMainLoop *loop;
  GPid pid;
  int wait_status;
} Child;

static void
on_exited (GPid pid, int wait_status, gpointer user_data)
{
  Child *child = user_data;

  child->wait_status = wait_status;
  g_main_loop_quit (child->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  const Child *child = user_data;

  kill (child->pid, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer user_data)
{
  const Child *child = user_data;

  kill (child->pid, SIGHUP);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  /* The terminal sends it to the command as well, which decides what becomes of it. */
  return G_SOURCE_CONTINUE;
}

static void
on_quit (int number)
{
}

/*
 * Handlers, and not SIG_IGN, because the command starts with the default for what is handled here
 * but would go on ignoring what is ignored here. GLib has no source for SIGQUIT.
 */
static void
watch_signals (Child *child)
{
  g_unix_signal_add (SIGTERM, on_terminate, child);
  g_unix_signal_add (SIGHUP, on_hangup, child);
  g_unix_signal_add (SIGINT, on_interrupt, child);
  signal (SIGQUIT, on_quit);
}

/* GLib does not always distinguish one failure to start from the other. */
static gboolean
is_there (const char *command)
{
  g_autofree char *path = g_find_program_in_path (command);

  return path != NULL || g_file_test (command, G_FILE_TEST_EXISTS);
}

int
mc_child_run (char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Child child = { loop };
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN
                      | G_SPAWN_LEAVE_DESCRIPTORS_OPEN;

  watch_signals (&child); /* before it starts: it may be signalled, or end, at once */
  /* What is opened here is closed on exec; what the caller opened for the command stays. */
  if (!g_spawn_async (NULL, argv, NULL, flags, NULL, NULL, &child.pid, &error))
    {
      g_printerr ("memcoordctl: %s\n", error->message);
      return is_there (argv[0]) ? MC_CHILD_NOT_EXECUTABLE : MC_CHILD_NOT_FOUND;
    }
  g_child_watch_add (child.pid, on_exited, &child);
  g_main_loop_run (loop);
  g_spawn_close_pid (child.pid);
  if (WIFSIGNALED (child.wait_status))
    return MC_CHILD_SIGNALLED + WTERMSIG (child.wait_status);
  return WEXITSTATUS (child.wait_status);
}
