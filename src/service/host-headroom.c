/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM about to start could have. */
#include "config.h"

#include "host-headroom.h"

#include "headroom.h"

static guint64
spare_of (McVm *vm)
{
  McVmFacts facts = mc_vm_get_facts (vm, FALSE);
  guint64 low, high;

  mc_policy_watermarks (&facts, &low, &high);
  return mc_headroom_spare (&facts, mc_vm_get_decision (vm)->status, high, facts.minimum);
}

McHostHeadroom
mc_host_headroom_find (McContext *context, McHostState *state, McFleet *fleet)
{
  GPtrArray *vms = mc_fleet_get_vms (fleet);
  guint64 spare = 0;

  if (!mc_host_state_is_ready (state))
    return (McHostHeadroom){ .known = FALSE };
  for (guint i = 0; i < vms->len; i++)
    spare += spare_of (vms->pdata[i]);
  return (McHostHeadroom){
    .known = TRUE,
    .free = mc_headroom_free (mc_context_get_policy (context), mc_host_state_get_figures (state),
                              mc_host_state_get_decision (state)->promised),
    .spare = spare,
  };
}
