/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier run counted, or what is in its place: it is read whole, or set aside. */
#include "config.h"

#include "counters-file.h"
#include "fuzz-state.h"
#include "fuzz.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define NOW  G_GINT64_CONSTANT (1790000000000000)

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (McStore) store = NULL;
  McCounters total = { 0 }, of_vm = { 0 };
  McLastHour need = { 0 };
  const McDomain domain = { .uuid = (char *)UUID, .id = 7 };

  store = mc_store_new (&mc_counters_file_kind, fuzz_state_write ("counters", data, size));
  /* Whatever is read, one hour has no more than its sum has room for. */
  if (mc_counters_file_get_total (store, &total, &need, NOW, NOW) == 0)
    g_assert_cmpuint (total.moves, ==, 0);
  g_assert_cmpuint (mc_last_hour_sum (&need, NOW), <=, G_MAXINT64);
  mc_counters_file_get_vm (store, &domain, &of_vm);
  g_assert_cmpuint (of_vm.moves, <=, G_MAXINT64);
  return 0;
}
