/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people saw on their hosts, and must not see again: the policy cycle after cycle, around
 * guests that answer to it.
 */
#include "config.h"

#include "small-host.h"

#define HOUR   3600
#define MINUTE 60

static void
assert_nobody_swapped (const SmallHost *host)
{
  for (guint i = 0; i < host->n; i++)
    g_assert_cmpfloat (host->guests[i].swap_out, ==, 0);
}

static double
reserve (const SmallHost *host)
{
  return (double)host->settings.thresholds.host_reserve / MC_MIB;
}

static double
limit (const SmallHost *host)
{
  return host->total * host->settings.thresholds.host_usage_limit / 100;
}

static double
used (const SmallHost *host)
{
  return host->total - small_host_available (host);
}

/* Other hands */

/* MiB a second. Beside VMs of 32 GiB whose headroom a balloon of nobody's has cost, a burst of 400
 * swaps 30 MiB before it is seen. */
#define LARGE_RAMP 370

typedef enum
{
  SETS,
  UNLOADS,
  CLAIMS,
} Hand;

static void
full_balloon_beside_three (Hand hand, double scale, double ramp)
{
  g_autofree SmallHost *host = small_host_new (2900 * scale);
  const double balloons[] = { 700, 746, 720 };
  Guest *foreign, *needy = &host->guests[2];

  for (guint i = 0; i < G_N_ELEMENTS (balloons); i++)
    {
      small_host_add (host, 2048 * scale, balloons[i] * scale, 500 * scale);
      host->guests[i].own *= scale;
    }
  small_host_leave (host, 935 * scale);
  small_host_run (host, 30);
  foreign = &host->guests[0];
  if (hand == UNLOADS)
    foreign->gone = TRUE;
  else
    foreign->target = foreign->capacity;
  if (hand == CLAIMS)
    foreign->inflate = 0.001;
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  for (guint i = 1; i < host->n; i++)
    g_assert_cmpfloat (host->guests[i].least_usable, >, 100);
  needy->comes_to = needy->uses + 250 * scale;
  needy->ramp = ramp;
  small_host_run (host, 2 * MINUTE);
  assert_nobody_swapped (host);
  g_assert_cmpfloat (guest_usable (needy), >, 100);
  g_assert_cmpfloat (guest_usable (&host->guests[1]), >, 100);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
}

static void
test_foreign_set_of_one_is_not_paid_by_others (void)
{
  full_balloon_beside_three (SETS, 1, 25);
  full_balloon_beside_three (SETS, 16, LARGE_RAMP);
}

static void
test_claimed_balloon_of_one_is_not_paid_by_others (void)
{
  full_balloon_beside_three (CLAIMS, 1, 25);
  full_balloon_beside_three (CLAIMS, 16, LARGE_RAMP);
}

static void
test_unloaded_driver_of_one_is_not_paid_by_others (void)
{
  full_balloon_beside_three (UNLOADS, 1, 25);
  full_balloon_beside_three (UNLOADS, 16, LARGE_RAMP);
}

/* It reads files into what it was given by somebody else, and the host has no more. */
static void
test_foreign_set_filled_with_page_cache_is_not_paid_by_others (void)
{
  g_autofree SmallHost *host = small_host_new (8192);
  Guest *foreign = small_host_add (host, 4096, 1024, 600);

  foreign->cache = 300;
  foreign->reads_to = 4000;
  for (guint i = 0; i < 2; i++)
    guest_touch_all (small_host_add (host, 2048, 1200, 900));
  for (guint i = 0; i < host->n; i++)
    guest_was_told (&host->guests[i]);
  host->settings.thresholds.host_usage_limit = 95;
  small_host_leave (host, 1800);
  small_host_run (host, 30);
  foreign->target = 4096;
  small_host_watch (host);
  small_host_run (host, 3 * MINUTE);
  assert_nobody_swapped (host);
}

/* Mixed sizes */

static void
small_beside_large (
    double large, double spare, double small, double balloon, double usable, guint usage_limit)
{
  g_autofree SmallHost *host = small_host_new (2 * large + small + 2048);
  double low = MIN (100, small >= 500 ? 100 : small / 5);
  Guest *needy;

  host->settings.thresholds.host_usage_limit = usage_limit;
  for (guint i = 0; i < 2; i++)
    {
      Guest *rich = small_host_add (host, large, large, large - spare);

      guest_touch_all (rich);
      guest_was_told (rich);
    }
  needy = small_host_add (host, small, balloon, balloon - usable);
  guest_was_told (needy);
  small_host_leave (host, 264);
  small_host_watch (host);
  small_host_run (host, 30);
  g_assert_cmpfloat (guest_usable (needy), >=, low);
  small_host_run (host, 10 * MINUTE);
  g_assert_cmpfloat (guest_usable (needy), >=, low);
  assert_nobody_swapped (host);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpfloat (host->guests[i].least_usable, >, 150);
}

static void
test_small_vm_beside_large_ones_is_served (void)
{
  const guint limits[] = { 75, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      small_beside_large (16384, 4096, 1024, 512, 10, limits[i]);
      small_beside_large (16384 * 16, 4096 * 16, 128, 100, 10, limits[i]);
      small_beside_large (16384 * 16, 4096, 1024, 512, 10, limits[i]);
      small_beside_large (2048, 512, 1024, 512, 10, limits[i]);
    }
}

/* Room is there for everybody's watermarks; the large one's headroom and what is kept for the next
 * come after those. */
static void
below_its_watermark_beside_one_of (double large, double available)
{
  g_autofree SmallHost *host = small_host_new (large * 4 / 3);
  const double sizes[][3] = { { 1024, 500, 440 }, { 512, 400, 320 }, { 2048, 1500, 1450 } };

  small_host_add (host, large, large * 5 / 6, large * 5 / 6 - large / 50);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    small_host_add (host, sizes[i][0], sizes[i][1], sizes[i][2]);
  for (guint i = 0; i < host->n; i++)
    {
      guest_touch_all (&host->guests[i]);
      guest_was_told (&host->guests[i]);
    }
  small_host_leave (host, available);
  small_host_watch (host);
  small_host_run (host, 2 * MINUTE);
  for (guint i = 1; i < host->n; i++)
    g_assert_cmpfloat (guest_usable (&host->guests[i]), >, 95);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
}

static void
test_below_its_watermark_is_served_while_there_is_room (void)
{
  const double available[] = { 1500, 3000, 6000 };

  for (guint i = 0; i < G_N_ELEMENTS (available); i++)
    {
      below_its_watermark_beside_one_of (49152, available[i]);
      below_its_watermark_beside_one_of (524288, available[i]);
    }
}

/*
 * What processes may occupy beside their guests, at the worst, is kept back of what is granted.
 * Others' headroom beyond the middle between their watermarks does not come before somebody's low
 * watermark for that.
 */
