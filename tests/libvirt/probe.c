/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvirt adapter, driven by a test: `probe URI` obeys lines on its input and tells, a JSON
 * object a line, the answers ({"answer": NUMBER, …}) and what the port signals ({"event": …}).
 *
 *   NUMBER sample MILLISECONDS
 *   NUMBER sleep [UUID[,UUID…]]            whom the next samples do not ask
 *   NUMBER describe UUID
 *   NUMBER target UUID BYTES
 *   NUMBER period UUID SECONDS
 *   NUMBER metadata UUID [ELEMENT]       running and stored
 *   NUMBER store UUID RUNNING STORED     elements without a space
 *   NUMBER stop
 *   NUMBER lag             the longest time that the main loop was away since the last "lag", in ms
 *   NUMBER calls           how often each function of libvirt's was called since the last "calls"
 *   NUMBER act NAME VERB   on a connection beside the adapter's, for drivers that live in the
 *                          process: create, destroy, suspend, resume, reboot
 *   NUMBER trespass        calls libvirt on the main thread, which must end the program
 */
#include "config.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <unistd.h>

#include "guard.h"
#include "libvirt/adapter.h"

#define TICK_MS 10

typedef struct
{
  McHypervisor *hypervisor;
  GMainLoop *loop;
  GDataInputStream *input;
  gint64 ticked_us;
  gint64 longest_us;
} Probe;

/* Who waits for an answer. */
typedef struct
{
  Probe *probe;
  char *number;
  char *name;
  char *verb;
  gboolean fine;
} Asked;

static void
asked_free (Asked *asked)
{
  g_free (asked->number);
  g_free (asked->name);
  g_free (asked->verb);
  g_free (asked);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asked, asked_free)

static Asked *
asked_new (Probe *probe, const char *number)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->probe = probe;
  asked->number = g_strdup (number);
  return asked;
}

static char *
quote (const char *text)
{
  g_autofree char *escaped = text != NULL ? g_strescape (text, NULL) : NULL;

  return escaped != NULL ? g_strdup_printf ("\"%s\"", escaped) : g_strdup ("null");
}

/* UNKNOWN is null. */
static void
add_figure (GString *line, const char *name, guint64 value)
{
  if (value == MC_UNKNOWN)
    g_string_append_printf (line, ", \"%s\": null", name);
  else
    g_string_append_printf (line, ", \"%s\": %" G_GUINT64_FORMAT, name, value);
}

static void
print_line (const char *line)
{
  puts (line);
  fflush (stdout);
}

static void
answer_error (const Asked *asked, const GError *error)
{
  static const char *const names[]
      = { "not-connected", "timed-out", "busy", "no-vm", "unsupported", "denied", "failed" };
  g_autofree char *message = quote (error->message);
  g_autofree char *line = g_strdup_printf ("{\"answer\": %s, \"error\": \"%s\", \"message\": %s}",
                                           asked->number, names[error->code], message);

  print_line (line);
}

static void
answer_fine (const Asked *asked)
{
  g_autofree char *line = g_strdup_printf ("{\"answer\": %s}", asked->number);

  print_line (line);
}

static void
add_vm (GString *line, const McVmSample *vm)
{
  g_autofree char *name = quote (vm->name);

  g_string_append_printf (
      line,
      "{\"uuid\": \"%s\", \"name\": %s, \"id\": %d, \"running\": %s, \"busy\": %s"
      ", \"asleep\": %s",
      vm->uuid, name, vm->id, vm->running ? "true" : "false", vm->busy ? "true" : "false",
      vm->asleep ? "true" : "false");
  add_figure (line, "cpu_time", vm->cpu_time_us);
  add_figure (line, "balloon", vm->balloon);
  add_figure (line, "capacity", vm->capacity);
  add_figure (line, "resident", vm->resident);
  add_figure (line, "unused", vm->unused);
  add_figure (line, "usable", vm->usable);
  add_figure (line, "available", vm->available);
  add_figure (line, "swap_in", vm->swap_in);
  g_string_append_printf (line, ", \"stats_time\": %" G_GINT64_FORMAT "}", vm->stats_time_s);
}

