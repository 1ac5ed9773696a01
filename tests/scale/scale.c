/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole service, but for libvirt, with as many VMs as asked for: what one cycle costs, stage by
 * stage, and what it sends on the bus. Prints one line of "name=value" words for tests/scale/run.
 *
 * The hypervisor is the fake one and time is the test's, so that nothing is measured but work. The
 * linker hands the calls between the stages to the functions named __wrap_… below (see
 * meson.build): the service itself knows nothing of being measured.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "coordinator.h"
#include "fake-hypervisor.h"
#include "intake.h"
#include "names.h"
#include "recorded.h"
#include "test-clock.h"
#include "views.h"

#define CAPACITY   (1 * MC_GIB)
#define SETTLE_S   90
#define INTERVAL_S 2
#define READ       "--read"

typedef enum
{
  STAGE_SAMPLE,  /* the fake hypervisor's part */
  STAGE_TAKE,    /* of the sample into what is known of each VM */
  STAGE_DECIDE,  /* the policy */
  STAGE_APPLY,   /* and telling why */
  STAGE_PUBLISH, /* views, properties and signals */
  N_STAGES
} Stage;

static const char *const stage_names[] = { "sample", "take", "decide", "apply", "publish" };

static struct
{
  Stage now;
  gint64 since_ns;
  gint64 spent_ns[N_STAGES];
  guint cycles;
} stages;

