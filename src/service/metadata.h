/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM's own policy, as the element that lives in its libvirt metadata:
 *
 *   <memcoord:policy xmlns:memcoord="https://example.org/memcoord/1" managed="yes">
 *     <memcoord:minimum>512M</memcoord:minimum>
 *     <memcoord:weight>200</memcoord:weight>
 *   </memcoord:policy>
 *
 * The children are the keys of mc_vm_thresholds; each is optional, and so is "managed". Names may
 * come with or without a prefix, as libvirt hands the element out. What has a namespace of somebody
 * else's is let be. Any thread.
 */
#pragma once

#include <gio/gio.h>

#include "threshold.h"

G_BEGIN_DECLS

typedef enum
{
  MC_MANAGED_DEFAULT, /* as the configuration says */
  MC_MANAGED_YES,
  MC_MANAGED_NO,
} McManaged;

typedef struct
{
  McManaged managed;
  McVmPolicy policy;
} McMetadata;

#define MC_METADATA_ERROR (mc_metadata_error_quark ())
GQuark mc_metadata_error_quark (void);

/* The element that says nothing. */
McMetadata mc_metadata_unset (void);

/*
 * Reads @xml, which may be NULL for no element at all; *@metadata is touched only on success. What
 * is not known is an error: it may be what somebody relies on. Errors name the element and the
 * value: MC_METADATA_ERROR, MC_THRESHOLD_ERROR for a value out of range.
 */
gboolean
mc_metadata_parse (const char *xml, McMetadata *metadata, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An element to change: what is not known in it stays as it is. */
typedef struct _McMetadataEdit McMetadataEdit;

/* Returns: (transfer full): of @xml, as above; fails where it is not the element at all. */
McMetadataEdit *mc_metadata_edit_new (const char *xml, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mc_metadata_edit_free (McMetadataEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McMetadataEdit, mc_metadata_edit_free)

void mc_metadata_edit_set_managed (McMetadataEdit *self, McManaged managed);

/* @value: MC_UNSET takes it out. */
void mc_metadata_edit_set (McMetadataEdit *self, const McThreshold *threshold, guint64 value);

/* What it says now, as far as it is known. Errors: as those of mc_metadata_parse(). */
gboolean mc_metadata_edit_get (McMetadataEdit *self,
                               McMetadata *metadata,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Returns: (transfer full) (nullable): the element without its namespace, which libvirt adds;
 * mc_metadata_parse() reads it back. NULL where it says nothing.
 */
char *mc_metadata_edit_format (McMetadataEdit *self);

G_END_DECLS
