/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM of the service consists of, and what they say together. Main thread. */
#pragma once

#include "pause.h"
#include "stats-period.h"
#include "vm-changes.h"

G_BEGIN_DECLS

typedef struct
{
  McDomain domain;
  McDescription description;
  McVmLimits limits;
  McVmChanges changes;
  McTarget target;
  McStatsPeriod period;
  McPause pause;
} McVmParts;

/* @vm: the VM, which owns them. @started_us: when it was seen to start; 0 = it was running before.
 * @on_read: is called after each reading of its description. */
void mc_vm_parts_init (McVmParts *self,
                       McContext *context,
                       GObject *vm,
                       const McVmSample *sample,
                       gint64 started_us,
                       McDescriptionRead on_read);
void mc_vm_parts_clear (McVmParts *self);

/* Nobody knows what happened to it meanwhile: what was refused is tried again. */
void mc_vm_parts_catch_up (McVmParts *self);

/* It says itself that it is not to be managed: what cannot be read may say anything. */
gboolean mc_vm_parts_is_released (const McVmParts *self);

/* Returns: what the policy is to judge: the figures, and the policy in force for this VM. */
McVmFacts mc_vm_parts_get_facts (const McVmParts *self, gboolean all_paused);

G_END_DECLS
