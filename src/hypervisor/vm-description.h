/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM is made of. Plain data, any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What changes seldom: read when a VM appears and after "vm-changed". */
typedef struct
{
  gboolean persistent;
  gboolean has_balloon;
  gboolean autodeflate; /* its guest may take back memory by itself */
  guint stats_period_s; /* 0 = none */
  gboolean emulated;    /* its processors are, and slow */
  char *immovable; /* why the host gains nothing from its balloon (hugepages, VFIO, locked, SEV), or
                      NULL */
  char *ceiling_name; /* what limits its process, for "… lets it have", or NULL */
  guint64 ceiling;    /* to so much, for what the balloon can reach and for itself; bytes */
  char **groups;      /* (nullable): names of the limits that it shares with other VMs: "memory.max
                         of prod.slice", "the memory of NUMA node 0"; NULL-terminated */
  char *metadata;     /* the element in MemCoord's XML namespace, or NULL */
  char *stored_metadata; /* the same as the VM will have it at its next start; NULL where it has
                            none, or is not persistent */
} McVmDescription;

void mc_vm_description_free (McVmDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McVmDescription, mc_vm_description_free)

/* The namespace and the prefix of the element in a domain's metadata. */
#define MC_METADATA_NAMESPACE "https://example.org/memcoord/1"
#define MC_METADATA_PREFIX    "memcoord"

G_END_DECLS
