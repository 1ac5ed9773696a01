/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change of a VM's own policy: what is to be set, or taken out, in its metadata. Any thread. */
#pragma once

#include "metadata.h"
#include "policy.h"

G_BEGIN_DECLS

typedef struct _McMetadataChange McMetadataChange;

/* @values: a{st}, by the bus's names; MC_SETTING_MANAGED beside thresholds */
McMetadataChange *mc_metadata_change_new_set (GVariant *values);

/* @names: NULL or empty = all thresholds */
McMetadataChange *mc_metadata_change_new_reset (const char *const *names);
void mc_metadata_change_free (McMetadataChange *self);

/* What is wrong with it whatever the VM says. Errors: MC_SERVICE_ERROR, MC_THRESHOLD_ERROR. */
gboolean
mc_metadata_change_check (const McMetadataChange *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether it says that the VM is managed. */
gboolean mc_metadata_change_claims (const McMetadataChange *self);

/*
 * Nothing that cannot be read is written over. @xml: (nullable): what is there; of a VM of
 * @capacity. Sets *@element: (transfer full) (nullable): as mc_metadata_edit_format() returns it.
 */
gboolean mc_metadata_change_merge (const McMetadataChange *self,
                                   const char *xml,
                                   const McPolicySettings *settings,
                                   guint64 capacity,
                                   char **element,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
