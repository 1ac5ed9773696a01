/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a VM's own policy, one after the other, written into its metadata so that they go
 * wherever the VM goes. What the VM says is read again first, and changed there: somebody else may
 * have written to it a moment ago.
 *
 * A VM that is busy is waited for, from when the change was asked for, in the order asked: its
 * process may hang for a moment, and another client's job holds off whoever writes. Whoever asked
 * is answered before the 25 s are over that clients of D-Bus wait. What waits when the service ends
 * is refused, and what waits when it is killed was not answered: nothing of it is kept.
 *
 * Main thread.
 */
#pragma once

#include "vm-limits.h"

G_BEGIN_DECLS

typedef struct
{
  McContext *context;
  McDomain *domain;
  McDescription *description;
  McVmLimits *limits;
  GQueue queue;        /* (element-type GTask) the first of them under way */
  guint timer;         /* of the clock: when the first is tried again, or given up */
  gboolean write_left; /* one that nobody waits for any more is still on its way */
} McVmChanges;

/* What waits in it has ended when its VM does. */
void mc_vm_changes_init (McVmChanges *self,
                         McContext *context,
                         McDomain *domain,
                         McDescription *description,
                         McVmLimits *limits);

/* @values: a{st}, by the bus's names; all or none of it is set. Whether the VM is managed is among
 * them as MC_SETTING_MANAGED, 0 or 1. */
void mc_vm_changes_set_async (McVmChanges *self,
                              GVariant *values,
                              const char *origin,
                              GAsyncReadyCallback callback,
                              gpointer user_data);

/* @names: empty = all thresholds */
void mc_vm_changes_reset_async (McVmChanges *self,
                                const char *const *names,
                                const char *origin,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean mc_vm_changes_finish (GAsyncResult *result, GError **error);

/* Its description was read, or, for the reason of @problem, could not be: the change that waited
 * for that goes on. */
void mc_vm_changes_continue (McVmChanges *self, const GError *problem);

/* All that wait end with @why. */
void mc_vm_changes_abandon (McVmChanges *self, const GError *why);

G_END_DECLS
