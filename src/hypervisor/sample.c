/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hypervisor reports of its VMs and their host at one moment. */
#include "config.h"

#include "sample.h"

McVmSample *
mc_vm_sample_new (const char *uuid, const char *name)
{
  McVmSample *self = g_new0 (McVmSample, 1);

  g_strlcpy (self->uuid, uuid, sizeof self->uuid);
  self->name = g_strdup (name);
  self->id = -1;
  self->balloon = self->capacity = self->resident = MC_UNKNOWN;
  self->unused = self->usable = self->available = MC_UNKNOWN;
  self->swap_in = self->swap_out = self->cpu_time_us = MC_UNKNOWN;
  return self;
}

void
mc_vm_sample_free (McVmSample *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self);
}

gboolean
mc_vm_sample_is_unheard (const McVmSample *self)
{
  return self->busy && self->balloon == MC_UNKNOWN;
}

McSample *
mc_sample_new (void)
{
  McSample *self = g_new0 (McSample, 1);

  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_vm_sample_free);
  self->host_total = self->host_available = MC_UNKNOWN;
  return self;
}

void
mc_sample_free (McSample *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->vms);
  g_clear_pointer (&self->groups, g_hash_table_unref);
  g_free (self);
}

McSample *
mc_sample_join (McSample *earlier, McSample *later)
{
  if (earlier == NULL)
    return later;
  g_ptr_array_extend_and_steal (later->vms, g_ptr_array_ref (earlier->vms));
  later->began_us = MIN (earlier->began_us, later->began_us);
  mc_sample_free (earlier);
  return later;
}
