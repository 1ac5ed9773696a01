/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of libvirt, one function for each kind of call. Worker threads: each may wait for
 * libvirtd. */
#pragma once

#include <libvirt/libvirt.h>

#include "hypervisor.h"
#include "memory-devices.h"

G_BEGIN_DECLS

/*
 * Every active VM, in one call where the driver has it, and the host. A VM whose process does not
 * answer while another call waits for it is marked busy. Figures are libvirt's, of the whole VM.
 * @devices (UUID → McMemoryDevices) names those VMs whose memory devices are read again with it, so
 * that the figures are of one moment; what is not read stays as it was.
 */
McSample *mc_libvirt_sample (virConnectPtr connection, GHashTable *devices, GError **error);

/* @system: of mc_memory_limits_find(). Sets *@groups to those of mc_memory_groups_new(). */
McVmDescription *mc_libvirt_describe (virConnectPtr connection,
                                      const char *uuid,
                                      const char *system,
                                      McMemoryDevices *devices,
                                      GPtrArray **groups,
                                      GError **error);

gboolean
mc_libvirt_set_target (virConnectPtr connection, const char *uuid, guint64 bytes, GError **error);
gboolean mc_libvirt_set_stats_period (virConnectPtr connection,
                                      const char *uuid,
                                      guint seconds,
                                      GError **error);

/* @element, @stored: (nullable): of the running VM, and of its stored configuration where it has
 * one; NULL removes it */
gboolean mc_libvirt_set_metadata (virConnectPtr connection,
                                  const char *uuid,
                                  const char *element,
                                  const char *stored,
                                  GError **error);

G_END_DECLS
