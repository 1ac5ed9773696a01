/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be set, as people name it on the command line: a threshold of the host or of a VM, or
 * whether a VM is managed. Which value is right is for the service to judge: a name that is not
 * known here is passed on as it is. Main thread.
 */
#pragma once

#include "model.h"
#include "threshold.h"

G_BEGIN_DECLS

/* Beside a VM's thresholds, as its metadata and people name it. */
#define MC_SETTING_MANAGED_KEY "managed"

gboolean mc_setting_is_managed (const McThreshold *thresholds, const char *typed);

/* Returns: (transfer none): the name on the bus, whether known or not. */
const char *mc_setting_bus_name (const McThreshold *thresholds, const char *typed);

/* Returns: (transfer full): the value of the threshold @name among @properties, with a star where
 * it was set at run time, or is a VM's own. */
char *mc_setting_format (const McThreshold *thresholds, GVariant *properties, const char *name);

/*
 * Whose settings the arguments from argv[1] on are about. @names_host: argv[1] is a setting of the
 * host, which fails where it is a VM's name, too. Otherwise it is taken for a VM, and the rest is
 * moved up.
 * @vm: (out) (transfer none) (nullable): NULL for the host
 */
gboolean mc_setting_read_scope (McModel *model,
                                gboolean names_host,
                                int *argc,
                                char ***argv,
                                McModelVm **vm,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
