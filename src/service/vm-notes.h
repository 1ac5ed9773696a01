/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept of each VM for the next run of the service: its pause, what was changed in it, and
 * whether memory was taken from it.
 * Notes belong to one life of a VM, which libvirt's id identifies: the next one starts from what
 * its XML says. Main thread.
 */
#pragma once

#include "store.h"

G_BEGIN_DECLS

/* Returns: (transfer full): the VM's group in the store. */
char *mc_vm_notes_group (const char *uuid);

/* Saves what was noted in the group. */
void mc_vm_notes_save (McStore *store, const char *uuid, int id);

/* Drops those of an earlier life of the VM. */
void mc_vm_notes_open (McStore *store, const char *uuid, int id);
void mc_vm_notes_forget (McStore *store, const char *uuid);

/* Whether memory was taken from it, and not given back since it is pinned. */
gboolean mc_vm_notes_has_reclaimed (McStore *store, const char *uuid);
void mc_vm_notes_set_reclaimed (McStore *store, const char *uuid, int id, gboolean reclaimed);

/* Drops those of VMs that are not there. @present: (set of uuid) */
void mc_vm_notes_sweep (McStore *store, GHashTable *present);

G_END_DECLS