static void
test_below_its_watermark_is_served_beside_what_is_kept_back (void)
{
  const guint others[] = { 1, 4, 12 }; /* of twelve, more is kept back than they have to give */

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree SmallHost *host = small_host_new (1024 * (others[i] + 3));
      Guest *needy;

      for (guint j = 0; j < others[i]; j++)
        small_host_add (host, 1024, 512, 352);
      needy = small_host_add (host, 1024, 256, 150);
      for (guint j = 0; j < host->n; j++)
        {
          guest_touch_all (&host->guests[j]);
          guest_was_told (&host->guests[j]);
        }
      needy->comes_to = 512;
      needy->ramp = 10;
      small_host_leave (host, 264 + 300 + 256 + 250);
      small_host_watch (host);
      small_host_run (host, 14 * MINUTE);
      for (guint j = 0; j < others[i] && guest_usable (needy) <= 95; j++)
        g_assert_cmpfloat (guest_usable (&host->guests[j]), <=, 125 + 1);
      g_assert_cmpfloat (host->least_available, >, reserve (host));
    }
}

/* Somebody lacks @lack of what it should have, and its own donors are page cache. */
static void
small_need_on_tight_host (double lack)
{
  g_autofree SmallHost *host = small_host_new (16384);
  Guest *needy;

  for (guint i = 0; i < 3; i++)
    {
      Guest *rich = small_host_add (host, 4096, 4096, 1200);

      rich->cache = rich->reads_to = 2800;
      guest_touch_all (rich);
      guest_was_told (rich);
    }
  needy = small_host_add (host, 1024, 600, 500 + lack);
  guest_was_told (needy);
  small_host_leave (host, 600);
  small_host_watch (host);
  small_host_run (host, 20 * MINUTE);
  g_assert_cmpfloat (guest_usable (needy), >, 95);
  g_assert_cmpfloat (used (host), <=, limit (host) + 164);
  assert_nobody_swapped (host);
}

static void
test_small_need_stops_no_other_duty (void)
{
  const double lacks[] = { 2, 10, 50, 99 };

  for (guint i = 0; i < G_N_ELEMENTS (lacks); i++)
    small_need_on_tight_host (lacks[i]);
}

/* A need that is never met, since its guest claims it for ever, or does not follow. */
static void
test_need_that_is_never_met_stops_no_other_duty (void)
{
  for (guint claims = 0; claims < 2; claims++)
    {
      g_autofree SmallHost *host = small_host_new (16384);
      Guest *odd;

      for (guint i = 0; i < 3; i++)
        {
          Guest *rich = small_host_add (host, 4096, 4096, 1200);

          rich->cache = rich->reads_to = 2800;
          guest_touch_all (rich);
          guest_was_told (rich);
        }
      odd = small_host_add (host, 1024, 600, 540);
      if (claims)
        odd->claims = 60;
      odd->deaf = TRUE;
      small_host_leave (host, 600);
      small_host_run (host, 20 * MINUTE);
      g_assert_cmpfloat (used (host), <=, limit (host) + 164);
      for (guint i = 0; i < 3; i++)
        g_assert_cmpfloat (guest_usable (&host->guests[i]), >, 150);
    }
}

/* Tight hosts */

static double
tight_with_page_cache (double available)
{
  g_autofree SmallHost *host = small_host_new (24576);

  for (guint i = 0; i < 5; i++)
    {
      Guest *guest = small_host_add (host, 4096, 4096, 1096);

      guest->cache = guest->reads_to = 2940;
      guest_touch_all (guest);
      guest_was_told (guest);
    }
  small_host_leave (host, available);
  small_host_run (host, 15 * MINUTE);
  for (guint i = 0; i < host->n; i++)
    g_assert_cmpfloat (guest_usable (&host->guests[i]), >, 150);
  assert_nobody_swapped (host);
  return used (host) - limit (host);
}

static void
test_tight_host_full_of_page_cache_comes_to_its_limit (void)
{
  const double available[] = { 1400, 1000, 600, 250, 150 };

  for (guint i = 0; i < G_N_ELEMENTS (available); i++)
    {
      double over = tight_with_page_cache (available[i]);

      g_assert_cmpfloat (over, <=, 164);
      g_assert_cmpfloat (over, >=, -820);
    }
}

/* What all targets leave used when they are reached. */
static double
will_be_used (const SmallHost *host)
{
  double coming = 0;

  for (guint i = 0; i < host->n; i++)
    coming += MAX (0, host->guests[i].touched - host->guests[i].told);
  return used (host) - coming;
}

/* What is asked for until the limit is reached, however long that takes. */
static void
over_its_limit (double speed, double scale, guint n)
{
  g_autofree SmallHost *host = small_host_new (40960 * scale);
  double capacity = 32768 * scale / n, will_be = 0;
  guint most = (guint)(600 + 4 * 8000 * scale / (n * speed));

  for (guint i = 0; i < n; i++)
    {
      Guest *guest = small_host_add (host, capacity, capacity, capacity / 4);

      guest->inflate = speed;
      guest->own = 64;
      guest_touch_all (guest);
      guest_was_told (guest);
    }
  small_host_leave (host, (10240 - 8000) * scale);
  for (guint s = 0; s < most && used (host) > limit (host); s++)
    {
      will_be = will_be_used (host);
      small_host_run (host, 1);
    }
  g_assert_cmpfloat (used (host), <=, limit (host) + capacity / 25);
  g_assert_cmpfloat (will_be, >=, limit (host) - capacity / 20);
}

static void
test_tight_host_ends_at_its_limit_with_fast_balloons (void)
{
  const double speeds[] = { 100, 300, 2000 };

  for (guint i = 0; i < G_N_ELEMENTS (speeds); i++)
    {
      over_its_limit (speeds[i], 1, 2);
      over_its_limit (speeds[i], 1, 16);
      over_its_limit (speeds[i], 0.125, 2);
    }
}

static void
test_tight_host_ends_at_its_limit_with_slow_balloons (void)
{
  const double speeds[] = { 5, 20, 50 };

  for (guint i = 0; i < G_N_ELEMENTS (speeds); i++)
    {
      over_its_limit (speeds[i], 1, 2);
      over_its_limit (speeds[i], 1, 16);
      over_its_limit (speeds[i], 0.125, 2);
      over_its_limit (speeds[i], 16, 8);
    }
}

static void
test_tight_host_with_large_vms_ends_at_its_limit (void)
{
  over_its_limit (100, 16, 8);
  over_its_limit (300, 16, 8);
}

/* A small step is no smaller than the least move. */
static void
test_every_step_limit_reaches_all_duties (void)
{
  const guint limits[] = { 1, 2, 3, 5, 7, 10, 50 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autofree SmallHost *tight = small_host_new (16384);
      g_autofree SmallHost *full = small_host_new (8192);
      g_autofree SmallHost *large = small_host_new (65536);
      Guest *needy, *idle = small_host_add (large, 4096, 4096, 1200);

      for (guint k = 0; k < 3; k++)
        guest_touch_all (small_host_add (tight, 4096, 4096, 1200));
      small_host_leave (tight, 600);
      for (guint k = 0; k < 2; k++)
        guest_touch_all (small_host_add (full, 4096, 3500, 1200));
      needy = small_host_add (full, 1024, 500, 480);
      full->settings.thresholds.host_usage_limit = 100;
      small_host_leave (full, 264);
      tight->settings.thresholds.step_limit = full->settings.thresholds.step_limit
          = large->settings.thresholds.step_limit = limits[i];
      small_host_run (tight, 2 * HOUR);
      small_host_run (full, 5 * MINUTE);
      small_host_run (large, 2 * HOUR);
      g_assert_cmpfloat (used (tight), <=, limit (tight) + 164);
      g_assert_cmpfloat (guest_usable (needy), >, 95);
      g_assert_cmpfloat (idle->balloon, <, 3500);
    }
}

