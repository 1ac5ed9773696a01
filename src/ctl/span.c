/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moment in the past as people type it. */
#include "config.h"

#include "span.h"

#include <string.h>

#include "duration.h"

/* What is left out of a time that is as long as this. */
static const struct
{
  gsize length;
  const char *rest;
} rests[] = {
  { sizeof "2026-01-31" - 1, "T00:00:00" },
  { sizeof "2026-01-31 12:00" - 1, ":00" },
  { sizeof "2026-01-31 12:00:00" - 1, "" },
};

/* Returns: (transfer full) (nullable) */
static GDateTime *
read_time (const char *text)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();

  for (guint i = 0; i < G_N_ELEMENTS (rests); i++)
    if (strlen (text) == rests[i].length)
      {
        g_autofree char *whole = g_strconcat (text, rests[i].rest, NULL);

        return g_date_time_new_from_iso8601 (g_strdelimit (whole, " ", 'T'), local);
      }
  return NULL;
}

gboolean
mc_span_parse_since (const char *text, gint64 now_us, guint64 *us)
{
  g_autoptr (GDateTime) time = NULL;
  gint64 found_us;
  guint64 seconds;

  if (mc_duration_parse (text, &seconds))
    found_us = now_us - (gint64)MIN (seconds, (guint64)(now_us / G_USEC_PER_SEC)) * G_USEC_PER_SEC;
  else
    {
      time = read_time (text);
      if (time == NULL)
        return FALSE;
      found_us = g_date_time_to_unix (time) * G_USEC_PER_SEC;
    }
  if (found_us < 0 || found_us > now_us)
    return FALSE;
  *us = (guint64)found_us;
  return TRUE;
}
