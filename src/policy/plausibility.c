/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what a guest reports can be, and how long it is not believed after that. */
#include "config.h"

#include "plausibility.h"

#include "arithmetic.h"
#include "backing.h"

/* After implausible figures, sound ones are not believed for this long, doubled each time. */
#define IMPLAUSIBLE_US ((gint64)10 * G_USEC_PER_SEC)

/* A guest sees most of its balloon: a MemTotal far below it is a dump kernel's, or that of a driver
 * that counts in 32 bits. */
static gboolean
sees_too_little (const McVmFacts *facts, const McVmHistory *history)
{
  return facts->available != MC_UNKNOWN && facts->available > 0
         && facts->available + mc_backing_reserved (facts) < history->balloon_reported / 2;
}

gboolean
mc_plausibility_contradicts (const McVmFacts *facts, const McVmHistory *history)
{
  if (facts->capacity == 0 || facts->capacity > MC_CAPACITY_MOST)
    return TRUE;
  if (facts->balloon == 0 || facts->balloon > facts->capacity)
    return TRUE;
  if (facts->unused > facts->capacity)
    return TRUE;
  if (facts->usable != MC_UNKNOWN && facts->usable > facts->capacity)
    return TRUE;
  return sees_too_little (facts, history);
}

/* Who alternates between sound figures and absurd ones is believed later each time. */
void
mc_plausibility_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history)
{
  gboolean speaks = facts->stats_time_s != 0 && facts->unused != MC_UNKNOWN;

  if (!facts->running || facts->busy)
    return;
  if (!speaks || (!mc_plausibility_contradicts (facts, history) && !history->frozen))
    {
      if (history->implausible_times > 0
          && now_us - history->implausible_until_us > MC_BACK_OFF_MOST_US)
        history->implausible_times = 0;
      return;
    }
  if (now_us >= history->implausible_until_us)
    history->implausible_times = MIN (history->implausible_times + 1, MC_FAILURES_MOST);
  history->implausible_until_us
      = MAX (history->implausible_until_us,
             now_us + back_off (IMPLAUSIBLE_US, history->implausible_times - 1));
}
