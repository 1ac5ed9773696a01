/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of something there was in the last hour. */
#include "config.h"

#include "last-hour.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)
#define SEPARATOR ";"

/* More is of nobody's writing, and the sum has room for all of it. */
#define AMOUNT_MOST (G_MAXINT64 / MC_LAST_HOUR_MINUTES)

static gint64
minute_of (gint64 now_us)
{
  return now_us / MINUTE_US;
}

/* A minute may be from before the clock's begin, as the host has booted since. */
static gsize
place_of (gint64 minute)
{
  gint64 place = minute % MC_LAST_HOUR_MINUTES;

  return (gsize)(place < 0 ? place + MC_LAST_HOUR_MINUTES : place);
}

/* Those in which nothing was added yet have not been cleared either. */
static gboolean
is_known (const McLastHour *self, gint64 minute)
{
  return minute <= self->minute && minute > self->minute - MC_LAST_HOUR_MINUTES;
}

static guint64
amount_of (const McLastHour *self, gint64 minute)
{
  return is_known (self, minute) ? self->amounts[place_of (minute)] : 0;
}

void
mc_last_hour_add (McLastHour *self, gint64 now_us, guint64 amount)
{
  gint64 now = minute_of (now_us);

  if (now - self->minute >= MC_LAST_HOUR_MINUTES)
    *self = (McLastHour){ .minute = now };
  while (self->minute < now)
    self->amounts[place_of (++self->minute)] = 0;
  self->amounts[place_of (self->minute)] += amount;
}

guint64
mc_last_hour_sum (const McLastHour *self, gint64 now_us)
{
  gint64 now = minute_of (now_us);
  guint64 sum = 0;

  for (gint64 minute = now - MC_LAST_HOUR_MINUTES + 1; minute <= now; minute++)
    sum += amount_of (self, minute);
  return sum;
}

char *
mc_last_hour_format (const McLastHour *self, gint64 now_us)
{
  GString *text = g_string_new (NULL);
  gint64 now = minute_of (now_us), first = now - MC_LAST_HOUR_MINUTES + 1;

  for (gint64 minute = first; minute <= now; minute++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, minute > first ? SEPARATOR : "",
                            amount_of (self, minute));
  return g_string_free (text, FALSE);
}

gboolean
mc_last_hour_parse (McLastHour *self, const char *text, gint64 now_us, gint64 age_us)
{
  g_auto (GStrv) words = g_strsplit (text, SEPARATOR, -1);
  gint64 age = minute_of (MAX (age_us, 0));
  McLastHour read = { .minute = minute_of (now_us) };

  if (g_strv_length (words) != MC_LAST_HOUR_MINUTES)
    return FALSE;
  for (gint64 i = 0; i < MC_LAST_HOUR_MINUTES; i++)
    {
      gint64 minute = read.minute - MC_LAST_HOUR_MINUTES + 1 + i - age;
      guint64 amount;

      if (!g_ascii_string_to_unsigned (words[i], 10, 0, AMOUNT_MOST, &amount, NULL))
        return FALSE;
      if (is_known (&read, minute))
        read.amounts[place_of (minute)] = amount;
    }
  *self = read;
  return TRUE;
}
