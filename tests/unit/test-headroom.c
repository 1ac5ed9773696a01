/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nobody has a claim to, and what a new VM could have: one sum, with the margin. */
#include "config.h"

#include "headroom.h"

#define MARGIN (64 * MC_MIB)

static const McPolicySettings settings
    = { .thresholds = { .host_reserve = 200 * MC_MIB, .host_usage_limit = 75 } };

static void
test_free_is_what_nobody_has_a_claim_to (void)
{
  const struct
  {
    guint64 available, promised;
    gint64 free;
  } rows[] = {
    { 1000, 0, 1000 - 200 - 64 },
    { 1000, 300, 1000 - 200 - 64 - 300 },
    { 264, 0, 0 },      /* at the reserve and the margin */
    { 250, 0, -14 },    /* the margin is used */
    { 300, 500, -464 }, /* more was promised than there is */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McHostFigures host = { .total = 4096 * MC_MIB, .available = rows[i].available * MC_MIB };

      g_assert_cmpint (mc_headroom_free (&settings, &host, rows[i].promised * MC_MIB), ==,
                       rows[i].free * (gint64)MC_MIB);
    }
}

static void
test_margin_is_a_tuned_number (void)
{
  McTuning tuning = mc_tuning_default;
  McPolicySettings tuned = settings;

  g_assert_cmpuint (mc_headroom_margin (&settings, 4 * MC_GIB), ==, MARGIN);
  tuning.margin_mib = 10;
  tuning.margin_per_mille = 3;
  tuned.tuning = &tuning;
  g_assert_cmpuint (mc_headroom_margin (&tuned, MC_GIB), ==, 10 * MC_MIB);
  g_assert_cmpuint (mc_headroom_margin (&tuned, 1000 * MC_GIB), ==, 3 * MC_GIB);
}

