/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration: every setting with its default, read from a key file. What is not understood
 * is an error that names file, line, key and reason.
 */
#pragma once

#include <gio/gio.h>

#include "policy.h"

G_BEGIN_DECLS

#define MC_CONFIG_ERROR (mc_config_error_quark ())
GQuark mc_config_error_quark (void);

typedef struct
{
  char *path;        /* where it was read; NULL: built-in defaults */
  gboolean required; /* the file has to be there */
  McPolicySettings policy;
  guint reserve_line; /* where it sets the host's reserve; 0 = nowhere */
  guint default_weight;
  guint64 default_minimum;    /* bytes; 0 = what the policy can do without */
  gboolean manage_by_default; /* FALSE: only VMs whose metadata says so */
  gboolean give_back_on_stop; /* to VMs what was taken from them, where the stop is for good */
  gboolean dry_run;
  gboolean
      dry_run_ordered; /* by whoever started the service: no file and no earlier run undoes it */
} McConfig;

/*
 * Returns: (transfer full): the built-in defaults, changed by what @path (nullable) says, which is
 * to be a regular file. A missing one is an error only where @must_exist. Any thread.
 */
McConfig *
mc_config_load (const char *path, gboolean must_exist, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whoever starts the service orders a dry run. */
void mc_config_order_dry_run (McConfig *self);

McConfig *mc_config_copy (const McConfig *self);
void mc_config_free (McConfig *self);

/* As the configuration says it. */
const char *mc_cache_growth_nick (McCacheGrowth growth);
const char *mc_config_get_manage (const McConfig *self);
const char *mc_config_get_on_stop (const McConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McConfig, mc_config_free)

G_END_DECLS
