/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memcoord-exporter: serves over HTTP what the service shows on the bus, and knows nothing of it
 * but that. Ends when nobody has come for a while: systemd starts it for the next one. Where it is
 * passed a client of systemd-report(1) it serves that one, and ends.
 */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdlib.h>

#include "activation.h"
#include "duration.h"
#include "plain-text.h"
#include "reader.h"
#include "report.h"
#include "server.h"

#define IDLE_S     (5 * 60)
#define EXIT_USAGE 2

typedef struct
{
  guint64 idle_s; /* 0 = it does not end by itself */
  gboolean session;
  gboolean version;
} Options;

typedef struct
{
  GMainLoop *loop;
  McReader *reader;
  McServer *server; /* (nullable) */
  McReport *report; /* (nullable) */
  guint64 idle_s;
  gint64 visited_us;
} Exporter;

static gboolean
read_idle (const char *text, Options *options, GError **error)
{
  if (text == NULL || (mc_duration_parse (text, &options->idle_s) && options->idle_s <= G_MAXINT32))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("\"%s\" is not a duration: write 90s, 10m, 2h or 1d"), text);
  return FALSE;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  g_autofree char *idle = NULL;
  const GOptionEntry entries[] = {
    { "idle", 0, 0, G_OPTION_ARG_STRING, &idle,
      N_ ("End when nobody has come for this long (default: 5m; 0: never)"), N_ ("TIME") },
    { "session", 0, 0, G_OPTION_ARG_NONE, &options->session, N_ ("Use the session bus"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context, _ ("Serves what memcoordd shows of the host and its VMs to Prometheus."));
  g_option_context_set_description (context, _ ("See memcoord-exporter(8)."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error) || !read_idle (idle, options, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                   _ ("unexpected argument \"%s\""), (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

static int
fail (const GError *error, int code)
{
  g_autofree char *message = mc_plain_text (error->message);

  g_printerr ("memcoord-exporter: %s\n", message);
  return code;
}

static gboolean
on_terminate (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static void
on_wanted (gpointer user_data)
{
  mc_reader_read (((Exporter *)user_data)->reader);
}

static void
on_visited (gpointer user_data)
{
  ((Exporter *)user_data)->visited_us = g_get_monotonic_time ();
}

static void
on_over (gpointer user_data)
{
  g_main_loop_quit (((Exporter *)user_data)->loop);
}

static void
on_read (const McMetrics *metrics, gpointer user_data)
{
  Exporter *self = user_data;

  if (self->server != NULL)
    mc_server_answer (self->server, metrics);
  if (self->report != NULL)
    mc_report_answer (self->report, metrics);
}

static gboolean
on_idle_time (gpointer user_data)
{
  Exporter *self = user_data;
  gint64 idle_us = g_get_monotonic_time () - self->visited_us;

  if (idle_us >= (gint64)self->idle_s * G_USEC_PER_SEC && !mc_server_is_busy (self->server))
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* Until it is told to end, or nobody comes. */
static gboolean
serve (Exporter *self, GError **error)
{
  static const McServerListener listener = { on_wanted, on_visited };
  int fd = mc_activation_take_socket (error);

  if (fd >= 0)
    self->server = mc_server_new (fd, &listener, self, error);
  if (self->server == NULL)
    return FALSE;
  on_visited (self);
  if (self->idle_s > 0)
    g_timeout_add_seconds ((guint)MAX (self->idle_s / 4, 1), on_idle_time, self);
  g_main_loop_run (self->loop);
  mc_server_free (self->server);
  return TRUE;
}

/* Until the one client is gone. */
static gboolean
report (Exporter *self, GError **error)
{
  static const McReportListener listener = { on_wanted, on_over };

  self->report = mc_report_new (&listener, self, error);
  if (self->report == NULL)
    return FALSE;
  g_main_loop_run (self->loop);
  mc_report_free (self->report);
  return TRUE;
}

static int
run (const Options *options)
{
  Exporter self = { .idle_s = options->idle_s };
  g_autoptr (GError) error = NULL;
  gboolean done;

  self.loop = g_main_loop_new (NULL, FALSE);
  self.reader
      = mc_reader_new (options->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, on_read, &self);
  g_unix_signal_add (SIGTERM, on_terminate, self.loop);
  g_unix_signal_add (SIGINT, on_terminate, self.loop);
  done = mc_report_is_asked () ? report (&self, &error) : serve (&self, &error);
  mc_reader_free (self.reader);
  g_main_loop_unref (self.loop);
  return done ? EXIT_SUCCESS : fail (error, EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  Options options = { .idle_s = IDLE_S };
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("memcoord-exporter");
  if (!parse_options (&options, &argc, &argv, &error))
    return fail (error, EXIT_USAGE);
  if (!options.version)
    return run (&options);
  g_print ("memcoord-exporter %s\n", PACKAGE_VERSION);
  return EXIT_SUCCESS;
}
