/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's limits: its thresholds, the dry run and the configuration, as they are changed while
 * the service runs. Emits MC_PART's signals: the host's thresholds, "DryRun", and what only the
 * configuration says. Main thread.
 *
 * Signals, beside MC_PART's:
 *   "reloaded"  ()  the configuration was read again, and is in force
 */
#pragma once

#include "host-state.h"

G_BEGIN_DECLS

#define MC_TYPE_HOST_LIMITS (mc_host_limits_get_type ())
G_DECLARE_FINAL_TYPE (McHostLimits, mc_host_limits, MC, HOST_LIMITS, McPart)

McHostLimits *mc_host_limits_new (McContext *context, McHostState *state);

/* The service is disposed of: nothing is taken back any more. */
void mc_host_limits_close (McHostLimits *self);

/* Before the start: whether the configuration goes with this host. What was set at run time and
 * does not is dropped, with a warning. */
gboolean mc_host_limits_check_host (McHostLimits *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @values: a{st}. All or none of it is set. */
gboolean
mc_host_limits_set (McHostLimits *self, GVariant *values, const char *origin, GError **error);

/* @names: empty = all. */
gboolean mc_host_limits_reset (McHostLimits *self,
                               const char *const *names,
                               const char *origin,
                               GError **error);

void mc_host_limits_set_dry_run (McHostLimits *self, gboolean dry_run, const char *origin);

/* Reads the configuration again, in a thread of its own; all or nothing. */
void mc_host_limits_reload_async (McHostLimits *self,
                                  const char *origin,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean mc_host_limits_reload_finish (McHostLimits *self, GAsyncResult *result, GError **error);

G_END_DECLS
