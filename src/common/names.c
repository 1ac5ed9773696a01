/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on the bus that depend on something. */
#include "config.h"

#include "names.h"

char *
mc_vm_path (const char *uuid)
{
  char *path = g_strconcat (MC_VM_PATH_PREFIX, uuid, NULL);

  return g_strdelimit (path, "-", '_');
}
