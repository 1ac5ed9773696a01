/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of each VM from one call to the next. */
#include "config.h"

#include "known-vms.h"

/* Once is nothing: somebody else asked for its figures at that moment. */
#define BUSY_SAMPLES 2

typedef struct
{
  McMemoryDevices devices;
  GPtrArray *groups; /* (nullable) (element-type McMemoryGroup) */
  guint64 reported;  /* the maximum that did not fit, and for which "vm-changed" was emitted */
} Described;

struct _McKnownVms
{
  GHashTable *described; /* uuid → Described */
  GHashTable *busy;      /* uuid → in how many samples on end it was */
};

static void
described_free (gpointer data)
{
  Described *self = data;

  g_clear_pointer (&self->groups, g_ptr_array_unref);
  g_free (self);
}

McKnownVms *
mc_known_vms_new (void)
{
  McKnownVms *self = g_new0 (McKnownVms, 1);

  self->described = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, described_free);
  self->busy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
mc_known_vms_free (McKnownVms *self)
{
  g_hash_table_unref (self->described);
  g_hash_table_unref (self->busy);
  g_free (self);
}

void
mc_known_vms_set_described (McKnownVms *self,
                            const char *uuid,
                            const McMemoryDevices *devices,
                            GPtrArray *groups)
{
  const Described *before = g_hash_table_lookup (self->described, uuid);
  Described *described = g_new0 (Described, 1);

  described->devices = *devices;
  described->groups = groups != NULL ? g_ptr_array_ref (groups) : NULL;
  described->reported = before != NULL ? before->reported : 0;
  g_hash_table_insert (self->described, g_strdup (uuid), described);
}

void
mc_known_vms_forget_described (McKnownVms *self, const char *uuid)
{
  g_hash_table_remove (self->described, uuid);
}

GHashTable *
mc_known_vms_copy_resizable (McKnownVms *self)
{
  GHashTable *devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer uuid, value;

  g_hash_table_iter_init (&iter, self->described);
  while (g_hash_table_iter_next (&iter, &uuid, &value))
    {
      const Described *described = value;

      if (described->devices.resizable > 0)
        g_hash_table_insert (devices, g_strdup (uuid),
                             g_memdup2 (&described->devices, sizeof described->devices));
    }
  return devices;
}

GHashTable *
mc_known_vms_copy_groups (McKnownVms *self)
{
  GHashTable *groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                              (GDestroyNotify)mc_memory_group_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->described);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const GPtrArray *of_vm = ((const Described *)value)->groups;

      for (guint i = 0; of_vm != NULL && i < of_vm->len; i++)
        {
          McMemoryGroup *group = of_vm->pdata[i];

          if (!g_hash_table_contains (groups, group->name))
            g_hash_table_insert (groups, group->name, mc_memory_group_ref (group));
        }
    }
  return groups;
}

void
mc_known_vms_apply_devices (McKnownVms *self,
                            GHashTable *devices,
                            McSample *sample,
                            McHypervisor *hypervisor)
{
  for (guint i = 0; i < sample->vms->len; i++)
    {
      McVmSample *of_vm = sample->vms->pdata[i];
      Described *described = g_hash_table_lookup (self->described, of_vm->uuid);
      const McMemoryDevices *now = g_hash_table_lookup (devices, of_vm->uuid);
      guint64 total = of_vm->capacity;

      if (described == NULL)
        continue;
      if (now != NULL)
        described->devices = *now;
      if (mc_memory_devices_apply (&described->devices, of_vm) || described->reported == total)
        continue;
      described->reported = total;
      mc_hypervisor_emit_vm_changed (hypervisor, of_vm->uuid);
    }
}

/* One that is found busy at once is so for sure. */
void
mc_known_vms_count_busy (McKnownVms *self, const McSample *sample)
{
  GHashTable *busy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < sample->vms->len; i++)
    {
      const McVmSample *of_vm = sample->vms->pdata[i];
      gboolean known = g_hash_table_contains (self->busy, of_vm->uuid);
      guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->busy, of_vm->uuid)), times = 0;

      if (of_vm->busy)
        times = known ? MIN (before + 1, BUSY_SAMPLES) : BUSY_SAMPLES;
      g_hash_table_insert (busy, g_strdup (of_vm->uuid), GUINT_TO_POINTER (times));
    }
  g_hash_table_unref (self->busy);
  self->busy = busy;
}

gboolean
mc_known_vms_is_busy (McKnownVms *self, const char *uuid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->busy, uuid)) >= BUSY_SAMPLES;
}

void
mc_known_vms_forget_busy (McKnownVms *self)
{
  g_hash_table_remove_all (self->busy);
}
