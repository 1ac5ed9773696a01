/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every target shares: libFuzzer's entry, and a text of its bytes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Returns: (transfer full): the bytes with a zero at their end, in memory of just that size, so
 * that reading beyond it is seen. */
static inline char *
fuzz_text (const guint8 *data, gsize size)
{
  char *text = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    text[i] = (char)data[i];
  text[size] = '\0';
  return text;
}

G_END_DECLS
