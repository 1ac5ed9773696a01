/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The balloon target that is set in a VM. One is on its way at most; the end of the hypervisor's
 * call says whether it is in force, however late that comes. Until then the VM is busy, and no
 * other one waits. Main thread.
 */
#pragma once

#include "context.h"
#include "refusal.h"

G_BEGIN_DECLS

/* To be read by others. */
typedef struct
{
  McContext *context;
  McDomain *domain;
  guint64 set; /* last, or on its way; MC_UNKNOWN = never by the service */
  guint64 from;
  guint64 to;
  guint64 before; /* what was set before: true again when this one fails */
  gint64 since_us;
  McReason reason;
  gboolean reclaimed; /* memory was taken, by this run of the service or an earlier one */
  gboolean give_back; /* somebody asked for that to be given back */
  gboolean under_way;
  gboolean uncertain; /* what is in force may be what an earlier run, or a lost call, has left */
  char *sentence;     /* NULL: nobody is notified of it */
  McRefusal refusal;  /* why the last ones were refused */

  GSourceOnceFunc ended; /* of the call that puts it back */
  gpointer user_data;
} McTarget;

void mc_target_init (McTarget *self, McContext *context, McDomain *domain);
void mc_target_clear (McTarget *self);

/* Whether what is set, or was set last, is another target than the one before. */
gboolean mc_target_is_move (const McTarget *self);

/* Whether it is for too long under way, or to be tried again later. */
gboolean mc_target_is_late (const McTarget *self);

/* What was taken was given back, as far as anybody could. */
void mc_target_forget_reclaimed (McTarget *self);

/* Whether somebody asks for that to be given back. */
void mc_target_set_give_back (McTarget *self, gboolean give_back);

/* What is in force may be what an earlier run of the service has left. */
void mc_target_set_uncertain (McTarget *self);

/* Returns: (transfer none) (nullable): why it cannot be set until somebody changes something, in
 * the hypervisor's words */
const char *mc_target_get_denial (const McTarget *self);

/* At the begin of a cycle. */
void mc_target_begin_cycle (McTarget *self);

/* Sets what was decided: one target after the other, and with a back-off after failures. */
void mc_target_apply (McTarget *self, const McVmDecision *decision);

/* Sees whether what was denied is allowed now. */
void mc_target_retry_denied (McTarget *self);

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