/* Idle VMs */

static void
worker_beside_idle (guint n_idle, double capacity, double idle_uses, double works, double total)
{
  g_autofree SmallHost *host = small_host_new (total);
  Guest *worker = small_host_add (host, capacity, capacity, idle_uses);

  for (guint i = 0; i < n_idle; i++)
    small_host_add (host, capacity, capacity, idle_uses)->inflate = MAX (200, capacity / 80);
  small_host_run (host, MINUTE);
  worker->comes_to = works;
  worker->ramp = capacity / 100;
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  g_assert_cmpfloat (guest_swapped (worker), ==, 0);
  g_assert_cmpfloat (guest_usable (worker), >, 95);
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  assert_nobody_swapped (host);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
}

static void
test_idle_vms_leave_a_worker_what_it_needs (void)
{
  worker_beside_idle (7, 16384, 500, 8192, 16384);
  worker_beside_idle (7, 16384, 700, 8192, 16384);
  worker_beside_idle (1, 16384, 500, 12000, 16384);
  worker_beside_idle (40, 16384, 250, 4096, 20480);
  worker_beside_idle (7, 16384 * 16, 2000, 8192 * 16, 16384 * 16);
  worker_beside_idle (7, 2048, 150, 700, 4096);
}

/* The floor */

static void
all_touch_what_they_have (double own, guint n, double capacity, double total)
{
  g_autofree SmallHost *host = small_host_new (total);
  double part = (total - 300 - 264 - n * own) / n;

  host->base = 300;
  for (guint i = 0; i < n; i++)
    {
      Guest *guest = small_host_add (host, capacity, part * 3 / 4, part / 2);

      guest->own = own;
    }
  small_host_run (host, 30);
  small_host_watch (host);
  for (guint i = 0; i < n; i++)
    {
      host->guests[i].comes_to = capacity;
      host->guests[i].ramp = capacity / (10 + 10 * i);
    }
  small_host_run (host, 5 * MINUTE);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
}

static void
test_reserve_is_kept_whatever_processes_have (void)
{
  const double own[] = { 30, 60, 100, 200, 300 };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    {
      all_touch_what_they_have (own[i], 4, 2048, 4096);
      all_touch_what_they_have (own[i], 12, 2048, 12288);
      all_touch_what_they_have (own[i], 4, 32768, 65536);
      all_touch_what_they_have (own[i], 1, 2048, 2048);
    }
}

/* A deflated balloon's pages that lie in the guest's per-CPU lists are neither free nor touched:
 * they are no sign of a small process. */
static void
all_touch_after_a_grant (double own, double hides)
{
  g_autofree SmallHost *host = small_host_new (16384);
  const guint n = 6;
  double part = (16384 - 300 - 264 - n * own) / n;

  host->base = 300;
  for (guint i = 0; i < n; i++)
    {
      Guest *guest = small_host_add (host, 4096, part / 2, part / 2 - 300);

      guest->own = own;
      guest->hides = hides;
    }
  small_host_run (host, 30);
  for (guint i = 0; i < n; i++)
    {
      host->guests[i].comes_to = host->guests[i].uses + 250;
      host->guests[i].ramp = 20;
    }
  small_host_run (host, MINUTE);
  small_host_watch (host);
  for (guint i = 0; i < n; i++)
    {
      host->guests[i].comes_to = 4096;
      host->guests[i].ramp = 400.0 / (1 + i);
    }
  small_host_run (host, 5 * MINUTE);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
}

static void
test_reserve_is_kept_when_guests_hide_what_they_were_given (void)
{
  const double own[] = { 30, 100, 200, 300 };
  const double hides[] = { 53, 84, 214 }; /* as measured of Linux 6.1 and 6.12 */

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    for (guint k = 0; k < G_N_ELEMENTS (hides); k++)
      all_touch_after_a_grant (own[i], hides[k]);
}

/* Ways back */

/* A probe is no smaller than the least move, be there a pool to be filled or the host's limit
 * alone.
 */
static void
driver_hung (guint seconds, gboolean alone)
{
  g_autofree SmallHost *host = small_host_new (6144);
  Guest *guest = small_host_add (host, 4096, 4096, 540);

  if (!alone)
    small_host_add (host, 1024, 600, 350);
  guest_touch_all (guest);
  small_host_leave (host, 400);
  small_host_run (host, 5);
  guest->hangs = TRUE;
  small_host_run (host, seconds + 4);
  guest->hangs = FALSE;
  small_host_run (host, 2 * HOUR);
  g_assert_cmpfloat (guest->balloon, <, 3000);
  g_assert_cmpfloat (used (host), <=, limit (host) + 164);
  for (guint i = 0; i < host->n; i++)
    g_assert_cmpfloat (guest_usable (&host->guests[i]), >, 100);
}

static void
test_driver_that_hung_gives_again (void)
{
  const guint hung[] = { 8, 12, 40, 300 };

  for (guint i = 0; i < G_N_ELEMENTS (hung); i++)
    {
      driver_hung (hung[i], FALSE);
      driver_hung (hung[i], TRUE);
    }
}

static void
test_nothing_moves_on_a_report_from_before_the_start (void)
{
  for (guint tight = 0; tight < 2; tight++)
    {
      g_autofree SmallHost *host = small_host_new (10240);
      Guest *dead = small_host_add (host, 4096, 3000, 800), *other;

      other = small_host_add (host, 4096, 3000, 2960);
      guest_touch_all (dead);
      small_host_leave (host, tight ? 300 : 2500);
      host->away = TRUE;
      small_host_run (host, 20);
      dead->silent = TRUE;
      small_host_run (host, 20);
      host->away = FALSE;
      small_host_restart (host);
      small_host_watch (host);
      small_host_run (host, 20 * MINUTE);
      g_assert_cmpuint (dead->moves, ==, 0);
      if (!tight)
        g_assert_cmpfloat (guest_usable (other), >, 95);
      dead->silent = FALSE;
      small_host_run (host, 10 * MINUTE);
      if (tight)
        g_assert_cmpuint (dead->takings, >, 0);
    }
}

