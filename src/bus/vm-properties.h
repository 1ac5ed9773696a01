/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The properties of a VM as the bus shows them, kept as they stand in a message: what is sent is
 * copied, and made again only where it has changed. Figures that move all the time are left as they
 * are until they have moved by enough to matter, so that rest is silent. Main thread.
 */
#pragma once

#include "coordinator.h"
#include "wire.h"

G_BEGIN_DECLS

typedef struct _McVmProperties McVmProperties;

/* @uuid: (unowned): of the VM, for as long. It shows nothing before its first update. */
McVmProperties *mc_vm_properties_new (const char *uuid);
void mc_vm_properties_free (McVmProperties *self);

/*
 * Takes over what there is to show. @figures_alone: nothing but the guest's figures has changed
 * since this was called last. Returns: a bit for each property whose change is to be signalled.
 */
guint64
mc_vm_properties_update (McVmProperties *self, const McVmView *view, gboolean figures_alone);

/* Returns: (transfer none): the path of the VM's object, valid until the next update. */
const char *mc_vm_properties_get_path (const McVmProperties *self);

/* Writes the body of PropertiesChanged. @changed: what the update returned */
void mc_vm_properties_write_changed (const McVmProperties *self, guint64 changed, McWire *wire);

/* Writes (oa{sa{sv}}): the object with its interface and all properties. */
void mc_vm_properties_write_object (const McVmProperties *self, McWire *wire);

/* Returns: how long that is, in bytes. */
gsize mc_vm_properties_get_size (const McVmProperties *self);

/* Returns: floating (nullable): a property's value, or NULL where there is none of that name. */
GVariant *mc_vm_properties_get (const McVmProperties *self, const char *name);

/* Returns: floating: a{sv} */
GVariant *mc_vm_properties_get_all (const McVmProperties *self);

G_END_DECLS
