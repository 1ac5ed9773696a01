/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/spl/kstat/zfs/arcstats, of a module that is not the kernel's own. */
#include "config.h"

#include "arcstats.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autoptr (GError) error = NULL;
  guint64 bytes = 1;

  if (mc_arcstats_parse (text, &bytes, &error))
    {
      g_assert_cmpuint (bytes, <=, G_MAXINT64);
      return 0;
    }
  g_assert_nonnull (error);
  g_assert_cmpuint (bytes, ==, 1);
  return 0;
}
