/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of a message of D-Bus, whose lengths may be anything. */
#include "config.h"

#include <string.h>

#include "frame.h"
#include "fuzz.h"

static void
check_text (const char *text, const guint8 *header, gsize length)
{
  const guint8 *bytes = (const guint8 *)text;

  if (text == NULL)
    return;
  g_assert_true (bytes >= header && bytes < header + length);
  g_assert_cmpuint (strlen (text), <, length - (gsize)(bytes - header));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size); /* so that a byte too many is seen */
  guint64 header, whole;
  McFrame frame;

  if (size < MC_FRAME_FIXED)
    return 0;
  mc_frame_measure (copy, &header, &whole);
  g_assert_cmpuint (header, <=, whole);
  if (!mc_frame_read (&frame, copy, size))
    return 0;
  check_text (frame.interface, copy, size);
  check_text (frame.member, copy, size);
  check_text (frame.sender, copy, size);
  check_text (frame.destination, copy, size);
  return 0;
}
