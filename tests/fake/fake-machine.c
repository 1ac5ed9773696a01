/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fake-machine.h"

#include "fake-physics.h"

#define GIB ((guint64)1024 * 1024 * 1024)

McFakeMachine *
mc_fake_machine_new (void)
{
  McFakeMachine *self = g_new0 (McFakeMachine, 1);

  self->total = 8 * GIB;
  self->available = 6 * GIB;
  self->other = 1 * GIB;
  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_fake_vm_free);
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
mc_fake_machine_free (McFakeMachine *self)
{
  g_hash_table_unref (self->groups);
  g_hash_table_unref (self->by_uuid);
  g_ptr_array_unref (self->vms);
  g_clear_pointer (&self->delayed, mc_sample_free);
  g_free (self);
}

McFakeVm *
mc_fake_machine_add (McFakeMachine *self, const char *name, guint64 capacity)
{
  McFakeVm *vm = mc_fake_vm_new (++self->n_added, name, capacity);

  g_ptr_array_add (self->vms, vm);
  g_hash_table_insert (self->by_uuid, vm->figures.uuid, vm);
  return vm;
}

McFakeVm *
mc_fake_machine_steal (McFakeMachine *self, McFakeVm *vm)
{
  guint index;

  g_return_val_if_fail (g_ptr_array_find (self->vms, vm, &index), NULL);
  g_hash_table_remove (self->by_uuid, vm->figures.uuid);
  return g_ptr_array_steal_index (self->vms, index);
}

McFakeVm *
mc_fake_machine_find (McFakeMachine *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

void
mc_fake_machine_set_group (McFakeMachine *self, const char *name, guint64 limit)
{
  if (limit == MC_UNKNOWN)
    g_hash_table_remove (self->groups, name);
  else
    g_hash_table_insert (self->groups, g_strdup (name), g_memdup2 (&limit, sizeof limit));
}

static guint64
left_of_group (McFakeMachine *self, const char *name, guint64 limit)
{
  for (guint i = 0; i < self->vms->len; i++)
    {
      const McFakeVm *vm = self->vms->pdata[i];
      const char *const *groups = (const char *const *)vm->description.groups;

      if (groups != NULL && g_strv_contains (groups, name) && vm->figures.resident != MC_UNKNOWN)
        limit -= MIN (vm->figures.resident, limit);
    }
  return limit;
}

/* Returns: (transfer full): what is left of each. */
static GHashTable *
sample_groups (McFakeMachine *self)
{
  GHashTable *all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer name, limit;

  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &name, &limit))
    {
      guint64 left = left_of_group (self, name, *(guint64 *)limit);

      g_hash_table_insert (all, g_strdup (name), g_memdup2 (&left, sizeof left));
    }
  return all;
}

static McSample *
sample_now (McFakeMachine *self, GHashTable *asleep)
{
  McSample *sample = mc_sample_new ();

  for (guint i = 0; i < self->vms->len; i++)
    {
      McFakeVm *vm = self->vms->pdata[i];
      gboolean sleeps = asleep != NULL && g_hash_table_contains (asleep, vm->figures.uuid);

      g_ptr_array_add (sample->vms, mc_fake_vm_sample (vm, sleeps));
    }
  sample->groups = sample_groups (self);
  sample->host_total = self->total;
  sample->host_available = self->available;
  sample->began_us = g_get_monotonic_time ();
  return sample;
}

McSample *
mc_fake_machine_sample (McFakeMachine *self, GHashTable *asleep)
{
  return self->delayed != NULL ? g_steal_pointer (&self->delayed) : sample_now (self, asleep);
}

void
mc_fake_machine_delay_sample (McFakeMachine *self)
{
  g_clear_pointer (&self->delayed, mc_sample_free);
  self->delayed = sample_now (self, NULL);
}

void
mc_fake_machine_step (McFakeMachine *self,
                      guint seconds,
                      void (*moved) (McFakeVm *vm, gpointer user_data),
                      gpointer user_data)
{
  guint64 held = self->other;
  gboolean physics = FALSE;

  for (guint i = 0; i < self->vms->len; i++)
    {
      McFakeVm *vm = self->vms->pdata[i];

      if (vm->used != MC_UNKNOWN)
        {
          physics = TRUE;
          if (vm->figures.running && !vm->hung && mc_fake_physics_step (vm, seconds))
            moved (vm, user_data);
        }
      held += vm->figures.resident;
    }
  if (physics)
    self->available = self->total - MIN (held, self->total);
}
