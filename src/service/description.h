/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM is made of: read when it appears, and again when it may have changed; one reading at a
 * time. Main thread.
 *
 * Signals:
 *   "read"  (GError or NULL)  it was read, or could not be; not after the VM is gone
 */
#pragma once

#include "context.h"
#include "domain.h"

G_BEGIN_DECLS

#define MC_TYPE_DESCRIPTION (mc_description_get_type ())
G_DECLARE_FINAL_TYPE (McDescription, mc_description, MC, DESCRIPTION, GObject)

McDescription *mc_description_new (McContext *context, McDomain *domain);

/* Returns: (transfer none) (nullable): NULL until it was read */
const McVmDescription *mc_description_get (McDescription *self);
gboolean mc_description_is_being_read (McDescription *self);

/* Returns: (transfer none) (nullable): why it cannot be read, in the hypervisor's words */
const char *mc_description_get_problem (McDescription *self);

/* Reads it; once more where that is under way. */
void mc_description_read (McDescription *self);

/* The same, but not soon after it was refused. */
void mc_description_refresh (McDescription *self);

/* It may be refreshed at once. */
void mc_description_forget_refusal (McDescription *self);

/* What is being read now may be older than a change. */
void mc_description_outdate (McDescription *self);

/* After a failure: reads it again, if it was asked for since that reading had begun. Returns:
 * whether it was. */
gboolean mc_description_retry (McDescription *self);

/* What the service has changed in the VM itself. @element, @stored: (transfer full) (nullable) */
void mc_description_set_stats_period (McDescription *self, guint seconds);
void mc_description_set_metadata (McDescription *self, char *element, char *stored);

G_END_DECLS
