/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits that several VMs share, within the host's: a slice's memory.max, NUMA nodes.
 *
 * Each is a host in the small: what its members were promised is subtracted from what it has left,
 * its members' shares fit into that, it is granted from that alone, and its members pay for each
 * other. Where nothing is known of what else may touch the same nodes, nothing is kept back for it.
 */
#pragma once

#include "backing.h"
#include "candidate.h"
#include "share.h"

G_BEGIN_DECLS

/* What is known of each VM before it is known who takes part. Empty if the host has no groups. */
typedef struct
{
  McBacking *backings;
  gsize *candidates; /* the place of each among the candidates */
} McGroupBooks;

void mc_group_books_open (McGroupBooks *self, const McHostFigures *host, gsize n_vms);
void mc_group_books_add (McGroupBooks *self, gsize vm, const McBacking *backing);
void mc_group_books_set_candidate (McGroupBooks *self, gsize vm, gsize candidate);

/* Frees the candidates' groups, too. */
void mc_group_books_close (McGroupBooks *self, McCandidates *candidates);

/* Makes the candidates' groups: who takes part, and what is left beside all promises. */
void
mc_groups_begin (const McPolicyCycle *cycle, const McGroupBooks *books, McCandidates *candidates);

/* Brings shares down to what each group has for its members. @claims: those of the candidates. */
void mc_groups_share_out (McCandidates *candidates, const McClaim *claims);

/* Cuts what the members lack down to what their group can grant: those who are thrashing first. */
void mc_group_limit (McGroupCycle *self);

G_END_DECLS
