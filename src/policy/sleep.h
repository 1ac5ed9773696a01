/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guests need not be asked. A guest that has not run cannot have grown: between two reports
 * it fills no more memory than its processors had time for, and that time is known without asking
 * its process. While that cannot have brought it to its low watermark, and nobody wants anything of
 * it, it sleeps.
 *
 * No VM reaches its low watermark unasked for longer than from one look at its CPU time to the
 * next, at any growth that its CPU time allows.
 */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* Decides which of them are asked in the next cycle, and which of those that are woken are waited
 * for. @all_awake: whether somebody is about to be taken from. */
void mc_sleep_decide (const McPolicyCycle *cycle,
                      gboolean all_awake,
                      gsize n_vms,
                      const McVmFacts *facts,
                      McVmHistory *histories[],
                      McVmDecision *decisions);

G_END_DECLS