static void
on_sample (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSample) sample
      = mc_hypervisor_sample_finish (MC_HYPERVISOR (source), result, &error);
  g_autoptr (GString) line = g_string_new (NULL);

  if (sample == NULL)
    {
      answer_error (asked, error);
      return;
    }
  g_string_append_printf (line, "{\"answer\": %s", asked->number);
  add_figure (line, "host_total", sample->host_total);
  add_figure (line, "host_available", sample->host_available);
  g_string_append (line, ", \"vms\": [");
  for (guint i = 0; i < sample->vms->len; i++)
    {
      g_string_append (line, i > 0 ? ", " : "");
      add_vm (line, sample->vms->pdata[i]);
    }
  g_string_append (line, "]}");
  print_line (line->str);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (McVmDescription) of
      = mc_hypervisor_describe_finish (MC_HYPERVISOR (source), result, &error);
  g_autofree char *line = NULL;
  g_autofree char *immovable = NULL;
  g_autofree char *metadata = NULL, *stored = NULL;

  if (of == NULL)
    {
      answer_error (asked, error);
      return;
    }
  immovable = quote (of->immovable);
  metadata = quote (of->metadata);
  stored = quote (of->stored_metadata);
  line = g_strdup_printf ("{\"answer\": %s, \"persistent\": %s, \"has_balloon\": %s, "
                          "\"period\": %u, \"immovable\": %s, \"metadata\": %s, \"stored\": %s}",
                          asked->number, of->persistent ? "true" : "false",
                          of->has_balloon ? "true" : "false", of->stats_period_s, immovable,
                          metadata, stored);
  print_line (line);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  g_autoptr (GError) error = NULL;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, &error))
    answer_fine (asked);
  else
    answer_error (asked, error);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;

  if (mc_hypervisor_call_finish (MC_HYPERVISOR (source), result, NULL))
    answer_fine (asked);
  g_main_loop_quit (asked->probe->loop);
}

static gboolean
on_acted (gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  g_autoptr (GError) error = NULL;

  if (asked->fine)
    {
      answer_fine (asked);
      return G_SOURCE_REMOVE;
    }
  g_set_error (&error, MC_HYPERVISOR_ERROR, MC_HYPERVISOR_ERROR_FAILED, "failed to %s %s",
               asked->verb, asked->name);
  answer_error (asked, error);
  return G_SOURCE_REMOVE;
}

static gboolean
act (virDomainPtr domain, const char *verb)
{
  if (g_str_equal (verb, "create"))
    return virDomainCreate (domain) == 0;
  if (g_str_equal (verb, "destroy"))
    return virDomainDestroy (domain) == 0;
  if (g_str_equal (verb, "suspend"))
    return virDomainSuspend (domain) == 0;
  if (g_str_equal (verb, "resume"))
    return virDomainResume (domain) == 0;
  return g_str_equal (verb, "reboot") && virDomainReboot (domain, 0) == 0;
}

static gpointer
run_act (gpointer data)
{
  Asked *asked = data;
  virConnectPtr connection = virConnectOpen (mc_hypervisor_get_uri (asked->probe->hypervisor));
  virDomainPtr domain = virDomainLookupByName (connection, asked->name);

  asked->fine = domain != NULL && act (domain, asked->verb);
  if (domain != NULL)
    virDomainFree (domain);
  virConnectClose (connection);
  g_idle_add (on_acted, asked);
  return NULL;
}

static void
begin_to_act (Probe *probe, char **words)
{
  Asked *asked = asked_new (probe, words[0]);

  asked->name = g_strdup (words[2]);
  asked->verb = g_strdup (words[3]);
  g_thread_unref (g_thread_new ("act", run_act, asked));
}

