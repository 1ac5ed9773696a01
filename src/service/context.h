/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every part of the service works with. Main thread. */
#pragma once

#include "clock.h"
#include "hypervisor.h"
#include "settings.h"
#include "store.h"

G_BEGIN_DECLS

typedef struct
{
  McHypervisor *hypervisor;
  McClock *clock;
  McStore *store;
  McSettings *settings;
  GCancellable *ending; /* cancelled when the service ends: nothing is begun any more */
} McContext;

/* @config: (transfer full); @state_dir: (nullable) */
McContext *
mc_context_new (McHypervisor *hypervisor, McClock *clock, McConfig *config, const char *state_dir);
McContext *mc_context_ref (McContext *self);
void mc_context_unref (McContext *self);

gboolean mc_context_is_ending (const McContext *self);

/* Returns: the thresholds in force, without what is reserved. */
const McPolicySettings *mc_context_get_policy (const McContext *self);

gint64 mc_context_now (const McContext *self);

G_END_DECLS
