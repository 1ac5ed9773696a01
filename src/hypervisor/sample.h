/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hypervisor reports of its VMs and their host at one moment. Plain data, any thread. */
#pragma once

#include <glib.h>

#include "size.h" /* MC_UNKNOWN: of a figure that was not reported */

G_BEGIN_DECLS

/*
 * One VM's figures at one moment. They are those of the balloon's part of its memory: memory
 * devices that the balloon cannot reach (virtio-mem, NVDIMM, virtio-pmem, sgx-epc) are neither in
 * the balloon nor in the capacity nor in the resident set. A guest counts virtio-mem that it has
 * online among its own: @available is at most the balloon then, @unused and @usable are at most the
 * capacity.
 */
typedef struct
{
  char uuid[37];
  char *name;
  int id;
  gboolean running;    /* FALSE: paused, shutting down, crashed, suspended by the guest's power
                          management */
  gboolean busy;       /* its process did not answer: only what libvirt itself knows is here, or
                          nothing where that did not come in time */
  gboolean asleep;     /* its guest was not asked: only the state, the balloon, the capacity and the
                          CPU time are here */
  guint64 cpu_time_us; /* that its process has used since it started, just before the rest */
  guint64 balloon;     /* what the guest has now */
  guint64 capacity;    /* the most that the balloon can have, and that can be set */
  guint64 resident;
  guint64 unused, usable, available;
  guint64 swap_in, swap_out; /* bytes since the guest booted */
  gint64 stats_time_s;       /* as libvirt reports it; 0 = the guest never reported */
} McVmSample;

typedef struct
{
  GPtrArray *vms;         /* (element-type McVmSample) owned */
  guint64 host_total;     /* bytes, of virNodeGetMemoryStats; MC_UNKNOWN where the driver has
                             none */
  guint64 host_available; /* free + buffers + cached of the same: flatters; for a hypervisor that is
                             not local */
  GHashTable *groups; /* (nullable): name → guint64 *: the bytes that what lives under that limit
                         can still come to occupy; one that a description names and that is not here
                         limits nothing */
  gint64 began_us;    /* g_get_monotonic_time() when it was asked for: what an event said since
                         may not be in it */
} McSample;

McVmSample *mc_vm_sample_new (const char *uuid, const char *name);
void mc_vm_sample_free (McVmSample *self);

/* Not even what libvirt itself knows of it came in time. */
gboolean mc_vm_sample_is_unheard (const McVmSample *self);

McSample *mc_sample_new (void);
void mc_sample_free (McSample *self);

/* Joins samples of different VMs: what is not of a VM is @later's. @earlier: (transfer full)
 * (nullable), @later: (transfer full). Returns: (transfer full). */
McSample *mc_sample_join (McSample *earlier, McSample *later);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSample, mc_sample_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McVmSample, mc_vm_sample_free)

G_END_DECLS
