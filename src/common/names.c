/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on the bus that depend on something. */
#include "config.h"

#include "names.h"

#include <string.h>

char *
mc_vm_path (const char *uuid)
{
  char *path = g_strconcat (MC_VM_PATH_PREFIX, uuid, NULL);

  return g_strdelimit (path, "-", '_');
}

char *
mc_vm_path_get_uuid (const char *path)
{
  g_autofree char *uuid = NULL;

  if (!g_str_has_prefix (path, MC_VM_PATH_PREFIX))
    return NULL;
  uuid = g_strdelimit (g_strdup (path + strlen (MC_VM_PATH_PREFIX)), "_", '-');
  return g_uuid_string_is_valid (uuid) ? g_steal_pointer (&uuid) : NULL;
}
