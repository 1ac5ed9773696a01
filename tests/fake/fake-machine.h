/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host of the fake hypervisor, and the VMs on it. */
#pragma once

#include "fake-vm.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 total, available, other; /* of the host: other is what it holds beside its VMs */
  GPtrArray *vms;                  /* (element-type McFakeVm) owned, in the order added */
  GHashTable *by_uuid;             /* uuid → McFakeVm */
  GHashTable *groups;              /* name → guint64 *: the limit that its members share */
  guint n_added;
  McSample *delayed; /* (nullable) what the next one is */
} McFakeMachine;

/* 8 GiB, of which 6 GiB are available, and no VM. */
McFakeMachine *mc_fake_machine_new (void);
void mc_fake_machine_free (McFakeMachine *self);

McFakeVm *mc_fake_machine_add (McFakeMachine *self, const char *name, guint64 capacity);

/* Returns: (transfer full): @vm, which is there no more. */
McFakeVm *mc_fake_machine_steal (McFakeMachine *self, McFakeVm *vm);
McFakeVm *mc_fake_machine_find (McFakeMachine *self, const char *uuid); /* nullable */

/* @asleep: (nullable): UUIDs of VMs that are not asked */
McSample *mc_fake_machine_sample (McFakeMachine *self, GHashTable *asleep);

/* As the functions of the fake hypervisor that have these names. */
void mc_fake_machine_set_group (McFakeMachine *self, const char *name, guint64 limit);
void mc_fake_machine_delay_sample (McFakeMachine *self);

/* One step of the physics. @moved is called with @user_data for each VM whose balloon moved. */
void mc_fake_machine_step (McFakeMachine *self,
                           guint seconds,
                           void (*moved) (McFakeVm *vm, gpointer user_data),
                           gpointer user_data);

G_END_DECLS
