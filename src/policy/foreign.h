/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody else sets: a person, or another balloon manager (Proxmox VE's pvestatd, oVirt's
 * MOM, libvirt-autoballoon). Each such set is respected for a while; a VM that is set again and
 * again is left alone.
 */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* Takes in where the balloon is now. Call once a cycle, before balloon_before is set: the second
 * where the guest cannot be judged by what its balloon does. */
void mc_foreign_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history);
void mc_foreign_remember_unknown (const McPolicyCycle *cycle,
                                  const McVmFacts *facts,
                                  McVmHistory *history);

/* What is kept of @history when its VM starts anew. */
McVmHistory mc_foreign_begin (const McVmHistory *history);

G_END_DECLS