static void
answer_lag (Probe *probe, const char *number)
{
  g_autofree char *line = g_strdup_printf ("{\"answer\": %s, \"ms\": %" G_GINT64_FORMAT "}", number,
                                           probe->longest_us / 1000);

  probe->longest_us = 0;
  print_line (line);
}

static void
answer_calls (const char *number)
{
  g_autoptr (GHashTable) calls = mc_guard_take_calls ();
  g_autoptr (GString) line = g_string_new (NULL);
  GHashTableIter iter;
  gpointer name, times;

  g_string_append_printf (line, "{\"answer\": %s, \"calls\": {", number);
  g_hash_table_iter_init (&iter, calls);
  for (gboolean first = TRUE; g_hash_table_iter_next (&iter, &name, &times); first = FALSE)
    g_string_append_printf (line, "%s\"%s\": %" G_GSIZE_FORMAT, first ? "" : ", ",
                            (const char *)name, GPOINTER_TO_SIZE (times));
  g_string_append (line, "}}");
  print_line (line->str);
}

static void
begin_to_store (Probe *probe, char **words)
{
  g_auto (GStrv) elements = g_strsplit (words[3], " ", 2);

  mc_hypervisor_set_metadata_async (probe->hypervisor, words[2], elements[0], elements[1], on_done,
                                    asked_new (probe, words[0]));
}

static void
let_sleep (Probe *probe, const char *number, const char *list)
{
  g_auto (GStrv) uuids = g_strsplit (list != NULL ? list : "", ",", -1);
  g_autoptr (GHashTable) asleep = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const Asked asked = { .number = (char *)number };

  for (guint i = 0; uuids[i] != NULL; i++)
    g_hash_table_add (asleep, g_strdup (uuids[i]));
  mc_hypervisor_let_sleep (probe->hypervisor, asleep);
  answer_fine (&asked);
}

static void
obey (Probe *probe, char **words)
{
  guint n_words = g_strv_length (words);
  const char *verb = n_words >= 2 ? words[1] : "";
  const char *first = n_words >= 3 ? words[2] : NULL;
  const char *second = n_words >= 4 ? words[3] : NULL;
  guint64 value = second != NULL ? g_ascii_strtoull (second, NULL, 10) : 0;
  McHypervisor *hypervisor = probe->hypervisor;

  if (g_str_equal (verb, "sample"))
    mc_hypervisor_sample_async (hypervisor,
                                g_get_monotonic_time () + g_ascii_strtoll (first, NULL, 10) * 1000,
                                on_sample, asked_new (probe, words[0]));
  else if (g_str_equal (verb, "sleep"))
    let_sleep (probe, words[0], first);
  else if (g_str_equal (verb, "describe"))
    mc_hypervisor_describe_async (hypervisor, first, on_described, asked_new (probe, words[0]));
  else if (g_str_equal (verb, "target"))
    mc_hypervisor_set_target_async (hypervisor, first, value, on_done, asked_new (probe, words[0]));
  else if (g_str_equal (verb, "period"))
    mc_hypervisor_set_stats_period_async (hypervisor, first, (guint)value, TRUE, on_done,
                                          asked_new (probe, words[0]));
  else if (g_str_equal (verb, "metadata"))
    mc_hypervisor_set_metadata_async (hypervisor, first, second, second, on_done,
                                      asked_new (probe, words[0]));
  else if (g_str_equal (verb, "store"))
    begin_to_store (probe, words);
  else if (g_str_equal (verb, "stop"))
    mc_hypervisor_stop_async (hypervisor, on_stopped, asked_new (probe, words[0]));
  else if (g_str_equal (verb, "lag"))
    answer_lag (probe, words[0]);
  else if (g_str_equal (verb, "calls"))
    answer_calls (words[0]);
  else if (g_str_equal (verb, "act"))
    begin_to_act (probe, words);
  else if (g_str_equal (verb, "trespass"))
    virConnectOpen ("test:///default");
  else
    g_error ("unknown command '%s'", verb);
}

