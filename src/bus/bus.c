/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service on the bus. */
#include "config.h"

#include "bus.h"

#include "authority.h"
#include "errors.h"
#include "host-methods.h"
#include "mc-dbus.h"
#include "names.h"
#include "properties.h"
#include "vm-methods.h"

struct _McBus
{
  GObject parent;

  McCoordinator *coordinator;
  McAuthority *authority;
  McHostMethods *root;
  GDBusObjectManagerServer *manager;
  GHashTable *shown; /* McVm → Shown, both owned */
};

/* A VM on the bus. */
typedef struct
{
  McDbusObjectSkeleton *object;
  McVmMethods *methods;
  gboolean exported;
  guint revision; /* of the view that it shows */
} Shown;

static void
shown_free (gpointer data)
{
  Shown *shown = data;

  g_object_unref (shown->object);
  g_object_unref (shown->methods);
  g_free (shown);
}

G_DEFINE_FINAL_TYPE (McBus, mc_bus, G_TYPE_OBJECT)

/* A VM appears with its figures, so it is exported when they are there: see publish_vm(). */
static void
add_vm (McBus *self, McVm *vm)
{
  g_autofree char *path = mc_vm_path (mc_vm_get_uuid (vm));
  Shown *shown = g_new0 (Shown, 1);

  shown->methods = mc_vm_methods_new (self->coordinator, self->authority, vm);
  shown->object = mc_dbus_object_skeleton_new (path);
  mc_dbus_object_skeleton_set_mem_coord1_vm (shown->object, MC_DBUS_MEM_COORD1_VM (shown->methods));
  g_hash_table_insert (self->shown, g_object_ref (vm), shown);
}

static void
publish_vm (McBus *self, McVm *vm, Shown *shown)
{
  const McVmView *view = mc_vm_get_view (vm);

  mc_publish_vm (view, shown->exported && shown->revision == view->revision,
                 MC_DBUS_MEM_COORD1_VM (shown->methods));
  shown->revision = view->revision;
  if (shown->exported)
    return;
  g_dbus_object_manager_server_export (self->manager, G_DBUS_OBJECT_SKELETON (shown->object));
  shown->exported = TRUE;
}

static void
on_published (McCoordinator *coordinator, gpointer user_data)
{
  McBus *self = user_data;
  GHashTableIter iter;
  gpointer vm, shown;

  mc_publish_host (mc_coordinator_get_view (coordinator), MC_DBUS_MEM_COORD1 (self->root));
  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, &vm, &shown))
    publish_vm (self, vm, shown);
}

static void
on_vm_published (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  McBus *self = user_data;
  Shown *shown = g_hash_table_lookup (self->shown, vm);

  if (shown != NULL)
    publish_vm (self, vm, shown);
}

static void
on_vm_added (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  add_vm (user_data, vm);
}

static void
on_vm_removed (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  McBus *self = user_data;
  const Shown *shown = g_hash_table_lookup (self->shown, vm);

  if (shown == NULL)
    return;
  g_dbus_object_manager_server_unexport (
      self->manager, g_dbus_object_get_object_path (G_DBUS_OBJECT (shown->object)));
  g_hash_table_remove (self->shown, vm);
}

static gboolean export (McBus *self, GDBusConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) vms = mc_coordinator_list_vms (self->coordinator);

  for (guint i = 0; i < vms->len; i++)
    add_vm (self, vms->pdata[i]);
  on_published (self->coordinator, self);
  g_signal_connect (self->coordinator, "vm-added", G_CALLBACK (on_vm_added), self);
  g_signal_connect (self->coordinator, "vm-removed", G_CALLBACK (on_vm_removed), self);
  g_signal_connect (self->coordinator, "published", G_CALLBACK (on_published), self);
  g_signal_connect (self->coordinator, "vm-published", G_CALLBACK (on_vm_published), self);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->root), connection,
                                         MC_ROOT_PATH, error))
    {
      g_prefix_error (error, "failed to export %s: ", MC_ROOT_PATH);
      return FALSE;
    }
  g_dbus_object_manager_server_set_connection (self->manager, connection);
  return TRUE;
}

McBus *
mc_bus_new (McCoordinator *coordinator, GDBusConnection *connection, GError **error)
{
  g_autoptr (McBus) self = g_object_new (MC_TYPE_BUS, NULL);

  mc_errors_register ();
  self->coordinator = g_object_ref (coordinator);
  self->authority = mc_authority_new (connection);
  self->root = mc_host_methods_new (coordinator, self->authority, connection);
  self->manager = g_dbus_object_manager_server_new (MC_ROOT_PATH);
  if (!export (self, connection, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
mc_bus_dispose (GObject *object)
{
  McBus *self = MC_BUS (object);

  if (self->coordinator != NULL)
    g_signal_handlers_disconnect_by_data (self->coordinator, self);
  if (self->manager != NULL)
    g_dbus_object_manager_server_set_connection (self->manager, NULL);
  if (self->root != NULL)
    {
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->root));
      g_object_run_dispose (G_OBJECT (self->root)); /* calls under way may keep it */
    }
  g_clear_pointer (&self->shown, g_hash_table_unref);
  g_clear_object (&self->root);
  g_clear_object (&self->manager);
  g_clear_object (&self->authority);
  g_clear_object (&self->coordinator);
  G_OBJECT_CLASS (mc_bus_parent_class)->dispose (object);
}

static void
mc_bus_class_init (McBusClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = mc_bus_dispose;
}

static void
mc_bus_init (McBus *self)
{
  self->shown = g_hash_table_new_full (NULL, NULL, g_object_unref, shown_free);
}
