/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may have how much, when not everyone can have all.
 *
 * The sums are of integers and the divisions are made once, so that the order of the VMs does not
 * matter.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Up to 2^46 bytes (MC_CAPACITY_MOST): sums of a hundred thousand fit. */
typedef struct
{
  guint64 least;   /* never less than this */
  guint64 floor;   /* the least that it needs now */
  guint64 fair;    /* enough to be clear of its low watermark */
  guint64 desired; /* with all its headroom */
  guint weight;    /* 1 or more; only its ratio to the others' counts */
  guint64 share;   /* out */
} McClaim;

#define MC_LAMBDA_PLENTY 1.0
#define MC_LAMBDA_SCARCE -1.0

/*
 * Returns: λ. 1: everyone has what is desired. 0 to 1: everyone has what is fair, and that part of
 * the headroom beyond it; at 0 perhaps only a part, the same for all, of the way from its floor to
 * what is fair. Below 0: not everyone has its floor; the largest, by weight, go without first.
 */
double mc_share_out (McClaim *claims, gsize n_claims, gint64 budget);

/* The level L for which Σ min (amount, L) over all @amounts is @total, or just below. */
guint64 mc_share_level (const guint64 *amounts, gsize n_amounts, guint64 total);

G_END_DECLS
