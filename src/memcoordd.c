/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon: options, signals, the name on the bus. Everything else lives in the rooms, of which
 * this file alone knows every one. */
#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>

#include "bus.h"
#include "coordinator.h"
#include "intake.h"
#include "events.h"
#include "libvirt/adapter.h"
#include "log-control.h"
#include "log.h"
#include "names.h"
#include "service-manager.h"
#include "stop-job.h"

#define DEFAULT_URI "qemu:///system"

typedef struct
{
  char *uri;
  char *config;
  char *state_dir;
  gboolean session;
  gboolean dry_run;
  gboolean version;
} Options;

typedef struct
{
  GMainLoop *loop;
  GDBusConnection *connection;
  McCoordinator *coordinator;
  McBus *bus;
  McLogControl *log_control;
  gboolean owned;
  gboolean ending;
  int exit_code;
} Service;

static void
options_clear (Options *options)
{
  g_free (options->uri);
  g_free (options->config);
  g_free (options->state_dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "uri", 0, 0, G_OPTION_ARG_STRING, &options->uri,
      N_ ("The hypervisor to connect to (default: qemu:///system)"), N_ ("URI") },
    { "session", 0, 0, G_OPTION_ARG_NONE, &options->session,
      N_ ("Use the session bus instead of the system bus"), NULL },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
      N_ ("Read this configuration instead of the installed one"), N_ ("FILE") },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
      N_ ("Keep runtime settings in DIR"), N_ ("DIR") },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options->dry_run,
      N_ ("Decide and report, but move nothing"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version and exit"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context, _ ("Moves memory between a KVM host and its virtual machines, by their balloons."));
  g_option_context_set_description (context,
                                    _ ("See memcoordd(8), memcoord.conf(5) and memcoordctl(1)."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                   _ ("unexpected argument \"%s\""), (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

/* The service manager's directory, the one asked for, or the one that is usual. Returns: (transfer
 * full) */
static char *
find_state_dir (const Options *options)
{
  const char *managed = g_getenv ("STATE_DIRECTORY");

  if (options->state_dir != NULL)
    return g_strdup (options->state_dir);
  if (managed != NULL)
    return g_strdup (managed);
  if (options->session)
    return g_build_filename (g_get_user_state_dir (), "memcoord", NULL);
  return g_strdup (STATE_DIR);
}

static McConfig *
load_config (const Options *options, GError **error)
{
  McConfig *config = options->config != NULL ? mc_config_load (options->config, TRUE, error)
                                             : mc_config_load (CONFIG_FILE, FALSE, error);

  if (config != NULL && options->dry_run)
    mc_config_order_dry_run (config);
  return config;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;

  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  mc_event_stopped ();
  g_main_loop_quit (service->loop);
}

/* Returns: whether the coordinator is to be stopped. */
static gboolean
begin_end (Service *service, int exit_code)
{
  if (service->ending)
    return FALSE;
  service->ending = TRUE;
  service->exit_code = exit_code;
  if (!service->owned)
    g_main_loop_quit (service->loop);
  return service->owned;
}

/* Of itself, with a fault. */
static void
service_fail (Service *service)
{
  if (begin_end (service, EXIT_FAILURE))
    mc_coordinator_stop_async (service->coordinator, FALSE, on_stopped, service);
}

static void
on_stop_job (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;

  mc_coordinator_stop_async (service->coordinator, mc_stop_job_is_for_good_finish (result),
                             on_stopped, service);
}

static gboolean
on_terminate (gpointer user_data)
{
  Service *service = user_data;

  if (begin_end (service, EXIT_SUCCESS))
    mc_stop_job_is_for_good_async (service->connection, on_stop_job, service);
  return G_SOURCE_CONTINUE;
}

/* Where it is refused, that is in the log. */
static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;

  mc_host_limits_reload_finish (result, NULL);
  mc_service_manager_notify_ready (mc_coordinator_get_status (service->coordinator));
}

static gboolean
on_hangup (gpointer user_data)
{
  Service *service = user_data;

  mc_service_manager_notify_reloading ();
  mc_host_limits_reload_async (&mc_coordinator_get_parts (service->coordinator)->limits,
                               "configuration", on_reloaded, service);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog (gpointer user_data)
{
  Service *service = user_data;

  if (mc_coordinator_is_alive (service->coordinator))
    mc_service_manager_notify_alive ();
  return G_SOURCE_CONTINUE;
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Service *service = user_data;
  McHypervisor *hypervisor = mc_coordinator_get_parts (service->coordinator)->context->hypervisor;

  service->owned = TRUE;
  mc_event_started (PACKAGE_VERSION, mc_hypervisor_get_uri (hypervisor));
  mc_coordinator_start (service->coordinator);
  mc_service_manager_notify_ready (mc_coordinator_get_status (service->coordinator));
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Service *service = user_data;

  if (service->ending || connection == NULL || g_dbus_connection_is_closed (connection))
    return; /* on_closed() has logged it */
  if (service->owned)
    g_critical ("Lost bus name %s", name);
  else
    g_critical ("Cannot own bus name %s: another memcoordd has it, or the bus does not allow it",
                name);
  service_fail (service);
}

static void
on_closed (GDBusConnection *connection,
           gboolean remote_peer_vanished,
           GError *error,
           gpointer user_data)
{
  Service *service = user_data;

  if (service->ending)
    return;
  g_critical ("The bus is gone: %s", error != NULL ? error->message : "the connection was closed");
  service_fail (service);
}

static GDBusConnection *
connect_bus (const Options *options, GError **error)
{
  GBusType type = options->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  GDBusConnection *connection = mc_intake_connect (type, error);

  if (connection == NULL)
    g_prefix_error (error,
                    "failed to connect to the %s bus: ", options->session ? "session" : "system");
  return connection;
}

static void
service_clear (Service *service)
{
  g_clear_object (&service->log_control);
  g_clear_object (&service->bus);
  g_clear_object (&service->coordinator);
  if (service->connection != NULL)
    mc_intake_close (service->connection);
  g_clear_object (&service->connection);
  g_clear_pointer (&service->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Service, service_clear)

static gboolean
service_init (Service *service, const Options *options, GError **error)
{
  g_autofree char *state_dir = find_state_dir (options);
  g_autoptr (McHypervisor) hypervisor = NULL;
  g_autoptr (McHost) host = NULL;
  g_autoptr (McClock) clock = NULL;
  McConfig *config = load_config (options, error);

  if (config == NULL)
    return FALSE;
  if (g_mkdir_with_parents (state_dir, 0700) < 0)
    g_warning ("Runtime settings are not kept: failed to create %s: %s", state_dir,
               g_strerror (errno));
  hypervisor = mc_libvirt_adapter_new (options->uri != NULL ? options->uri : DEFAULT_URI);
  host = mc_host_new (NULL, NULL, NULL);
  clock = mc_system_clock_new ();
  service->loop = g_main_loop_new (NULL, FALSE);
  service->coordinator = mc_coordinator_new (hypervisor, host, clock, config, state_dir);
  if (!mc_host_limits_check_host (&mc_coordinator_get_parts (service->coordinator)->limits, error))
    return FALSE;
  service->connection = connect_bus (options, error);
  if (service->connection == NULL)
    return FALSE;
  service->log_control = mc_log_control_new (service->connection, error);
  if (service->log_control == NULL)
    return FALSE;
  service->bus = mc_bus_new (service->coordinator, service->connection, error);
  return service->bus != NULL;
}

static void
service_run (Service *service)
{
  gint64 watchdog_us = mc_service_manager_get_watchdog_us ();
  guint name;

  g_unix_signal_add (SIGTERM, on_terminate, service);
  g_unix_signal_add (SIGINT, on_terminate, service);
  g_unix_signal_add (SIGHUP, on_hangup, service);
  g_signal_connect (service->connection, "closed", G_CALLBACK (on_closed), service);
  if (watchdog_us > 0)
    g_timeout_add ((guint)(watchdog_us / 1000), on_watchdog, service);
  name = g_bus_own_name_on_connection (service->connection, MC_BUS_NAME,
                                       G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_name_acquired,
                                       on_name_lost, service, NULL);
  g_main_loop_run (service->loop);
  g_bus_unown_name (name);
  g_signal_handlers_disconnect_by_data (service->connection, service);
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_auto (Service) service = { 0 };
  g_autoptr (GError) error = NULL;

  /* Not the numbers: its sentences are English, whatever the host speaks. */
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("memcoordd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  if (options.version)
    {
      g_print ("memcoordd %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  mc_log_init ();
  if (!service_init (&service, &options, &error))
    {
      mc_log_flush ();
      g_printerr ("memcoordd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  service_run (&service);
  return service.exit_code;
}
