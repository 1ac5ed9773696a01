/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given back where somebody asks for it: how much, to whom, and to whom nothing. */
#include "config.h"

#include "give-back.h"

#include "arithmetic.h"
#include "candidate.h"
#include "headroom.h"

#define N_VMS 4
#define NOW   (1000 * G_USEC_PER_SEC)

typedef struct
{
  McPolicySettings settings;
  McHostFigures host;
  McPolicyCycle cycle;
  McVmFacts facts[N_VMS];
  McVmHistory histories[N_VMS];
  McVmDecision decisions[N_VMS];
  McGroupCycle group; /* where the host has one */
} Stage;

/* So much is free. The VMs have 400 of 1000 each, and nothing is decided on them yet. Sizes are
 * MiB. */
static void
stage_init (Stage *stage, gint64 free)
{
  *stage = (Stage){ .host = { .total = 16 * MC_GIB, .available = 8 * MC_GIB } };
  stage->cycle = (McPolicyCycle){
    .settings = &stage->settings,
    .tuning = &mc_tuning_default,
    .host = &stage->host,
    .now_us = NOW,
    .free = free * (gint64)MC_MIB,
    .grantable = free * (gint64)MC_MIB,
  };
  for (guint i = 0; i < N_VMS; i++)
    {
      stage->facts[i] = (McVmFacts){
        .running = TRUE,
        .has_balloon = TRUE,
        .capacity = 1000 * MC_MIB,
        .policy.maximum = 1000 * MC_MIB,
        .balloon = 400 * MC_MIB,
        .target = 400 * MC_MIB,
      };
      stage->decisions[i] = (McVmDecision){ .before = 400 * MC_MIB, .target = 400 * MC_MIB };
    }
}

static void
give_back (Stage *stage)
{
  McVmHistory *histories[N_VMS];
  guint64 figures[N_VMS];
  McCandidates candidates
      = { .figures = figures, .groups = &stage->group, .n_groups = stage->host.n_groups };

  for (guint i = 0; i < N_VMS; i++)
    histories[i] = &stage->histories[i];
  mc_give_back (&stage->cycle, &candidates, N_VMS, stage->facts, histories, stage->decisions);
}

static guint64
given_to (const Stage *stage, guint i)
{
  return (stage->decisions[i].target - stage->decisions[i].before) / MC_MIB;
}

static void
test_all_of_it_at_once (void)
{
  Stage stage;

  stage_init (&stage, 2000);
  stage.facts[0].give_back = stage.facts[1].give_back = TRUE;
  stage.facts[1].policy.maximum = 700 * MC_MIB;
  give_back (&stage);
  g_assert_cmpuint (given_to (&stage, 0), ==, 600); /* three steps of 20 % */
  g_assert_cmpuint (given_to (&stage, 1), ==, 300);
  g_assert_cmpuint (given_to (&stage, 2), ==, 0);
  g_assert_false (stage.decisions[2].move);
  g_assert_cmpint (stage.decisions[0].reason, ==, MC_REASON_GIVEN_BACK);
  g_assert_cmpint (stage.histories[0].granted_us, ==, NOW);
  g_assert_cmpuint (stage.histories[0].granted, ==, stage.decisions[0].target);
  g_assert_cmpint (stage.histories[2].granted_us, ==, 0);
}

