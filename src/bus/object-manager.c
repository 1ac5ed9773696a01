/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs on the bus.
 *
 * GDBus has skeletons and a manager for this. They keep a GValue of each property, make a GVariant
 * of each value whenever it is sent, and read that once more to write it: with a thousand VMs that
 * is most of what the service costs. Here the objects are registered by themselves, so that GDBus
 * still checks and introspects each call, and what is sent often is kept ready: vm-properties.h.
 */
#include "config.h"

#include "object-manager.h"

#include "bodies.h"
#include "intake.h"
#include "mc-dbus.h"
#include "names.h"
#include "vm-methods.h"
#include "vm-properties.h"

G_STATIC_ASSERT (MC_WIRE_MOST_ANSWER <= MC_WIRE_MOST_ARRAY);

static const char introspection[]
    = "<node><interface name='" MC_OBJECT_MANAGER_INTERFACE "'>"
      "<method name='GetManagedObjects'>"
      "<arg type='a{oa{sa{sv}}}' name='object_paths_interfaces_and_properties' direction='out'/>"
      "</method>"
      "<signal name='InterfacesAdded'>"
      "<arg type='o' name='object_path'/>"
      "<arg type='a{sa{sv}}' name='interfaces_and_properties'/>"
      "</signal>"
      "<signal name='InterfacesRemoved'>"
      "<arg type='o' name='object_path'/>"
      "<arg type='as' name='interfaces'/>"
      "</signal>"
      "</interface></node>";

struct _McObjectManager
{
  GDBusConnection *connection;
  McBypass *bypass;
  McCoordinator *coordinator;
  McAuthority *authority;
  guint registration;
  GHashTable *objects; /* McVm → Object, both owned */
  McBodies *bodies;
  GBytes *all; /* (nullable): the answer of GetManagedObjects(), until an object changes */
};

/* A VM on the bus. */
typedef struct
{
  McObjectManager *manager;
  McVm *vm;
  McVmProperties *properties;
  guint registration; /* 0: it has not been shown yet */
  guint revision;     /* of the view that it shows */
  guint64 unsent;     /* which properties have changed since its last signal */
} Object;

static void
object_free (gpointer data)
{
  Object *self = data;

  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->manager->connection, self->registration);
  mc_vm_properties_free (self->properties);
  g_free (self);
}

/* Calls of a VM's object */

/* Only of a property that there is, and none can be set: GDBus sees to that. */
static void
answer_properties (const Object *self, GDBusMethodInvocation *invocation)
{
  const GDBusPropertyInfo *property = g_dbus_method_invocation_get_property_info (invocation);
  GVariant *answer
      = property != NULL
            ? g_variant_new ("(v)", mc_vm_properties_get (self->properties, property->name))
            : g_variant_new ("(@a{sv})", mc_vm_properties_get_all (self->properties));

  g_dbus_method_invocation_return_value (invocation, answer);
}

static void
on_vm_call (GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *method,
            GVariant *parameters,
            GDBusMethodInvocation *invocation,
            gpointer user_data)
{
  const Object *self = user_data;

  if (g_str_equal (interface, MC_PROPERTIES_INTERFACE))
    answer_properties (self, invocation);
  else
    mc_vm_methods_call (self->manager->coordinator, self->manager->authority, self->vm, invocation);
}

/* Signals */

static void
emit_added (Object *self)
{
  McWire *wire
      = mc_bypass_begin_signal (self->manager->bypass, MC_ROOT_PATH, MC_OBJECT_MANAGER_INTERFACE,
                                "InterfacesAdded", "oa{sa{sv}}");

  mc_vm_properties_write_object (self->properties, wire);
  mc_bypass_end_signal (self->manager->bypass);
  self->unsent = 0;
}

/* A bus that does not read is sent it once, when it does: who asks meanwhile is answered with what
 * is. So what has changed back by then is sent all the same: somebody may have been answered with
 * what it was in between. */
static void
emit_changed (Object *self)
{
  McWire *wire;

  if (self->unsent == 0 || mc_bypass_get_waiting (self->manager->bypass) > MC_BYPASS_CROWDED)
    return;
  wire
      = mc_bypass_begin_signal (self->manager->bypass, mc_vm_properties_get_path (self->properties),
                                MC_PROPERTIES_INTERFACE, "PropertiesChanged", "sa{sv}as");

  mc_vm_properties_write_changed (self->properties, self->unsent, wire);
  mc_bypass_end_signal (self->manager->bypass);
  self->unsent = 0;
}

static void
emit_removed (const Object *self)
{
  static const char *const interfaces[] = { MC_VM_INTERFACE, NULL };

  g_dbus_connection_emit_signal (
      self->manager->connection, NULL, MC_ROOT_PATH, MC_OBJECT_MANAGER_INTERFACE,
      "InterfacesRemoved",
      g_variant_new ("(o^as)", mc_vm_properties_get_path (self->properties), interfaces), NULL);
}

/* Objects */

static gboolean
register_object (Object *self)
{
  static const GDBusInterfaceVTable vtable = { on_vm_call, NULL, NULL };
  const char *path = mc_vm_properties_get_path (self->properties);
  g_autoptr (GError) error = NULL;

  self->registration = g_dbus_connection_register_object (self->manager->connection, path,
                                                          mc_dbus_mem_coord1_vm_interface_info (),
                                                          &vtable, self, NULL, &error);
  if (self->registration == 0)
    g_warning ("Failed to export %s: %s", path, error->message);
  return self->registration != 0;
}

