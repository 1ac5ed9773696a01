/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call on its way. */
#include "config.h"

#include "request.h"

#define SYSTEM_PATH "/sys"

McRequest *
mc_request_new (McRequestKind kind,
                const char *uuid,
                McHypervisor *hypervisor,
                McConnection *connection)
{
  McRequest *self = g_new0 (McRequest, 1);

  self->kind = kind;
  self->hypervisor = g_object_ref (hypervisor);
  self->pool = mc_connection_pool_ref (mc_connection_get_pool (connection));
  self->uuid = g_strdup (uuid);
  self->generation = mc_connection_get_generation (connection);
  return self;
}

static void
result_free (McRequestKind kind, gpointer result)
{
  if (result == NULL)
    return;
  if (kind == MC_REQUEST_SAMPLE)
    mc_sample_free (result);
  else if (kind == MC_REQUEST_DESCRIBE)
    mc_vm_description_free (result);
}

void
mc_request_free (McRequest *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  result_free (self->kind, self->result);
  g_clear_pointer (&self->asleep, g_hash_table_unref);
  g_clear_pointer (&self->groups, g_hash_table_unref);
  g_clear_pointer (&self->vm_groups, g_ptr_array_unref);
  g_clear_pointer (&self->of_vms, g_hash_table_unref);
  g_clear_pointer (&self->others, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->task);
  mc_connection_pool_unref (self->pool);
  g_free (self->uuid);
  g_free (self->element);
  g_free (self->stored);
  g_object_unref (self->hypervisor);
  g_free (self);
}

/* What is left of the limits is as late as can be: the VMs may have waited for each other. */
static McSample *
read_sample (McRequest *self, virConnectPtr connection, const char *system)
{
  McSample *sample;

  if (self->count != NULL)
    g_atomic_int_set (self->count, mc_libvirt_count_vms (connection));
  self->others = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_vm_sample_free);
  sample = mc_libvirt_sample (connection, self->subset, self->asleep, self->of_vms, self->others,
                              &self->error);
  if (sample != NULL && system != NULL)
    sample->groups = mc_memory_groups_read_left (self->groups, system);
  return sample;
}

void
mc_request_carry_out (McRequest *self)
{
  virConnectPtr connection = mc_connection_pool_acquire (self->pool, &self->error);
  const char *system = mc_hypervisor_is_local (self->hypervisor) ? SYSTEM_PATH : NULL;

  if (connection == NULL)
    return;
  switch (self->kind)
    {
    case MC_REQUEST_SAMPLE:
      self->result = read_sample (self, connection, system);
      break;
    case MC_REQUEST_DESCRIBE:
      self->result = mc_libvirt_describe (connection, self->uuid, system, &self->devices,
                                          &self->vm_groups, &self->error);
      break;
    case MC_REQUEST_SET_TARGET:
      self->fine = mc_libvirt_set_target (connection, self->uuid, self->value, &self->error);
      break;
    case MC_REQUEST_SET_STATS_PERIOD:
      self->fine = mc_libvirt_set_stats_period (connection, self->uuid, (guint)self->value,
                                                self->at_once, &self->error);
      break;
    case MC_REQUEST_SET_METADATA:
      self->fine = mc_libvirt_set_metadata (connection, self->uuid, self->element, self->stored,
                                            &self->error);
      break;
    case MC_N_REQUEST_KINDS:
    default:
      g_assert_not_reached ();
    }
  mc_connection_pool_release (self->pool, connection);
}
