/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every threshold that can be set: its names, its unit, its limits, and how they bind each other.
 * The bus, the configuration and a VM's metadata all set through here, so that a value is judged
 * the same wherever it comes from. Pure; any thread.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

typedef enum
{
  MC_THRESHOLD_ERROR_UNKNOWN,      /* no threshold of that name */
  MC_THRESHOLD_ERROR_OUT_OF_RANGE, /* the message names the value and the limit */
  MC_THRESHOLD_ERROR_CONFLICT,     /* with another threshold: the message names both */
} McThresholdError;

#define MC_THRESHOLD_ERROR (mc_threshold_error_quark ())
GQuark mc_threshold_error_quark (void);

typedef enum
{
  MC_UNIT_BYTES,
  MC_UNIT_PERCENT,
  MC_UNIT_SECONDS,
  MC_UNIT_SHARES,
} McUnit;

typedef struct
{
  const char *name; /* on the bus: "LowWatermark" */
  const char *key;  /* in the configuration and in metadata: "low-watermark" */
  McUnit unit;
  guint64 least, most; /* inclusive */
} McThreshold;

/* What a VM's own policy says; a value of MC_UNSET follows the host's or the default. */
#define MC_UNSET G_MAXUINT64

typedef struct
{
  guint64 minimum, maximum;
  guint64 low_watermark, high_watermark;
  guint64 weight;
} McVmPolicy;

#define MC_VM_POLICY_UNSET ((McVmPolicy){ MC_UNSET, MC_UNSET, MC_UNSET, MC_UNSET, MC_UNSET })

/* The host's six, in the order of the bus: LowWatermark, HighWatermark, HostReserve,
 * HostUsageLimit, StepLimit, Interval. Ends with a threshold whose name is NULL. */
extern const McThreshold mc_host_thresholds[];

/* A VM's five: LowWatermark, HighWatermark, Minimum, Maximum, Weight. Ends likewise. */
extern const McThreshold mc_vm_thresholds[];

/* Returns: (nullable): by the bus's name. */
const McThreshold *mc_host_threshold_find (const char *name);
const McThreshold *mc_vm_threshold_find (const char *name);

/* In the unit of the threshold (interval: seconds). */
guint64 mc_host_threshold_get (const McPolicySettings *settings, const McThreshold *threshold);
guint64 mc_vm_threshold_get (const McVmPolicy *policy, const McThreshold *threshold);

/* Sets one value, judged alone: fails with OUT_OF_RANGE. Judge the whole with mc_…_check()
 * afterwards. */
gboolean mc_host_threshold_set (McPolicySettings *settings,
                                const McThreshold *threshold,
                                guint64 value,
                                GError **error);
gboolean mc_vm_threshold_set (McVmPolicy *policy,
                              const McThreshold *threshold,
                              guint64 value,
                              GError **error);

/* Whether the values go together: low below high, … Fails with CONFLICT. */
gboolean mc_policy_settings_check (const McPolicySettings *settings, GError **error);

/*
 * The same for a VM: its own values, with the host's where it has none. @capacity: its maximum
 * memory, or MC_UNKNOWN to leave that out of the judgement.
 */
gboolean mc_vm_policy_check (const McVmPolicy *policy,
                             const McPolicySettings *settings,
                             guint64 capacity,
                             GError **error);

/* The built-in values: 100M, 150M, 200M, 75 %, 20 %, 2 s; stats period 1 s. */
McPolicySettings mc_policy_settings_default (void);

/* Returns: (transfer floating): @value as the property of that name has it: bytes are `t`, all else
 * `u`. */
GVariant *mc_threshold_to_variant (const McThreshold *threshold, guint64 value);

/*
 * The minimum of a VM for which nobody has set one: an eighth of its capacity, and no more than 64
 * MiB. A guest's kernel alone uses that; the policy takes nothing that a guest uses, and what an
 * idle guest does not use is no reason to make another one swap.
 */
guint64 mc_policy_default_minimum (guint64 capacity);

G_END_DECLS
