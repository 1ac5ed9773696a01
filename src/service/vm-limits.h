/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM's limits: its own, as its metadata has them, over what the configuration, the host's
 * thresholds and its description say. Emits the settings of the VM's thresholds, and "Managed".
 * Main thread.
 */
#pragma once

#include "description.h"
#include "metadata.h"

G_BEGIN_DECLS

/* To be read by others. */
typedef struct
{
  McContext *context;
  McDomain *domain;
  const McDescription *description;
  McMetadata metadata; /* what its metadata says */
  char *problem;       /* why that cannot be read, or NULL */
  gboolean claimed;    /* somebody has said that it is managed, since the last decision on it */
} McVmLimits;

void mc_vm_limits_init (McVmLimits *self,
                        McContext *context,
                        McDomain *domain,
                        const McDescription *description);
void mc_vm_limits_clear (McVmLimits *self);

/* Sets in @facts what is in force for the VM. */
void mc_vm_limits_fill (const McVmLimits *self, McVmFacts *facts);

/* By its own policy, or by the configuration's for those that have none. */
gboolean mc_vm_limits_is_opted_out (const McVmLimits *self);

/* All that its balloon can have; MC_UNKNOWN where that is not known. */
guint64 mc_vm_limits_get_reach (const McVmLimits *self);

/* Returns: (transfer full): the thresholds that are its own, by the bus's names. */
char **mc_vm_limits_list_own (const McVmLimits *self);

/* What its description has of metadata is in force from now on. */
void mc_vm_limits_apply_metadata (McVmLimits *self, const char *origin);

/* Somebody has said that it is managed; it was decided on since. */
void mc_vm_limits_set_claimed (McVmLimits *self, gboolean claimed);

G_END_DECLS
