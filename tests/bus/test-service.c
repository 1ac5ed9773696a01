/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service as it runs, on a real bus, but for its hypervisor: that one is steered by lines on
 * standard input, each answered by one line that begins with "ok", or else says what was wrong. It
 * prints "ready" when it has its name, and ends when its input does.
 *
 * Its VMs have half of what they may have, and a quarter of that unused: at rest nothing moves.
 * Sizes are bytes.
 */
#include "config.h"

#include <gio/gunixinputstream.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus.h"
#include "coordinator.h"
#include "fake-hypervisor.h"
#include "fake-reports.h"
#include "intake.h"
#include "names.h"
#include "quick-clock.h"
#include "stop-job.h"

#define AT_REST   (125 * MC_MIB)
#define IN_NEED   (20 * MC_MIB)
#define OF_KERNEL (40 * MC_MIB)

typedef struct
{
  GMainLoop *loop;
  GDBusConnection *connection;
  McFakeHypervisor *fake;
  McHost *host;
  McCoordinator *coordinator;
  McBus *bus;
  GDataInputStream *input;
  char *awaited;     /* the UUID of a VM that is to appear before its line is answered, or NULL */
  guint publishings; /* that are to come before a line is answered */
  int exit_code;
} Service;

static void read_line (Service *service);

static void
print (const char *line)
{
  puts (line);
  fflush (stdout);
}

static McFakeVm *
find_vm (Service *service, const char *name)
{
  for (guint i = 0; name != NULL && i < mc_fake_hypervisor_count_vms (service->fake); i++)
    {
      McFakeVm *vm = mc_fake_hypervisor_get_vm (service->fake, i);

      if (g_str_equal (vm->figures.name, name))
        return vm;
    }
  return NULL;
}

static guint64
size_of (const char *word)
{
  return g_ascii_strtoull (word, NULL, 10);
}

/* Sets what the guest uses so that this is left unused. */
static void
leave_unused (McFakeVm *vm, guint64 unused)
{
  guint64 balloon = vm->figures.balloon;
  guint64 available = balloon - MIN (balloon / 10, OF_KERNEL);

  vm->used = available - MIN (unused, available);
}

/* What can be asked for, each with the words after the first; answers at once unless it says what
 * it waits for. */

static void
do_add (Service *service, char **words)
{
  guint64 capacity = size_of (words[2]);
  McFakeVm *vm = mc_fake_hypervisor_add_vm (service->fake, words[1], capacity);

  vm->figures.balloon = capacity / 2;
  vm->figures.resident = capacity / 2;
  leave_unused (vm, MIN (AT_REST, capacity / 4));
  mc_fake_hypervisor_tick (service->fake, 1);
  if (mc_hypervisor_get_connected (MC_HYPERVISOR (service->fake)))
    service->awaited = g_strdup (vm->figures.uuid);
}

static void
do_cycle (Service *service, char **words)
{
  mc_fake_hypervisor_tick (service->fake, 1);
  g_signal_emit_by_name (service->host, "pressure");
  service->publishings = 2; /* one may be of a sample that is under way */
}

static void
do_disconnect (Service *service, char **words)
{
  mc_fake_hypervisor_disconnect (service->fake, "the test has taken it away");
}

static void
do_reconnect (Service *service, char **words)
{
  mc_fake_hypervisor_reconnect (service->fake);
}

static void
do_host (Service *service, char **words)
{
  mc_fake_hypervisor_set_host_other (service->fake, size_of (words[1]));
}

static void
do_fail (Service *service, char **words)
{
  mc_fake_hypervisor_fail (service->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_FAILED,
                           (guint)size_of (words[1]));
}

static void
vm_remove (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_remove_vm (service->fake, vm);
}

static void
vm_need (Service *service, McFakeVm *vm, char **words)
{
  leave_unused (vm, IN_NEED);
}

static void
vm_unused (Service *service, McFakeVm *vm, char **words)
{
  leave_unused (vm, size_of (words[2]));
}

/* It stops reporting, as one whose driver was never loaded. */
static void
vm_mute (Service *service, McFakeVm *vm, char **words)
{
  vm->silent = TRUE;
  vm->figures.unused = vm->figures.usable = vm->figures.available = MC_UNKNOWN;
  vm->figures.stats_time_s = 0;
}

/* From now on it reports as guests of that kind do. */
static void
vm_report (Service *service, McFakeVm *vm, char **words)
{
  if (!mc_fake_reports_set (vm, words[2]))
    g_error ("No guest reports \"%s\"", words[2]);
}

