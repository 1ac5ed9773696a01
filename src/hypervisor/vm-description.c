/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM is made of. */
#include "config.h"

#include "vm-description.h"

McVmDescription *
mc_vm_description_new (const char *uuid)
{
  McVmDescription *self = g_new0 (McVmDescription, 1);

  g_strlcpy (self->uuid, uuid, sizeof self->uuid);
  self->id = -1;
  return self;
}

void
mc_vm_description_free (McVmDescription *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->immovable);
  g_free (self->ceiling_name);
  g_free (self->metadata);
  g_free (self->stored_metadata);
  g_free (self);
}
