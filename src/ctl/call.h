/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of the service's methods, of the host's or of a VM's: several have the same ones. Main
 * thread; they wait for the answer, as the client's do.
 */
#pragma once

#include "model.h"

G_BEGIN_DECLS

/* Changes something of @vm (nullable: the host), by a method without an answer. @parameters:
 * (nullable), floating or not. */
gboolean mc_call_change (McClient *client,
                         const McModelVm *vm,
                         const char *method,
                         GVariant *parameters,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): what @method of @vm (nullable: the host) returns, which is one value of
 * @type. */
GVariant *mc_call_read (McClient *client,
                        const McModelVm *vm,
                        const char *method,
                        const char *type,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