static void
vm_crash (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_crash_vm (service->fake, vm);
}

static void
vm_unload (Service *service, McFakeVm *vm, char **words)
{
  vm->no_driver = TRUE;
}

static void
vm_freeze (Service *service, McFakeVm *vm, char **words)
{
  vm->silent = TRUE;
}

static void
vm_rename (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_rename_vm (service->fake, vm, words[2]);
}

static void
vm_run (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_set_running (service->fake, vm, TRUE);
}

static void
vm_suspend (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_set_running (service->fake, vm, FALSE);
}

static void
vm_reboot (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_reboot_vm (service->fake, vm);
}

static void
vm_hang (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_hang_vm (service->fake, vm);
}

static void
vm_release (Service *service, McFakeVm *vm, char **words)
{
  mc_fake_hypervisor_release_vm (service->fake, vm);
}

static void
vm_metadata (Service *service, McFakeVm *vm, char **words)
{
  g_autofree char *element = g_strjoinv (" ", &words[2]);

  mc_fake_hypervisor_set_vm_metadata (service->fake, vm, *element != '\0' ? element : NULL);
}

typedef struct
{
  const char *word;
  guint n_words; /* at least */
  void (*of_host) (Service *service, char **words);
  void (*of_vm) (Service *service, McFakeVm *vm, char **words); /* the second word is its name */
} Order;

static const Order orders[] = {
  { "add", 3, do_add, NULL },     /* NAME CAPACITY: answered when it is on the bus */
  { "cycle", 1, do_cycle, NULL }, /* a second passes for the guests, and is looked at */
  { "disconnect", 1, do_disconnect, NULL },
  { "reconnect", 1, do_reconnect, NULL },
  { "host", 2, do_host, NULL }, /* BYTES that the host itself uses */
  { "fail", 2, do_fail, NULL }, /* TIMES that metadata cannot be written */
  { "remove", 2, NULL, vm_remove },
  { "need", 2, NULL, vm_need },
  { "unused", 3, NULL, vm_unused }, /* NAME BYTES */
  { "mute", 2, NULL, vm_mute },
  { "report", 3, NULL, vm_report }, /* NAME KIND: see fake-reports.c */
  { "crash", 2, NULL, vm_crash },
  { "unload", 2, NULL, vm_unload }, /* its driver */
  { "freeze", 2, NULL, vm_freeze }, /* it reports nothing new */
  { "rename", 3, NULL, vm_rename }, /* NAME NAME */
  { "run", 2, NULL, vm_run },
  { "suspend", 2, NULL, vm_suspend },
  { "reboot", 2, NULL, vm_reboot },
  { "hang", 2, NULL, vm_hang },
  { "release", 2, NULL, vm_release },
  { "metadata", 2, NULL, vm_metadata }, /* NAME [ELEMENT] */
};

static const char *
carry_out (Service *service, char **words, const Order *order)
{
  McFakeVm *vm;

  if (order->of_host != NULL)
    {
      order->of_host (service, words);
      return NULL;
    }
  vm = find_vm (service, words[1]);
  if (vm == NULL)
    return "there is no such VM";
  order->of_vm (service, vm, words);
  return NULL;
}

static const char *
obey (Service *service, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    if (g_strcmp0 (words[0], orders[i].word) == 0 && g_strv_length (words) >= orders[i].n_words)
      return carry_out (service, words, &orders[i]);
  return "there is no such order";
}

static void
answer_when_done (Service *service)
{
  if (service->awaited != NULL || service->publishings > 0)
    return;
  print ("ok");
  read_line (service);
}

/* What the service has left behind: "NAME BYTES" of each VM, by the target in force. */
static void
print_balloons (Service *service)
{
  for (guint i = 0; i < mc_fake_hypervisor_count_vms (service->fake); i++)
    {
      const McFakeVm *vm = mc_fake_hypervisor_get_vm (service->fake, i);
      guint64 bytes = vm->target != MC_UNKNOWN ? vm->target : vm->figures.balloon;
      g_autofree char *line = g_strdup_printf ("%s %" G_GUINT64_FORMAT, vm->figures.name, bytes);

      print (line);
    }
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;

  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  print_balloons (service);
  g_main_loop_quit (service->loop);
}