static gint64
cpu_ns (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
enter (Stage stage)
{
  gint64 now_ns = cpu_ns (CLOCK_THREAD_CPUTIME_ID);

  if (stages.now < N_STAGES)
    stages.spent_ns[stages.now] += now_ns - stages.since_ns;
  stages.now = stage;
  stages.since_ns = now_ns;
}

/* What lies between the stages */

void __wrap_mc_hypervisor_sample_async (McHypervisor *self,
                                        gint64 deadline_us,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
void __real_mc_hypervisor_sample_async (McHypervisor *self,
                                        gint64 deadline_us,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
McSample *
__wrap_mc_hypervisor_sample_finish (McHypervisor *self, GAsyncResult *result, GError **error);
McSample *
__real_mc_hypervisor_sample_finish (McHypervisor *self, GAsyncResult *result, GError **error);
void __wrap_mc_policy_decide (const McPolicySettings *settings,
                              const McHostFigures *host,
                              gint64 now_us,
                              gsize n_vms,
                              const McVmFacts *facts,
                              McVmHistory *histories[],
                              McVmDecision *decisions,
                              McHostDecision *host_decision);
void __real_mc_policy_decide (const McPolicySettings *settings,
                              const McHostFigures *host,
                              gint64 now_us,
                              gsize n_vms,
                              const McVmFacts *facts,
                              McVmHistory *histories[],
                              McVmDecision *decisions,
                              McHostDecision *host_decision);

void __wrap_mc_views_update (McViews *self, McHostParts *host);
void __real_mc_views_update (McViews *self, McHostParts *host);

void
__wrap_mc_hypervisor_sample_async (McHypervisor *self,
                                   gint64 deadline_us,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  stages.cycles++;
  enter (STAGE_SAMPLE);
  __real_mc_hypervisor_sample_async (self, deadline_us, callback, user_data);
}

McSample *
__wrap_mc_hypervisor_sample_finish (McHypervisor *self, GAsyncResult *result, GError **error)
{
  McSample *sample = __real_mc_hypervisor_sample_finish (self, result, error);

  enter (STAGE_TAKE);
  return sample;
}

void
__wrap_mc_policy_decide (const McPolicySettings *settings,
                         const McHostFigures *host,
                         gint64 now_us,
                         gsize n_vms,
                         const McVmFacts *facts,
                         McVmHistory *histories[],
                         McVmDecision *decisions,
                         McHostDecision *host_decision)
{
  enter (STAGE_DECIDE);
  __real_mc_policy_decide (settings, host, now_us, n_vms, facts, histories, decisions,
                           host_decision);
  enter (STAGE_APPLY);
}

/* What begins with this ends with the signal "published". */
void
__wrap_mc_views_update (McViews *self, McHostParts *host)
{
  enter (STAGE_PUBLISH);
  __real_mc_views_update (self, host);
}

static void
on_published (McCoordinator *coordinator, gpointer user_data)
{
  enter (N_STAGES);
}

/* The service */

typedef struct
{
  guint n_vms;
  char *directory; /* where settings are kept */
  GRand *random;
  GTestDBus *daemon;
  GDBusConnection *connection;
  McFakeHypervisor *fake;
  McTestClock *clock;
  McHost *host;
  McCoordinator *coordinator;
  McBus *bus;
  gint signals; /* atomic: the worker of the connection that listens counts */
  gint bytes;
} Service;

static GDBusConnection *
connect_to (const char *address)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

/* As the service does; a test's bus is the session's. */
static GDBusConnection *
connect_service (void)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = mc_intake_connect (G_BUS_TYPE_SESSION, &error);

  g_assert_no_error (error);
  return connection;
}

static void
add_vm (Service *service)
{
  g_autofree char *name = g_strdup_printf ("vm%u", mc_fake_hypervisor_count_vms (service->fake));
  McFakeVm *vm = mc_fake_hypervisor_add_vm (service->fake, name, CAPACITY);

  vm->figures.balloon = CAPACITY / 2;
  vm->figures.resident = CAPACITY / 2;
  vm->used = CAPACITY / 2 - 40 * MC_MIB - 125 * MC_MIB;
}

static void
set_up (Service *service, guint n_vms)
{
  guint64 total = n_vms * CAPACITY + 4 * MC_GIB;
  g_autoptr (GError) error = NULL;

  service->n_vms = n_vms;
  service->directory = g_dir_make_tmp ("memcoord-scale-XXXXXX", NULL);
  service->random = g_rand_new_with_seed (1);
  service->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (service->daemon);
  service->connection = connect_service ();
  service->clock = mc_test_clock_new ();
  service->host = mc_host_new (NULL, "/nonexistent", NULL);
  service->fake = mc_fake_hypervisor_new ();
  mc_fake_hypervisor_set_local (service->fake, FALSE);
  mc_fake_hypervisor_set_host (service->fake, total, total / 2);
  mc_fake_hypervisor_set_host_other (service->fake, 1 * MC_GIB);
  for (guint i = 0; i < n_vms; i++)
    add_vm (service);
  mc_fake_hypervisor_tick (service->fake, 1);
  service->coordinator
      = mc_coordinator_new (MC_HYPERVISOR (service->fake), service->host, MC_CLOCK (service->clock),
                            mc_config_load (NULL, FALSE, NULL), service->directory);
  service->bus = mc_bus_new (service->coordinator, service->connection, &error);
  g_signal_connect_after (service->coordinator, "published", G_CALLBACK (on_published), NULL);
  g_assert_no_error (error);
}

static void
tear_down (Service *service)
{
  g_autofree char *settings = g_build_filename (service->directory, "settings", NULL);
  g_autofree char *counters = g_build_filename (service->directory, "counters", NULL);

  g_clear_object (&service->bus);
  g_clear_object (&service->coordinator);
  g_clear_object (&service->fake);
  g_clear_object (&service->host);
  g_clear_object (&service->clock);
  mc_intake_close (service->connection);
  g_clear_object (&service->connection);
  g_rand_free (service->random);
  g_unlink (settings);
  g_unlink (counters);
  mc_test_remove_history (service->directory);
  g_rmdir (service->directory);
  g_free (service->directory);
  g_test_dbus_down (service->daemon);
  g_clear_object (&service->daemon);
}

/* Until the bus has all of it: seconds pass faster here than a bus reads. */
static void
flush (Service *service)
{
  g_dbus_connection_flush_sync (service->connection, NULL, NULL);
  while (mc_bypass_get_waiting (mc_intake_get_bypass (service->connection)) > 0)
    g_usleep (100);
}

/* Loads */

typedef void (*Load) (Service *service);

/* Guests at rest still breathe. */
static void
rest (Service *service)
{
  for (guint i = 0; i < service->n_vms; i++)
    {
      McFakeVm *vm = mc_fake_hypervisor_get_vm (service->fake, i);

      vm->used = vm->used / MC_MIB * MC_MIB + (guint64)g_rand_int_range (service->random, 0, 4096);
    }
}

/* All of them do something else each second. */
static void
work (Service *service)
{
  for (guint i = 0; i < service->n_vms; i++)
    {
      McFakeVm *vm = mc_fake_hypervisor_get_vm (service->fake, i);
      guint64 part = (guint64)g_rand_int_range (service->random, 200, 420);

      vm->used = (vm->used * 7 + part * MC_MIB) / 8;
    }
}

static void
pass (Service *service, Load load, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      load (service);
      mc_fake_hypervisor_tick (service->fake, 1);
      mc_test_clock_advance (service->clock, G_USEC_PER_SEC);
      flush (service);
    }
}

/* Measures */

static GDBusMessage *
count_message (GDBusConnection *connection,
               GDBusMessage *message,
               gboolean incoming,
               gpointer user_data)
{
  Service *service = user_data;
  gsize size = 0;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_SIGNAL)
    return message;
  g_free (g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL));
  g_atomic_int_inc (&service->signals);
  g_atomic_int_add (&service->bytes, (gint)size);
  g_object_unref (message);
  return NULL;
}