static void
show (Object *self)
{
  const McVmView *view = mc_vm_get_view (self->vm);
  gboolean there = self->registration != 0;
  gboolean figures_alone = there && self->revision == view->revision;

  g_clear_pointer (&self->manager->all, g_bytes_unref);
  self->unsent |= mc_vm_properties_update (self->properties, view, figures_alone);
  self->revision = view->revision;
  if (there)
    emit_changed (self);
  else if (register_object (self))
    emit_added (self);
}

void
mc_object_manager_show (McObjectManager *self, McVm *vm)
{
  Object *object = g_hash_table_lookup (self->objects, vm);

  if (object != NULL)
    show (object);
}

void
mc_object_manager_show_all (McObjectManager *self)
{
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    show (object);
}

void
mc_object_manager_send (McObjectManager *self)
{
  mc_bypass_send (self->bypass, self->connection);
}

/* The bus reads again: what was held back is sent without a wait for the next change. */
static gboolean
on_relief (gpointer user_data)
{
  McObjectManager *self = user_data;
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    emit_changed (object);
  mc_object_manager_send (self);
  return G_SOURCE_CONTINUE;
}

void
mc_object_manager_add (McObjectManager *self, McVm *vm)
{
  Object *object = g_new0 (Object, 1);

  object->manager = self;
  object->vm = vm;
  object->properties = mc_vm_properties_new (mc_vm_get_uuid (vm));
  g_hash_table_insert (self->objects, g_object_ref (vm), object);
}

void
mc_object_manager_remove (McObjectManager *self, McVm *vm)
{
  const Object *object = g_hash_table_lookup (self->objects, vm);

  if (object == NULL)
    return;
  mc_object_manager_send (self);
  if (object->registration != 0)
    emit_removed (object);
  g_hash_table_remove (self->objects, vm);
  g_clear_pointer (&self->all, g_bytes_unref);
}

/* All objects */

/* Returns: how much room they take at most. */
static gsize
measure (McObjectManager *self)
{
  GHashTableIter iter;
  gpointer object;
  gsize size = MC_WIRE_STRUCT;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    size += mc_vm_properties_get_size (((Object *)object)->properties) + MC_WIRE_STRUCT;
  return size;
}

static void
write_objects (McObjectManager *self, McWire *wire)
{
  guint array = mc_wire_open_array (wire, MC_WIRE_STRUCT);
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    if (((Object *)object)->registration != 0)
      mc_vm_properties_write_object (((Object *)object)->properties, wire);
  mc_wire_close_array (wire, array, MC_WIRE_STRUCT);
}

static void
write_all (McObjectManager *self, gsize size)
{
  McWire wire = { .bytes = g_byte_array_sized_new ((guint)size) };

  write_objects (self, &wire);
  self->all = mc_bodies_add (self->bodies, wire.bytes);
}

/* Only GetManagedObjects(): there is no other. */
static void
on_manager_call (GDBusConnection *connection,
                 const char *sender,
                 const char *path,
                 const char *interface,
                 const char *method,
                 GVariant *parameters,
                 GDBusMethodInvocation *invocation,
                 gpointer user_data)
{
  McObjectManager *self = user_data;
  gsize size = measure (self);

  if (size > MC_WIRE_MOST_ANSWER)
    g_dbus_method_invocation_return_error (
        invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
        "The answer would be longer than the %zu MiB that a bus takes: read the VMs one by one, "
        "by their paths from Plan()",
        MC_WIRE_MOST_MESSAGE >> 20);
  else if (self->all == NULL && !mc_bodies_have_room (self->bodies, size))
    g_dbus_method_invocation_return_error (
        invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
        "The bus has not taken earlier answers, and those that wait may have %zu MiB together: "
        "call again later",
        MC_BODIES_MOST >> 20);
  else
    {
      if (self->all == NULL)
        write_all (self, size);
      mc_bypass_send_answer (self->bypass, invocation, "a{oa{sa{sv}}}", self->all);
    }
}

/* Life */

static gboolean
register_manager (McObjectManager *self, GError **error)
{
  static const GDBusInterfaceVTable vtable = { on_manager_call, NULL, NULL };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (introspection, error);

  if (node != NULL)
    self->registration = g_dbus_connection_register_object (
        self->connection, MC_ROOT_PATH, node->interfaces[0], &vtable, self, NULL, error);
  return self->registration != 0;
}

McObjectManager *
mc_object_manager_new (GDBusConnection *connection,
                       McCoordinator *coordinator,
                       McAuthority *authority,
                       GError **error)
{
  McObjectManager *self = g_new0 (McObjectManager, 1);

  self->connection = g_object_ref (connection);
  self->bypass = mc_intake_get_bypass (connection);
  self->coordinator = coordinator;
  self->authority = g_object_ref (authority);
  self->bodies = mc_bodies_new ();
  self->objects = g_hash_table_new_full (NULL, NULL, g_object_unref, object_free);
  mc_bypass_set_relief (self->bypass, on_relief, self);
  if (register_manager (self, error))
    return self;
  mc_object_manager_free (self);
  return NULL;
}

void
mc_object_manager_free (McObjectManager *self)
{
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  mc_bypass_set_relief (self->bypass, NULL, NULL);
  g_hash_table_unref (self->objects);
  g_clear_pointer (&self->all, g_bytes_unref);
  mc_bodies_free (self->bodies);
  g_object_unref (self->authority);
  g_object_unref (self->connection);
  g_free (self);
}
