/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One VM of the service: its parts, what was decided on it last, and the copy of all that which is
 * published. Main thread.
 */
#pragma once

#include "counters.h"
#include "vm-moves.h"
#include "vm-parts.h"
#include "vm-view.h"

G_BEGIN_DECLS

#define MC_TYPE_VM (mc_vm_get_type ())
G_DECLARE_FINAL_TYPE (McVm, mc_vm, MC, VM, GObject)

/* @started_us: when it was seen to start; 0 = it was running before */
McVm *mc_vm_new (McContext *context, const McVmSample *sample, gint64 started_us);

const char *mc_vm_get_uuid (McVm *self);
const char *mc_vm_get_name (McVm *self);

/* Returns: (transfer none): what it consists of */
McVmParts *mc_vm_get_parts (McVm *self);

/* Returns: (transfer none): valid until the main loop runs on. */
const McVmView *mc_vm_get_view (McVm *self);

/* Returns: (transfer none) (element-type McVmMove): the last moves, newest last. */
GPtrArray *mc_vm_get_moves (McVm *self);

/* For whoever has all of them */

/* See mc_domain_update_from_sample(). */
void
mc_vm_update_from_sample (McVm *self, const McVmSample *sample, gint64 began_us, guint64 n_sample);

/* Whether what it is made of should be read now, and can be: it is not known, or its guest
 * reports later than was set, which is looked into now and then. */
gboolean mc_vm_is_to_be_read (McVm *self, gint64 now_us);

/* It is gone: what waits for it ends with @why. */
void mc_vm_close (McVm *self, const GError *why);

/* Puts back what the service has changed in it. Returns: how many calls are under way for that;
 * each calls @ended at its end. */
guint mc_vm_put_back (McVm *self, GSourceOnceFunc ended, gpointer user_data);

/* It can be shown: what it is made of is known, or will not be for a while. */
gboolean mc_vm_is_presentable (McVm *self);

/* For the cycle */

/* Returns: what the policy is to judge: the figures, and the policy in force for this VM. */
McVmFacts mc_vm_get_facts (McVm *self, gboolean all_paused);

/* Returns: (transfer none): what the policy remembers of it */
McVmHistory *mc_vm_get_history (McVm *self);

/* Returns: as it is shown, while the hypervisor is there */
McVmStatus mc_vm_get_status (McVm *self);

void mc_vm_store_decision (McVm *self, const McVmDecision *decision);
const McVmDecision *mc_vm_get_decision (McVm *self);

/* Sets what was decided, or, in a dry run, only logs it. */
void mc_vm_apply_decision (McVm *self);

/* Its guest reports as often as it is asked from now on. */
void mc_vm_apply_attention (McVm *self);

/* Whether it need not be asked in the next sample; and whether it was not asked in the last one,
 * and should be soon for its own sake. */
gboolean mc_vm_may_sleep (McVm *self);
gboolean mc_vm_is_to_be_asked (McVm *self);

/* A target that was decided on is in force. */
void mc_vm_add_move (McVm *self, guint64 from, guint64 to, const char *sentence);

/* It was in need for so long since the last cycle. */
void mc_vm_add_need (McVm *self, gint64 us);

/* What was counted of it goes to the disk with what is saved next. */
void mc_vm_note_counters (McVm *self);

/* Whether the next cycle should come early for its sake. */
gboolean mc_vm_is_pressing (McVm *self);

/* Brings the view up to date; @degraded: (nullable): why no figure can be believed. */
void mc_vm_update_view (McVm *self, const char *all_paused, const char *degraded);

G_END_DECLS