static void
test_margin_grows_with_the_host (void)
{
  const struct
  {
    guint64 total, margin; /* MiB */
  } rows[] = {
    { 0, 64 },     { 2048, 64 },   { 32000, 64 }, /* a five hundredth is no more */
    { 40000, 80 }, { 64000, 128 }, { 1000000, 2000 }, { 64000000, 128000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (mc_headroom_margin (&settings, rows[i].total * MC_MIB) / MC_MIB, ==,
                      rows[i].margin);
  g_assert_cmpuint (mc_headroom_firm_margin (&settings), ==, MARGIN);
}

static void
test_figures_that_cannot_be_do_not_wrap (void)
{
  McPolicySettings absurd = { .thresholds.host_reserve = G_MAXUINT64 };
  McHostFigures host = { .total = G_MAXUINT64, .available = G_MAXUINT64 };

  g_assert_cmpint (mc_headroom_free (&absurd, &host, 0), ==,
                   -(gint64)mc_headroom_margin (&absurd, G_MAXUINT64));
  g_assert_cmpint (mc_headroom_free (&settings, &host, 0), >, 0);
  g_assert_cmpuint (mc_headroom_for_new_vm (0, G_MAXUINT64, 0), >, 0);
}

static void
test_spare_stops_at_the_high_watermark_and_the_minimum (void)
{
  const struct
  {
    guint64 balloon, unused, usable, minimum, spare;
    McVmStatus status;
  } rows[] = {
    { 1000, 700, 800, 256, 550, MC_VM_MANAGED }, /* the lesser of unused and usable */
    { 1000, 900, 700, 256, 550, MC_VM_MANAGED },
    { 1000, 700, 800, 900, 100, MC_VM_MANAGED }, /* no further than its minimum */
    { 1000, 700, 800, 1000, 0, MC_VM_MANAGED },
    { 1000, 150, 800, 256, 0, MC_VM_MANAGED }, /* at its high watermark */
    { 1000, 700, 800, 256, 0, MC_VM_STUCK },
    { 1000, 700, 800, 256, 0, MC_VM_PAUSED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McVmFacts facts = { .balloon = rows[i].balloon * MC_MIB,
                          .unused = rows[i].unused * MC_MIB,
                          .usable = rows[i].usable * MC_MIB };

      g_assert_cmpuint (
          mc_headroom_spare (&facts, rows[i].status, 150 * MC_MIB, rows[i].minimum * MC_MIB), ==,
          rows[i].spare * MC_MIB);
    }
}

static void
test_what_is_unknown_is_not_spare (void)
{
  McVmFacts silent = { .balloon = MC_GIB, .unused = MC_UNKNOWN, .usable = MC_UNKNOWN };
  McVmFacts lost = { .balloon = MC_UNKNOWN, .unused = MC_GIB, .usable = MC_GIB };

  g_assert_cmpuint (mc_headroom_spare (&silent, MC_VM_MANAGED, 0, 0), ==, 0);
  g_assert_cmpuint (mc_headroom_spare (&lost, MC_VM_MANAGED, 0, 0), ==, 0);
}

static void
test_new_vm_could_have_what_is_free_and_spare (void)
{
  const struct
  {
    gint64 free;
    guint64 spare, reserved, possible;
  } rows[] = {
    { 500, 0, 0, 500 },   { 500, 300, 0, 800 },  { 500, 300, 600, 200 },
    { 500, 300, 900, 0 }, { -200, 300, 0, 100 }, /* what VMs spare makes up for too many promises
                                                    first */
    { -400, 300, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (mc_headroom_for_new_vm (rows[i].free * (gint64)MC_MIB, rows[i].spare * MC_MIB,
                                              rows[i].reserved * MC_MIB),
                      ==, rows[i].possible * MC_MIB);
}

/* What the policy calls free is the same sum. */
static void
test_policy_grants_from_the_same_sum (void)
{
  McHostFigures host = { .total = 4096 * MC_MIB, .available = 1000 * MC_MIB };
  McHostDecision decision;

  mc_policy_decide (&settings, &host, G_USEC_PER_SEC, 0, NULL, NULL, NULL, &decision);
  g_assert_cmpint ((gint64)decision.free, ==, mc_headroom_free (&settings, &host, 0));
}

/* The wider margin of a large host is lent to who swaps: it answers for no doubt beside that. */
static void
test_nothing_below_the_reserve_is_granted (void)
{
  const struct
  {
    guint64 total_gib, available_mib;
  } rows[] = { { 4, 264 },     { 4, 1000 },    { 4096, 264 },
               { 4096, 1000 }, { 64000, 264 }, { 64000, 20000 } };
  McVmFacts facts[8] = { 0 };
  McVmHistory history[G_N_ELEMENTS (facts)] = { 0 }, *histories[G_N_ELEMENTS (facts)];
  McVmDecision decisions[G_N_ELEMENTS (facts)];

  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    { /* nobody granted it, it may all be touched or not, and nothing is taken from it */
      facts[i] = (McVmFacts){ .uuid = { (guint8)i },
                              .running = TRUE,
                              .has_balloon = TRUE,
                              .opted_out = TRUE,
                              .capacity = 4 * MC_GIB,
                              .policy.maximum = 4 * MC_GIB,
                              .balloon = 4 * MC_GIB,
                              .target = MC_UNKNOWN,
                              .resident = 4 * MC_GIB,
                              .unused = MC_UNKNOWN,
                              .usable = MC_UNKNOWN };
      histories[i] = &history[i];
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      McHostFigures host
          = { .total = rows[i].total_gib * MC_GIB, .available = rows[i].available_mib * MC_MIB };
      McHostDecision decision;

      memset (history, 0, sizeof history);
      mc_policy_decide (&settings, &host, G_USEC_PER_SEC, G_N_ELEMENTS (facts), facts, histories,
                        decisions, &decision);
      g_assert_cmpuint (decision.grantable, <=, host.available - settings.thresholds.host_reserve);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/headroom/free", test_free_is_what_nobody_has_a_claim_to);
  g_test_add_func ("/headroom/margin", test_margin_is_a_tuned_number);
  g_test_add_func ("/headroom/margin-grows-with-the-host", test_margin_grows_with_the_host);
  g_test_add_func ("/headroom/absurd-figures", test_figures_that_cannot_be_do_not_wrap);
  g_test_add_func ("/headroom/spare", test_spare_stops_at_the_high_watermark_and_the_minimum);
  g_test_add_func ("/headroom/spare-unknown", test_what_is_unknown_is_not_spare);
  g_test_add_func ("/headroom/new-vm", test_new_vm_could_have_what_is_free_and_spare);
  g_test_add_func ("/headroom/policy", test_policy_grants_from_the_same_sum);
  g_test_add_func ("/headroom/reserve", test_nothing_below_the_reserve_is_granted);
  return g_test_run ();
}
