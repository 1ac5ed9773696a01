/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was taken from a VM is given back where somebody asks for it.
 *
 * No step limits it: steps keep a guest from losing more at once than its figures can show, and one
 * that is given memory loses nothing. The host's reserve and margin do.
 */
#include "config.h"

#include "give-back.h"

#include "arithmetic.h"
#include "candidate.h"

gboolean
mc_give_back_is_possible (const McVmFacts *facts)
{
  return facts->has_balloon && facts->immovable == NULL && !facts->denied && !facts->paused
         && !facts->busy && facts->balloon <= facts->capacity
         && facts->capacity <= MC_CAPACITY_MOST;
}

/* What it may come to have, whoever asked for that. */
static guint64
committed_of (const McVmFacts *facts)
{
  return facts->target == MC_UNKNOWN ? facts->balloon : MAX (facts->target, facts->balloon);
}

static guint64
most_of (const McVmFacts *facts)
{
  return MIN (facts->maximum, facts->capacity);
}

guint64
mc_give_back_missing (const McVmFacts *facts)
{
  if (!mc_give_back_is_possible (facts))
    return 0;
  return saturating_sub (most_of (facts), committed_of (facts));
}

static gboolean
is_asked_for (const McVmFacts *facts)
{
  return facts->give_back && mc_give_back_is_possible (facts);
}

/* What it has by now: with what it was granted in this cycle. */
static guint64
has_by_now (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 committed = committed_of (facts);

  return decision->move ? MAX (committed, decision->target) : committed;
}

/* Free beside what was granted in this cycle. What was promised by nobody is lent to need alone,
 * and what processes may turn out to occupy is kept back. */
static guint64
left_of (const McPolicyCycle *cycle,
         gsize n_vms,
         const McVmFacts *facts,
         const McVmDecision *decisions)
{
  guint64 left = (guint64)MAX (MIN (cycle->free, cycle->grantable - cycle->lent), 0);

  for (gsize i = 0; i < n_vms; i++)
    if (decisions[i].move && facts[i].immovable == NULL)
      left = saturating_sub (
          left, saturating_sub (has_by_now (&facts[i], &decisions[i]), committed_of (&facts[i])));
  return left;
}

static void
give_back_to (const McPolicyCycle *cycle,
              const McVmFacts *facts,
              guint64 target,
              guint64 left,
              McVmHistory *history,
              McVmDecision *decision)
{
  decision->reason = MC_REASON_GIVEN_BACK;
  decision->target = target;
  decision->budget = left;
  decision->move = TRUE;
  /* It counts as any grant, also for how long it is kept. */
  history->granted_us = cycle->now_us;
  history->granted = target;
  history->vain_balloon = 0;
  history->foreign_until_us = 0;
}

void
mc_give_back (const McPolicyCycle *cycle,
              gsize n_vms,
              const McVmFacts *facts,
              McVmHistory *histories[],
              McVmDecision *decisions)
{
  guint64 left = left_of (cycle, n_vms, facts, decisions), all = 0;

  for (gsize i = 0; i < n_vms; i++)
    if (is_asked_for (&facts[i]))
      all += saturating_sub (most_of (&facts[i]), has_by_now (&facts[i], &decisions[i]));
  for (gsize i = 0; i < n_vms; i++)
    {
      guint64 has = has_by_now (&facts[i], &decisions[i]), most = most_of (&facts[i]), amount;

      if (!is_asked_for (&facts[i]) || has > most)
        continue;
      amount = portion (most - has, left, all);
      if (has + amount < most)
        amount = amount / MC_MIB * MC_MIB;
      /* A trifle is no use, unless it is all that is missing. */
      if (has + amount > decisions[i].target
          && (has + amount == most || has + amount >= decisions[i].target + MC_LEAST_MOVE))
        give_back_to (cycle, &facts[i], has + amount, left, histories[i], &decisions[i]);
    }
}