static void
test_same_part_of_it_where_not_all_is_free (void)
{
  const struct
  {
    gint64 free, grantable, lent;
    guint64 first, second;
  } rows[] = {
    { 300, 300, 0, 200, 100 }, { 300, 400, 100, 200, 100 }, /* what is lent is for need alone */
    { 300, 150, 0, 100, 50 }, /* what processes may turn out to occupy is kept back */
    { 5, 5, 0, 0, 0 },        /* a trifle */
    { 0, 0, 0, 0, 0 },         { -200, 100, 300, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;

      stage_init (&stage, rows[i].free);
      stage.cycle.grantable = rows[i].grantable * (gint64)MC_MIB;
      stage.cycle.lent = rows[i].lent * (gint64)MC_MIB;
      stage.facts[0].give_back = stage.facts[1].give_back = TRUE;
      stage.facts[1].policy.maximum = 700 * MC_MIB;
      give_back (&stage);
      g_assert_cmpuint (given_to (&stage, 0), ==, rows[i].first);
      g_assert_cmpuint (given_to (&stage, 1), ==, rows[i].second);
    }
}

/* The first two share a limit, and one of them was granted something. */
static void
test_no_more_than_a_group_has (void)
{
  const guint members[] = { 0, 1 };
  const McGroup group = { .name = "small.slice", .members = members, .n_members = 2 };
  const struct
  {
    gint64 grantable;
    guint64 first, second;
  } rows[] = { { 2000, 600, 600 }, { 500, 218, 281 }, { 100, 0, 100 }, { -100, 0, 100 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;

      stage_init (&stage, 3000);
      stage.host.groups = &group;
      stage.host.n_groups = 1;
      stage.group.grantable = rows[i].grantable * (gint64)MC_MIB;
      stage.decisions[1].move = TRUE;
      stage.decisions[1].target += 100 * MC_MIB;
      for (guint vm = 0; vm < 3; vm++)
        stage.facts[vm].give_back = TRUE;
      give_back (&stage);
      g_assert_cmpuint (given_to (&stage, 0), ==, rows[i].first);
      g_assert_cmpuint (given_to (&stage, 1), ==, rows[i].second);
      g_assert_cmpuint (given_to (&stage, 2), ==, 600);
    }
}

/* A balloon that is on its way down has what it has; to stop it there costs nothing. */
static void
test_what_it_still_has_costs_nothing (void)
{
  Stage stage;

  stage_init (&stage, 0);
  stage.facts[0].give_back = TRUE;
  stage.facts[0].balloon = 900 * MC_MIB;
  give_back (&stage);
  g_assert_cmpuint (given_to (&stage, 0), ==, 500);
  g_assert_cmpuint (mc_give_back_missing (&stage.facts[0], &stage.histories[0]), ==, 100 * MC_MIB);
}

/* One that somebody else has set is given back what it has less now, if it is asked for; to return
 * to its target costs nothing, as that was promised. One that is released is theirs. */
static void
test_whom_somebody_else_has_set (void)
{
  for (guint over = 0; over < 2; over++)
    {
      Stage stage;

      stage_init (&stage, 0);
      stage.facts[0].give_back = stage.facts[1].released = stage.facts[1].opted_out = TRUE;
      for (guint i = 0; i < 2; i++)
        {
          stage.facts[i].target = 1000 * MC_MIB;
          stage.decisions[i].before = stage.decisions[i].target = 1000 * MC_MIB;
          stage.histories[i].foreign_until_us = NOW + 1;
        }
      g_assert_cmpuint (mc_give_back_missing (&stage.facts[0], &stage.histories[0]), ==,
                        600 * MC_MIB);
      if (over > 0) /* it would be taken over as it is in this cycle */
        {
          stage.histories[0].foreign_until_us = 0;
          stage.decisions[0].reason = MC_REASON_FOREIGN;
          stage.decisions[0].target = 400 * MC_MIB;
          stage.decisions[0].move = TRUE;
        }
      give_back (&stage);
      g_assert_cmpuint (given_to (&stage, 0), ==, 600);
      g_assert_cmpuint (stage.decisions[0].before, ==, 400 * MC_MIB);
      g_assert_cmpint (stage.histories[0].foreign_until_us, ==, 0);
      g_assert_false (stage.decisions[1].move);
    }
}

static void
test_need_comes_first (void)
{
  Stage stage;

  stage_init (&stage, 300);
  stage.decisions[1].move = TRUE;
  stage.decisions[1].target += 200 * MC_MIB;
  stage.decisions[1].reason = MC_REASON_NEEDS;
  stage.facts[0].give_back = stage.facts[1].give_back = TRUE;
  give_back (&stage);
  g_assert_cmpuint (given_to (&stage, 0), ==, 60); /* of 600 and 400 that are missing by then */
  g_assert_cmpuint (given_to (&stage, 1), ==, 240);

  stage_init (&stage, 200);
  stage.decisions[1].move = TRUE;
  stage.decisions[1].target += 200 * MC_MIB;
  stage.decisions[1].reason = MC_REASON_NEEDS;
  stage.facts[0].give_back = stage.facts[1].give_back = TRUE;
  give_back (&stage);
  g_assert_cmpuint (given_to (&stage, 0), ==, 0);
  g_assert_cmpint (stage.decisions[1].reason, ==, MC_REASON_NEEDS);
}

static void
test_to_whom_nothing_is_given (void)
{
  const struct
  {
    gsize flag; /* that is set */
    gboolean given;
  } rows[] = {
    { G_STRUCT_OFFSET (McVmFacts, paused), FALSE },
    { G_STRUCT_OFFSET (McVmFacts, busy), FALSE },
    { G_STRUCT_OFFSET (McVmFacts, denied), FALSE },
    { G_STRUCT_OFFSET (McVmFacts, opted_out), TRUE },
  };
  Stage stage;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      stage_init (&stage, 2000);
      stage.facts[0].give_back = TRUE;
      G_STRUCT_MEMBER (gboolean, &stage.facts[0], rows[i].flag) = TRUE;
      give_back (&stage);
      g_assert_cmpuint (given_to (&stage, 0), ==, rows[i].given ? 600 : 0);
      g_assert_cmpint (mc_give_back_is_possible (&stage.facts[0], &stage.histories[0]), ==,
                       rows[i].given);
    }
  stage_init (&stage, 2000);
  for (guint i = 0; i < N_VMS; i++)
    stage.facts[i].give_back = TRUE;
  stage.facts[0].immovable = "the device hostdev0 pins it";
  stage.facts[1].has_balloon = FALSE;
  stage.facts[2].balloon = MC_UNKNOWN;
  stage.facts[3].running = FALSE; /* it goes on with what it is set to */
  give_back (&stage);
  g_assert_cmpuint (given_to (&stage, 0) + given_to (&stage, 1) + given_to (&stage, 2), ==, 0);
  g_assert_cmpuint (given_to (&stage, 3), ==, 600);
}

/* Whatever the figures: no more than is free, up to its maximum, and never less than it has. */
static void
test_properties (void)
{
  for (guint world = 0; world < 5000; world++)
    {
      Stage stage;
      guint64 given = 0;
      gint64 free = g_test_rand_int_range (-1000, 4000);

      stage_init (&stage, free);
      for (guint i = 0; i < N_VMS; i++)
        {
          McVmFacts *facts = &stage.facts[i];

          facts->give_back = g_test_rand_int_range (0, 4) > 0;
          facts->policy.maximum = (guint64)g_test_rand_int_range (1, 1 << 30);
          facts->balloon = (guint64)g_test_rand_int_range (1, 1 << 30);
          facts->capacity = MAX (facts->capacity, facts->balloon);
          facts->target = (guint64)g_test_rand_int_range (1, 1 << 30);
          stage.decisions[i].before = stage.decisions[i].target = facts->target;
        }
      give_back (&stage);
      for (guint i = 0; i < N_VMS; i++)
        {
          const McVmFacts *facts = &stage.facts[i];
          guint64 target = stage.decisions[i].target;

          g_assert_cmpuint (target, >=, facts->target);
          given += saturating_sub (target, MAX (facts->target, facts->balloon));
          if (!stage.decisions[i].move)
            continue;
          g_assert_true (facts->give_back);
          g_assert_cmpuint (target, >=, facts->balloon);
          g_assert_cmpuint (target, <=, facts->policy.maximum);
        }
      g_assert_cmpuint (given, <=, (guint64)MAX (free, 0) * MC_MIB);
    }
}

/* The whole cycle: the reserve and the margin are kept, and nothing is taken from one that is given
 * back what it has not. */
static void
test_reserve_is_kept (void)
{
  for (guint64 available = 100; available < 2000; available += 100)
    {
      McPolicySettings settings = {
        .thresholds = { .low_watermark = 100 * MC_MIB,
                        .high_watermark = 150 * MC_MIB,
                        .host_reserve = 200 * MC_MIB,
                        .host_usage_limit = 75,
                        .step_limit = 20,
                        .interval_s = 2 },
        .stats_period_us = G_USEC_PER_SEC,
      };
      McHostFigures host = { .total = 4 * MC_GIB, .available = available * MC_MIB };
      McVmFacts facts = {
        .running = TRUE,
        .has_balloon = TRUE,
        .capacity = MC_GIB,
        .balloon = 400 * MC_MIB,
        .target = 400 * MC_MIB,
        .resident = 400 * MC_MIB,
        .unused = 300 * MC_MIB,
        .usable = 300 * MC_MIB,
        .available = 400 * MC_MIB,
        .stats_time_s = 1,
        .policy = {
          .maximum = MC_GIB,
          .low_watermark = 100 * MC_MIB,
          .high_watermark = 150 * MC_MIB,
          .weight = 100,
        },
        .give_back = TRUE,
      };
      McVmHistory history = { .looked = TRUE }, *histories[] = { &history };
      McVmDecision decision;
      McHostDecision of_host;
      guint64 kept = 200 * MC_MIB + mc_headroom_margin (&settings, host.total);

      mc_policy_decide (&settings, &host, NOW, 1, &facts, histories, &decision, &of_host);
      g_assert_cmpuint (decision.target, >=, facts.target);
      g_assert_cmpuint (decision.target - facts.target, <=, saturating_sub (host.available, kept));
      if (available >= 1500) /* also where its process occupies the most that is likely */
        g_assert_cmpuint (decision.target, ==, MC_GIB);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/give-back/all-of-it-at-once", test_all_of_it_at_once);
  g_test_add_func ("/give-back/same-part", test_same_part_of_it_where_not_all_is_free);
  g_test_add_func ("/give-back/group", test_no_more_than_a_group_has);
  g_test_add_func ("/give-back/on-its-way", test_what_it_still_has_costs_nothing);
  g_test_add_func ("/give-back/set-by-somebody-else", test_whom_somebody_else_has_set);
  g_test_add_func ("/give-back/need-comes-first", test_need_comes_first);
  g_test_add_func ("/give-back/to-whom-nothing", test_to_whom_nothing_is_given);
  g_test_add_func ("/give-back/properties", test_properties);
  g_test_add_func ("/give-back/reserve", test_reserve_is_kept);
  return g_test_run ();
}
