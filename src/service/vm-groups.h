/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits that VMs share, by their descriptions, as groups for the policy. Main thread. */
#pragma once

#include "vm.h"

G_BEGIN_DECLS

typedef struct
{
  McGroup *items;
  gsize n;
} McVmGroups;

/* @vms: (element-type McVm); the groups have their places in it. @left: (nullable): what is left of
 * each limit, by its name; one that is not in it limits nothing. */
McVmGroups *mc_vm_groups_new (const GPtrArray *vms, GHashTable *left);
void mc_vm_groups_free (McVmGroups *self);

G_END_DECLS