/* Its last report before the start comes once more, late. */
static void
test_one_late_report_is_not_the_dead_guests_word_for_ever (void)
{
  g_autofree SmallHost *host = small_host_new (8192);
  Guest *dead = small_host_add (host, 4096, 3000, 800);

  small_host_add (host, 4096, 3000, 2960);
  guest_touch_all (dead);
  small_host_leave (host, 300);
  host->away = TRUE;
  small_host_run (host, 20);
  host->away = FALSE;
  small_host_restart (host);
  small_host_run (host, 1);
  dead->silent = dead->hangs = TRUE;
  small_host_watch (host);
  small_host_run (host, 20 * MINUTE);
  g_assert_cmpuint (dead->moves, <=, 2);
  g_assert_cmpfloat (dead->target, >=, 3000);
}

/* Restless ones */

static guint
claim_every (SmallHost *host, Guest *guest, guint on, guint off, guint seconds)
{
  guint most = 0;

  small_host_watch (host);
  for (guint s = 0; s < seconds; s += on + off)
    {
      guest->claims = 2;
      small_host_run (host, on);
      guest->claims = -1;
      small_host_run (host, off);
    }
  for (guint i = 0; i < host->n; i++)
    if (&host->guests[i] != guest)
      most = MAX (most, host->guests[i].moves);
  return most;
}

static void
beside_crier (double total, guint on, guint off)
{
  g_autofree SmallHost *host = small_host_new (total);
  Guest *crier = small_host_add (host, 4096, 2000, 1500);

  for (guint i = 0; i < 3; i++)
    guest_touch_all (small_host_add (host, 4096, 2000, 1500));
  small_host_run (host, 5 * MINUTE);
  g_assert_cmpuint (claim_every (host, crier, on, off, HOUR), <, 60);
  assert_nobody_swapped (host);
}

static void
test_one_that_cries_every_other_second_moves_the_others_little (void)
{
  const double totals[] = { 8500, 9000, 10000, 14000 };

  for (guint i = 0; i < G_N_ELEMENTS (totals); i++)
    {
      beside_crier (totals[i], 1, 1);
      beside_crier (totals[i], 2, 2);
      beside_crier (totals[i], 5, 5);
      beside_crier (totals[i], 15, 15);
    }
}

static void
test_one_that_cries_now_and_then_moves_the_others_little (void)
{
  const double totals[] = { 8500, 9000, 10000, 14000 };

  for (guint i = 0; i < G_N_ELEMENTS (totals); i++)
    {
      beside_crier (totals[i], 1, 4);
      beside_crier (totals[i], 1, 9);
      beside_crier (totals[i], 30, 30);
    }
}

/* The same, but the need is real: its use goes up and down. */
static void
test_one_that_uses_and_frees_moves_the_others_little (void)
{
  const guint seconds[] = { 1, 2, 5, 10, 20 };

  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      g_autofree SmallHost *host = small_host_new (11000);
      Guest *restless = small_host_add (host, 4096, 2000, 1000);
      guint most = 0;

      for (guint j = 0; j < 3; j++)
        guest_touch_all (small_host_add (host, 4096, 2000, 1500));
      small_host_run (host, 5 * MINUTE);
      small_host_watch (host);
      for (guint s = 0; s < HOUR; s += 2 * seconds[i])
        {
          restless->comes_to = 2500;
          small_host_run (host, seconds[i]);
          restless->comes_to = 1000;
          small_host_run (host, seconds[i]);
        }
      for (guint j = 1; j < host->n; j++)
        most = MAX (most, host->guests[j].moves);
      g_assert_cmpuint (most, <, 60);
    }
}

static void
test_sound_and_absurd_by_turns_is_told_seldom (void)
{
  g_autofree SmallHost *host = small_host_new (9000);
  Guest *odd = small_host_add (host, 4096, 2000, 1500);

  for (guint j = 0; j < 3; j++)
    guest_touch_all (small_host_add (host, 4096, 2000, 1500));
  small_host_run (host, MINUTE);
  small_host_watch (host);
  for (guint s = 0; s < HOUR; s += 2)
    {
      odd->claims = 1e9;
      small_host_run (host, 1);
      odd->claims = -1;
      small_host_run (host, 1);
    }
  g_assert_cmpuint (odd->statuses, <, 60);
  g_assert_cmpuint (odd->moves, <, 60);
  for (guint j = 1; j < host->n; j++)
    g_assert_cmpuint (host->guests[j].moves, <, 60);
}

/* Maximum */

static void
brought_to_its_maximum (double scale, gboolean tight)
{
  g_autofree SmallHost *host = small_host_new (16384 * scale);
  Guest *guest = small_host_add (host, 4096 * scale, 900 * scale, 500 * scale);

  guest->maximum = 1024 * scale;
  guest_was_told (guest);
  small_host_run (host, 30);
  guest->target = guest->balloon = 4096 * scale;
  guest->uses = guest->comes_to = 3500 * scale;
  small_host_run (host, 10);
  if (tight)
    small_host_leave (host, 300);
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  assert_nobody_swapped (host);
  g_assert_cmpfloat (guest->least_balloon, >=, 3500 * scale);
  g_assert_cmpfloat (guest->largest_step, <=, 820 * scale);
  guest->comes_to = 500 * scale;
  small_host_run (host, 10 * MINUTE);
  assert_nobody_swapped (host);
  g_assert_cmpfloat (guest->largest_step, <=, 820 * scale);
  g_assert_cmpfloat (guest->balloon, <=, 1024 * scale + 1);
}

static void
test_maximum_never_takes_what_is_used (void)
{
  brought_to_its_maximum (1, FALSE);
  brought_to_its_maximum (16, FALSE);
  brought_to_its_maximum (0.125, FALSE);
}

static void
test_maximum_on_a_tight_host_never_takes_what_is_used (void)
{
  brought_to_its_maximum (1, TRUE);
  brought_to_its_maximum (16, TRUE);
  brought_to_its_maximum (0.125, TRUE);
}

/* Somebody has set minima that the host cannot give: what is taken for them is given, or not taken.
 */
static void
below_their_minima (double minimum)
{
  g_autofree SmallHost *host = small_host_new (8192);

  for (guint i = 0; i < 3; i++)
    {
      Guest *guest = small_host_add (host, 4096, 2000, 1000);

      guest_touch_all (guest);
      guest->minimum = minimum;
    }
  small_host_add (host, 2048, 600, 480);
  small_host_leave (host, 400);
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  if (small_host_available (host) > reserve (host) + 64 + 32)
    assert_nobody_swapped (host);
}

static void
test_minimum_that_cannot_be_given_takes_nothing_in_vain (void)
{
  const double minima[] = { 64, 2100, 3000, 4096 };

  for (guint i = 0; i < G_N_ELEMENTS (minima); i++)
    below_their_minima (minima[i]);
}

/* Guests that are not what they seem */

