/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fake-vm.h"

#define MIB ((guint64)1024 * 1024)

/* What a guest's kernel keeps to itself at most. */
#define KERNEL_RESERVE (40 * MIB)

guint64
mc_fake_vm_available (guint64 balloon)
{
  return balloon - MIN (balloon / 10, KERNEL_RESERVE);
}

McFakeVm *
mc_fake_vm_new (guint number, const char *name, guint64 capacity)
{
  McFakeVm *self = g_new0 (McFakeVm, 1);
  McVmSample *figures = &self->figures;

  g_snprintf (figures->uuid, sizeof figures->uuid, "00000000-0000-4000-8000-%012x", number);
  figures->name = g_strdup (name);
  figures->id = number;
  figures->running = TRUE;
  figures->balloon = figures->capacity = capacity;
  figures->unused = figures->usable = capacity / 3;
  figures->available = mc_fake_vm_available (capacity);
  figures->resident = capacity - figures->unused;
  figures->stats_time_s = 1;
  figures->cpu_time_us = MC_UNKNOWN;
  self->description.persistent = self->description.has_balloon = TRUE;
  self->target = self->used = MC_UNKNOWN;
  return self;
}

void
mc_fake_vm_free (McFakeVm *self)
{
  g_free (self->figures.name);
  g_free (self->description.immovable);
  g_free (self->description.ceiling_name);
  g_strfreev (self->description.groups);
  g_free (self->description.metadata);
  g_free (self->description.stored_metadata);
  g_free (self);
}

McVmSample *
mc_fake_vm_sample (McFakeVm *self, gboolean asleep)
{
  const McVmSample *figures = &self->figures;
  McVmSample *sample = mc_vm_sample_new (figures->uuid, figures->name);
  g_autofree char *name = sample->name;

  if (!self->hung && !asleep)
    *sample = *figures;
  self->n_asked += !asleep;
  sample->name = g_steal_pointer (&name);
  sample->id = figures->id;
  sample->running = figures->running;
  /* Of one of which nothing came in time it is not known whether it would have been asked. */
  sample->asleep = asleep && !mc_vm_sample_is_unheard (figures);
  sample->busy = !sample->asleep && (self->hung || figures->busy);
  sample->balloon = figures->balloon;
  sample->capacity = figures->capacity;
  sample->cpu_time_us = figures->cpu_time_us;
  return sample;
}

McVmDescription *
mc_fake_vm_describe (const McFakeVm *self)
{
  const McVmDescription *from = &self->description;
  McVmDescription *to = g_memdup2 (from, sizeof *from);

  to->immovable = g_strdup (from->immovable);
  to->ceiling_name = g_strdup (from->ceiling_name);
  to->groups = g_strdupv (from->groups);
  to->metadata = g_strdup (from->metadata);
  to->stored_metadata = g_strdup (from->stored_metadata);
  return to;
}
