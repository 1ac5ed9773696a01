/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments on the bus, as people read them. */
#include "config.h"

#include "times.h"

#include "duration.h"

char *
mc_times_format_age (guint64 us, guint64 now_us)
{
  if (us == 0)
    return g_strdup ("-");
  return mc_duration_format_short ((now_us > us ? now_us - us : 0) / G_USEC_PER_SEC);
}

char *
mc_times_format (guint64 us)
{
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) local = NULL;

  if (us == 0)
    return g_strdup ("-");
  utc = g_date_time_new_from_unix_utc ((gint64)(us / G_USEC_PER_SEC));
  local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  return local != NULL ? g_date_time_format (local, "%F %T") : g_strdup ("?");
}
