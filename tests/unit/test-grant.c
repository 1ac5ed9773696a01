/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is granted, to whom first, and why others are not. Sizes are MiB. */
#include "config.h"

#include "grant.h"

#include "candidates.h"
#include "share.h"

/* Reclaiming sets what each lacks; here nobody has anything to spare. */
static McCandidate *
add_lacking (Stage *stage, guint64 target, guint64 lacks)
{
  McCandidate *candidate = stage_add_in_need (stage, target, target + lacks);

  candidate->lacks = lacks * MC_MIB;
  return candidate;
}

static void
set_free (Stage *stage, guint64 free)
{
  stage->cycle.free = stage->cycle.grantable = stage->cycle.grantable_to_thrashing
      = (gint64)(free * MC_MIB);
}

static void
test_need_is_granted_from_what_is_free (void)
{
  const struct
  {
    guint64 free;
    gint64 first, second;
  } rows[] = {
    { 1000, 150, 50 }, /* all that is lacking */
    { 200, 150, 50 },
    { 100, 75, 25 }, /* the same part of it */
    { 0, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *first, *second;

      stage_init (&stage);
      set_free (&stage, rows[i].free);
      first = add_lacking (&stage, 500, 150);
      second = add_lacking (&stage, 400, 50);
      mc_grant (&stage.cycle, &stage.candidates);
      g_assert_cmpint (-stage_taken (first), ==, rows[i].first);
      g_assert_cmpint (-stage_taken (second), ==, rows[i].second);
      g_assert_cmpint (first->decision->reason, ==,
                       rows[i].free > 0 ? MC_REASON_NEEDS : MC_REASON_NO_FREE_MEMORY);
      if (rows[i].free > 0)
        {
          g_assert_cmpint (first->history->granted_us, ==, STAGE_NOW);
          g_assert_cmpuint (first->history->granted, ==, first->decision->target);
        }
    }
}

/* Those who swap come first, and from what is lent to them alone. */
static void
test_thrashing_comes_first (void)
{
  const struct
  {
    guint64 grantable, to_thrashing;
    gint64 thrashing, in_need;
  } rows[] = { { 200, 200, 150, 50 }, { 0, 120, 120, 0 }, { 100, 150, 150, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *thrashing, *in_need;

      stage_init (&stage);
      stage.cycle.grantable = (gint64)(rows[i].grantable * MC_MIB);
      stage.cycle.grantable_to_thrashing = (gint64)(rows[i].to_thrashing * MC_MIB);
      in_need = add_lacking (&stage, 500, 150);
      thrashing = add_lacking (&stage, 500, 150);
      thrashing->demand.thrashing = TRUE;
      thrashing->history->swap_in_rate = MC_MIB;
      mc_grant (&stage.cycle, &stage.candidates);
      g_assert_cmpint (-stage_taken (thrashing), ==, rows[i].thrashing);
      g_assert_cmpint (-stage_taken (in_need), ==, rows[i].in_need);
      g_assert_cmpint (thrashing->decision->reason, ==, MC_REASON_SWAPPING);
    }
}

static void
test_host_at_its_reserve_grants_nothing (void)
{
  Stage stage;
  McCandidate *needy;

  stage_init (&stage);
  set_free (&stage, 1000);
  stage.cycle.condition = MC_HOST_CRITICAL;
  needy = add_lacking (&stage, 500, 150);
  mc_grant (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (needy), ==, 0);
}

static void
test_reasons (void)
{
  const McReason reasons[] = { MC_REASON_NEEDS, MC_REASON_GROWS, MC_REASON_BELOW_MINIMUM,
                               MC_REASON_AT_MAXIMUM, MC_REASON_COOLING_DOWN };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      Stage stage;
      McCandidate *needy;

      stage_init (&stage);
      set_free (&stage, 1000);
      needy = add_lacking (&stage, 500, 150);
      if (reasons[i] == MC_REASON_GROWS)
        needy->demand.headroom = 120 * (gint64)MC_MIB;
      if (reasons[i] == MC_REASON_BELOW_MINIMUM)
        needy->demand.least = 600 * MC_MIB;
      if (reasons[i] == MC_REASON_AT_MAXIMUM)
        needy->demand.most = 500 * MC_MIB;
      if (reasons[i] == MC_REASON_COOLING_DOWN)
        needy->history->reclaimed_us = STAGE_NOW - G_USEC_PER_SEC;
      if (i > 2)
        needy->lacks = 0; /* what reclaiming makes of those two */
      mc_grant (&stage.cycle, &stage.candidates);
      g_assert_cmpstr (mc_reason_nick (needy->decision->reason), ==, mc_reason_nick (reasons[i]));
    }
}

/* A trifle is granted to one who swaps alone. */
static void
test_trifles (void)
{
  for (gint thrashing = 0; thrashing <= 1; thrashing++)
    {
      Stage stage;
      McCandidate *needy;

      stage_init (&stage);
      set_free (&stage, 5);
      needy = add_lacking (&stage, 500, 150);
      needy->demand.thrashing = thrashing;
      mc_grant (&stage.cycle, &stage.candidates);
      g_assert_cmpint (-stage_taken (needy), ==, thrashing ? 5 : 0);
    }
}

/* What is granted last reaches a maximum to the byte; else whole MiB. */
static void
test_whole_mib (void)
{
  Stage stage;
  McCandidate *needy, *full;

  stage_init (&stage);
  set_free (&stage, 1000);
  needy = add_lacking (&stage, 500, 150);
  needy->lacks += 4096;
  full = add_lacking (&stage, 900, 100);
  full->demand.most = full->demand.target + 100 * MC_MIB + 4096;
  full->lacks += 4096;
  mc_grant (&stage.cycle, &stage.candidates);
  g_assert_cmpuint (needy->decision->target, ==, 650 * MC_MIB);
  g_assert_cmpuint (full->decision->target, ==, full->demand.most);
}

static void
test_page_cache (void)
{
  const struct
  {
    McCacheGrowth growth;
    guint64 free, comfort;
    gint64 reclaimed_s, granted;
  } rows[] = {
    { MC_CACHE_GROWTH_COMFORTABLE, 500, 500, 0, 60 },
    { MC_CACHE_GROWTH_COMFORTABLE, 500, 40, 0, 40 }, /* up to the host's limit */
    { MC_CACHE_GROWTH_COMFORTABLE, 50, 500, 0, 50 },
    { MC_CACHE_GROWTH_COMFORTABLE, 500, 500, 911, 0 }, /* keep_when_tight_s */
    { MC_CACHE_GROWTH_COMFORTABLE, 500, 500, 910, 60 },
    { MC_CACHE_GROWTH_ALWAYS, 500, 0, 0, 60 },
    { MC_CACHE_GROWTH_NEVER, 500, 500, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *caching;

      stage_init (&stage);
      set_free (&stage, rows[i].free);
      stage.settings.cache_growth = rows[i].growth;
      stage.cycle.comfort = rows[i].comfort * MC_MIB;
      caching = stage_add (&stage, 600, 400, 600);
      caching->demand.cache_pressure = TRUE;
      caching->demand.with_cache = 660 * MC_MIB;
      caching->history->reclaimed_us = rows[i].reclaimed_s * G_USEC_PER_SEC;
      mc_grant (&stage.cycle, &stage.candidates);
      g_assert_cmpint (-stage_taken (caching), ==, rows[i].granted);
      if (rows[i].granted > 0)
        g_assert_cmpint (caching->decision->reason, ==, MC_REASON_CACHE);
    }
}

/* What is lent, because nobody granted it, is lent to need alone. */
static void
test_page_cache_is_lent_nothing (void)
{
  Stage stage;
  McCandidate *caching, *needy;

  stage_init (&stage);
  stage.cycle.grantable = stage.cycle.grantable_to_thrashing = 300 * (gint64)MC_MIB;
  stage.cycle.free = 20 * (gint64)MC_MIB;
  needy = add_lacking (&stage, 500, 100);
  caching = stage_add (&stage, 600, 400, 600);
  caching->demand.cache_pressure = TRUE;
  caching->demand.with_cache = 660 * MC_MIB;
  mc_grant (&stage.cycle, &stage.candidates);
  g_assert_cmpint (-stage_taken (needy), ==, 100);
  g_assert_cmpint (stage_taken (caching), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/grant/need", test_need_is_granted_from_what_is_free);
  g_test_add_func ("/grant/thrashing-first", test_thrashing_comes_first);
  g_test_add_func ("/grant/critical", test_host_at_its_reserve_grants_nothing);
  g_test_add_func ("/grant/reasons", test_reasons);
  g_test_add_func ("/grant/trifles", test_trifles);
  g_test_add_func ("/grant/whole-mib", test_whole_mib);
  g_test_add_func ("/grant/page-cache", test_page_cache);
  g_test_add_func ("/grant/lent", test_page_cache_is_lent_nothing);
  return g_test_run ();
}
