/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken, from whom, for which of the three duties. Sizes are MiB. */
#include "config.h"

#include "reclaim.h"

#include "candidates.h"
#include "share.h"

static void
test_nothing_is_missing (void)
{
  Stage stage;

  stage_init (&stage);
  stage.cycle.free = 500 * (gint64)MC_MIB;
  stage.cycle.lambda = MC_LAMBDA_PLENTY;
  stage_add (&stage, 700, 400, 700);
  stage_add (&stage, 750, 400, 750);
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (&stage.items[0]), ==, 0);
  g_assert_cmpint (stage_taken (&stage.items[1]), ==, 0);
}

/* Only what is missing, from those with most beyond their share. */
static void
test_need_is_paid_by_those_with_most (void)
{
  const struct
  {
    guint64 grantable;
    gint64 from_rich, from_poor;
  } rows[] = {
    { 0, 110, 10 }, /* 120 are lacking, 200 and 100 are spare */
    { 50, 70, 0 },
    { 120, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *rich, *poor, *needy;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      stage.cycle.grantable = (gint64)(rows[i].grantable * MC_MIB);
      rich = stage_add (&stage, 800, 400, 600);
      poor = stage_add (&stage, 700, 400, 600);
      needy = stage_add_in_need (&stage, 500, 620);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpuint (needy->lacks / MC_MIB, ==, 120);
      g_assert_cmpint (stage_taken (rich), ==, rows[i].from_rich);
      g_assert_cmpint (stage_taken (poor), ==, rows[i].from_poor);
      g_assert_cmpint (stage_taken (needy), ==, 0);
      if (rows[i].from_rich > 0)
        {
          g_assert_cmpint (rich->decision->reason, ==, MC_REASON_FUNDS_OTHERS);
          g_assert_cmpint (rich->history->reclaimed_us, ==, STAGE_NOW);
        }
    }
}

/* Who may not give, or has only just moved the other way, does not. */
static void
test_who_gives_nothing (void)
{
  for (guint i = 0; i < 8; i++)
    {
      Stage stage;
      McCandidate *rich;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      rich = stage_add (&stage, 800, 400, 600);
      stage_add_in_need (&stage, 500, 620);
      switch (i)
        {
        case 0:
          rich->decision->status = MC_VM_STUCK;
          break;
        case 1:
          rich->decision->status = MC_VM_INEFFECTIVE;
          break;
        case 2:
          rich->history->granted_us = STAGE_NOW - G_USEC_PER_SEC; /* keep_from_need_s */
          break;
        case 3:
          rich->demand.thrashing = TRUE;
          break;
        case 4:
          rich->history->disagrees = TRUE;
          break;
        case 5: /* asked once, and the host was not seen to get it yet */
          rich->history->vain_balloon = 900 * MC_MIB;
          rich->history->effective = FALSE;
          break;
        case 6: /* its figures have not answered to the last taking */
          rich->history->reclaimed_us = rich->history->answered_us
              = STAGE_NOW - 10 * G_USEC_PER_SEC;
          break;
        default:
          rich->demand.least = 800 * MC_MIB;
          break;
        }
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, 0);
    }
}

static void
test_what_is_used_is_not_taken_while_all_can_survive (void)
{
  for (gint scarce = 0; scarce <= 1; scarce++)
    {
      Stage stage;
      McCandidate *rich;

      stage_init (&stage);
      stage.cycle.lambda = scarce ? MC_LAMBDA_SCARCE : 0;
      rich = stage_add (&stage, 600, 550, 450); /* its share is below what it uses */
      stage_add_in_need (&stage, 500, 690);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, scarce ? 150 : 20);
    }
}

/* What is on its way is not asked for again. */
static void
test_what_comes_counts (void)
{
  Stage stage;
  McCandidate *rich, *coming;

  stage_init (&stage);
  stage.cycle.lambda = 0.5;
  rich = stage_add (&stage, 800, 400, 600);
  coming = stage_add (&stage, 600, 400, 600);
  stage.facts[1].balloon = 720 * MC_MIB;
  coming->history->reclaimed_us = STAGE_NOW - G_USEC_PER_SEC;
  stage_add_in_need (&stage, 500, 620);
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (rich), ==, 0);
}

/* What nobody granted is lent to those in need, but not to a VM about to start. */
static void
test_nothing_is_lent_to_what_is_reserved (void)
{
  const struct
  {
    guint64 reserved;
    gint64 taken;
  } rows[] = { { 0, 52 }, { 100, 100 }, { 30, 82 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *rich;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      stage.cycle.free = -100 * (gint64)MC_MIB;
      stage.cycle.lent = 48 * (gint64)MC_MIB;
      stage.settings.reserved = rows[i].reserved * MC_MIB;
      rich = stage_add (&stage, 800, 400, 600);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, rows[i].taken);
    }
}

