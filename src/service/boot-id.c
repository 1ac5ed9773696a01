/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Under which boot of the host something was noted. */
#include "config.h"

#include "boot-id.h"

#define GROUP_HOST   "Host"
#define KEY_BOOT     "boot-id"
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

gboolean
mc_boot_id_note (GKeyFile *keys)
{
  g_autofree char *noted = g_key_file_get_string (keys, GROUP_HOST, KEY_BOOT, NULL);
  g_autofree char *present = NULL;

  if (!g_file_get_contents (BOOT_ID_PATH, &present, NULL, NULL))
    return FALSE;
  g_strchomp (present);
  g_key_file_set_string (keys, GROUP_HOST, KEY_BOOT, present);
  return noted != NULL && !g_str_equal (noted, present);
}