static void
test_what_brings_the_host_nothing_is_given_back (void)
{
  for (guint n = 1; n < 5; n++)
    {
      g_autofree SmallHost *host = small_host_new (8192 * n + 2048);

      for (guint i = 0; i < n; i++)
        {
          Guest *pinned = small_host_add (host, 8192, 8192, 2000);

          pinned->pinned = TRUE;
          guest_touch_all (pinned);
        }
      small_host_leave (host, 500);
      small_host_watch (host);
      small_host_run (host, 5 * MINUTE);
      for (guint i = 0; i < n; i++)
        g_assert_cmpfloat (host->guests[i].least_balloon, >=, 8192 * 0.75);
      for (guint i = 0; i < n; i++)
        g_assert_cmpfloat (host->guests[i].balloon, >=, 8192 * 0.95);
      small_host_run (host, HOUR);
      for (guint i = 0; i < n; i++)
        g_assert_cmpfloat (host->guests[i].least_balloon, >=, 8192 * 0.75);
      for (guint i = 0; i < n; i++)
        g_assert_cmpuint (host->guests[i].moves, <, 60);
    }
}

static void
with_figures_that_stand_still (double balloon, double uses, double total, double free)
{
  g_autofree SmallHost *host = small_host_new (6144);
  Guest *guest = small_host_add (host, 4096, balloon, uses);

  guest_touch_all (guest);
  guest->frozen = guest->blind = TRUE;
  guest->report.available = (guint64)total * MC_MIB;
  guest->report.unused = (guint64)free * MC_MIB;
  guest->report.usable = MC_UNKNOWN;
  guest->report.swap_in = guest->report.swap_out = MC_UNKNOWN;
  small_host_leave (host, 400);
  small_host_watch (host);
  small_host_run (host, HOUR);
  g_assert_cmpfloat (guest->least_balloon, >=, balloon - 820);
  g_assert_cmpuint (guest->takings, <=, 12);
}

/* What its process has for itself is not what it keeps back. */
static void
test_large_process_of_a_small_guest_is_no_sign_of_holding_back (void)
{
  const double own[] = { 30, 200, 260, 300 };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    {
      g_autofree SmallHost *host = small_host_new (6000);
      Guest *guest = small_host_add (host, 1024, 700, 120);

      guest->own = own[i];
      guest_touch_all (guest);
      guest_touch_all (small_host_add (host, 2048, 1500, 1440));
      small_host_leave (host, 400);
      small_host_run (host, 5 * MINUTE);
      g_assert_cmpfloat (guest->balloon, <, 600);
      g_assert_cmpint (guest->decision.status, ==, MC_VM_MANAGED);
    }
}

static void
test_figures_that_stand_still_are_not_believed (void)
{
  with_figures_that_stand_still (4096, 3000, 2047, 2047);
}

static void
test_figures_that_stand_still_are_not_believed_for_a_second_step (void)
{
  with_figures_that_stand_still (4000, 3000, 2047, 2047);
  with_figures_that_stand_still (3000, 2030, 3000, 2000);
  with_figures_that_stand_still (4096, 500, 4000, 3000);
}

static void
test_dump_kernel_is_no_need (void)
{
  g_autofree SmallHost *host = small_host_new (32768);
  Guest *guest = small_host_add (host, 16384, 10240, 4000);

  small_host_add (host, 8192, 4096, 2000);
  small_host_run (host, MINUTE);
  guest->dumps = TRUE;
  small_host_watch (host);
  small_host_run (host, 10 * MINUTE);
  g_assert_cmpuint (guest->grants, ==, 0);
  g_assert_cmpuint (guest->moves, <=, 1);
  guest->dumps = FALSE;
  guest->uses = 3000;
  small_host_run (host, 10 * MINUTE);
  g_assert_cmpint (guest->decision.status, ==, MC_VM_MANAGED);
}

static void
test_total_and_free_only_takes_nothing_from_others (void)
{
  const guint limits[] = { 75, 100 };

  for (guint k = 0; k < G_N_ELEMENTS (limits); k++)
    {
      g_autofree SmallHost *host = small_host_new (16384);
      Guest *blind = small_host_add (host, 8192, 3000, 1000);
      double before = 0, after = 0;

      blind->blind = TRUE;
      blind->cache = 1940;
      blind->reads_to = 7000;
      for (guint i = 0; i < 2; i++)
        {
          Guest *rich = small_host_add (host, 8192, 4500, 1500);

          rich->cache = rich->reads_to = 2000;
          guest_touch_all (rich);
        }
      for (guint i = 0; i < host->n; i++)
        guest_was_told (&host->guests[i]);
      host->settings.thresholds.host_usage_limit = limits[k];
      small_host_leave (host, limits[k] == 75 ? 4100 : 280);
      for (guint i = 1; i < host->n; i++)
        before += host->guests[i].balloon;
      small_host_run (host, 20 * MINUTE);
      for (guint i = 1; i < host->n; i++)
        after += host->guests[i].balloon;
      /* The pool is theirs to fill, whoever asks. */
      g_assert_cmpfloat (after, >=, before - 8192 * 0.3 - 200);
      g_assert_cmpfloat (blind->balloon, <=, 3000 + 200);
    }
}

/* It is no longer soft when it swaps. */
static void
test_total_and_free_only_that_swaps_is_served (void)
{
  g_autofree SmallHost *host = small_host_new (16384);
  Guest *blind = small_host_add (host, 8192, 3000, 2900);

  blind->blind = TRUE;
  for (guint i = 0; i < 2; i++)
    guest_touch_all (small_host_add (host, 8192, 5500, 1500));
  small_host_leave (host, 300);
  small_host_run (host, 10);
  blind->comes_to = 4000;
  blind->ramp = 100;
  small_host_run (host, 2 * MINUTE);
  g_assert_cmpfloat (guest_swapped (blind), ==, 0);
}

/* A host of 250 GiB keeps 512 MiB beside its reserve: for who swaps all but 64 MiB of it is there,
 * for who does not, nothing. */
static void
test_margin_of_a_large_host_is_for_who_swaps (void)
{
  g_autofree SmallHost *host = small_host_new (256000);
  Guest *guest = small_host_add (host, 4096, 2048, 1990);

  guest_touch_all (guest);
  guest_was_told (guest);
  small_host_leave (host, 200 + 500);
  small_host_run (host, MINUTE);
  g_assert_cmpfloat (guest->balloon, <=, 2048);
  small_host_watch (host);
  guest->comes_to = 2300;
  guest->ramp = 50;
  small_host_run (host, 5 * MINUTE);
  g_assert_cmpfloat (guest_swapped (guest), ==, 0);
  g_assert_cmpfloat (guest->balloon, >, 2300);
  g_assert_cmpfloat (host->least_available, >, 200);
}