/* A trifle is not worth a move, but to one who has waited long. */
static void
test_trifles (void)
{
  for (gint waited = 0; waited <= 1; waited++)
    {
      Stage stage;
      McCandidate *rich, *needy;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      rich = stage_add (&stage, 612, 400, 600);
      needy = stage_add_in_need (&stage, 500, 620);
      if (waited)
        needy->history->unmet_since_us = STAGE_NOW - 20 * G_USEC_PER_SEC;
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, waited ? 12 : 0);
      g_assert_cmpint (needy->history->unmet_since_us, !=, 0);
    }
}

static void
test_pool_is_filled_by_what_is_unused (void)
{
  Stage stage;
  McCandidate *rich, *caching;

  stage_init (&stage);
  stage.cycle.lambda = 0.5;
  stage.cycle.pool = 300 * MC_MIB;
  stage.cycle.free = 200 * (gint64)MC_MIB;
  rich = stage_add (&stage, 800, 400, 600);
  caching = stage_add (&stage, 800, 400, 600);
  caching->demand.unused = 150 * MC_MIB;
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (rich), ==, 100);
  g_assert_cmpint (rich->decision->reason, ==, MC_REASON_RELEASES);
  g_assert_cmpint (stage_taken (caching), ==, 0);
}

/* What the members of a group give for each other fills the pool, too, until it is granted. */
static void
test_what_a_group_takes_counts_for_the_pool (void)
{
  Stage stage;
  McCandidate *needy, *mate, *other;
  McCandidate *members[2];
  McGroupCycle group = { .name = "memory.max of prod.slice", .members = members, .n_members = 2 };

  stage_init (&stage);
  stage.cycle.lambda = 0.5;
  stage.cycle.pool = 300 * MC_MIB;
  stage.cycle.free = stage.cycle.grantable = 200 * (gint64)MC_MIB;
  members[0] = needy = stage_add_in_need (&stage, 500, 600);
  members[1] = mate = stage_add (&stage, 800, 400, 600);
  other = stage_add (&stage, 800, 400, 600);
  stage.candidates.groups = &group;
  stage.candidates.n_groups = 1;
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (mate), ==, 100);
  g_assert_cmpstr (mate->decision->group, ==, group.name);
  g_assert_cmpuint (needy->lacks, ==, 0);
  g_assert_cmpint (stage_taken (other), ==, 0);
}

static void
test_pool_may_lack_a_little (void)
{
  Stage stage;

  stage_init (&stage);
  stage.cycle.lambda = 0.5;
  stage.cycle.pool = 300 * MC_MIB;
  stage.cycle.free = (300 - 75) * (gint64)MC_MIB; /* pool_slack_percent */
  stage_add (&stage, 740, 400, 600);
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (&stage.items[0]), ==, 0);
}

static void
test_host_above_its_limit (void)
{
  Stage stage;
  McCandidate *rich, *kept;

  stage_init (&stage);
  stage.cycle.condition = MC_HOST_TIGHT;
  stage.cycle.lambda = MC_LAMBDA_PLENTY;
  stage.cycle.free = 1000 * (gint64)MC_MIB;
  stage.cycle.excess = 90 * MC_MIB;
  rich = stage_add (&stage, 950, 400, 750);
  kept = stage_add (&stage, 950, 400, 750);
  kept->history->granted_us = STAGE_NOW - 89 * G_USEC_PER_SEC; /* keep_when_tight_s */
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (rich), ==, 90);
  g_assert_cmpint (rich->decision->reason, ==, MC_REASON_HOST_TIGHT);
  g_assert_cmpint (stage_taken (kept), ==, 0);
}

