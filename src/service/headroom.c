/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM about to start could have. */
#include "config.h"

#include "headroom.h"

static guint64
spare_of (McVm *vm)
{
  McVmFacts facts;
  guint64 unused, spare, low, high;

  if (mc_vm_get_decision (vm)->status != MC_VM_MANAGED)
    return 0;
  facts = mc_vm_get_facts (vm, FALSE);
  unused = MIN (facts.unused, facts.usable);
  if (unused == MC_UNKNOWN || facts.balloon == MC_UNKNOWN)
    return 0;
  mc_policy_watermarks (&facts, &low, &high);
  spare = unused - MIN (unused, high);
  return MIN (spare, facts.balloon - MIN (facts.balloon, facts.minimum));
}

McHeadroom
mc_headroom_find (McContext *context, McHostState *state, McFleet *fleet)
{
  GPtrArray *vms = mc_fleet_get_vms (fleet);
  guint64 available = mc_host_state_get_figures (state)->available;
  guint64 kept = mc_context_get_policy (context)->thresholds.host_reserve
                 + mc_host_state_get_decision (state)->promised;
  guint64 possible = available;

  if (!mc_host_state_is_ready (state))
    return (McHeadroom){ .known = FALSE };
  for (guint i = 0; i < vms->len; i++)
    possible += spare_of (vms->pdata[i]);
  return (McHeadroom){
    .known = TRUE,
    .free = available - MIN (available, kept),
    .possible = possible - MIN (possible, kept),
  };
}
