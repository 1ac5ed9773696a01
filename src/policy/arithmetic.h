/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every part of the policy computes with: parts of unsigned bytes, and delays. */
#pragma once

#include "size.h"

/* The most that a VM or a host is believed to have: 64 TiB, beyond what Linux and QEMU run today;
 * the sums of a hundred thousand such VMs stay within 63 bits. */
#define MC_CAPACITY_MOST ((guint64)1 << 46)

/* What does not work is not tried again for this long at the most. */
#define MC_BACK_OFF_MOST_US ((gint64)600 * G_USEC_PER_SEC)

/* After so many failures the wait is the longest anyhow. */
#define MC_FAILURES_MOST 8

static inline guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

static inline guint64
per_mille (guint64 bytes, guint parts)
{
  return bytes / 1000 * parts;
}

/* Returns: the part of @lacks that @left allows, where @all lack so much together. */
static inline guint64
portion (guint64 lacks, guint64 left, guint64 all)
{
  return all <= left ? lacks : (guint64)((double)lacks * left / all);
}

/* Whether less than @span_us has passed since @then_us; 0 = it never was. */
static inline gboolean
within (gint64 now_us, gint64 then_us, gint64 span_us)
{
  return then_us > 0 && now_us - then_us < span_us;
}

/* Two figures that are closer to each other say nothing about a speed. */
#define MC_LEAST_ELAPSED_US (G_USEC_PER_SEC / 10)

static inline guint64
per_second (guint64 bytes, gint64 elapsed_us)
{
  return (guint64)((double)MIN (bytes, MC_CAPACITY_MOST) * G_USEC_PER_SEC / elapsed_us);
}

/* How long to wait after the failure that came after @times others: twice as long each time. */
static inline gint64
back_off (gint64 first_us, guint times)
{
  return MIN (first_us << MIN (times, MC_FAILURES_MOST), MC_BACK_OFF_MOST_US);
}
