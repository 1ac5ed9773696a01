/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a file of the past. */
#include "config.h"

#include "series-reader.h"

#include <fcntl.h>
#include <unistd.h>

#include "gather.h"
#include "series.h"

#define N_FIGURES_MOST (1 + MC_HISTORY_MOST_COLUMNS)

/* Steps of a ring, each so many of which make one row. */
typedef struct
{
  const McRing *ring;
  guint32 first, end; /* the first one, and the one after the last */
  guint32 each;
} Span;

/* Whether all of it is in the last hour, as far as it is kept. */
static gboolean
is_recent (gint64 since_s, gint64 now_s)
{
  return since_s / MC_HISTORY_FINE_S > now_s / MC_HISTORY_FINE_S - MC_HISTORY_FINE_STEPS;
}

static guint32
step_of (gint64 time_s, guint step_s)
{
  return (guint32)CLAMP (time_s / step_s, 0, G_MAXUINT32 - MC_HISTORY_COARSE_STEPS);
}

static Span
span_new (const McRing *ring, gint64 since_s, gint64 until_s, gint64 now_s, guint points)
{
  guint32 newest = step_of (now_s, ring->step_s);
  guint32 oldest = newest >= ring->n_rows ? newest - ring->n_rows + 1 : 0;
  Span span = { .ring = ring, .each = 1 };

  /* A step that has begun before is in it where some of it is. */
  span.first = MAX (step_of (since_s, ring->step_s), oldest);
  span.end = MIN (step_of (MAX (until_s, 1) - 1, ring->step_s), newest) + 1;
  span.end = MAX (span.end, span.first);
  if (points > 0 && span.end - span.first > points)
    span.each = (span.end - span.first + points - 1) / points;
  return span;
}

/* The figures of the row that begins with step @begin. Returns: whether there is any. */
static gboolean
gather_row (const Span *span, guint32 begin, double *figures)
{
  const McHistoryKind *kind = span->ring->kind;
  McGather gather = { 0 };
  McRingRow row;

  for (guint32 step = begin; step < MIN (begin + span->each, span->end); step++)
    if (mc_ring_get (span->ring, step, &row))
      mc_gather_add (&gather, kind, row.figures);
  figures[0] = (double)begin * span->ring->step_s * G_USEC_PER_SEC;
  for (guint i = 0; i < kind->n_columns; i++)
    figures[1 + i] = gather.known[i] > 0 ? mc_gather_get (&gather, kind, i) : MC_SERIES_UNKNOWN;
  return mc_gather_has_any (&gather, kind);
}

/* Puts all rows behind each other. Of steps in which nothing was kept there is a row where there
 * was something before. Returns: how many rows */
static gsize
gather_rows (const Span *span, guint n_figures, GByteArray *all)
{
  double figures[N_FIGURES_MOST];
  gsize row = n_figures * sizeof (double);
  gboolean before = FALSE;

  for (guint32 begin = span->first; begin < span->end; begin += span->each)
    {
      gboolean any = gather_row (span, begin, figures);

      if (any || before)
        g_byte_array_append (all, (const guint8 *)figures, (guint)row);
      before = any;
    }
  return all->len / row;
}

/* As GVariant has an array of arrays: their bytes, and behind them where each of them ends, in as
 * few bytes each as the whole needs. A GVariant of each row would take ten times as long. */
static GVariant *
build_rows (const Span *span)
{
  guint n_figures = 1 + span->ring->kind->n_columns;
  gsize row = n_figures * sizeof (double);
  gsize n_most = (span->end - span->first + span->each - 1) / span->each;
  GByteArray *bytes = g_byte_array_sized_new ((guint)(n_most * (row + sizeof (guint32))));
  gsize n_rows = gather_rows (span, n_figures, bytes);
  gsize width = n_rows * (row + sizeof (guint8)) <= G_MAXUINT8     ? sizeof (guint8)
                : n_rows * (row + sizeof (guint16)) <= G_MAXUINT16 ? sizeof (guint16)
                                                                   : sizeof (guint32);
  g_autoptr (GBytes) whole = NULL;

  for (gsize i = 1; i <= n_rows; i++)
    {
      guint32 end = GUINT32_TO_LE ((guint32)(i * row));

      g_byte_array_append (bytes, (const guint8 *)&end, (guint)width);
    }
  whole = g_byte_array_free_to_bytes (bytes);
  return g_variant_new_from_bytes (G_VARIANT_TYPE ("aad"), whole, TRUE);
}

GVariant *
mc_series_read (const char *path,
                const McHistoryKind *kind,
                gint64 since_s,
                gint64 until_s,
                gint64 now_s,
                guint points,
                GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (McRing) fine = { 0 }, coarse = { 0 };
  int fd = mc_series_open (path, kind, O_RDONLY, &fine, &coarse, &failure);
  McRing *ring = is_recent (since_s, now_s) ? &fine : &coarse;
  GVariant *rows = NULL;
  Span span;

  if (fd < 0 && g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_variant_new_array (G_VARIANT_TYPE ("ad"), NULL, 0);
  if (fd >= 0 && mc_ring_read (ring, fd, path, &failure))
    {
      span = span_new (ring, since_s, until_s, now_s, points);
      rows = build_rows (&span);
    }
  if (fd >= 0)
    close (fd);
  if (rows == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return rows;
}
