/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service on the bus. */
#include "config.h"

#include "bus.h"

#include "authority.h"
#include "errors.h"
#include "host-methods.h"
#include "host-properties.h"
#include "mc-dbus.h"
#include "names.h"
#include "object-manager.h"

struct _McBus
{
  GObject parent;

  McCoordinator *coordinator;
  McAuthority *authority;
  McHostMethods *root;
  McObjectManager *manager;
};

G_DEFINE_FINAL_TYPE (McBus, mc_bus, G_TYPE_OBJECT)

static void
on_published (McCoordinator *coordinator, gpointer user_data)
{
  McBus *self = user_data;

  mc_publish_host (mc_coordinator_get_view (coordinator), MC_DBUS_MEM_COORD1 (self->root));
  mc_object_manager_show_all (self->manager);
  mc_object_manager_send (self->manager);
}

static void
on_vm_published (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  McBus *self = user_data;

  mc_object_manager_show (self->manager, vm);
  mc_object_manager_send (self->manager);
}

static void
on_vm_added (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  McBus *self = user_data;

  mc_object_manager_add (self->manager, vm);
}

static void
on_vm_removed (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  McBus *self = user_data;

  mc_object_manager_remove (self->manager, vm);
}

static gboolean
export_objects (McBus *self, GDBusConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) vms = mc_coordinator_list_vms (self->coordinator);

  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->root), connection,
                                         MC_ROOT_PATH, error))
    {
      g_prefix_error (error, "failed to export %s: ", MC_ROOT_PATH);
      return FALSE;
    }
  self->manager = mc_object_manager_new (connection, self->coordinator, self->authority, error);
  if (self->manager == NULL)
    return FALSE;
  for (guint i = 0; i < vms->len; i++)
    mc_object_manager_add (self->manager, vms->pdata[i]);
  on_published (self->coordinator, self);
  g_signal_connect (self->coordinator, "vm-added", G_CALLBACK (on_vm_added), self);
  g_signal_connect (self->coordinator, "vm-removed", G_CALLBACK (on_vm_removed), self);
  g_signal_connect (self->coordinator, "published", G_CALLBACK (on_published), self);
  g_signal_connect (self->coordinator, "vm-published", G_CALLBACK (on_vm_published), self);
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
  if (!export_objects (self, connection, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
mc_bus_dispose (GObject *object)
{
  McBus *self = MC_BUS (object);

  if (self->coordinator != NULL)
    g_signal_handlers_disconnect_by_data (self->coordinator, self);
  g_clear_pointer (&self->manager, mc_object_manager_free);
  if (self->root != NULL)
    {
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->root));
      g_object_run_dispose (G_OBJECT (self->root)); /* calls under way may keep it */
    }
  g_clear_object (&self->root);
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
}
