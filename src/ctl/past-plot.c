/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host or of a VM as a plot in the terminal. */
#include "config.h"

#include "past-plot.h"

#include <glib/gi18n.h>
#include <math.h>

#include "output/paragraph.h"
#include "output/plot.h"

#define PLOT_ROWS     8
#define COLUMNS_USUAL 80
#define COLUMNS_LEAST 40
#define COLUMNS_MOST  200

/* Before that the service keeps nothing but moves: a plot of a year would have all that there is in
 * its last column. */
#define KEPT_US (G_GUINT64_CONSTANT (7) * 24 * 60 * 60 * G_USEC_PER_SEC)

static McPlotPoint
point_of (const McPast *past, gsize row, gboolean of_host)
{
  double total = mc_past_get (past, row, "Total");

  if (of_host)
    return (McPlotPoint){ total, total - mc_past_get (past, row, "Available") };
  return (McPlotPoint){ mc_past_get (past, row, "Balloon"), mc_past_get (past, row, "Used") };
}

static guint64
find_most (const McPast *past, gboolean of_host)
{
  double most = 0;

  for (gsize i = 0; i < past->n_rows; i++)
    most = fmax (most, mc_past_get (past, i, of_host ? "Total" : "Maximum"));
  return (guint64)most;
}

/* The shortest time from one row to the next: as long as the last one is. */
static guint64
find_step (const McPast *past)
{
  guint64 step = G_MAXUINT64;

  for (gsize i = 1; i < past->n_rows; i++)
    step = MIN (step, mc_past_get_time (past, i) - mc_past_get_time (past, i - 1));
  return step;
}

/* The clock of another host may be ahead of this one's. */
static guint64
find_end (const McPast *past, guint64 since, guint64 until)
{
  guint64 last = past->n_rows > 0 ? mc_past_get_time (past, past->n_rows - 1) : 0;

  return MAX (MAX (until, last), since + 1);
}

static double
mean (double sum, gsize n)
{
  return n > 0 ? sum / (double)n : NAN;
}

/* The mean of what is known in rows @first up to @end. */
static McPlotPoint
mean_of (const McPast *past, gsize first, gsize end, gboolean of_host)
{
  McPlotPoint sum = { 0, 0 };
  gsize n_all = 0, n_used = 0;

  for (gsize row = first; row < end; row++)
    {
      McPlotPoint point = point_of (past, row, of_host);

      sum.all += isnan (point.all) ? 0 : point.all;
      sum.used += isnan (point.used) ? 0 : point.used;
      n_all += !isnan (point.all);
      n_used += !isnan (point.used);
    }
  return (McPlotPoint){ mean (sum.all, n_all), mean (sum.used, n_used) };
}

/* Whether the row before @next lasts until @time: each holds until the next, and the last one as
 * long as any. */
static gboolean
holds_until (const McPast *past, gsize next, guint64 step, guint64 time)
{
  if (next == 0 || next < past->n_rows || step == G_MAXUINT64)
    return next > 0;
  return time < mc_past_get_time (past, next - 1) + step;
}

/* Of several rows that begin in one column the mean is shown. */
static void
fill_points (const McPast *past, gboolean of_host, const McPlot *plot, McPlotPoint *points)
{
  guint64 step = find_step (past);
  double column = (double)(plot->until - plot->since) / plot->n_points;
  gsize next = 0;

  for (guint i = 0; i < plot->n_points; i++)
    {
      guint64 begin = plot->since + (guint64)(i * column);
      guint64 end = plot->since + (guint64)((i + 1) * column);
      gsize first = next;

      points[i] = (McPlotPoint){ NAN, NAN };
      while (next < past->n_rows && mc_past_get_time (past, next) < end)
        next++;
      if (next > first)
        points[i] = mean_of (past, first, next, of_host);
      else if (holds_until (past, next, step, begin))
        points[i] = point_of (past, next - 1, of_host);
    }
}

static guint
get_width (void)
{
  guint columns = mc_text_columns ();

  return CLAMP (columns > 0 ? columns : COLUMNS_USUAL, COLUMNS_LEAST, COLUMNS_MOST) - MC_PLOT_MARGIN
         - 1;
}

void
mc_past_plot_print (const McPast *past, gboolean of_host, guint64 since, guint64 until)
{
  guint n = get_width ();
  g_autofree McPlotPoint *points = g_new (McPlotPoint, n);
  guint64 end = find_end (past, since, until);
  McPlot plot = {
    .points = points,
    .n_points = n,
    .rows = PLOT_ROWS,
    .most = find_most (past, of_host),
    .since = MAX (since, end > KEPT_US ? end - KEPT_US : 0),
    .until = end,
    .utf8 = mc_text_is_utf8 (),
  };
  const char *used = plot.utf8 ? "█" : "#", *rest = plot.utf8 ? "░" : ".";
  g_autofree char *lines = NULL;

  fill_points (past, of_host, &plot, points);
  lines = mc_plot_format (&plot);
  g_print ("%s", lines);
  if (of_host)
    mc_paragraph_print (_ ("%s used, %s available"), used, rest);
  else
    mc_paragraph_print (_ ("%s used, %s unused in its balloon; the top is its maximum"), used,
                        rest);
}
