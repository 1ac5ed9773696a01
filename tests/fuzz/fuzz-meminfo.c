/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/meminfo, or what somebody has bound over it. */
#include "config.h"

#include "fuzz.h"
#include "meminfo.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autoptr (GError) error = NULL;
  guint64 total = 1, available = 2;

  if (mc_meminfo_parse (text, &total, &available, &error))
    {
      g_assert_cmpuint (total, >, 0);
      g_assert_cmpuint (available, <=, total);
      return 0;
    }
  g_assert_nonnull (error);
  g_assert_cmpuint (total, ==, 1);
  g_assert_cmpuint (available, ==, 2);
  return 0;
}
