/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The balloon target that is set in a VM. One is on its way at most; the end of the hypervisor's
 * call says whether it is in force, however late that comes. Until then the VM is busy, and no
 * other one waits. Main thread.
 *
 * Signals:
 *   "moved"  (from, to, sentence)  a target that was decided on is in force
 */
#pragma once

#include "context.h"
#include "domain.h"

G_BEGIN_DECLS

#define MC_TYPE_TARGET (mc_target_get_type ())
G_DECLARE_FINAL_TYPE (McTarget, mc_target, MC, TARGET, GObject)

McTarget *mc_target_new (McContext *context, McDomain *domain);

/* Returns: what was last set, or is on its way; MC_UNKNOWN = never set by the service */
guint64 mc_target_get (McTarget *self);

/* Whether it is for too long under way, or to be tried again later. */
gboolean mc_target_is_late (McTarget *self);

/* Why it was last set. */
McReason mc_target_get_reason (McTarget *self);

/* Whether memory was taken from the VM, by this run of the service or an earlier one. */
gboolean mc_target_has_reclaimed (McTarget *self);

/* What was taken was given back, as far as anybody could. */
void mc_target_forget_reclaimed (McTarget *self);

/* Whether what is in force may be another than was set. */
gboolean mc_target_is_uncertain (McTarget *self);
gboolean mc_target_is_under_way (McTarget *self);

/* Whether the last ones were refused. */
gboolean mc_target_is_refused (McTarget *self);

/* Returns: (transfer none) (nullable): why the last ones were refused, in the hypervisor's words */
const char *mc_target_get_problem (McTarget *self);

/* Returns: (transfer none) (nullable): the same where that lasts until somebody changes something
 */
const char *mc_target_get_denial (McTarget *self);

/* It may be set again at once. */
void mc_target_forget_refusal (McTarget *self);

/* What an earlier run of the service has set may be in force. */
void mc_target_set_uncertain (McTarget *self);

/* At the begin of a cycle. */
void mc_target_begin_cycle (McTarget *self);

/* Sets what was decided: one target after the other, and with a back-off after failures. */
void mc_target_apply (McTarget *self, const McVmDecision *decision);

/* Sees whether what was denied is allowed now. */
void mc_target_probe (McTarget *self);

/* Sets what the VM has as its target, where nobody knows what is in force. */
void mc_target_withdraw_leftover (McTarget *self);

/* A set that was late has ended. @error: (nullable) */
void mc_target_ended (McTarget *self, const GError *error);

/*
 * At the end: a target that nobody watches must not be one that the guest cannot reach. Returns:
 * whether a call is under way for that, whose end calls @ended.
 */
gboolean mc_target_put_back (McTarget *self, GSourceOnceFunc ended, gpointer user_data);

G_END_DECLS
