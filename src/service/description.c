/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM is made of. */
#include "config.h"

#include "description.h"

#include "events.h"

static void
description_refuse (McDescription *self, const GError *error)
{
  if (mc_refusal_note (&self->refusal, error, mc_context_now (self->context)))
    mc_event_vm_refused (self->domain->name, self->domain->uuid, "read its description",
                         error->message);
  else
    g_debug ("%s is not described: %s", self->domain->name, error->message);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  McDescription *self = user_data;
  g_autoptr (GObject) vm = self->domain->vm;
  g_autoptr (GError) error = NULL;
  g_autoptr (McVmDescription) description
      = mc_hypervisor_describe_finish (MC_HYPERVISOR (source), result, &error);

  self->reading = FALSE;
  if (self->domain->gone || (description == NULL && mc_context_is_ending (self->context)))
    return;
  if (description == NULL)
    {
      description_refuse (self, error);
      self->on_read (vm, error);
      return;
    }
  mc_refusal_clear (&self->refusal);
  if (self->again)
    {
      self->again = FALSE;
      mc_description_read (self);
      return;
    }
  g_clear_pointer (&self->current, mc_vm_description_free);
  self->current = g_steal_pointer (&description);
  if (!mc_context_is_ending (self->context))
    self->on_read (vm, NULL);
}

void
mc_description_read (McDescription *self)
{
  if (self->reading)
    {
      self->again = TRUE;
      return;
    }
  self->reading = TRUE;
  g_object_ref (self->domain->vm);
  mc_hypervisor_describe_async (self->context->hypervisor, self->domain->uuid, on_described, self);
}

void
mc_description_refresh (McDescription *self)
{
  if (mc_context_now (self->context) >= self->refusal.not_before_us)
    mc_description_read (self);
}

void
mc_description_outdate (McDescription *self)
{
  self->again = self->reading;
}

gboolean
mc_description_retry (McDescription *self)
{
  if (!self->again)
    return FALSE;
  self->again = FALSE;
  mc_description_read (self);
  return TRUE;
}

void
mc_description_set_stats_period (McDescription *self, guint seconds)
{
  if (self->current != NULL)
    self->current->stats_period_s = seconds;
}

void
mc_description_set_metadata (McDescription *self, char *element, char *stored)
{
  g_return_if_fail (self->current != NULL);

  g_free (self->current->metadata);
  g_free (self->current->stored_metadata);
  self->current->metadata = element;
  self->current->stored_metadata = stored;
}

void
mc_description_init (McDescription *self,
                     McContext *context,
                     McDomain *domain,
                     McDescriptionRead on_read)
{
  *self = (McDescription){ .context = context, .domain = domain, .on_read = on_read };
}

void
mc_description_clear (McDescription *self)
{
  g_clear_pointer (&self->current, mc_vm_description_free);
  mc_refusal_clear (&self->refusal);
}
