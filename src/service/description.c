/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM is made of. */
#include "config.h"

#include "description.h"

#include "events.h"
#include "refusal.h"

struct _McDescription
{
  GObject parent;

  McContext *context;
  McDomain *domain;
  McVmDescription *current; /* NULL until it was read */
  gboolean reading;
  gboolean again; /* what is being read is already old */
  McRefusal refusal;
};

enum
{
  READ,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (McDescription, mc_description, G_TYPE_OBJECT)

static void
refuse (McDescription *self, const GError *error)
{
  const char *name = mc_domain_get_name (self->domain);

  if (mc_refusal_note (&self->refusal, error, mc_context_now (self->context)))
    mc_event_vm_refused (name, mc_domain_get_uuid (self->domain), "read its description",
                         error->message);
  else
    g_debug ("%s is not described: %s", name, error->message);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McDescription) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (McVmDescription) description
      = mc_hypervisor_describe_finish (MC_HYPERVISOR (source), result, &error);

  self->reading = FALSE;
  if (mc_domain_is_gone (self->domain))
    return;
  if (description == NULL)
    {
      refuse (self, error);
      g_signal_emit (self, signals[READ], 0, error);
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
    g_signal_emit (self, signals[READ], 0, NULL);
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
  mc_hypervisor_describe_async (self->context->hypervisor, mc_domain_get_uuid (self->domain),
                                on_described, g_object_ref (self));
}

void
mc_description_refresh (McDescription *self)
{
  if (mc_context_now (self->context) >= self->refusal.not_before_us)
    mc_description_read (self);
}

void
mc_description_forget_refusal (McDescription *self)
{
  self->refusal.not_before_us = 0;
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

const McVmDescription *
mc_description_get (McDescription *self)
{
  return self->current;
}

gboolean
mc_description_is_being_read (McDescription *self)
{
  return self->reading;
}

const char *
mc_description_get_problem (McDescription *self)
{
  return self->refusal.words;
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

static void
mc_description_finalize (GObject *object)
{
  McDescription *self = MC_DESCRIPTION (object);

  g_clear_pointer (&self->current, mc_vm_description_free);
  mc_refusal_clear (&self->refusal);
  g_object_unref (self->domain);
  mc_context_unref (self->context);
  G_OBJECT_CLASS (mc_description_parent_class)->finalize (object);
}

static void
mc_description_class_init (McDescriptionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_description_finalize;
  signals[READ] = g_signal_new ("read", MC_TYPE_DESCRIPTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
mc_description_init (McDescription *self)
{
}

McDescription *
mc_description_new (McContext *context, McDomain *domain)
{
  McDescription *self = g_object_new (MC_TYPE_DESCRIPTION, NULL);

  self->context = mc_context_ref (context);
  self->domain = g_object_ref (domain);
  return self;
}