static void
on_stop_job (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;

  mc_coordinator_stop_async (service->coordinator, mc_stop_job_is_for_good_finish (result),
                             on_stopped, service);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;
  g_autofree char *line
      = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  const char *problem;

  if (line == NULL)
    {
      mc_stop_job_is_for_good_async (service->connection, on_stop_job, service);
      return;
    }
  problem = obey (service, line);
  if (problem == NULL)
    {
      answer_when_done (service);
      return;
    }
  print (problem);
  read_line (service);
}

static void
read_line (Service *service)
{
  g_data_input_stream_read_line_async (service->input, G_PRIORITY_DEFAULT, NULL, on_line, service);
}

/* Connected after the bus's own handler, so what is answered for is there. */
static void
on_published (McCoordinator *coordinator, gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GPtrArray) vms = mc_coordinator_list_vms (coordinator);

  if (service->awaited == NULL && service->publishings == 0)
    return;
  if (service->publishings > 0)
    service->publishings--;
  for (guint i = 0; i < vms->len; i++)
    if (g_strcmp0 (mc_vm_get_uuid (vms->pdata[i]), service->awaited) == 0)
      g_clear_pointer (&service->awaited, g_free);
  answer_when_done (service);
}

static gboolean
on_second (gpointer user_data)
{
  mc_fake_hypervisor_tick (((Service *)user_data)->fake, 1);
  return G_SOURCE_CONTINUE;
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Service *service = user_data;

  mc_coordinator_start (service->coordinator);
  print ("ready");
  read_line (service);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Service *service = user_data;

  service->exit_code = EXIT_FAILURE;
  g_main_loop_quit (service->loop);
}

typedef struct
{
  int speed;
  int later;
  char *config;
  char *state_dir;
  gboolean system;
} Options;

static void
parse_options (Options *options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "speed", 0, 0, G_OPTION_ARG_INT, &options->speed, "How many seconds pass in one", "N" },
    { "later", 0, 0, G_OPTION_ARG_INT, &options->later, "How far its clock is ahead", "SECONDS" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "The configuration", "FILE" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir, "Where settings are kept",
      "DIR" },
    { "system", 0, 0, G_OPTION_ARG_NONE, &options->system, "On the system bus", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    g_printerr ("test-service: %s\n", error->message);
  if (error != NULL)
    exit (EXIT_FAILURE);
}

static void
service_init (Service *service, const Options *options, GError **error)
{
  g_autoptr (McClock) clock = mc_quick_clock_new ((guint)options->speed, options->later);
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  McConfig *config
      = mc_config_load (options->config != NULL ? options->config : "/nonexistent", FALSE, error);

  if (config == NULL)
    return;
  service->loop = g_main_loop_new (NULL, FALSE);
  service->input = g_data_input_stream_new (input);
  service->fake = mc_fake_hypervisor_new ();
  service->host = mc_host_new (NULL, "/nonexistent", NULL);
  mc_fake_hypervisor_set_local (service->fake, FALSE);
  service->coordinator = mc_coordinator_new (MC_HYPERVISOR (service->fake), service->host, clock,
                                             config, options->state_dir);
  service->connection
      = mc_intake_connect (options->system ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION, error);
  if (service->connection == NULL)
    return;
  service->bus = mc_bus_new (service->coordinator, service->connection, error);
  g_signal_connect (service->coordinator, "published", G_CALLBACK (on_published), service);
}

static void
service_clear (Service *service)
{
  g_clear_object (&service->bus);
  g_clear_object (&service->coordinator);
  g_clear_object (&service->fake);
  g_clear_object (&service->host);
  g_clear_object (&service->input);
  if (service->connection != NULL)
    mc_intake_close (service->connection);
  g_clear_object (&service->connection);
  g_clear_pointer (&service->loop, g_main_loop_unref);
}

int
main (int argc, char **argv)
{
  Options options = { .speed = 1 };
  Service service = { 0 };
  g_autoptr (GError) error = NULL;
  guint name, second;

  setlocale (LC_CTYPE, "");
  parse_options (&options, &argc, &argv);
  service_init (&service, &options, &error);
  if (error != NULL)
    {
      g_printerr ("test-service: %s\n", error->message);
      return EXIT_FAILURE;
    }
  second = g_timeout_add (1000 / (guint)options.speed, on_second, &service);
  name = g_bus_own_name_on_connection (service.connection, MC_BUS_NAME,
                                       G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_name_acquired,
                                       on_name_lost, &service, NULL);
  g_main_loop_run (service.loop);
  g_bus_unown_name (name);
  g_source_remove (second);
  service_clear (&service);
  g_free (options.config);
  g_free (options.state_dir);
  return service.exit_code;
}
