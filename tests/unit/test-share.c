/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may have how much: λ for headroom, weighted max-min where not everybody can survive. */
#include "config.h"

#include "share.h"

#include "arithmetic.h"

/* Levels are found to a page. */
#define PAGES (64 * 1024)

static McClaim
claim_of (guint64 least, guint64 floor, guint64 fair, guint64 desired, guint weight)
{
  return (McClaim){ .least = least * MC_MIB,
                    .floor = floor * MC_MIB,
                    .fair = fair * MC_MIB,
                    .desired = desired * MC_MIB,
                    .weight = weight };
}

static guint64
mib (guint64 bytes)
{
  return (bytes + MC_MIB / 2) / MC_MIB;
}

static void
test_two_of_a_kind (void)
{
  const struct
  {
    gint64 budget;
    double lambda;
    guint64 share;
  } rows[] = {
    { 5000, MC_LAMBDA_PLENTY, 1000 }, /* more than all that is desired is nobody's */
    { 2000, MC_LAMBDA_PLENTY, 1000 }, /* all that is desired */
    { 1600, 0.5, 800 },               /* fair, and half of the headroom beyond */
    { 1200, 0, 600 },                 /* fair */
    { 1100, 0, 550 },                 /* half of the way from floor to fair */
    { 1000, 0, 500 },                 /* floor */
    { 800, MC_LAMBDA_SCARCE, 400 },
    { 0, MC_LAMBDA_SCARCE, 100 }, /* never less than the least */
    { -500, MC_LAMBDA_SCARCE, 100 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McClaim claims[]
          = { claim_of (100, 500, 600, 1000, 100), claim_of (100, 500, 600, 1000, 100) };
      double lambda = mc_share_out (claims, 2, rows[i].budget * (gint64)MC_MIB);

      g_assert_cmpfloat_with_epsilon (lambda, rows[i].lambda, 0.0001);
      g_assert_cmpuint (mib (claims[0].share), ==, rows[i].share);
      g_assert_cmpuint (claims[0].share, ==, claims[1].share);
    }
}

/* Nobody's headroom comes before somebody else's low watermark. */
static void
test_fair_of_all_comes_before_headroom_of_one (void)
{
  McClaim claims[] = { claim_of (0, 500, 600, 4000, 100), claim_of (0, 500, 700, 700, 1) };

  mc_share_out (claims, 2, 1300 * MC_MIB);
  g_assert_cmpuint (mib (claims[0].share), ==, 600);
  g_assert_cmpuint (mib (claims[1].share), ==, 700);
}

static void
test_the_large_go_without_first (void)
{
  McClaim claims[] = { claim_of (0, 200, 200, 200, 100), claim_of (0, 3000, 3000, 3000, 100) };

  g_assert_cmpfloat (mc_share_out (claims, 2, 1200 * MC_MIB), <, 0);
  g_assert_cmpuint (mib (claims[0].share), ==, 200);
  g_assert_cmpuint (mib (claims[1].share), ==, 1000);
}

/* Only the ratio of weights counts, and only where not everybody can survive. */
static void
test_weights (void)
{
  const guint heavy[] = { 2, 200, 20000 }, light[] = { 1, 100, 10000 };

  for (gsize i = 0; i < G_N_ELEMENTS (heavy); i++)
    {
      McClaim claims[]
          = { claim_of (0, 3000, 3000, 3000, heavy[i]), claim_of (0, 3000, 3000, 3000, light[i]) };

      mc_share_out (claims, 2, 3000 * MC_MIB);
      g_assert_cmpuint (mib (claims[0].share), ==, 2000);
      g_assert_cmpuint (mib (claims[1].share), ==, 1000);
      mc_share_out (claims, 2, 6000 * MC_MIB);
      g_assert_cmpuint (claims[0].share, ==, claims[1].share);
    }
}

static void
test_shares_stay_within_the_budget (void)
{
  for (guint64 budget = 300; budget < 6000; budget += 77)
    {
      McClaim claims[] = { claim_of (100, 200, 300, 900, 7), claim_of (100, 900, 1000, 1700, 100),
                           claim_of (100, 1500, 1600, 3000, 33) };
      guint64 sum = 0;

      mc_share_out (claims, 3, (gint64)(budget * MC_MIB));
      for (gsize i = 0; i < G_N_ELEMENTS (claims); i++)
        {
          sum += claims[i].share;
          g_assert_cmpuint (claims[i].share, >=, claims[i].least);
          g_assert_cmpuint (claims[i].share, <=, claims[i].desired);
        }
      g_assert_cmpuint (sum, <=, budget * MC_MIB);
      g_assert_cmpuint (sum + PAGES, >=, MIN (budget, 5600) * MC_MIB);
    }
}

static void
test_order_does_not_matter (void)
{
  McClaim one[] = { claim_of (10, 700, 800, 900, 3), claim_of (20, 900, 1000, 1700, 5) };
  McClaim other[] = { one[1], one[0] };

  for (gint64 budget = 0; budget < 3000; budget += 131)
    {
      mc_share_out (one, 2, budget * (gint64)MC_MIB);
      mc_share_out (other, 2, budget * (gint64)MC_MIB);
      g_assert_cmpuint (one[0].share, ==, other[1].share);
      g_assert_cmpuint (one[1].share, ==, other[0].share);
    }
}

static void
test_the_largest_there_can_be (void)
{
  guint64 most = MC_CAPACITY_MOST / MC_MIB;
  McClaim claims[] = { claim_of (0, most, most, most, 10000), claim_of (0, most, most, most, 1) };

  g_assert_cmpfloat (mc_share_out (claims, 2, (gint64)MC_CAPACITY_MOST), <, 0);
  g_assert_cmpuint (claims[0].share, >, claims[1].share);
  g_assert_cmpuint (claims[0].share + claims[1].share, <=, MC_CAPACITY_MOST);
}

static void
test_nobody (void)
{
  g_assert_cmpfloat (mc_share_out (NULL, 0, 0), ==, MC_LAMBDA_PLENTY);
}

static void
test_level (void)
{
  const guint64 amounts[] = { 100 * MC_MIB, 300 * MC_MIB, 1000 * MC_MIB };

  g_assert_cmpuint (mib (mc_share_level (amounts, 3, 0)), ==, 0);
  g_assert_cmpuint (mib (mc_share_level (amounts, 3, 300 * MC_MIB)), ==, 100);
  g_assert_cmpuint (mib (mc_share_level (amounts, 3, 900 * MC_MIB)), ==, 500);
  g_assert_cmpuint (mib (mc_share_level (amounts, 3, 9000 * MC_MIB)), ==, 1000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/two-of-a-kind", test_two_of_a_kind);
  g_test_add_func ("/share/fair-before-headroom", test_fair_of_all_comes_before_headroom_of_one);
  g_test_add_func ("/share/large-first", test_the_large_go_without_first);
  g_test_add_func ("/share/weights", test_weights);
  g_test_add_func ("/share/within-the-budget", test_shares_stay_within_the_budget);
  g_test_add_func ("/share/order", test_order_does_not_matter);
  g_test_add_func ("/share/largest", test_the_largest_there_can_be);
  g_test_add_func ("/share/nobody", test_nobody);
  g_test_add_func ("/share/level", test_level);
  return g_test_run ();
}
