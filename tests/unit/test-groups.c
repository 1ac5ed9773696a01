/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs that share a limit within the host's, on a host that has plenty. */
#include "config.h"

#include "small-host.h"

#define MINUTE     60
#define HOST       32768.0
#define RANDOM_TRY 60

/* @n of 2048 MiB that use @uses, told what they have, in a group of @limit; and two beside it
 * that want all they have. */
static SmallHost *
group_of (guint n, double balloon, double uses, double limit)
{
  SmallHost *host = small_host_new (HOST);

  host->group_limit = limit;
  for (guint i = 0; i < n + 2; i++)
    {
      Guest *guest = small_host_add (host, 2048, i < n ? balloon : 2048, i < n ? uses : 1600);

      guest->grouped = i < n;
      guest_was_told (guest);
    }
  return host;
}

static void
assert_others_kept_theirs (const SmallHost *host)
{
  for (guint i = 0; i < host->n; i++)
    if (!host->guests[i].grouped)
      {
        g_assert_cmpuint (host->guests[i].takings, ==, 0);
        g_assert_cmpfloat (host->guests[i].swap_out, ==, 0);
      }
}

/* Nobody in it has anything to spare: what the host has is not for it, and nobody else pays. */
static void
test_full_group_is_granted_nothing (void)
{
  g_autofree SmallHost *host = group_of (3, 1024, 900, 3 * (1024 + 100) + 100);
  Guest *needy = &host->guests[0];

  small_host_run (host, 10);
  small_host_watch (host);
  needy->comes_to = 1100;
  needy->ramp = 20;
  small_host_run (host, MINUTE);
  g_assert_cmpfloat (host->most_grouped, <=, host->group_limit);
  g_assert_cmpint (needy->decision.reason, ==, MC_REASON_GROUP_FULL);
  g_assert_cmpstr (needy->decision.group, ==, "memory.max of prod.slice");
  assert_others_kept_theirs (host);
  g_assert_cmpfloat (host->least_available, >, HOST / 2);
}

/* They pay for each other, as the VMs of a host do. */
static void
test_members_pay_for_each_other (void)
{
  g_autofree SmallHost *host = group_of (3, 1024, 500, 3 * (1024 + 100) + 100);
  Guest *needy = &host->guests[0];

  small_host_run (host, 10);
  small_host_watch (host);
  needy->comes_to = 1300;
  needy->ramp = 20;
  small_host_run (host, 2 * MINUTE);
  g_assert_cmpfloat (host->most_grouped, <=, host->group_limit);
  g_assert_cmpfloat (guest_usable (needy), >=, 100);
  g_assert_cmpfloat (needy->swap_in, ==, 0);
  for (guint i = 1; i < 3; i++)
    {
      g_assert_cmpuint (host->guests[i].takings, >, 0);
      g_assert_cmpfloat (guest_usable (&host->guests[i]), >=, 100);
    }
  assert_others_kept_theirs (host);
}

static void
test_who_gives_says_for_what (void)
{
  g_autofree SmallHost *host = group_of (2, 1024, 500, 2 * (1024 + 100) + 100);
  gboolean said = FALSE;

  for (guint i = 0; i < 2; i++)
    guest_touch_all (&host->guests[i]);
  small_host_run (host, 10);
  host->guests[0].comes_to = 1300;
  host->guests[0].ramp = 50;
  for (guint s = 0; s < MINUTE && !said; s++)
    {
      const McVmDecision *decision = &host->guests[1].decision;
      g_autofree char *sentence = NULL;

      small_host_run (host, 1);
      if (!decision->move)
        continue;
      sentence = mc_decision_describe (decision);
      g_assert_true (
          g_str_has_prefix (sentence, "others that share memory.max of prod.slice are in need")
          || g_str_has_prefix (sentence, "guests were promised more than is left of memory.max"));
      said = TRUE;
    }
  g_assert_true (said);
}

