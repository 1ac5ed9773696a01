/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a sum from those who have most to spare, in few moves that are worth it. */
#include "config.h"

#include "reclaim-from.h"

#include "arithmetic.h"
#include "share.h"

guint64
mc_reclaim_from (const McPolicyCycle *cycle,
                 McCandidate *candidate,
                 guint64 amount,
                 McReason reason)
{
  const McDemand *demand = &candidate->demand;
  McVmHistory *history = candidate->history;

  amount = amount / MC_MIB * MC_MIB;
  if (amount == 0 || amount < mc_candidate_worth (candidate, cycle->tuning->trifle_percent, 0))
    return 0;
  mc_candidate_move_to (candidate, demand->target - amount, reason, demand->high);
  history->reclaimed_us = cycle->now_us;
  history->granted = MIN (history->granted, demand->target - amount);
  if (history->vain_balloon == 0
      && amount + MC_MIB >= percent (candidate->facts->capacity, MC_PROOF_PERCENT))
    history->vain_balloon = candidate->facts->balloon;
  return amount;
}

/* What one gives where those with the most are brought down to @level, if it is worth a move. */
static guint64
portion_above (const McCandidate *candidate, guint64 level, guint64 least)
{
  return MIN (candidate->surplus, MAX (saturating_sub (candidate->surplus, level), least));
}

/*
 * The largest surplus from which on all who have as much bring @total together, each no less than
 * is worth a move (its figure).
 */
static guint64
find_richest (const McCandidates *candidates, guint64 level, guint64 total)
{
  guint64 low = 0, high = 1;

  for (gsize i = 0; i < candidates->n; i++)
    high = MAX (high, candidates->items[i].surplus + 1);
  while (high - low > MC_MIB)
    {
      guint64 middle = low + (high - low) / 2, sum = 0;

      for (gsize i = 0; i < candidates->n; i++)
        if (candidates->items[i].surplus >= middle)
          sum += portion_above (&candidates->items[i], level, candidates->figures[i]);
      if (sum >= total)
        low = middle;
      else
        high = middle;
    }
  return low;
}

/* Sets each one's figure to what is worth a move of it. Returns: whether anybody would give less
 * than that. */
static gboolean
find_least (const McPolicyCycle *cycle, McCandidates *candidates, guint64 level, guint64 total)
{
  gboolean less = FALSE;

  for (gsize i = 0; i < candidates->n; i++)
    {
      guint64 surplus = candidates->items[i].surplus;

      candidates->figures[i]
          = surplus == 0
                ? 0
                : mc_candidate_worth (&candidates->items[i], cycle->tuning->trifle_percent, total);
      less |= surplus > level && surplus - level < candidates->figures[i];
    }
  return less;
}

guint64
mc_reclaim_evenly (const McPolicyCycle *cycle,
                   McCandidates *candidates,
                   guint64 total,
                   McReason reason)
{
  guint64 sum = 0, level = 0, richest, reclaimed = 0;

  for (gsize i = 0; i < candidates->n; i++)
    sum += candidates->figures[i] = candidates->items[i].surplus;
  if (sum > total)
    level = mc_share_level (candidates->figures, candidates->n, sum - total);
  richest = level + 1;
  if (find_least (cycle, candidates, level, total))
    richest = find_richest (candidates, level, total);
  for (gsize i = 0; i < candidates->n; i++)
    if (candidates->items[i].surplus > 0 && candidates->items[i].surplus >= richest)
      reclaimed += mc_reclaim_from (
          cycle, &candidates->items[i],
          portion_above (&candidates->items[i], level, candidates->figures[i]), reason);
  return reclaimed;
}
