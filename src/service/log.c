/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the log goes and how much of it. */
#include "config.h"

#include "log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static const char *const names[] = {
  [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
  [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

/* A process has one log, and so one level; GLib's writer is process-wide as well. */
static int most_detail = LOG_INFO;

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

/* GLib leaves it out, and `journalctl -t` looks for it. */
static gboolean
write_to_journal (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autofree GLogField *all = g_new (GLogField, n_fields + 1);

  memcpy (all, fields, n_fields * sizeof *fields);
  all[n_fields] = (GLogField){ "SYSLOG_IDENTIFIER", MC_LOG_IDENTIFIER, -1 };
  return g_log_writer_journald (level, all, n_fields + 1, NULL) == G_LOG_WRITER_HANDLED;
}

/* Details of libraries are of no use to an admin: libvirt-glib tells every turn of its event loop.
 */
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

static GLogWriterOutput
write_entry (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree char *text = NULL;

  if (!is_wanted (level, fields, n_fields))
    return G_LOG_WRITER_HANDLED;
  if (in_journal () && write_to_journal (level, fields, n_fields))
    return G_LOG_WRITER_HANDLED;
  text = g_log_writer_format_fields (level, fields, n_fields, FALSE);
  fprintf (stderr, "%s\n", text);
  return G_LOG_WRITER_HANDLED;
}

void
mc_log_init (void)
{
  g_log_set_writer_func (write_entry, NULL, NULL);
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
