/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every part of the policy computes with: unsigned bytes that never wrap. */
#pragma once

#include <glib.h>

static inline guint64
saturating_sub (guint64 from, guint64 what)
{
  return from - MIN (from, what);
}

static inline guint64
distance (guint64 one, guint64 other)
{
  return MAX (one, other) - MIN (one, other);
}

static inline guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

/* Whether less than @span_us has passed since @then_us; 0 = it never was. */
static inline gboolean
within (gint64 now_us, gint64 then_us, gint64 span_us)
{
  return then_us > 0 && now_us - then_us < span_us;
}
