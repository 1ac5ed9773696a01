/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the policy judges in one cycle, and what it decides, VM by VM in the order of the fleet.
 * Main thread. */
#pragma once

#include "host-parts.h"
#include "vm-groups.h"

G_BEGIN_DECLS

typedef struct
{
  McPolicySettings settings; /* those in force, with what is reserved added to the host's floor */
  McHostFigures figures;
  gint64 now_us;
  gsize n_vms;
  McVmGroups *groups;
  McVmFacts *facts;
  McVmHistory **histories; /* (unowned): the VMs' own */
  McVmDecision *decisions; /* not before mc_decision_table_decide() */
} McDecisionTable;

McDecisionTable *mc_decision_table_new (const McHostParts *host);
void mc_decision_table_free (McDecisionTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McDecisionTable, mc_decision_table_free)

/* Returns: (transfer full): those of its VMs, in its order; free with g_free(). */
McVmHistory *mc_decision_table_copy_histories (const McDecisionTable *self);

/* For a plan: it goes by @histories, and as each VM would be asked before it is moved. */
void mc_decision_table_imagine (McDecisionTable *self, McVmHistory *histories);

/* What belongs to the VMs, which may be gone by then, is not read from it any more. */
void mc_decision_table_detach (McDecisionTable *self);

void mc_decision_table_decide (McDecisionTable *self, McHostDecision *decision);

G_END_DECLS
