/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of each VM from one call to the next: its memory devices, the limits that it shares,
 * and whether its process answers. Main thread. */
#pragma once

#include "hypervisor.h"
#include "memory-devices.h"
#include "memory-groups.h"

G_BEGIN_DECLS

typedef struct _McKnownVms McKnownVms;

McKnownVms *mc_known_vms_new (void);
void mc_known_vms_free (McKnownVms *self);

/* Of a description; it replaces an earlier one. @groups: (nullable): of mc_memory_groups_new(). */
void mc_known_vms_set_described (McKnownVms *self,
                                 const char *uuid,
                                 const McMemoryDevices *devices,
                                 GPtrArray *groups);
void mc_known_vms_forget_described (McKnownVms *self, const char *uuid);

/* Returns: (transfer full): UUID → McMemoryDevices, of those that change by themselves. */
GHashTable *mc_known_vms_copy_resizable (McKnownVms *self);

/* Returns: (transfer full): name → McMemoryGroup: whatever any VM shares, once each. */
GHashTable *mc_known_vms_copy_groups (McKnownVms *self);

/*
 * @sample, libvirt's figures of whole VMs, becomes those of their balloons. @devices: those of
 * mc_known_vms_copy_resizable(), read again with it. Where a device came or went, and no event has
 * come for it yet, @hypervisor emits "vm-changed": whoever listens describes the VM again.
 */
void mc_known_vms_apply_devices (McKnownVms *self,
                                 GHashTable *devices,
                                 McSample *sample,
                                 McHypervisor *hypervisor);

void mc_known_vms_count_busy (McKnownVms *self, const McSample *sample);
gboolean mc_known_vms_is_busy (McKnownVms *self, const char *uuid);
void mc_known_vms_forget_busy (McKnownVms *self);

G_END_DECLS
