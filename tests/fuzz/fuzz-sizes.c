/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes: what is read is written so that it reads the same. */
#include "config.h"

#include "fuzz.h"
#include "size.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autofree char *exact = NULL, *shown = NULL;
  guint64 bytes = 42, again = 0;

  if (!mc_size_parse (text, &bytes))
    {
      g_assert_cmpuint (bytes, ==, 42);
      return 0;
    }
  exact = mc_size_format_exact (bytes);
  g_assert_true (mc_size_parse (exact, &again));
  g_assert_cmpuint (again, ==, bytes);
  shown = mc_size_format (bytes);
  g_assert_cmpstr (shown, !=, "");
  return 0;
}
