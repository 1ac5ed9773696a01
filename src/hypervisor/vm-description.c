/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM is made of. */
#include "config.h"

#include "vm-description.h"

void
mc_vm_description_free (McVmDescription *self)
{
  if (self == NULL)
    return;
  g_free (self->immovable);
  g_free (self->ceiling_name);
  g_strfreev (self->groups);
  g_free (self->metadata);
  g_free (self->stored_metadata);
  g_free (self);
}
