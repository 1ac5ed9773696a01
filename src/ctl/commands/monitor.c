/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl monitor: what happens, a line for each event. */
#include "config.h"

#include "command.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "output/times.h"
#include "threshold.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct
{
  McClient *client;
  GMainLoop *loop;
  GHashTable *names; /* path → name of the VM, for events that come when it is gone */
  gboolean seen;     /* the service has been there */
} Monitor;

static const char *
name_of (Monitor *self, const char *path)
{
  const char *name = g_hash_table_lookup (self->names, path);

  return g_strcmp0 (path, MC_ROOT_PATH) == 0 ? _ ("host") : name != NULL ? name : path;
}

/* One event: for people "time  subject  text", for programs an object. @details: floating or NULL,
 * a{sv}. */
static void
print_event (
    Monitor *self, const char *event, const char *path, const char *text, GVariant *details)
{
  g_autoptr (GVariant) owned = details != NULL ? g_variant_ref_sink (details) : NULL;
  g_autofree char *time = mc_times_format ((guint64)g_get_real_time ());
  g_autofree char *subject = mc_plain_text (path != NULL ? name_of (self, path) : _ ("service"));
  g_autofree char *clean = mc_plain_text (text);
  g_autofree char *shown = g_strdup_printf ("%s  %s  %s", time, subject, clean);
  GVariantBuilder line;

  if (!self->client->json)
    {
      mc_paragraph_print_marked (self->client, shown, strlen (time) + 2, strlen (subject),
                                 MC_STYLE_STRONG);
      fflush (stdout);
      return;
    }
  g_variant_builder_init (&line, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add_parsed (&line, "{'Event', <%s>}", event);
  g_variant_builder_add_parsed (&line, "{'Time', <%t>}", (guint64)g_get_real_time ());
  if (path != NULL)
    g_variant_builder_add_parsed (&line, "{'Path', <%o>}", path);
  if (path != NULL && g_hash_table_contains (self->names, path))
    g_variant_builder_add_parsed (&line, "{'Name', <%s>}", name_of (self, path));
  for (gsize i = 0; owned != NULL && i < g_variant_n_children (owned); i++)
    {
      g_autoptr (GVariant) detail = g_variant_get_child_value (owned, i);

      g_variant_builder_add_value (&line, detail);
    }
  mc_json_print_line (g_variant_builder_end (&line));
}

static void
on_memory_moved (Monitor *self, GVariant *parameters)
{
  const char *path, *reason;
  guint64 from, to;
  g_autofree char *move = NULL;
  g_autofree char *text = NULL;

  g_variant_get (parameters, "(&ott&s)", &path, &from, &to, &reason);
  move = mc_text_move (from, to);
  text = g_strdup_printf ("%s: %s", move, reason);
  print_event (
      self, "MemoryMoved", path, text,
      g_variant_new_parsed ("{'From': <%t>, 'To': <%t>, 'Reason': <%s>}", from, to, reason));
}

/* Returns: (transfer full): the value of a setting, in its unit if it is a threshold, and as a time
 * if it is one. */
static char *
format_value (const char *setting, GVariant *value)
{
  const McThreshold *threshold = mc_threshold_find_typed (mc_host_thresholds, setting);

  if (g_strcmp0 (setting, "PausedUntil") == 0
      && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return mc_times_format (g_variant_get_uint64 (value));
  if (threshold == NULL)
    threshold = mc_threshold_find_typed (mc_vm_thresholds, setting);
  if (threshold != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return mc_threshold_format (threshold, g_variant_get_uint64 (value));
  if (threshold != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return mc_threshold_format (threshold, g_variant_get_uint32 (value));
  return g_variant_print (value, FALSE);
}

static void
on_policy_changed (Monitor *self, GVariant *parameters)
{
  const char *path, *setting, *origin;
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;
  g_autofree char *old_text = NULL;
  g_autofree char *new_text = NULL;
  g_autofree char *text = NULL;

  g_variant_get (parameters, "(&o&svv&s)", &path, &setting, &before, &after, &origin);
  old_text = format_value (setting, before);
  new_text = format_value (setting, after);
  text
      = g_strdup_printf (_ ("%s changed from %s to %s by %s"), setting, old_text, new_text, origin);
  print_event (self, "PolicyChanged", path, text,
               g_variant_new_parsed ("{'Setting': <%s>, 'Old': %v, 'New': %v, 'Origin': <%s>}",
                                     setting, before, after, origin));
}

static void
on_added (Monitor *self, GVariant *parameters)
{
  const char *path;
  g_autoptr (GVariant) interfaces = NULL;
  g_autoptr (GVariant) vm = NULL;
  g_autofree char *text = NULL;

  g_variant_get (parameters, "(&o@a{sa{sv}})", &path, &interfaces);
  vm = g_variant_lookup_value (interfaces, MC_VM_INTERFACE, G_VARIANT_TYPE_VARDICT);
  if (vm == NULL)
    return;
  g_hash_table_replace (self->names, g_strdup (path), g_strdup (mc_properties_text (vm, "Name")));
  text = g_strdup_printf (_ ("started: %s"), mc_properties_text (vm, "Status"));
  print_event (self, "Added", path, text,
               g_variant_new_parsed ("{'Status': <%s>}", mc_properties_text (vm, "Status")));
}

static void
on_removed (Monitor *self, GVariant *parameters)
{
  const char *path;
  g_autofree const char **interfaces = NULL;

  g_variant_get (parameters, "(&o^a&s)", &path, &interfaces);
  if (!g_strv_contains (interfaces, MC_VM_INTERFACE))
    return;
  print_event (self, "Removed", path, _ ("gone"), NULL);
  g_hash_table_remove (self->names, path);
}

/* Of the properties, those that show a state, and that PolicyChanged does not report; figures
 * would drown the rest. */
static void
on_properties (Monitor *self, const char *path, GVariant *parameters)
{
  static const char *const states[] = { "State", "HostCondition", "HypervisorConnected", "Status" };
  g_autoptr (GVariant) changed = NULL;
  const char *name;

  g_variant_get (parameters, "(&s@a{sv}@as)", NULL, &changed, NULL);
  if (g_variant_lookup (changed, "Name", "&s", &name))
    g_hash_table_replace (self->names, g_strdup (path), g_strdup (name));
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (changed, states[i], NULL);
      g_autofree char *shown = NULL;
      g_autofree char *text = NULL;

      if (value == NULL)
        continue;
      shown = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
                  ? g_variant_dup_string (value, NULL)
                  : g_variant_print (value, FALSE);
      text = g_strdup_printf (_ ("%s is %s"), states[i], shown);
      print_event (self, "PropertyChanged", path, text,
                   g_variant_new_parsed ("{'Property': <%s>, 'Value': %v}", states[i], value));
    }
}

static void
on_signal (GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  static const struct
  {
    const char *signal;
    const char *type;
    void (*handle) (Monitor *self, GVariant *parameters);
  } handlers[] = {
    { "MemoryMoved", "(otts)", on_memory_moved },
    { "PolicyChanged", "(osvvs)", on_policy_changed },
    { "InterfacesAdded", "(oa{sa{sv}})", on_added },
    { "InterfacesRemoved", "(oas)", on_removed },
  };
  Monitor *self = user_data;

  if (g_strcmp0 (signal, "PropertiesChanged") == 0
      && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    on_properties (self, path, parameters);
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      if (g_strcmp0 (handlers[i].signal, signal) == 0
          && g_variant_is_of_type (parameters, G_VARIANT_TYPE (handlers[i].type)))
        handlers[i].handle (self, parameters);
    }
}

static void
remember_names (Monitor *self, McModel *model)
{
  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);

      g_hash_table_replace (self->names, g_strdup (vm->path), g_strdup (vm->name));
    }
}

static void
on_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  Monitor *self = user_data;

  if (self->seen)
    print_event (self, "ServiceAppeared", NULL, _ ("memcoordd is running"), NULL);
  self->seen = TRUE;
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Monitor *self = user_data;

  if (bus == NULL || g_dbus_connection_is_closed (bus))
    g_main_loop_quit (self->loop);
  else if (self->seen)
    print_event (self, "ServiceVanished", NULL, _ ("memcoordd is not running"), NULL);
}

static int
monitor_run (Monitor *self)
{
  GDBusConnection *bus = self->client->bus;
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  guint watch;

  /* Before the names are read, so that none is missed. */
  g_dbus_connection_signal_subscribe (bus, MC_BUS_NAME, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  model = mc_model_load (self->client, &error);
  if (model == NULL)
    return mc_client_fail (self->client, error);
  remember_names (self, model);
  watch = g_bus_watch_name_on_connection (bus, MC_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                          on_appeared, on_vanished, self, NULL);
  g_unix_signal_add (SIGINT, mc_client_on_end, self->loop);
  g_unix_signal_add (SIGTERM, mc_client_on_end, self->loop);
  g_main_loop_run (self->loop);
  g_bus_unwatch_name (watch);
  return g_dbus_connection_is_closed (bus) ? MC_EXIT_UNREACHABLE : MC_EXIT_OK;
}

int
mc_cmd_monitor (McClient *client, int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  Monitor monitor = { client, loop, names };

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (!mc_client_connect (client, &error))
    return mc_client_fail (client, error);
  return monitor_run (&monitor);
}
