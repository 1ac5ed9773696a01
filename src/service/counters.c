/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was done, and for how long it was not enough. */
#include "config.h"

#include "counters.h"

#define SEPARATOR ";"

/* In the order in which they are written, for ever; new ones come at the end. */
static const gsize numbers[] = {
  G_STRUCT_OFFSET (McCounters, moves),   G_STRUCT_OFFSET (McCounters, failed_moves),
  G_STRUCT_OFFSET (McCounters, granted), G_STRUCT_OFFSET (McCounters, reclaimed),
  G_STRUCT_OFFSET (McCounters, need_us), G_STRUCT_OFFSET (McCounters, critical_us),
};

void
mc_counters_add_move (McCounters *self, guint64 from, guint64 to)
{
  self->moves++;
  if (to > from)
    self->granted += to - from;
  else
    self->reclaimed += from - to;
  self->noted = FALSE;
}

void
mc_counters_add_failed_move (McCounters *self)
{
  self->failed_moves++;
  self->noted = FALSE;
}

void
mc_counters_add_need (McCounters *self, gint64 us)
{
  if (us <= 0)
    return;
  self->need_us += (guint64)us;
  self->noted = FALSE;
}

void
mc_counters_add_critical (McCounters *self, gint64 us)
{
  if (us <= 0)
    return;
  self->critical_us += (guint64)us;
  self->noted = FALSE;
}

void
mc_counters_set_noted (McCounters *self)
{
  self->noted = TRUE;
}

char *
mc_counters_format (const McCounters *self)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i > 0 ? SEPARATOR : "",
                            G_STRUCT_MEMBER (guint64, self, numbers[i]));
  return g_string_free (text, FALSE);
}

gboolean
mc_counters_parse (McCounters *self, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, SEPARATOR, -1);
  McCounters read = { .noted = TRUE };

  if (g_strv_length (words) < G_N_ELEMENTS (numbers))
    return FALSE;
  /* Half of what there is room for: a counter that was never that large does not overflow. */
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXINT64,
                                     &G_STRUCT_MEMBER (guint64, &read, numbers[i]), NULL))
      return FALSE;
  *self = read;
  return TRUE;
}
