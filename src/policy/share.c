/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may have how much: λ for headroom, weighted max-min for need. */
#include "config.h"

#include "share.h"

/* A level of water need not be known any better: a page. */
#define PRECISION 4096

static guint64
between (guint64 from, guint64 to, double part)
{
  return from + (guint64)((to - from) * part);
}

/* Only the ratios of weights matter: the level is the part of a weight of 1, in fractions of a
 * byte. */
static guint64
at_level (const McClaim *claim, double level)
{
  guint64 most = MAX (claim->floor, claim->least);

  return CLAMP ((guint64)(level * claim->weight), claim->least, most);
}

static guint64
sum_at_level (const McClaim *claims, gsize n_claims, double level)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n_claims; i++)
    sum += at_level (&claims[i], level);
  return sum;
}

/* The highest level of water that the budget fills; the least of everyone where there is not even
 * that. */
static double
find_level (const McClaim *claims, gsize n_claims, guint64 budget)
{
  double least = 0, most = 1, heaviest = 1;

  for (gsize i = 0; i < n_claims; i++)
    {
      double full = (double)MAX (claims[i].floor, claims[i].least) / claims[i].weight;

      most = MAX (most, full + 1);
      heaviest = MAX (heaviest, claims[i].weight);
    }
  while ((most - least) * heaviest > PRECISION)
    {
      double middle = least + (most - least) / 2;

      if (sum_at_level (claims, n_claims, middle) <= budget)
        least = middle;
      else
        most = middle;
    }
  return least;
}

typedef struct
{
  gint64 floors, fair, desired;
} Sums;

static Sums
add_up (const McClaim *claims, gsize n_claims)
{
  Sums sums = { 0 };

  for (gsize i = 0; i < n_claims; i++)
    {
      sums.floors += (gint64)claims[i].floor;
      sums.fair += (gint64)claims[i].fair;
      sums.desired += (gint64)claims[i].desired;
    }
  return sums;
}

/* Nobody's headroom comes before somebody else's low watermark. */
double
mc_share_out (McClaim *claims, gsize n_claims, gint64 budget)
{
  Sums sums = add_up (claims, n_claims);
  double part, level;

  if (sums.fair <= budget)
    {
      part = sums.desired <= budget
                 ? MC_LAMBDA_PLENTY
                 : (double)(budget - sums.fair) / (double)(sums.desired - sums.fair);
      for (gsize i = 0; i < n_claims; i++)
        claims[i].share = between (claims[i].fair, claims[i].desired, part);
      return part;
    }
  if (sums.floors <= budget)
    {
      part = (double)(budget - sums.floors) / (double)(sums.fair - sums.floors);
      for (gsize i = 0; i < n_claims; i++)
        claims[i].share = between (claims[i].floor, claims[i].fair, part);
      return 0;
    }
  level = find_level (claims, n_claims, (guint64)MAX (budget, 0));
  for (gsize i = 0; i < n_claims; i++)
    claims[i].share = at_level (&claims[i], level);
  return MC_LAMBDA_SCARCE;
}

guint64
mc_share_level (const guint64 *amounts, gsize n_amounts, guint64 total)
{
  guint64 least = 0, most = 1;

  for (gsize i = 0; i < n_amounts; i++)
    most = MAX (most, amounts[i] + 1);
  while (most - least > PRECISION)
    {
      guint64 middle = least + (most - least) / 2, sum = 0;

      for (gsize i = 0; i < n_amounts; i++)
        sum += MIN (amounts[i], middle);
      if (sum <= total)
        least = middle;
      else
        most = middle;
    }
  return least;
}
