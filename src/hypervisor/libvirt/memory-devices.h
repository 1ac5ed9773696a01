/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that a VM has beside what its balloon can reach. libvirt's figures have it all in one.
 *
 * A DIMM is not here: the balloon reaches it like the memory that the VM was started with. Of
 * virtio-mem, libvirt counts the whole size in the maximum, what is plugged in the present memory,
 * and neither in the limit of what can be set; the guest's own figures and the resident set have
 * what is plugged. NVDIMM, virtio-pmem and enclave memory (sgx-epc) are in the maximum, and the
 * guest counts none of them as memory. Any thread.
 */
#pragma once

#include "sample.h"

G_BEGIN_DECLS

/* Of one VM, as its description has it. Bytes. */
typedef struct
{
  guint64 total;     /* everything, as libvirt's maximum has it */
  guint64 current;   /* the balloon and what is plugged, at the moment of the rest */
  guint64 resizable; /* the whole size of its virtio-mem devices */
  guint64 plugged;   /* what the guest has of that now */
  guint64 apart;     /* NVDIMM, virtio-pmem, sgx-epc */
  guint64 mapped;    /* what of that are pages of a file, which may be resident */
} McMemoryDevices;

/*
 * Turns @sample, as libvirt reports it for the whole VM, into what concerns its balloon. Returns
 * FALSE where a device has come or gone since the description was read: the figures then hold for
 * what is known of both.
 */
gboolean mc_memory_devices_apply (const McMemoryDevices *self, McVmSample *sample);

G_END_DECLS