static void read_on (Probe *probe);

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Probe *probe = user_data;
  g_autofree char *line
      = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  g_auto (GStrv) words = NULL;

  if (line == NULL)
    {
      g_main_loop_quit (probe->loop);
      return;
    }
  words = g_strsplit (line, " ", 4);
  obey (probe, words);
  read_on (probe);
}

static void
read_on (Probe *probe)
{
  g_data_input_stream_read_line_async (probe->input, G_PRIORITY_DEFAULT, NULL, on_line, probe);
}

static void
print_event (const char *event, const char *uuid, const char *more, guint64 value)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "{\"event\": \"%s\", \"uuid\": \"%s\"", event, uuid);
  if (more != NULL)
    add_figure (line, more, value);
  g_string_append_c (line, '}');
  print_line (line->str);
}

static void
on_vm (McHypervisor *hypervisor, const char *uuid, gpointer event)
{
  print_event (event, uuid, NULL, 0);
}

static void
on_state (McHypervisor *hypervisor, const char *uuid, gboolean running, gpointer event)
{
  print_event (event, uuid, "running", running != FALSE);
}

static void
on_balloon (McHypervisor *hypervisor, const char *uuid, guint64 bytes, gpointer event)
{
  print_event (event, uuid, "bytes", bytes);
}

static void
on_target_ended (McHypervisor *hypervisor, const char *uuid, const GError *error, gpointer event)
{
  print_event (event, uuid, "failed", error != NULL);
}

static void
on_connected (McHypervisor *hypervisor, GParamSpec *pspec, gpointer user_data)
{
  g_autofree char *status = quote (mc_hypervisor_get_status (hypervisor));
  g_autofree char *line = g_strdup_printf (
      "{\"event\": \"%s\", \"connected\": %s, \"status\": %s}", (const char *)user_data,
      mc_hypervisor_get_connected (hypervisor) ? "true" : "false", status);

  print_line (line);
}

static gboolean
on_tick (gpointer user_data)
{
  Probe *probe = user_data;
  gint64 now_us = g_get_monotonic_time ();

  probe->longest_us = MAX (probe->longest_us, now_us - probe->ticked_us);
  probe->ticked_us = now_us;
  return G_SOURCE_CONTINUE;
}

static void
listen (McHypervisor *hypervisor)
{
  static const char *const events[] = { "vm-started", "vm-stopped", "vm-rebooted", "vm-changed" };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    g_signal_connect (hypervisor, events[i], G_CALLBACK (on_vm), (gpointer)events[i]);
  g_signal_connect (hypervisor, "vm-state", G_CALLBACK (on_state), (gpointer) "vm-state");
  g_signal_connect (hypervisor, "balloon-changed", G_CALLBACK (on_balloon),
                    (gpointer) "balloon-changed");
  g_signal_connect (hypervisor, "target-ended", G_CALLBACK (on_target_ended),
                    (gpointer) "target-ended");
  g_signal_connect (hypervisor, "notify::connected", G_CALLBACK (on_connected),
                    (gpointer) "connected");
  g_signal_connect (hypervisor, "notify::status", G_CALLBACK (on_connected), (gpointer) "status");
}

int
main (int argc, char **argv)
{
  g_autoptr (McHypervisor) hypervisor = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GInputStream) raw = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (raw);
  Probe probe = { .loop = loop, .input = input, .ticked_us = g_get_monotonic_time () };

  g_return_val_if_fail (argc == 2, 2);
  mc_guard_main_thread ();
  hypervisor = mc_libvirt_adapter_new (argv[1]);
  probe.hypervisor = hypervisor;
  listen (hypervisor);
  g_timeout_add (TICK_MS, on_tick, &probe);
  mc_hypervisor_start (hypervisor);
  read_on (&probe);
  g_main_loop_run (loop);
  return 0;
}
