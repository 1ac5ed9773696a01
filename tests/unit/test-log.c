/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much is logged, and where. Each case runs in a process of its own: a process has one log. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

#define MORE_THAN_WAITS 50000
#define SAID_LAST       "the last of them"

static const char *const levels[]
    = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

static void
run_in_child (const char *name)
{
  g_test_trap_subprocess (name, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
log_one_of_each (void)
{
  g_warning ("a warning");
  g_message ("a notice");
  g_info ("an info");
  g_debug ("a detail");
}

static void
test_default_child (void)
{
  mc_log_init ();
  g_assert_cmpstr (mc_log_get_level (), ==, "info");
  g_assert_cmpstr (mc_log_get_target (), ==, "console");
  log_one_of_each ();
}

static void
test_default (void)
{
  run_in_child ("/log/default/subprocess");
  g_test_trap_assert_stderr ("*WARNING*a warning*a notice*INFO*an info*");
  g_test_trap_assert_stderr_unmatched ("*a detail*");
  g_test_trap_assert_stdout_unmatched ("*a warning*");
}

static void
test_least_child (void)
{
  mc_log_init ();
  g_assert_true (mc_log_set_level ("warning"));
  log_one_of_each ();
}

static void
test_least (void)
{
  run_in_child ("/log/least/subprocess");
  g_test_trap_assert_stderr ("*a warning*");
  g_test_trap_assert_stderr_unmatched ("*a notice*");
}

static void
test_most_child (void)
{
  mc_log_init ();
  g_assert_true (mc_log_set_level ("debug"));
  g_log ("library", G_LOG_LEVEL_DEBUG, "a turn of its loop");
  log_one_of_each ();
  g_log ("library", G_LOG_LEVEL_INFO, "what a library says");
}

static void
test_most (void)
{
  run_in_child ("/log/most/subprocess");
  g_test_trap_assert_stderr ("*a warning*a notice*an info*DEBUG*a detail*what a library says*");
  g_test_trap_assert_stderr_unmatched ("*a turn of its loop*");
}

static void
test_names (void)
{
  static const char *const wrong[] = { "", "Info", "verbose", "7", "information", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      g_assert_true (mc_log_set_level (levels[i]));
      g_assert_cmpstr (mc_log_get_level (), ==, levels[i]);
      for (guint j = 0; j < G_N_ELEMENTS (wrong); j++)
        g_assert_false (mc_log_set_level (wrong[j]));
      g_assert_cmpstr (mc_log_get_level (), ==, levels[i]);
    }
}

/* Returns: the end of a pipe that the standard error of @child, which is to log and to exit, has
 * gone into. */
static int
read_from_child (void (*child) (void), pid_t *pid)
{
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  *pid = fork ();
  if (*pid == 0)
    {
      close (ends[0]);
      dup2 (ends[1], STDERR_FILENO);
      close (STDOUT_FILENO); /* the test's own protocol */
      mc_log_init ();
      child ();
      exit (EXIT_SUCCESS);
    }
  close (ends[1]);
  return ends[0];
}

static void
log_more_than_waits (void)
{
  for (guint i = 0; i < MORE_THAN_WAITS; i++)
    g_message ("number %u of many that nobody reads, which is a pity for each and all of them", i);
}

/* The pipe of a console that is not read is full at once. It ends all the same, soon. */
static void
test_blocked (void)
{
  pid_t pid;
  int status, end = read_from_child (log_more_than_waits, &pid);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  close (end);
}

static void
log_some (void)
{
  for (guint i = 0; i < 1000; i++)
    g_message ("number %u", i);
  g_message (SAID_LAST);
}

static char *
read_all (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  gssize length;

  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, length);
  close (fd);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_end (void)
{
  pid_t pid;
  int status, end = read_from_child (log_some, &pid);
  g_autofree char *text = read_all (end);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_nonnull (strstr (text, "number 0\n"));
  g_assert_nonnull (strstr (text, "number 999\n"));
  g_assert_true (g_str_has_suffix (text, SAID_LAST "\n"));
}

static void
log_a_strangers_text (void)
{
  g_message ("%s is there", "evil\u202ename\nINFO: forged\033[2J");
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE", "%s is gone", "evil\u202ename\n");
}

/* It is one line, and neither steers a terminal nor turns what is around it. */
static void
test_strangers_text (void)
{
  pid_t pid;
  int status, end = read_from_child (log_a_strangers_text, &pid);
  g_autofree char *text = read_all (end);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_nonnull (strstr (text, "evil?name?INFO: forged?[2J is there\n"));
  g_assert_nonnull (strstr (text, "evil?name? is gone\n"));
  g_assert_null (strstr (text, "\u202e"));
  g_assert_null (strchr (text, '\033'));
}

/* A journal that shows what it is given. These stand before GLib's functions of the same names. */
static gboolean in_journal;

gboolean
g_log_writer_is_journald (int fd)
{
  return in_journal;
}

GLogWriterOutput
g_log_writer_journald (GLogLevelFlags level,
                       const GLogField *fields,
                       gsize n_fields,
                       gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    dprintf (STDERR_FILENO, "%s=%s\n", fields[i].key, (const char *)fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
log_to_journal (void)
{
  const GLogField fields[] = {
    { "MESSAGE", "one\033[2J", 3 },
    { "MEMCOORD_VM", "evil\033[2J", -1 },
    { "MEMCOORD_UUID", "c0ffee", -1 },
  };

  in_journal = TRUE;
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields));
}

/* What `journalctl -x` shows beside the message. */
static void
test_names_in_fields (void)
{
  pid_t pid;
  int status, end = read_from_child (log_to_journal, &pid);
  g_autofree char *text = read_all (end);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpstr (text, ==,
                   "MESSAGE=one\nMEMCOORD_VM=evil?[2J\nMEMCOORD_UUID=c0ffee\n"
                   "SYSLOG_IDENTIFIER=memcoordd\n");
}

static void
log_fatally (void)
{
  g_error (SAID_LAST);
}

static void
test_fatal (void)
{
  pid_t pid;
  int status, end = read_from_child (log_fatally, &pid);
  g_autofree char *text = read_all (end);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_nonnull (strstr (text, SAID_LAST));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* GLib 2.84's own for tests writes messages itself, and no writer gets them. */
  g_log_set_default_handler (g_log_default_handler, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/log/default", test_default);
  g_test_add_func ("/log/default/subprocess", test_default_child);
  g_test_add_func ("/log/least", test_least);
  g_test_add_func ("/log/least/subprocess", test_least_child);
  g_test_add_func ("/log/most", test_most);
  g_test_add_func ("/log/most/subprocess", test_most_child);
  g_test_add_func ("/log/names", test_names);
  g_test_add_func ("/log/blocked", test_blocked);
  g_test_add_func ("/log/end", test_end);
  g_test_add_func ("/log/strangers-text", test_strangers_text);
  g_test_add_func ("/log/names-in-fields", test_names_in_fields);
  g_test_add_func ("/log/fatal", test_fatal);
  return g_test_run ();
}