/* Somebody's need, which what is free will answer, stops neither the pool nor a tight host. */
static void
test_need_stops_no_other_duty (void)
{
  const struct
  {
    McHostCondition condition;
    guint64 grantable, excess, pool;
    McReason reason;
    gint64 taken;
  } rows[] = {
    { MC_HOST_TIGHT, 1000, 50, 0, MC_REASON_HOST_TIGHT, 50 + 120 },
    { MC_HOST_COMFORTABLE, 200, 0, 200, MC_REASON_RELEASES, 120 },
    { MC_HOST_COMFORTABLE, 400, 0, 200, MC_REASON_ENOUGH, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *rich, *needy;

      stage_init (&stage);
      stage.cycle.condition = rows[i].condition;
      stage.cycle.lambda = 0.5;
      stage.cycle.free = stage.cycle.grantable = (gint64)(rows[i].grantable * MC_MIB);
      stage.cycle.excess = rows[i].excess * MC_MIB;
      stage.cycle.pool = rows[i].pool * MC_MIB;
      rich = stage_add (&stage, 950, 400, 750);
      rich->demand.desired = 950 * MC_MIB;
      needy = stage_add_in_need (&stage, 500, 620);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpuint (needy->lacks / MC_MIB, ==, 120);
      g_assert_cmpint (stage_taken (rich), ==, rows[i].taken);
      g_assert_cmpint (rich->decision->reason, ==, rows[i].reason);
    }
}

/* All together keep no more than a quarter of what is missing as not worth a move. */
static void
test_many_small_surpluses_reach_the_limit (void)
{
  Stage stage;

  stage_init (&stage);
  stage.cycle.condition = MC_HOST_TIGHT;
  stage.cycle.lambda = MC_LAMBDA_PLENTY;
  stage.cycle.free = 1000 * (gint64)MC_MIB;
  stage.cycle.excess = 100 * MC_MIB;
  for (guint i = 0; i < STAGE_MOST; i++)
    stage_add (&stage, 758, 400, 750);
  mc_reclaim (&stage.cycle, &stage.candidates);
  for (guint i = 0; i < STAGE_MOST; i++)
    g_assert_cmpint (stage_taken (&stage.items[i]), ==, 8);
}

/* Of a large VM's headroom a host at its reserve leaves what a burst was seen to be. */
static void
test_short_host_leaves_a_burst (void)
{
  const struct
  {
    double ease;
    gint64 taken;
  } rows[] = { { 1, 0 }, { 0.5, 5632 }, { 0, 11264 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *large;

      stage_init (&stage);
      stage.cycle.condition = MC_HOST_TIGHT;
      stage.cycle.lambda = MC_LAMBDA_PLENTY;
      stage.cycle.free = 1000 * (gint64)MC_MIB;
      stage.cycle.excess = 30000 * MC_MIB;
      stage.cycle.ease = rows[i].ease;
      large = stage_add (&stage, 20000 + 150 + 12 * 1024, 20000, 30000);
      stage.facts[0].capacity = large->demand.most = 64 * MC_GIB;
      large->demand.step = 64 * MC_GIB;
      large->demand.desired_now = large->demand.target;
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (large), ==, rows[i].taken);
    }
}

/* One that was stuck, or whose host did not get what it gave, is asked for little at first. */
static void
test_probes_are_small (void)
{
  const struct
  {
    guint stuck_times, ineffective_times;
    gint64 taken;
  } rows[] = { { 0, 0, 120 }, { 1, 0, 20 }, { 0, 1, 40 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *rich;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      rich = stage_add (&stage, 800, 400, 600);
      rich->history->stuck_times = rows[i].stuck_times;
      rich->history->ineffective_times = rows[i].ineffective_times;
      rich->history->effective = rows[i].ineffective_times == 0;
      stage_add_in_need (&stage, 500, 620);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, rows[i].taken);
    }
}

/* No grant within a cycle of a taking. */
static void
test_who_has_just_given_lacks_nothing (void)
{
  for (gint64 ago_s = 1; ago_s <= 2; ago_s++)
    {
      Stage stage;
      McCandidate *needy;

      stage_init (&stage);
      needy = stage_add_in_need (&stage, 500, 620);
      needy->history->reclaimed_us = STAGE_NOW - ago_s * G_USEC_PER_SEC;
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpuint (needy->lacks / MC_MIB, ==, ago_s < 2 ? 0 : 120);
    }
}

/* A guest at rest to the last byte is asked again after half a minute. */
static void
test_guest_at_rest_is_asked_again (void)
{
  for (gint64 ago_s = 29; ago_s <= 30; ago_s++)
    {
      Stage stage;
      McCandidate *rich;

      stage_init (&stage);
      stage.cycle.lambda = 0.5;
      rich = stage_add (&stage, 800, 400, 600);
      rich->history->reclaimed_us = rich->history->answered_us = STAGE_NOW - ago_s * G_USEC_PER_SEC;
      stage_add_in_need (&stage, 500, 620);
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (rich), ==, ago_s < 30 ? 0 : 120);
    }
}

/* A part at a time, 15 s apart, not in its first five minutes, and not what its page cache fills.
 */
