/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service shows at one moment: the host and its VMs. */
#include "config.h"

#include "model.h"

#include <glib/gi18n.h>

#define OBJECTS_TYPE "(a{oa{sa{sv}}})"

static void
vm_free (McModelVm *vm)
{
  g_free (vm->path);
  g_variant_unref (vm->properties);
  g_free (vm);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const McModelVm *left = *(McModelVm *const *)a;
  const McModelVm *right = *(McModelVm *const *)b;
  int order = g_utf8_collate (left->name, right->name);

  return order != 0 ? order : g_strcmp0 (left->path, right->path);
}

/* Strings that are looked up in @properties then stay where they are for as long as it lives. */
static GVariant *
serialised (GVariant *properties)
{
  (void)g_variant_get_data (properties);
  return properties;
}

/* @host: (a{sv}), @objects: (a{oa{sa{sv}}}), as they came. */
static McModel *
model_new (GVariant *host, GVariant *objects)
{
  McModel *self = g_new0 (McModel, 1);
  g_autoptr (GVariantIter) iter = NULL;
  const char *path;
  GVariant *interfaces;

  self->host = serialised (g_variant_get_child_value (host, 0));
  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)vm_free);
  g_variant_get (objects, OBJECTS_TYPE, &iter);
  while (g_variant_iter_loop (iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      GVariant *properties
          = g_variant_lookup_value (interfaces, MC_VM_INTERFACE, G_VARIANT_TYPE_VARDICT);
      McModelVm *vm;

      if (properties == NULL)
        continue;
      vm = g_new0 (McModelVm, 1);
      vm->path = g_strdup (path);
      vm->properties = serialised (properties);
      vm->name = mc_properties_text (properties, "Name");
      g_ptr_array_add (self->vms, vm);
    }
  g_ptr_array_sort (self->vms, compare_names);
  return self;
}

void
mc_model_free (McModel *self)
{
  g_variant_unref (self->host);
  g_ptr_array_unref (self->vms);
  g_free (self);
}

McModel *
mc_model_load (McClient *client, GError **error)
{
  g_autoptr (GVariant) host = NULL;
  g_autoptr (GVariant) objects = NULL;

  host = mc_client_read (client, MC_ROOT_PATH, MC_PROPERTIES_INTERFACE, "GetAll",
                         g_variant_new ("(s)", MC_ROOT_INTERFACE), "(a{sv})", error);
  if (host == NULL)
    return NULL;
  objects = mc_client_read (client, MC_ROOT_PATH, MC_OBJECT_MANAGER_INTERFACE, "GetManagedObjects",
                            NULL, OBJECTS_TYPE, error);
  return objects != NULL ? model_new (host, objects) : NULL;
}

static void
on_objects (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) objects
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (objects == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_task_return_pointer (task, model_new (g_task_get_task_data (task), objects),
                         (GDestroyNotify)mc_model_free);
}

static void
on_host (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *host = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (host == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_task_set_task_data (task, host, (GDestroyNotify)g_variant_unref);
  g_dbus_connection_call (G_DBUS_CONNECTION (source), MC_BUS_NAME, MC_ROOT_PATH,
                          MC_OBJECT_MANAGER_INTERFACE, "GetManagedObjects", NULL,
                          G_VARIANT_TYPE (OBJECTS_TYPE), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          g_task_get_cancellable (task), on_objects, g_object_ref (task));
}

void
mc_model_load_async (McClient *client,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_dbus_connection_call (client->bus, MC_BUS_NAME, MC_ROOT_PATH, MC_PROPERTIES_INTERFACE, "GetAll",
                          g_variant_new ("(s)", MC_ROOT_INTERFACE), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, cancellable, on_host, task);
}

McModel *
mc_model_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
vm_matches (const McModelVm *vm, const char *what)
{
  g_autofree char *id
      = g_strdup_printf ("%" G_GUINT64_FORMAT, mc_properties_number (vm->properties, "Id"));

  return g_strcmp0 (vm->name, what) == 0 || g_strcmp0 (id, what) == 0
         || g_ascii_strcasecmp (mc_properties_text (vm->properties, "UUID"), what) == 0;
}

McModelVm *
mc_model_find_vm (McModel *self, const char *what, GError **error)
{
  McModelVm *found = NULL;

  for (guint i = 0; i < self->vms->len; i++)
    {
      McModelVm *vm = g_ptr_array_index (self->vms, i);

      if (!vm_matches (vm, what))
        continue;
      if (found != NULL)
        {
          g_set_error (error, MC_CLIENT_ERROR, MC_EXIT_NO_VM,
                       _ ("\"%s\" may be the VM %s (%s) or the VM %s (%s): name it by its UUID"),
                       what, found->name, mc_properties_text (found->properties, "UUID"), vm->name,
                       mc_properties_text (vm->properties, "UUID"));
          return NULL;
        }
      found = vm;
    }
  if (found == NULL)
    g_set_error (
        error, MC_CLIENT_ERROR, MC_EXIT_NO_VM,
        _ ("no VM has the name, UUID or id \"%s\": \"memcoordctl list\" shows those that are "
           "active"),
        what);
  return found;
}

McModelVm *
mc_model_lookup_path (McModel *self, const char *path)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      McModelVm *vm = g_ptr_array_index (self->vms, i);

      if (g_strcmp0 (vm->path, path) == 0)
        return vm;
    }
  return NULL;
}

const char *
mc_model_describe_no_vms (const McModel *self)
{
  const char *state = mc_properties_text (self->host, "State");

  if (g_strcmp0 (state, "starting") == 0)
    return _ ("The service is starting, and knows no VMs yet.");
  if (g_strcmp0 (state, "degraded") == 0)
    return _ ("The service is degraded, and knows no VMs.");
  return _ ("No VMs are active.");
}

GVariant *
mc_model_vms_variant (McModel *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (self->vms, i);

      g_variant_builder_add_value (&builder, vm->properties);
    }
  return g_variant_builder_end (&builder);
}

guint64
mc_properties_number (GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  if (value == NULL)
    return 0;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_get_uint64 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
    return (guint64)MAX (g_variant_get_int32 (value), 0);
  return 0;
}

double
mc_properties_double (GVariant *properties, const char *name)
{
  double value = 0;

  g_variant_lookup (properties, name, "d", &value);
  return value;
}

gboolean
mc_properties_flag (GVariant *properties, const char *name)
{
  gboolean value = FALSE;

  g_variant_lookup (properties, name, "b", &value);
  return value;
}

gboolean
mc_properties_have (GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  return value != NULL;
}

gboolean
mc_properties_overrides (GVariant *properties, const char *threshold)
{
  g_autofree const char **names = NULL;

  return g_variant_lookup (properties, "Overridden", "^a&s", &names)
         && g_strv_contains (names, threshold);
}

char *
mc_properties_list_overridden (GVariant *properties)
{
  g_autofree const char **names = NULL;

  if (!g_variant_lookup (properties, "Overridden", "^a&s", &names) || names[0] == NULL)
    return NULL;
  return g_strjoinv (", ", (char **)names);
}

gboolean
mc_properties_overrides_dry_run (GVariant *host)
{
  gboolean configured;

  /* A service of another version need not say. */
  return g_variant_lookup (host, "DryRunConfigured", "b", &configured)
         && configured != mc_properties_flag (host, "DryRun");
}

const char *
mc_properties_text (GVariant *properties, const char *name)
{
  const char *value = "";

  g_variant_lookup (properties, name, "&s", &value);
  return value;
}
