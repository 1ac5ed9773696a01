/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's limits: its thresholds, the dry run and the configuration, as they are changed while
 * the service runs. Emits the settings of the host's thresholds, "DryRun", and what only the
 * configuration says. Main thread.
 */
#pragma once

#include "host-state.h"

G_BEGIN_DECLS

typedef struct
{
  McContext *context;
  McHostState *state;
  GQueue reloads; /* (element-type Reload) the first of them is being read */
  char *refused;  /* why the last reload was, or NULL */
} McHostLimits;

void mc_host_limits_init (McHostLimits *self, McContext *context, McHostState *state);

/* Who waits for a reload is refused. */
void mc_host_limits_clear (McHostLimits *self);

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
gboolean mc_host_limits_reload_finish (GAsyncResult *result, GError **error);

G_END_DECLS