/* A limit that is far away changes nothing. */
static void
test_wide_limit_changes_nothing (void)
{
  g_autofree SmallHost *with = group_of (3, 1024, 500, HOST * 2);
  g_autofree SmallHost *without = group_of (3, 1024, 500, HOST * 2);

  for (guint i = 0; i < without->n; i++)
    without->guests[i].grouped = FALSE;
  for (guint i = 0; i < 20; i++)
    {
      with->guests[i % 3].comes_to = without->guests[i % 3].comes_to = 300 + i * 70;
      small_host_run (with, 10);
      small_host_run (without, 10);
      for (guint k = 0; k < with->n; k++)
        g_assert_cmpfloat (with->guests[k].told, ==, without->guests[k].told);
    }
}

/* They were started with more than the limit lets them touch. */
static void
test_what_was_promised_beyond_it_is_taken_back (void)
{
  g_autofree SmallHost *host = group_of (3, 2048, 400, 3000);

  small_host_run (host, 5 * MINUTE);
  for (guint i = 0; i < 3; i++)
    host->guests[i].comes_to = 700;
  small_host_watch (host);
  small_host_run (host, 5 * MINUTE);
  g_assert_cmpfloat (host->most_grouped, <=, host->group_limit);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpfloat (host->guests[i].swap_in, ==, 0);
  assert_others_kept_theirs (host);
}

/* Page cache is not granted what is not left, either. */
static void
test_page_cache_stays_within_it (void)
{
  g_autofree SmallHost *host = group_of (3, 800, 400, 3 * 900 + 300);

  small_host_run (host, 10);
  small_host_watch (host);
  for (guint i = 0; i < 3; i++)
    host->guests[i].reads_to = 1500;
  small_host_run (host, 3 * MINUTE);
  g_assert_cmpfloat (host->most_grouped, <=, host->group_limit);
}

/* Whatever they do, and whatever their processes occupy: nobody's grant brings them past it. */
static void
test_no_grant_exceeds_it (void)
{
  for (guint try = 0; try < RANDOM_TRY; try++)
    {
      guint n = (guint)g_test_rand_int_range (1, 8);
      double slack = g_test_rand_double_range (80, 2000), limit = slack;
      g_autofree SmallHost *host = group_of (n, 1024, 400, 0);

      for (guint i = 0; i < n; i++)
        {
          Guest *guest = &host->guests[i];

          guest->uses = guest->comes_to = g_test_rand_double_range (200, 900);
          guest->resident = guest->touched = guest->uses;
          guest->own = g_test_rand_double_range (30, 300);
          guest->inflate = g_test_rand_double_range (20, 350);
          guest->hides = g_test_rand_double_range (0, 60);
          limit += guest->balloon + guest->own;
        }
      host->group_limit = limit;
      small_host_watch (host);
      for (guint step = 0; step < 20; step++)
        {
          Guest *guest = &host->guests[g_test_rand_int_range (0, (gint32)n)];

          guest->comes_to = g_test_rand_double_range (200, 2200);
          guest->reads_to = g_test_rand_double_range (0, 800);
          guest->ramp = g_test_rand_double_range (5, 300);
          small_host_run (host, (guint)g_test_rand_int_range (5, 40));
          g_assert_cmpfloat (host->most_grouped, <=, limit);
        }
      assert_others_kept_theirs (host);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/groups/full", test_full_group_is_granted_nothing);
  g_test_add_func ("/groups/pay-for-each-other", test_members_pay_for_each_other);
  g_test_add_func ("/groups/words", test_who_gives_says_for_what);
  g_test_add_func ("/groups/wide", test_wide_limit_changes_nothing);
  g_test_add_func ("/groups/promised", test_what_was_promised_beyond_it_is_taken_back);
  g_test_add_func ("/groups/page-cache", test_page_cache_stays_within_it);
  g_test_add_func ("/groups/random", test_no_grant_exceeds_it);
  return g_test_run ();
}
