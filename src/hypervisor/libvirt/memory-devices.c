/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that a VM has beside what its balloon can reach. */
#include "config.h"

#include "memory-devices.h"

static guint64
known_sub (guint64 figure, guint64 bytes)
{
  return figure == MC_UNKNOWN ? figure : saturating_sub (figure, bytes);
}

/*
 * The guest counts what is plugged as its own, and the balloon can have it no more than it can have
 * anything else that is not there. What a report from before an unplug may still have is no
 * contradiction; what no memory of the VM explains stays as absurd as it came.
 */
static void
limit (const McMemoryDevices *self, guint64 capacity, guint64 *figure)
{
  if (*figure > capacity && known_sub (*figure, capacity) <= self->resizable)
    *figure = capacity;
}

/*
 * What is plugged is the guest's to touch at any time, as what it was granted is: all of it is
 * taken off, touched or not. How many of a file's pages are resident is not reported; what the
 * guest has in use is certain to be.
 */
static guint64
resident_of (const McMemoryDevices *self, const McVmSample *sample)
{
  guint64 in_use = 0;

  if (sample->resident == MC_UNKNOWN)
    return MC_UNKNOWN;
  if (self->mapped > 0 && sample->available != MC_UNKNOWN && sample->unused <= sample->available)
    in_use = sample->available - sample->unused;
  return known_sub (
      MAX (known_sub (sample->resident, self->mapped), MIN (in_use, sample->resident)),
      self->plugged);
}

gboolean
mc_memory_devices_apply (const McMemoryDevices *self, McVmSample *sample)
{
  guint64 outside = self->resizable + self->apart, capacity = known_sub (sample->capacity, outside);
  gboolean fits = sample->capacity == self->total || sample->capacity == MC_UNKNOWN;

  if (!fits)
    capacity = MIN (capacity, known_sub (self->total, outside));
  sample->capacity = capacity;
  sample->balloon = known_sub (sample->balloon, self->plugged);
  if (outside == 0)
    return fits;
  sample->resident = resident_of (self, sample);
  limit (self, capacity, &sample->unused);
  limit (self, capacity, &sample->usable);
  /* Until QEMU has reported its balloon, libvirt takes all memory for it. */
  if (sample->balloon != MC_UNKNOWN)
    sample->balloon = MIN (sample->balloon, capacity);
  /* How much of what is plugged the guest has online, in its MemTotal, is not reported. */
  if (self->resizable > 0 && sample->available != MC_UNKNOWN)
    sample->available = MIN (sample->available, sample->balloon);
  return fits;
}
