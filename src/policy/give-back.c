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
mc_give_back_is_possible (const McVmFacts *facts, const McVmHistory *history)
{
  return facts->has_balloon && facts->immovable == NULL && !facts->denied && !facts->paused
         && !facts->busy && !mc_vm_history_is_left_alone (history)
         && facts->balloon <= facts->capacity && facts->capacity <= MC_CAPACITY_MOST;
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
  return MIN (facts->policy.maximum, facts->capacity);
}

guint64
mc_give_back_missing (const McVmFacts *facts, const McVmHistory *history)
{
  guint64 has = history->foreign_until_us > 0 ? facts->balloon : committed_of (facts);

  return mc_give_back_is_possible (facts, history) ? saturating_sub (most_of (facts), has) : 0;
}

/* One that is released is somebody else's business from when somebody else sets its balloon. */
static gboolean
is_due (const McVmFacts *facts, const McVmHistory *history)
{
  return (facts->give_back || (facts->released && history->foreign_until_us == 0))
         && mc_give_back_is_possible (facts, history);
}

/* What it has now, as its target says; where somebody else has set its balloon, that is no longer
 * true. */
static guint64
stands_at (const McVmFacts *facts, const McVmHistory *history, const McVmDecision *decision)
{
  if (history->foreign_until_us > 0 || (decision->move && decision->reason == MC_REASON_FOREIGN))
    return facts->balloon;
  return decision->target;
}

/* What it has by now: with what it was granted in this cycle. */
static guint64
has_by_now (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 committed = committed_of (facts);

  return decision->move ? MAX (committed, decision->target) : committed;
}

/* What it was granted in this cycle. */
static guint64
granted_to (const McVmFacts *facts, const McVmDecision *decision)
{
  if (!decision->move || facts->immovable != NULL)
    return 0;
  return saturating_sub (has_by_now (facts, decision), committed_of (facts));
}

/* Free beside what was granted in this cycle. What was promised by nobody is lent to need alone,
 * and what processes may turn out to occupy is kept back. */
static guint64
left_of_host (const McPolicyCycle *cycle,
              gsize n_vms,
              const McVmFacts *facts,
              const McVmDecision *decisions)
{
  guint64 left = (guint64)MAX (MIN (cycle->free, cycle->grantable - cycle->lent), 0);

  for (gsize i = 0; i < n_vms; i++)
    left = saturating_sub (left, granted_to (&facts[i], &decisions[i]));
  return left;
}

static guint64
left_of_group (const McGroup *group,
               gint64 grantable,
               const McVmFacts *facts,
               const McVmDecision *decisions)
{
  guint64 left = (guint64)MAX (grantable, 0);

  for (gsize k = 0; k < group->n_members; k++)
    left = saturating_sub (left,
                           granted_to (&facts[group->members[k]], &decisions[group->members[k]]));
  return left;
}

/* Cuts what all of the host are to be given down to what is left. */
static void
limit_to_host (guint64 left, gsize n_vms, guint64 *amounts)
{
  guint64 all = 0;

  for (gsize i = 0; i < n_vms; i++)
    all += amounts[i];
  for (gsize i = 0; i < n_vms; i++)
    amounts[i] = portion (amounts[i], left, all);
}

static void
limit_to_group (const McGroup *group, guint64 left, guint64 *amounts)
{
  guint64 all = 0;

  for (gsize k = 0; k < group->n_members; k++)
    all += amounts[group->members[k]];
  for (gsize k = 0; k < group->n_members; k++)
    amounts[group->members[k]] = portion (amounts[group->members[k]], left, all);
}

static void
give_back_to (const McPolicyCycle *cycle,
              guint64 from,
              guint64 target,
              guint64 left,
              McVmHistory *history,
              McVmDecision *decision)
{
  decision->before = MIN (decision->before, from);
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

/* @amount: more than it has by now */
static void
set (const McPolicyCycle *cycle,
     const McVmFacts *facts,
     guint64 amount,
     guint64 left,
     McVmHistory *history,
     McVmDecision *decision)
{
  guint64 has = has_by_now (facts, decision), most = most_of (facts);
  guint64 from = stands_at (facts, history, decision);

  if (!is_due (facts, history) || has > most)
    return;
  if (has + amount < most)
    amount = amount / MC_MIB * MC_MIB;
  /* A trifle is no use, unless it is all that is missing. */
  if (has + amount > from && (has + amount == most || has + amount >= from + MC_LEAST_MOVE))
    give_back_to (cycle, from, has + amount, left, history, decision);
}

void
mc_give_back (const McPolicyCycle *cycle,
              const McCandidates *candidates,
              gsize n_vms,
              const McVmFacts *facts,
              McVmHistory *histories[],
              McVmDecision *decisions)
{
  guint64 *amounts = candidates->figures, left;
  gboolean is_anybody_due = FALSE;

  for (gsize i = 0; i < n_vms; i++)
    {
      gboolean due = is_due (&facts[i], histories[i]);

      is_anybody_due |= due;
      amounts[i]
          = due ? saturating_sub (most_of (&facts[i]), has_by_now (&facts[i], &decisions[i])) : 0;
    }
  if (!is_anybody_due)
    return;
  left = left_of_host (cycle, n_vms, facts, decisions);
  limit_to_host (left, n_vms, amounts);
  for (gsize i = 0; i < candidates->n_groups; i++)
    {
      const McGroup *group = &cycle->host->groups[i];

      limit_to_group (
          group, left_of_group (group, candidates->groups[i].grantable, facts, decisions), amounts);
    }
  for (gsize i = 0; i < n_vms; i++)
    set (cycle, &facts[i], amounts[i], left, histories[i], &decisions[i]);
}