static void
test_release_in_comfort (void)
{
  const struct
  {
    gint64 started_s, reclaimed_s, granted_s;
    guint64 unused;
    gint64 taken;
    McReason reason;
  } rows[] = {
    { 0, 0, 0, 550, 50, MC_REASON_RELEASES },   { 699, 0, 0, 550, 50, MC_REASON_RELEASES },
    { 701, 0, 0, 550, 0, MC_REASON_ENOUGH },    { 0, 986, 0, 550, 0, MC_REASON_COOLING_DOWN },
    { 0, 985, 0, 550, 50, MC_REASON_RELEASES }, { 0, 0, 941, 550, 0, MC_REASON_COOLING_DOWN },
    { 0, 0, 0, 230, 50, MC_REASON_RELEASES },   { 0, 0, 0, 229, 0, MC_REASON_ENOUGH },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *idle;

      stage_init (&stage);
      stage.cycle.lambda = MC_LAMBDA_PLENTY;
      stage.cycle.free = 1000 * (gint64)MC_MIB;
      idle = stage_add (&stage, 950, 400, 750);
      idle->demand.unused = rows[i].unused * MC_MIB;
      stage.facts[0].started_us = rows[i].started_s * G_USEC_PER_SEC;
      idle->history->reclaimed_us = rows[i].reclaimed_s * G_USEC_PER_SEC;
      idle->history->granted_us = rows[i].granted_s * G_USEC_PER_SEC;
      idle->history->answered_us = STAGE_NOW;
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (idle), ==, rows[i].taken);
      g_assert_cmpint (idle->decision->reason, ==, rows[i].reason);
    }
}

/* Down to a maximum by steps, never below what it uses. */
static void
test_maximum (void)
{
  const struct
  {
    guint64 used, most;
    gint64 taken;
  } rows[] = { { 400, 700, 200 }, { 400, 880, 20 }, { 790, 700, 80 }, { 890, 700, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Stage stage;
      McCandidate *above;

      stage_init (&stage);
      stage.cycle.lambda = MC_LAMBDA_PLENTY;
      above = stage_add (&stage, 900, rows[i].used, 900);
      above->demand.most = rows[i].most * MC_MIB;
      above->demand.desired = 900 * MC_MIB;
      mc_reclaim (&stage.cycle, &stage.candidates);
      g_assert_cmpint (stage_taken (above), ==, rows[i].taken);
      g_assert_cmpint (above->decision->reason, ==,
                       rows[i].taken > 0 ? MC_REASON_ABOVE_MAXIMUM : MC_REASON_AT_MAXIMUM);
    }
}

/* At its reserve a host calls back what is granted and not there yet. */
static void
test_grants_under_way_are_called_back (void)
{
  Stage stage;
  McCandidate *growing;

  stage_init (&stage);
  stage.cycle.condition = MC_HOST_CRITICAL;
  stage.cycle.lambda = MC_LAMBDA_PLENTY;
  growing = stage_add (&stage, 800, 600, 800);
  stage.facts[0].balloon = 650 * MC_MIB;
  mc_reclaim (&stage.cycle, &stage.candidates);
  g_assert_cmpint (stage_taken (growing), ==, 150);
  g_assert_cmpint (growing->decision->reason, ==, MC_REASON_EMERGENCY);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reclaim/nothing-missing", test_nothing_is_missing);
  g_test_add_func ("/reclaim/need", test_need_is_paid_by_those_with_most);
  g_test_add_func ("/reclaim/who-gives-nothing", test_who_gives_nothing);
  g_test_add_func ("/reclaim/used", test_what_is_used_is_not_taken_while_all_can_survive);
  g_test_add_func ("/reclaim/coming", test_what_comes_counts);
  g_test_add_func ("/reclaim/reserved", test_nothing_is_lent_to_what_is_reserved);
  g_test_add_func ("/reclaim/trifles", test_trifles);
  g_test_add_func ("/reclaim/pool", test_pool_is_filled_by_what_is_unused);
  g_test_add_func ("/reclaim/pool-and-group", test_what_a_group_takes_counts_for_the_pool);
  g_test_add_func ("/reclaim/pool-slack", test_pool_may_lack_a_little);
  g_test_add_func ("/reclaim/host", test_host_above_its_limit);
  g_test_add_func ("/reclaim/each-duty", test_need_stops_no_other_duty);
  g_test_add_func ("/reclaim/small-surpluses", test_many_small_surpluses_reach_the_limit);
  g_test_add_func ("/reclaim/burst", test_short_host_leaves_a_burst);
  g_test_add_func ("/reclaim/probes", test_probes_are_small);
  g_test_add_func ("/reclaim/just-given", test_who_has_just_given_lacks_nothing);
  g_test_add_func ("/reclaim/asked-again", test_guest_at_rest_is_asked_again);
  g_test_add_func ("/reclaim/comfort", test_release_in_comfort);
  g_test_add_func ("/reclaim/maximum", test_maximum);
  g_test_add_func ("/reclaim/called-back", test_grants_under_way_are_called_back);
  return g_test_run ();
}