static void
test_per_cpu_lists_are_no_growth (void)
{
  const struct
  {
    double capacity, hides;
  } rows[] = { { 1024, 84 }, { 4096, 214 }, { 16384, 744 }, { 65536, 1024 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree SmallHost *host = small_host_new (rows[i].capacity * 3);
      double step = rows[i].capacity / 5, balloon = rows[i].capacity / 2;
      Guest *guest = small_host_add (host, rows[i].capacity, balloon, balloon - 60);

      guest->hides = rows[i].hides;
      small_host_watch (host);
      small_host_run (host, 3 * MINUTE);
      g_assert_cmpfloat (guest->most_balloon, <=, balloon + 1.6 * step);
      g_assert_cmpuint (guest->grants, <=, 2);
    }
}

/* What a kernel has before MemTotal grows with the guest's size: 163 MiB at 4 GiB, more than 1 GiB
 * at 64. */
static void
test_squeezed_guest_is_believed_though_its_total_is_small (void)
{
  const double capacities[] = { 1024, 2048, 4096, 16384, 65536, 524288 };
  const double uses_more[] = { 30, 60, 90 };

  for (guint i = 0; i < G_N_ELEMENTS (capacities); i++)
    for (guint k = 0; k < G_N_ELEMENTS (uses_more); k++)
      {
        g_autofree SmallHost *host = small_host_new (capacities[i] * 2);
        Guest *guest = small_host_add (host, capacities[i], 0, 0);

        guest->uses = guest->comes_to = guest->resident = guest->touched
            = guest->outside * (100 + uses_more[k]) / 100;
        guest->balloon = guest->target = guest->uses + 10;
        guest_was_told (guest);
        small_host_run (host, 30);
        g_assert_cmpint (guest->decision.status, ==, MC_VM_MANAGED);
        g_assert_cmpfloat (guest_usable (guest), >, 95);
      }
}

/* Host memory */

/* Of memory that the service @granted, or that its guests had before. */
static void
reclaimed (double part, double scale, gboolean granted)
{
  g_autofree SmallHost *host = small_host_new (8192 * scale);
  Guest *small;

  for (guint i = 0; i < 2; i++)
    {
      Guest *guest = small_host_add (host, 3072 * scale, 3072 * scale, 2600 * scale);

      guest_touch_all (guest);
      guest_was_told (guest);
    }
  small = small_host_add (host, 1024 * scale, 900 * scale, 750 * scale);
  guest_was_told (small);
  host->settings.thresholds.host_usage_limit = 95;
  small_host_leave (host, 700 * scale);
  small_host_run (host, 30);
  for (guint i = 0; i < 2; i++)
    {
      Guest *guest = &host->guests[i];

      if (granted)
        guest->history.granted = (guint64)(guest->balloon * MC_MIB);
      guest->out = guest->touched * part;
      guest->touched -= guest->out;
      host->base += guest->out; /* others have it */
    }
  small_host_watch (host);
  small_host_run (host, 5 * MINUTE);
  for (guint i = 0; i < host->n; i++)
    g_assert_cmpfloat (host->guests[i].swap_out, ==, 0);
  g_assert_cmpfloat (small->least_usable, >=, MIN (100, 140 * scale));
}

static void
test_what_the_host_reclaims_is_not_paid_by_others (void)
{
  const double parts[] = { 0.1, 0.5, 0.9, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      reclaimed (parts[i], 1, FALSE);
      reclaimed (parts[i], 1, TRUE);
      reclaimed (parts[i], 8, FALSE);
      reclaimed (parts[i], 8, TRUE);
    }
}

/* Alike */

/* Beside the reserve, the margin and what the late one begins with, the host has so much @room. */
static void
start_beside (guint n, double capacity, double spare, double room)
{
  g_autofree SmallHost *host = small_host_new (capacity * (n + 1));
  double least = G_MAXDOUBLE, most = 0;
  Guest *late;

  for (guint i = 0; i < n; i++)
    {
      Guest *guest = small_host_add (host, capacity, capacity / 2, capacity / 2 - spare);

      guest_touch_all (guest);
      guest_was_told (guest);
    }
  small_host_leave (host, 264 + capacity / 4 + room);
  small_host_run (host, MINUTE);
  late = small_host_add (host, capacity, capacity / 4, 120);
  late->started = host->now;
  late->comes_to = capacity / 2;
  late->ramp = capacity / 40;
  small_host_run (host, 5 * MINUTE);
  for (guint i = 0; i < host->n; i++)
    {
      least = MIN (least, guest_usable (&host->guests[i]));
      most = MAX (most, guest_usable (&host->guests[i]));
    }
  g_assert_cmpfloat (least, >=, MIN (100, most / 2));
}

static void
test_headroom_shrinks_alike_when_a_vm_starts (void)
{
  start_beside (3, 2048, 150, 300);
  start_beside (3, 1024, 120, 300);
  start_beside (10, 4096, 200, 300);
  start_beside (1, 8192, 300, 300);
  /* Less of a difference than is worth a move elsewhere. */
  start_beside (1, 1024, 80, 450);
  start_beside (1, 1024, 200, 300);
  start_beside (1, 2048, 80, 700);
  start_beside (1, 2048, 120, 650);
}

static void
with_weight (guint weight, double *balloons)
{
  g_autofree SmallHost *host = small_host_new (24576);

  for (guint i = 0; i < 40; i++)
    {
      Guest *guest = small_host_add (host, 1024, 450, 350 + 10 * (i % 8));

      guest_touch_all (guest);
      guest->weight = weight;
      guest->comes_to = 450 + 10 * (i % 8);
      guest->ramp = 10;
    }
  small_host_leave (host, 300);
  small_host_run (host, 10 * MINUTE);
  for (guint i = 0; i < host->n; i++)
    balloons[i] = host->guests[i].balloon;
}

static void
test_only_ratios_of_weights_matter (void)
{
  double light[40], heavy[40], heaviest[40];

  with_weight (1, light);
  with_weight (10000, heavy);
  with_weight (1000000, heaviest);
  for (guint i = 0; i < G_N_ELEMENTS (light); i++)
    {
      g_assert_cmpfloat_with_epsilon (light[i], heavy[i], 1.01);
      g_assert_cmpfloat_with_epsilon (light[i], heaviest[i], 1.01);
    }
}

static void
test_very_large_hosts_and_vms (void)
{
  const double tib[] = { 8, 16, 64 };

  for (guint i = 0; i < G_N_ELEMENTS (tib); i++)
    {
      double size = tib[i] * 1024 * 1024;
      g_autofree SmallHost *host = small_host_new (size);
      Guest *guest = small_host_add (host, size, size / 2, size / 2 - 1000);

      for (guint k = 0; k < 3; k++)
        small_host_add (host, size / 8, size / 16, size / 32);
      small_host_run (host, 10);
      guest->comes_to = size / 2 - 50;
      small_host_run (host, 30);
      for (guint k = 0; k < host->n; k++)
        {
          g_assert_cmpint (host->guests[k].decision.status, ==, MC_VM_MANAGED);
          g_assert_cmpint (host->guests[k].decision.reason, !=, MC_REASON_OVERCOMMITTED);
        }
      g_assert_cmpint (host->decision.condition, ==, MC_HOST_COMFORTABLE);
      g_assert_cmpfloat (guest_usable (guest), >, 100);
      g_assert_cmpfloat (guest_swapped (guest), ==, 0);
    }
}

/* Comfort */

static void
booted_on_a_host_with_room (double capacity, double uses)
{
  g_autofree SmallHost *host = small_host_new (capacity * 16);
  Guest *guest;

  small_host_run (host, 10);
  guest = small_host_add (host, capacity, capacity, uses);
  guest->started = host->now;
  small_host_watch (host);
  small_host_run (host, 3 * MINUTE);
  g_assert_cmpfloat (guest->least_balloon, >=, capacity - 1);
  for (guint minute = 0; minute < 60; minute++)
    {
      double before = guest->balloon;

      small_host_run (host, MINUTE);
      g_assert_cmpfloat (before - guest->balloon, <=, capacity / 4);
    }
  g_assert_cmpuint (guest->takings, >, 0);
  g_assert_cmpfloat (guest_usable (guest), >, 150);
}

static void
test_vm_that_has_just_started_keeps_its_memory (void)
{
  booted_on_a_host_with_room (1024, 150);
  booted_on_a_host_with_room (16384, 500);
  booted_on_a_host_with_room (512, 100);
}

/* What it has read it may read again: nobody else has a use for the room. */
static void
full_of_page_cache_on_a_host_with_room (double capacity)
{
  g_autofree SmallHost *host = small_host_new (capacity * 4);
  double cache = capacity * 0.7;
  Guest *reader = small_host_add (host, capacity, capacity, capacity * 0.15);

  reader->cache = reader->reads_to = cache;
  guest_touch_all (reader);
  for (guint i = 0; i < 2; i++)
    small_host_add (host, capacity, capacity / 2, capacity / 4);
  small_host_watch (host);
  small_host_run (host, HOUR);
  g_assert_cmpint (host->decision.condition, ==, MC_HOST_COMFORTABLE);
  g_assert_cmpfloat (reader->cache, ==, cache);
  g_assert_cmpfloat (guest_usable (reader), >=, cache + 150);
  g_assert_cmpuint (reader->grants, ==, 0);
}

static void
test_page_cache_is_left_where_there_is_room (void)
{
  full_of_page_cache_on_a_host_with_room (1024);
  full_of_page_cache_on_a_host_with_room (4096);
  full_of_page_cache_on_a_host_with_room (65536);
}

/* Silent ones */

static void
beside_one_that_never_reports (double scale, double grows)
{
  g_autofree SmallHost *host = small_host_new (12288 * scale);
  Guest *silent = small_host_add (host, 8192 * scale, 8192 * scale, 1000 * scale);

  silent->silent = TRUE;
  silent->comes_to = 6000 * scale;
  silent->ramp = grows * scale;
  for (guint i = 0; i < 3; i++)
    {
      Guest *guest
          = small_host_add (host, 2048 * scale, 1030 * scale, 1030 * scale - (i == 0 ? 130 : 30));

      guest_was_told (guest);
    }
  small_host_leave (host, 2652 * scale);
  small_host_watch (host);
  small_host_run (host, MINUTE);
  for (guint i = 1; i < host->n; i++)
    g_assert_cmpfloat (guest_usable (&host->guests[i]), >, 95);
  g_assert_cmpfloat (host->least_available, >, reserve (host));
  if (grows == 0)
    assert_nobody_swapped (host);
}

static void
test_one_that_never_reports_holds_nobody_short (void)
{
  beside_one_that_never_reports (1, 0);
  beside_one_that_never_reports (16, 0);
  beside_one_that_never_reports (1, 5);
}

static void
test_one_that_never_reports_on_a_small_host_holds_nobody_short (void)
{
  beside_one_that_never_reports (0.5, 0);
}

/* Reports and balloons that do not fit */

static void
test_report_newer_than_the_balloon_is_no_growth (void)
{
  const double capacities[] = { 1024, 4096, 16384 };

  for (guint i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      double capacity = capacities[i], balloon = capacity * 0.31;
      g_autofree SmallHost *host = small_host_new (capacity * 2);
      Guest *guest = small_host_add (host, capacity, balloon, balloon - 160);

      guest->lags = TRUE;
      small_host_run (host, 20);
      guest->comes_to = balloon - 80;
      small_host_watch (host);
      small_host_run (host, MINUTE);
      g_assert_cmpuint (guest->grants, <=, 2);
      g_assert_cmpfloat (guest->most_balloon, <=, balloon + capacity / 4 + 100);
    }
}

/* The service starts while balloons grow: nothing is known of any yet, and the hypervisor tells of
 * them as they were. What a guest sees was never taken for less than that. */
static void
test_balloon_is_no_less_than_what_its_guest_sees (void)
{
  const double capacities[] = { 2048, 8192, 65536 };

  for (guint i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      double capacity = capacities[i];
      g_autofree SmallHost *host = small_host_new (capacity * 2);
      Guest *guest = small_host_add (host, capacity, capacity * 0.4, capacity * 0.4 - 20);

      guest->lags = TRUE;
      small_host_add (host, capacity, capacity * 0.3, capacity * 0.3 - 10);
      small_host_leave (host, 300);
      host->away = TRUE;
      small_host_run (host, 10);
      host->away = FALSE;
      small_host_run (host, 1);
      guest->target = guest->told = capacity * 0.5;
      guest->comes_to = capacity * 0.5 - 40;
      host->due = host->now + 1;
      small_host_run (host, 1);
      g_assert_cmpfloat ((double)guest->history.used / MC_MIB, >=,
                         guest->balloon - guest_usable (guest) - guest->outside - 1);
    }
}

static void
test_target_that_is_lost_is_told_again (void)
{
  const guint lost_for[] = { 5, 30, 120 };

  for (guint i = 0; i < G_N_ELEMENTS (lost_for); i++)
    {
      g_autofree SmallHost *host = small_host_new (8192);
      Guest *guest = small_host_add (host, 2048, 800, 600);

      small_host_run (host, 20);
      guest->deaf = TRUE;
      guest->comes_to = 780;
      small_host_run (host, lost_for[i]);
      g_assert_cmpfloat (guest->told, >, guest->balloon);
      guest->deaf = FALSE;
      small_host_run (host, MAX (15, 2 * lost_for[i]));
      g_assert_cmpfloat (guest_usable (guest), >, 95);
      g_assert_cmpuint (guest->moves, <, 30);
    }
}

static void
set_while_a_grant_is_on_its_way (double to, guint after)
{
  g_autofree SmallHost *host = small_host_new (8192);
  Guest *guest = small_host_add (host, 2048, 800, 600);
  gboolean set = FALSE;

  guest_was_told (guest);
  small_host_run (host, 20);
  guest->comes_to = 780;
  for (guint s = 0; s < 5 * MINUTE; s++)
    {
      double told = guest->told;

      small_host_run (host, 1);
      if (!set && guest->told > told && told >= 0)
        {
          if (after > 0)
            small_host_run (host, after);
          guest->target = to;
          set = TRUE;
        }
    }
  g_assert_true (set);
  g_assert_cmpfloat (guest_usable (guest), >, 95);
  g_assert_cmpfloat (guest_swapped (guest), ==, 0);
}

static void
test_set_by_somebody_during_a_grant_is_noticed (void)
{
  const double values[] = { 700, 790, 810, 820, 900, 2048 };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    for (guint after = 0; after < 4; after++)
      set_while_a_grant_is_on_its_way (values[i], after);
}

/* Nobody of ours ever told it anything: what gives it more from rest is a hand all the same. */
static void
set_where_nothing_was_told (double to)
{
  g_autofree SmallHost *host = small_host_new (16384);
  Guest *guest = small_host_add (host, 2048, 746, 430);

  small_host_run (host, 30);
  g_assert_cmpfloat (guest->told, <, 0);
  guest->target = to;
  small_host_run (host, 50);
  g_assert_cmpuint (guest->moves, ==, 0);
  g_assert_cmpfloat (guest->balloon, ==, to);
}

static void
test_set_where_nothing_was_told_is_respected (void)
{
  const double values[] = { 2048, 1400, 800 };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    set_where_nothing_was_told (values[i]);
}

typedef struct
{
  const char *path;
  GTestFunc function;
} Row;

/* clang-format off */
#define ROW(name, function) { "/policy-hosts/" name, function }

static const Row rows[] = {
  ROW ("others/foreign-set-is-not-paid-by-others", test_foreign_set_of_one_is_not_paid_by_others),
  ROW ("sizes/small-vm-beside-large-ones-is-served", test_small_vm_beside_large_ones_is_served),
  ROW ("duties/small-need-stops-no-other-duty", test_small_need_stops_no_other_duty),
  ROW ("duties/need-that-is-never-met-stops-no-other-duty", test_need_that_is_never_met_stops_no_other_duty),
  ROW ("tight/full-of-page-cache-comes-to-its-limit", test_tight_host_full_of_page_cache_comes_to_its_limit),
  ROW ("tight/ends-at-its-limit-with-fast-balloons", test_tight_host_ends_at_its_limit_with_fast_balloons),
  ROW ("tight/ends-at-its-limit-with-large-vms", test_tight_host_with_large_vms_ends_at_its_limit),
  ROW ("idle/leave-a-worker-what-it-needs", test_idle_vms_leave_a_worker_what_it_needs),
  ROW ("floor/kept-whatever-processes-have", test_reserve_is_kept_whatever_processes_have),
  ROW ("floor/kept-when-guests-hide-what-they-were-given", test_reserve_is_kept_when_guests_hide_what_they_were_given),
  ROW ("back/driver-that-hung-gives-again", test_driver_that_hung_gives_again),
  ROW ("start/nothing-moves-on-a-report-from-before", test_nothing_moves_on_a_report_from_before_the_start),
  ROW ("start/one-late-report-is-not-the-last-word", test_one_late_report_is_not_the_dead_guests_word_for_ever),
  ROW ("restless/one-that-uses-and-frees", test_one_that_uses_and_frees_moves_the_others_little),
  ROW ("restless/sound-and-absurd-by-turns", test_sound_and_absurd_by_turns_is_told_seldom),
  ROW ("maximum/never-takes-what-is-used", test_maximum_never_takes_what_is_used),
  ROW ("maximum/on-a-tight-host-never-takes-what-is-used", test_maximum_on_a_tight_host_never_takes_what_is_used),
  ROW ("odd/what-brings-nothing-is-given-back", test_what_brings_the_host_nothing_is_given_back),
  ROW ("odd/figures-that-stand-still", test_figures_that_stand_still_are_not_believed),
  ROW ("odd/dump-kernel-is-no-need", test_dump_kernel_is_no_need),
  ROW ("odd/total-and-free-only-takes-nothing", test_total_and_free_only_takes_nothing_from_others),
  ROW ("odd/total-and-free-only-that-swaps", test_total_and_free_only_that_swaps_is_served),
  ROW ("floor/margin-of-a-large-host-is-for-who-swaps", test_margin_of_a_large_host_is_for_who_swaps),
  ROW ("odd/per-cpu-lists-are-no-growth", test_per_cpu_lists_are_no_growth),
  ROW ("host/what-it-reclaims-is-not-paid-by-others", test_what_the_host_reclaims_is_not_paid_by_others),
  ROW ("alike/only-ratios-of-weights-matter", test_only_ratios_of_weights_matter),
  ROW ("sizes/very-large-hosts-and-vms", test_very_large_hosts_and_vms),
  ROW ("comfort/just-started-keeps-its-memory", test_vm_that_has_just_started_keeps_its_memory),
  ROW ("comfort/page-cache-is-left-where-there-is-room", test_page_cache_is_left_where_there_is_room),
  ROW ("silent/one-that-never-reports-holds-nobody-short", test_one_that_never_reports_holds_nobody_short),
  ROW ("reports/newer-than-the-balloon-is-no-growth", test_report_newer_than_the_balloon_is_no_growth),
  ROW ("reports/balloon-is-no-less-than-the-guest-sees", test_balloon_is_no_less_than_what_its_guest_sees),
  ROW ("sets/lost-is-told-again", test_target_that_is_lost_is_told_again),
  ROW ("sets/by-somebody-during-a-grant", test_set_by_somebody_during_a_grant_is_noticed),
  ROW ("sets/by-somebody-where-nothing-was-told", test_set_where_nothing_was_told_is_respected),
  ROW ("others/foreign-page-cache-is-not-paid-by-others", test_foreign_set_filled_with_page_cache_is_not_paid_by_others),
  ROW ("sizes/below-its-watermark-is-served-while-there-is-room", test_below_its_watermark_is_served_while_there_is_room),
  ROW ("sizes/below-its-watermark-is-served-beside-what-is-kept-back", test_below_its_watermark_is_served_beside_what_is_kept_back),
  ROW ("tight/ends-at-its-limit-with-slow-balloons", test_tight_host_ends_at_its_limit_with_slow_balloons),
  ROW ("duties/every-step-limit-reaches-all", test_every_step_limit_reaches_all_duties),
  ROW ("restless/one-that-cries-every-other-second", test_one_that_cries_every_other_second_moves_the_others_little),
  ROW ("restless/one-that-cries-now-and-then", test_one_that_cries_now_and_then_moves_the_others_little),
  ROW ("minimum/that-cannot-be-given-takes-nothing-in-vain", test_minimum_that_cannot_be_given_takes_nothing_in_vain),
  ROW ("odd/large-process-of-a-small-guest", test_large_process_of_a_small_guest_is_no_sign_of_holding_back),
  ROW ("odd/figures-that-stand-still-for-a-second-step", test_figures_that_stand_still_are_not_believed_for_a_second_step),
  ROW ("odd/squeezed-is-believed-though-its-total-is-small", test_squeezed_guest_is_believed_though_its_total_is_small),
  ROW ("silent/on-a-small-host-holds-nobody-short", test_one_that_never_reports_on_a_small_host_holds_nobody_short),
  ROW ("others/claimed-balloon-is-not-paid-by-others", test_claimed_balloon_of_one_is_not_paid_by_others),
  ROW ("others/unloaded-driver-is-not-paid-by-others", test_unloaded_driver_of_one_is_not_paid_by_others),
  ROW ("alike/headroom-shrinks-alike-when-a-vm-starts", test_headroom_shrinks_alike_when_a_vm_starts),
};

/* clang-format on */

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_func (rows[i].path, rows[i].function);
  return g_test_run ();
}