/* Returns: (transfer full): a client that counts what @service signals. */
static GDBusConnection *
listen (Service *service)
{
  GDBusConnection *client = connect_to (g_test_dbus_get_bus_address (service->daemon));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      client, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
      g_variant_new ("(s)", "type='signal',path_namespace='" MC_ROOT_PATH "'"), NULL,
      G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  g_assert_no_error (error);
  g_dbus_connection_add_filter (client, count_message, service, NULL);
  return client;
}

/* GDBus answers this itself, behind all that was sent before. */
static void
wait_for_signals (Service *service, GDBusConnection *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      client, g_dbus_connection_get_unique_name (service->connection), MC_ROOT_PATH,
      "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL,
      &error);

  g_assert_no_error (error);
}

/* A second in which there was a cycle: what one of its cycles cost. */
typedef struct
{
  gint64 all_ns; /* CPU time of the whole process; the fake's physics are not in it */
  gint64 stage_ns[N_STAGES];
} Slice;

static int
compare_slices (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const Slice *)a)->all_ns, right = ((const Slice *)b)->all_ns;

  return (left > right) - (left < right);
}

static void
add_slice (GArray *slices, gint64 all_ns)
{
  Slice slice = { .all_ns = all_ns / MAX (stages.cycles, 1) };

  for (guint i = 0; i < N_STAGES; i++)
    slice.stage_ns[i] = stages.spent_ns[i] / MAX (stages.cycles, 1);
  if (stages.cycles > 0)
    g_array_append_val (slices, slice);
}

/* Returns: how many cycles there were. @median: the second of median cost: other processes' noise
 * is in the dear ones. */
static guint
measure_cpu (Service *service, Load load, guint seconds, Slice *median)
{
  g_autoptr (GArray) slices = g_array_new (FALSE, FALSE, sizeof (Slice));
  guint cycles = 0;

  for (guint i = 0; i < seconds; i++)
    {
      gint64 begun_ns;

      load (service);
      mc_fake_hypervisor_tick (service->fake, 1);
      memset (&stages, 0, sizeof stages);
      stages.now = N_STAGES;
      begun_ns = cpu_ns (CLOCK_PROCESS_CPUTIME_ID);
      mc_test_clock_advance (service->clock, G_USEC_PER_SEC);
      flush (service);
      add_slice (slices, cpu_ns (CLOCK_PROCESS_CPUTIME_ID) - begun_ns);
      cycles += stages.cycles;
    }
  g_assert_cmpuint (slices->len, >, 0);
  g_array_sort (slices, compare_slices);
  *median = g_array_index (slices, Slice, slices->len / 2);
  return cycles;
}

static void
measure_bus (Service *service, const char *name, Load load, guint seconds)
{
  g_autoptr (GDBusConnection) client = listen (service);
  double cycles;

  wait_for_signals (service, client); /* what was sent before is not counted */
  g_atomic_int_set (&service->signals, 0);
  g_atomic_int_set (&service->bytes, 0);
  stages.cycles = 0;
  pass (service, load, seconds);
  wait_for_signals (service, client);
  g_dbus_connection_close_sync (client, NULL, NULL);
  cycles = MAX (stages.cycles, 1);
  g_print ("%s-signals=%.2f %s-bytes=%.0f ", name, g_atomic_int_get (&service->signals) / cycles,
           name, g_atomic_int_get (&service->bytes) / cycles);
}

static void
measure_load (Service *service, const char *name, Load load, guint seconds)
{
  Slice median;
  guint cycles = measure_cpu (service, load, seconds, &median);

  g_print ("%s-cpu-us=%.1f %s-cycles-per-minute=%.1f ", name, median.all_ns / 1e3, name,
           cycles * 60.0 / seconds);
  for (guint i = 0; i < N_STAGES; i++)
    g_print ("%s-%s-us=%.1f ", name, stage_names[i], median.stage_ns[i] / 1e3);
  measure_bus (service, name, load, seconds);
}

