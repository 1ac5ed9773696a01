/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of libvirt, one function for each kind of call. Worker threads: each may wait for
 * libvirtd. */
#pragma once

#include <libvirt/libvirt.h>

#include "domain-xml.h"
#include "hypervisor.h"

G_BEGIN_DECLS

/* Of all VMs those of one of @of subsets, by their UUIDs: each VM is in one of them. */
typedef struct
{
  guint index, of;
} McSubset;

static inline gboolean
mc_subset_has (McSubset self, const char *uuid)
{
  return g_str_hash (uuid) % self.of == self.index;
}

/*
 * Every active VM of @subset, and the host, in one call where the driver has it. With @asleep
 * (nullable; a set of UUIDs) each one's CPU time as well, and of those in it only what libvirtd
 * knows without asking a process. A VM whose process does not answer while another call waits for
 * it is marked busy. Figures are libvirt's, of the whole VM.
 * @devices (UUID → McMemoryDevices) names those VMs whose memory devices are read again with it, so
 * that the figures are of one moment; what is not read stays as it was.
 * @others: (nullable where @subset is all) (element-type McVmSample): is given the active VMs of
 * the other subsets, as busy ones of which nothing is known.
 */
McSample *mc_libvirt_sample (virConnectPtr connection,
                             McSubset subset,
                             GHashTable *asleep,
                             GHashTable *devices,
                             GPtrArray *others,
                             GError **error);

/* Returns: how many VMs are active; 0 also where that is not known. It waits for none of them. */
guint mc_libvirt_count_vms (virConnectPtr connection);

/* Returns: (transfer full): of the running VM. */
McDomainXml *mc_libvirt_read_xml (virDomainPtr domain, GError **error);

/* @system: of mc_memory_ceilings_find(). Sets *@groups to those of mc_memory_groups_new(). */
McVmDescription *mc_libvirt_describe (virConnectPtr connection,
                                      const char *uuid,
                                      const char *system,
                                      McMemoryDevices *devices,
                                      GPtrArray **groups,
                                      GError **error);

gboolean
mc_libvirt_set_target (virConnectPtr connection, const char *uuid, guint64 bytes, GError **error);

/* @at_once: its guest also reports now. */
gboolean mc_libvirt_set_stats_period (
    virConnectPtr connection, const char *uuid, guint seconds, gboolean at_once, GError **error);

/* @element, @stored: (nullable): of the running VM, and of its stored configuration where it has
 * one; NULL removes it */
gboolean mc_libvirt_set_metadata (virConnectPtr connection,
                                  const char *uuid,
                                  const char *element,
                                  const char *stored,
                                  GError **error);

G_END_DECLS
