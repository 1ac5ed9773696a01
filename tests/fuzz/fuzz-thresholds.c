/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller on the bus may send as a{st}: all of it is taken or nothing. */
#include "config.h"

#include "fuzz.h"
#include "settings.h"
#include "state-file.h"
#include "policy-settings.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) raw
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a{st}"), bytes, FALSE));
  g_autoptr (GVariant) values = g_variant_get_normal_form (raw);
  g_autoptr (McStore) store = mc_store_new (&mc_state_file_kind, NULL);
  g_autoptr (McSettings) settings = mc_settings_new (mc_config_load (NULL, FALSE, NULL), store);
  McPolicySettings before = *mc_settings_get_policy (settings);
  const McPolicySettings *after = mc_settings_get_policy (settings);
  g_autoptr (GError) error = NULL;

  if (mc_settings_set (settings, values, &error))
    g_assert_true (mc_policy_settings_check (after, NULL, NULL));
  else
    g_assert_cmpmem (&before, sizeof before, after, sizeof *after);
  return 0;
}