/* In a process of its own, as a client's is: what the answer is made into there is many times as
 * long. */
static int
read_objects (const char *address, const char *service, guint64 n_vms)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) client = connect_to (address);
  g_autoptr (GVariant) reply = NULL, objects = NULL;
  gint64 begun_us = g_get_monotonic_time ();

  reply = g_dbus_connection_call_sync (
      client, service, MC_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
      NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);
  g_assert_no_error (error);
  g_print ("objects-ms=%.2f objects-bytes=%zu ", (g_get_monotonic_time () - begun_us) / 1e3,
           g_variant_get_size (reply));
  objects = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (objects), ==, n_vms);
  return EXIT_SUCCESS;
}

typedef struct
{
  Service *service;
  char *figures; /* what the client prints */
  gint done;     /* atomic */
} Reading;

/* The main loop has nothing to do with the client. */
static gpointer
run_client (gpointer data)
{
  Reading *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *n_vms = g_strdup_printf ("%u", self->service->n_vms);
  g_autoptr (GSubprocess) client = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe", READ,
      g_test_dbus_get_bus_address (self->service->daemon),
      g_dbus_connection_get_unique_name (self->service->connection), n_vms, NULL);

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (client, NULL, NULL, &self->figures, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (client));
  g_atomic_int_set (&self->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
measure_objects (Service *service)
{
  Reading reading = { .service = service };
  gint64 begun_ns = cpu_ns (CLOCK_THREAD_CPUTIME_ID);
  GThread *thread = g_thread_new ("client", run_client, &reading);

  while (!g_atomic_int_get (&reading.done))
    g_main_context_iteration (NULL, TRUE);
  g_print ("%sobjects-loop-ms=%.2f ", reading.figures,
           (cpu_ns (CLOCK_THREAD_CPUTIME_ID) - begun_ns) / 1e6);
  g_thread_join (thread);
  g_free (reading.figures);
}

/* In KiB. */
static guint64
memory (const char *key)
{
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  line = strstr (text, key);
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen (key) + 1, NULL, 10);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_sync_finish (MC_COORDINATOR (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

/* What each VM had is on the disk, and what is to be set in it is set. */
static void
wait_for_disk (Service *service)
{
  gboolean kept = FALSE;

  mc_coordinator_sync_async (service->coordinator, on_kept, &kept);
  while (!kept)
    g_main_context_iteration (NULL, TRUE);
  mc_test_clock_settle ();
}

static void
measure_start (Service *service)
{
  gint64 begun_ns = cpu_ns (CLOCK_PROCESS_CPUTIME_ID);
  g_autoptr (GPtrArray) vms = NULL;

  mc_coordinator_start (service->coordinator);
  mc_test_clock_advance (service->clock, 2 * G_USEC_PER_SEC);
  wait_for_disk (service);
  flush (service);
  g_print ("start-ms=%.2f ", (cpu_ns (CLOCK_PROCESS_CPUTIME_ID) - begun_ns) / 1e6);
  vms = mc_coordinator_list_vms (service->coordinator);
  g_assert_cmpuint (vms->len, ==, service->n_vms);
}

int
main (int argc, char **argv)
{
  Service service = { 0 };
  guint n_vms = argc > 1 ? (guint)g_ascii_strtoull (argv[1], NULL, 10) : 100;
  guint seconds = argc > 2 ? (guint)g_ascii_strtoull (argv[2], NULL, 10) : 30;
  guint64 before;

  if (argc == 5 && g_str_equal (argv[1], READ))
    return read_objects (argv[2], argv[3], g_ascii_strtoull (argv[4], NULL, 10));
  before = memory ("VmRSS:");
  set_up (&service, n_vms);
  g_print ("vms=%u ", n_vms);
  measure_start (&service);
  pass (&service, rest, SETTLE_S);
  /* The first time this makes a file for each VM, which would be in the cost of the cycles beside it:
   * seconds pass faster here than a disk writes. */
  mc_test_wait_for_recorder (mc_coordinator_get_parts (service.coordinator)->context->recorder);
  measure_load (&service, "rest", rest, seconds);
  measure_objects (&service);
  measure_load (&service, "change", work, seconds);
  g_print ("memory-kib=%" G_GUINT64_FORMAT " memory-at-start-kib=%" G_GUINT64_FORMAT "\n",
           memory ("VmHWM:"), before);
  tear_down (&service);
  return EXIT_SUCCESS;
}
