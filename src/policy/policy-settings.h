/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy's settings: what they are by themselves, and how thresholds bind each other. The bus,
 * the configuration and a VM's metadata are judged by this alone, so that a value is judged the
 * same wherever it comes from. Pure; any thread.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* The built-in values: 100M, 150M, 200M, 75 %, 20 %, 2 s; stats period 1 s. */
McPolicySettings mc_policy_settings_default (void);

/*
 * Whether the values go together: low below high, … Fails with CONFLICT.
 * @culprits: (optional) (out) (array fixed-size=2): the thresholds that do not, on failure; NULL
 * for what is none
 */
gboolean mc_policy_settings_check (const McPolicySettings *settings,
                                   const McThreshold *culprits[2],
                                   GError **error);

/*
 * The same for a VM: its own values, with the host's where it has none. @capacity: its maximum
 * memory, or MC_UNKNOWN to leave that out of the judgement.
 */
gboolean mc_vm_policy_check (const McVmPolicy *policy,
                             const McPolicySettings *settings,
                             guint64 capacity,
                             GError **error);

/*
 * The minimum of a VM for which nobody has set one: an eighth of its capacity, and no more than 64
 * MiB. A guest's kernel alone uses that; the policy takes nothing that a guest uses, and what an
 * idle guest does not use is no reason to make another one swap.
 */
guint64 mc_policy_default_minimum (guint64 capacity);

G_END_DECLS
