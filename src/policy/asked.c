/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a guest was asked, and what it can have come to use since. */
#include "config.h"

#include "asked.h"

#include "arithmetic.h"

/* What a processor fills in a second of its time, at the most. The kernel's own figures for
 * clearing pages are 13 to 15 GB a second (AMD Milan, 4 KiB and 2 MiB pages); with the fault of
 * each page it is 2 to 4 GiB. An emulated processor fills a third of a GiB. */
#define FILLS          (16 * MC_GIB)
#define FILLS_EMULATED (1 * MC_GIB)

/* Linux tells the time of the user's and the system's work, each in whole hundredths of a second:
 * so much may not be told yet. */
#define UNTOLD_US 20000

void
mc_asked_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->asleep)
    {
      history->awake_since_us = 0;
      history->slept = TRUE;
      return;
    }
  if (history->awake_since_us == 0)
    history->awake_since_us = now_us;
}

gint64
mc_asked_elapsed_us (gint64 now_us, gint64 then_us, const McVmHistory *history)
{
  gint64 since_us = history->woken ? MAX (then_us, history->calm_us) : then_us;

  return MAX (now_us - since_us, MC_LEAST_ELAPSED_US);
}

/* Returns: what it had used by then at the least. */
static guint64
cpu_time_before (const McVmHistory *history, gint64 then_us)
{
  for (int i = MC_CPU_MARKS - 1; i >= 0; i--)
    if (history->cpu_marks[i].at_us <= then_us)
      return history->cpu_marks[i].cpu_us;
  return 0;
}

static void
mark (McVmHistory *history, gint64 now_us, guint64 cpu_us)
{
  McCpuMark *marks = history->cpu_marks, *newest = &marks[MC_CPU_MARKS - 1];

  if (newest->at_us > 0 && now_us - newest->at_us < MC_CPU_MARK_EVERY_US)
    return;
  memmove (marks, marks + 1, (MC_CPU_MARKS - 1) * sizeof *marks);
  *newest = (McCpuMark){ now_us, cpu_us };
}

/* What is new since its guest last answered may be nearly as old as that, where nobody knows how
 * old it is. */
void
mc_asked_remember_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gint64 made_us = now_us - facts->stats_age_us;

  history->cpu_at_report_us = history->cpu_asked_us;
  history->told_asleep = history->slept;
  if (facts->stats_age_us > 0)
    {
      history->cpu_at_report_us
          = MAX (history->cpu_at_report_us, cpu_time_before (history, made_us));
      history->told_asleep = history->calm_us > 0 && made_us < history->calm_us;
    }
  history->slept = history->woken = FALSE;
}

/* As far back as there are marks: it is told in hundredths of a second, which is much from one look
 * to the next. */
static void
remember_rate (McVmHistory *history, gint64 now_us, guint64 cpu_us)
{
  for (guint i = 0; i < MC_CPU_MARKS; i++)
    {
      const McCpuMark *then = &history->cpu_marks[i];

      if (then->at_us == 0 || now_us - then->at_us < MC_CPU_MARK_EVERY_US)
        continue;
      history->cpu_rate = per_second (saturating_sub (cpu_us, then->cpu_us), now_us - then->at_us);
      return;
    }
}

void
mc_asked_remember_look (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  if (facts->cpu_time_us == MC_UNKNOWN)
    return;
  remember_rate (history, now_us, facts->cpu_time_us);
  mark (history, now_us, facts->cpu_time_us);
  if (facts->asleep || facts->unanswered)
    return;
  history->cpu_asked_us = facts->cpu_time_us;
  history->asked_us = now_us;
}

guint64
mc_asked_filled_most (const McVmFacts *facts, const McVmHistory *history, gint64 ahead_us)
{
  guint64 speed = facts->emulated ? FILLS_EMULATED : FILLS;
  guint64 since_us = saturating_sub (facts->cpu_time_us, history->cpu_at_report_us) + UNTOLD_US;
  guint64 coming_us = (guint64)((double)history->cpu_rate * (double)ahead_us / G_USEC_PER_SEC);

  return MIN ((guint64)((double)(since_us + coming_us) * (double)speed / G_USEC_PER_SEC),
              MC_CAPACITY_MOST);
}

guint64
mc_asked_filled_meanwhile (const McVmFacts *facts, const McVmHistory *history)
{
  return history->slept || history->told_asleep ? mc_asked_filled_most (facts, history, 0) : 0;
}
