/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's metadata: what is read comes back from what is written, and what is refused is so in one
 * tame line. */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "metadata.h"

static void
check (const McMetadata *metadata, const char *text)
{
  g_autoptr (McMetadataEdit) edit = mc_metadata_edit_new (text, NULL);
  g_autofree char *written = mc_metadata_edit_format (edit);
  McMetadata again;

  g_assert_true (mc_metadata_parse (written, &again, NULL));
  g_assert_cmpint (metadata->managed, ==, again.managed);
  g_assert_cmpmem (&metadata->policy, sizeof metadata->policy, &again.policy, sizeof again.policy);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autoptr (GError) error = NULL;
  McMetadata metadata;

  if (mc_metadata_parse (text, &metadata, &error))
    {
      check (&metadata, text);
      return 0;
    }
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (error->message, -1), <=, 256);
  g_assert_null (strpbrk (error->message, "\n\r\t\x1b"));
  return 0;
}
