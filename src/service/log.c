/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the log goes and how much of it. */
#include "config.h"

#include "log.h"

#include "plain-text.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "events.h"
#include "log-queue.h"

/* What a host of 1,000 VMs logs at once, several times over. */
#define WAITING_AT_MOST (4 * 1024 * 1024)

/* A journal that does not answer does not hold the end up. */
#define FLUSH_AT_MOST_US G_USEC_PER_SEC

static const char *const names[] = {
  [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
  [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

/* A process has one log, and so one level; GLib's writer is process-wide as well. */
static int most_detail = LOG_INFO;
static McLogQueue *queue;

/* As g_log_writer_journald() does it. */
static int
priority_of (GLogLevelFlags level)
{
  if (level & G_LOG_LEVEL_ERROR)
    return LOG_ERR;
  if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    return LOG_WARNING;
  if (level & G_LOG_LEVEL_MESSAGE)
    return LOG_NOTICE;
  if (level & G_LOG_LEVEL_INFO)
    return LOG_INFO;
  return LOG_DEBUG;
}

static gboolean
in_journal (void)
{
  return g_log_writer_is_journald (STDERR_FILENO);
}

/* Standard error may be somebody else's too, who made it non-blocking. */
static void
write_to_console (const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      struct pollfd writable = { .fd = STDERR_FILENO, .events = POLLOUT };
      gssize written = write (STDERR_FILENO, text, left);

      if (written >= 0)
        {
          text += written;
          left -= (gsize)written;
        }
      else if (errno == EAGAIN)
        poll (&writable, 1, -1);
      else if (errno != EINTR)
        return;
    }
}

/* In the queue's thread. What goes to the console is one field, the line. */
static void
write_out (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autofree char *text = NULL, *line = NULL;

  if (!in_journal ())
    {
      write_to_console (fields[0].value);
      return;
    }
  if (g_log_writer_journald (level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
    return;
  text = g_log_writer_format_fields (level, fields, n_fields, FALSE);
  line = g_strconcat (text, "\n", NULL);
  write_to_console (line);
}

/* GLib leaves the identifier out, and `journalctl -t` looks for it. */
static void
queue_for_journal (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autofree GLogField *all = g_new (GLogField, n_fields + 1);

  memcpy (all, fields, n_fields * sizeof *fields);
  all[n_fields] = (GLogField){ "SYSLOG_IDENTIFIER", MC_LOG_IDENTIFIER, -1 };
  mc_log_queue_push (queue, level, all, n_fields + 1);
}

/* With the time of now, whenever it is written. */
static void
queue_for_console (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autofree char *text = g_log_writer_format_fields (level, fields, n_fields, FALSE);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  GLogField whole = { "MESSAGE", line, -1 };

  mc_log_queue_push (queue, level, &whole, 1);
}

/* Details of libraries are no use to an admin: libvirt-glib logs each turn of its event loop. */
static gboolean
is_wanted (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  int priority = priority_of (level);

  if (priority > g_atomic_int_get (&most_detail))
    return FALSE;
  for (gsize i = 0; priority == LOG_DEBUG && i < n_fields; i++)
    if (g_str_equal (fields[i].key, "GLIB_DOMAIN"))
      return g_strcmp0 (fields[i].value, G_LOG_DOMAIN) == 0;
  return priority < LOG_DEBUG;
}

/* The journal's catalogue shows names, too, as they are in their fields. */
static gboolean
is_shown (const GLogField *field)
{
  return g_str_equal (field->key, "MESSAGE") || g_str_equal (field->key, "MEMCOORD_VM");
}

/* What comes from elsewhere: names of VMs and messages of libvirt. Returns: (transfer full)
 * (element-type utf8): what @fields has in their places. */
static GPtrArray *
make_plain (GLogField *fields, gsize n_fields)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < n_fields; i++)
    if (is_shown (&fields[i]))
      {
        g_autofree char *text = fields[i].length < 0
                                    ? g_strdup (fields[i].value)
                                    : g_strndup (fields[i].value, (gsize)fields[i].length);
        char *plain = mc_plain_text (text);

        g_ptr_array_add (kept, plain);
        fields[i].value = plain;
        fields[i].length = -1;
      }
  return kept;
}

static GLogWriterOutput
write_entry (GLogLevelFlags level, const GLogField *given, gsize n_fields, gpointer user_data)
{
  g_autofree GLogField *fields = NULL;
  g_autoptr (GPtrArray) kept = NULL;

  if (!is_wanted (level, given, n_fields))
    return G_LOG_WRITER_HANDLED;
  fields = g_memdup2 (given, n_fields * sizeof *given);
  kept = make_plain (fields, n_fields);
  if (in_journal ())
    queue_for_journal (level, fields, n_fields);
  else
    queue_for_console (level, fields, n_fields);
  /* The process ends with it. */
  if (level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR))
    mc_log_flush ();
  return G_LOG_WRITER_HANDLED;
}

void
mc_log_init (void)
{
  queue = mc_log_queue_new (write_out, mc_event_entries_lost, WAITING_AT_MOST);
  g_log_set_writer_func (write_entry, NULL, NULL);
  atexit (mc_log_flush);
  /* What libraries write there by themselves must not wait either. A console is not ours alone. */
  if (in_journal ())
    g_unix_set_fd_nonblocking (STDERR_FILENO, TRUE, NULL);
}

void
mc_log_flush (void)
{
  mc_log_queue_flush (queue, FLUSH_AT_MOST_US);
}

const char *
mc_log_get_level (void)
{
  return names[g_atomic_int_get (&most_detail)];
}

gboolean
mc_log_set_level (const char *name)
{
  for (int i = 0; i < (int)G_N_ELEMENTS (names); i++)
    {
      if (g_strcmp0 (names[i], name) != 0)
        continue;
      g_atomic_int_set (&most_detail, i);
      return TRUE;
    }
  return FALSE;
}

const char *
mc_log_get_target (void)
{
  return in_journal () ? "journal" : "console";
}
