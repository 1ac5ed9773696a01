/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits that several VMs share, within the host's. */
#include "config.h"

#include "group.h"

#include "arithmetic.h"
#include "headroom.h"

#define NO_CANDIDATE G_MAXSIZE

void
mc_group_books_open (McGroupBooks *self, const McHostFigures *host, gsize n_vms)
{
  *self = (McGroupBooks){ 0 };
  if (host->n_groups == 0)
    return;
  self->backings = g_new (McBacking, n_vms + 1);
  self->candidates = g_new (gsize, n_vms + 1);
}

void
mc_group_books_add (McGroupBooks *self, gsize vm, const McBacking *backing)
{
  if (self->backings == NULL)
    return;
  self->backings[vm] = *backing;
  self->candidates[vm] = NO_CANDIDATE;
}

void
mc_group_books_set_candidate (McGroupBooks *self, gsize vm, gsize candidate)
{
  if (self->candidates != NULL)
    self->candidates[vm] = candidate;
}

void
mc_group_books_close (McGroupBooks *self, McCandidates *candidates)
{
  for (gsize i = 0; i < candidates->n_groups; i++)
    g_free (candidates->groups[i].members);
  g_free (candidates->groups);
  g_free (self->backings);
  g_free (self->candidates);
}

static McGroupCycle
group_cycle_begin (const McPolicyCycle *cycle,
                   const McGroup *group,
                   const McGroupBooks *books,
                   McCandidates *candidates)
{
  McGroupCycle self = { .name = group->name };
  guint64 margin = mc_headroom_firm_margin (cycle->settings);
  guint64 promised = 0, doubt = 0;

  self.members = g_new (McCandidate *, group->n_members + 1);
  for (gsize i = 0; i < group->n_members; i++)
    {
      guint vm = group->members[i];

      promised += books->backings[vm].promise;
      doubt += books->backings[vm].doubt;
      if (books->candidates[vm] != NO_CANDIDATE)
        self.members[self.n_members++] = &candidates->items[books->candidates[vm]];
    }
  self.free = (gint64)MIN (group->left, MC_CAPACITY_MOST) - (gint64)margin - (gint64)promised;
  self.grantable = self.free - (gint64)mc_headroom_doubted (margin, doubt);
  return self;
}

void
mc_groups_begin (const McPolicyCycle *cycle, const McGroupBooks *books, McCandidates *candidates)
{
  candidates->n_groups = cycle->host->n_groups;
  candidates->groups = g_new (McGroupCycle, candidates->n_groups);
  for (gsize i = 0; i < candidates->n_groups; i++)
    candidates->groups[i] = group_cycle_begin (cycle, &cycle->host->groups[i], books, candidates);
}

static void
bring_down (McCandidate *member, guint64 share, const char *group)
{
  if (share >= member->share)
    return;
  member->share = share;
  member->group = group;
}

void
mc_groups_share_out (McCandidates *candidates, const McClaim *claims)
{
  g_autofree McClaim *of_group = NULL;

  if (candidates->n_groups > 0)
    of_group = g_new (McClaim, candidates->n + 1);
  for (gsize i = 0; i < candidates->n_groups; i++)
    {
      const McGroupCycle *group = &candidates->groups[i];
      gint64 budget = group->free;
      gboolean scarce;

      for (gsize k = 0; k < group->n_members; k++)
        {
          of_group[k] = claims[group->members[k] - candidates->items];
          budget += (gint64)group->members[k]->demand.committed;
        }
      scarce = mc_share_out (of_group, group->n_members, budget) < MC_LAMBDA_PLENTY;
      for (gsize k = 0; k < group->n_members; k++)
        {
          bring_down (group->members[k], of_group[k].share, group->name);
          group->members[k]->scarce |= scarce;
        }
    }
}

/* Returns: what is left. */
static guint64
limit_lacking (McGroupCycle *self, gboolean thrashing, guint64 left)
{
  guint64 all = 0, granted = 0;

  for (gsize i = 0; i < self->n_members; i++)
    if (self->members[i]->demand.thrashing == thrashing)
      all += self->members[i]->lacks;
  for (gsize i = 0; i < self->n_members; i++)
    {
      McCandidate *member = self->members[i];

      if (member->demand.thrashing != thrashing || member->lacks == 0)
        continue;
      if (all > left)
        {
          member->lacks = portion (member->lacks, left, all);
          member->group = self->name;
          member->kept_short = TRUE;
        }
      granted += member->lacks;
    }
  return saturating_sub (left, granted);
}

void
mc_group_limit (McGroupCycle *self)
{
  guint64 left = (guint64)MAX (self->grantable, 0);

  left = limit_lacking (self, FALSE, limit_lacking (self, TRUE, left));
  for (gsize i = 0; i < self->n_members; i++)
    {
      McCandidate *member = self->members[i];

      member->room = MIN (member->room, left / self->n_members);
      member->budget = MIN (member->budget, (guint64)MAX (self->grantable, 0));
    }
}
