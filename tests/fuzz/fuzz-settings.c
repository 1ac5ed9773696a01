/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier run kept, or what is in its place: what does not fit is dropped. */
#include "config.h"

#include "fuzz-state.h"
#include "fuzz.h"
#include "settings.h"
#include "state-file.h"
#include "policy-settings.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (McStore) store = NULL;
  g_autoptr (McSettings) settings = NULL;
  g_autoptr (GError) error = NULL;

  store = mc_store_new (&mc_state_file_kind, fuzz_state_write ("settings", data, size));
  settings = mc_settings_new (mc_config_load (NULL, FALSE, NULL), store);
  g_assert_true (mc_policy_settings_check (mc_settings_get_policy (settings), NULL, &error));
  return 0;
}
