/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM's limits: its own, as its metadata has them, over what the configuration, the host's
 * thresholds and its description say. Emits MC_PART's signals: the VM's thresholds, and "Managed".
 * Main thread.
 */
#pragma once

#include "description.h"
#include "metadata.h"
#include "part.h"

G_BEGIN_DECLS

#define MC_TYPE_VM_LIMITS (mc_vm_limits_get_type ())
G_DECLARE_FINAL_TYPE (McVmLimits, mc_vm_limits, MC, VM_LIMITS, McPart)

McVmLimits *mc_vm_limits_new (McContext *context, McDomain *domain, McDescription *description);

/* Sets in @facts what is in force for the VM. */
void mc_vm_limits_fill (McVmLimits *self, McVmFacts *facts);

/* By its own policy, or by the configuration's for those that have none. */
gboolean mc_vm_limits_is_opted_out (McVmLimits *self);

/* All that its balloon can have; MC_UNKNOWN where that is not known. */
guint64 mc_vm_limits_get_reach (McVmLimits *self);

/* Returns: (transfer none): what its metadata says */
const McMetadata *mc_vm_limits_get_own (McVmLimits *self);

/* Returns: (transfer none) (nullable): why its metadata cannot be read */
const char *mc_vm_limits_get_problem (McVmLimits *self);

/* Returns: (transfer full): the thresholds that are its own, by the bus's names. */
char **mc_vm_limits_list_own (McVmLimits *self);

/* What its description has of metadata is in force from now on. */
void mc_vm_limits_apply_metadata (McVmLimits *self, const char *origin);

G_END_DECLS
