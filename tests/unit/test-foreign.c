/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sets balloons beside the service: another balloon manager, a person, or nobody at all. */
#include "config.h"

#include "small-host.h"

#define MINUTE 60

/* As pvestatd and MOM do. */
#define EVERY 10

static SmallHost *
host_of_two (void)
{
  SmallHost *host = small_host_new (16384);

  for (guint i = 0; i < 2; i++)
    guest_was_told (small_host_add (host, 2048, 1200, 800));
  small_host_run (host, 30);
  return host;
}

static gboolean
is_foreign (const Guest *guest)
{
  return guest->decision.status == MC_VM_FOREIGN;
}

/* A size that it does not have, and that it was not told by the service. */
static double
another_size (const Guest *guest)
{
  double size = 1000;

  while (ABS (size - guest->target) < 60 || ABS (size - guest->told) < 60)
    size += 100;
  return size;
}

/* Somebody else sets its balloon. */
static void
set_times (SmallHost *host, Guest *guest, guint times)
{
  for (guint i = 0; i < times; i++)
    {
      guest->target = another_size (guest);
      small_host_run (host, EVERY);
    }
}

static SmallHost *
host_with_foreign (void)
{
  SmallHost *host = host_of_two ();

  set_times (host, &host->guests[0], 3);
  g_assert_true (is_foreign (&host->guests[0]));
  small_host_watch (host);
  return host;
}

static void
test_third_set_makes_it_theirs (void)
{
  g_autofree SmallHost *host = host_of_two ();
  Guest *theirs = &host->guests[0], *ours = &host->guests[1];

  set_times (host, theirs, 2);
  g_assert_false (is_foreign (theirs));
  set_times (host, theirs, 1);
  g_assert_true (is_foreign (theirs));
  small_host_watch (host);
  set_times (host, theirs, 60);
  g_assert_cmpuint (theirs->moves, ==, 0);
  g_assert_cmpuint (theirs->statuses, ==, 0);
  ours->comes_to = ours->balloon;
  small_host_run (host, 20);
  g_assert_cmpint (ours->decision.status, ==, MC_VM_MANAGED);
  g_assert_cmpfloat (guest_usable (ours), >, 100);
}

/* One that acts more often than cycles see it. */
static void
test_every_few_seconds (void)
{
  g_autofree SmallHost *host = host_of_two ();
  Guest *theirs = &host->guests[0];

  for (guint i = 0; i < 12; i++)
    {
      theirs->target = 1100 - 30 * (i % 3);
      small_host_run (host, 5);
    }
  g_assert_true (is_foreign (theirs));
}

/* What their balloon has not reached, and what the guest could be given by our old target, is
 * nobody's promise. */
static void
test_old_target_is_no_promise (void)
{
  g_autofree SmallHost *host = host_of_two ();
  Guest *theirs = &host->guests[0];

  guest_touch_all (theirs);
  for (double size = 1100; size >= 900; size -= 100)
    {
      theirs->target = size;
      small_host_run (host, EVERY);
    }
  g_assert_true (is_foreign (theirs));
  g_assert_cmpfloat (theirs->told, >=, 1190);
  g_assert_cmpuint (theirs->decision.promise, <=, (900 - 800) * MC_MIB);
}

static void
test_a_person (void)
{
  g_autofree SmallHost *host = host_of_two ();
  Guest *guest = &host->guests[0];

  set_times (host, guest, 2);
  small_host_run (host, 20 * MINUTE);
  g_assert_false (is_foreign (guest));
  g_assert_cmpuint (guest->moves, >, 0); /* taken over */
  for (guint i = 0; i < 8; i++)
    {
      set_times (host, guest, 1);
      g_assert_false (is_foreign (guest));
      small_host_run (host, 8 * MINUTE);
    }
}

/* The end of it */

static void
test_quiet_for_an_hour (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  small_host_run (host, 59 * MINUTE);
  g_assert_true (is_foreign (theirs));
  g_assert_cmpuint (theirs->moves, ==, 0);
  small_host_run (host, 2 * MINUTE);
  g_assert_cmpint (theirs->decision.status, ==, MC_VM_MANAGED);
  /* From where it is, not to where it was before. */
  g_assert_cmpuint (theirs->moves, >, 0);
  g_assert_cmpfloat (theirs->least_balloon, >, theirs->most_balloon - 0.05 * theirs->capacity);
  set_times (host, theirs, 2);
  g_assert_false (is_foreign (theirs));
}

/* Whoever acts all the time is left to it, whatever comes of that; where nobody acts, a guest that
 * swaps is helped. */
static void
test_in_distress (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  theirs->comes_to = 1500;
  for (guint i = 0; i < 20; i++)
    {
      set_times (host, theirs, 1);
      g_assert_true (is_foreign (theirs));
    }
  g_assert_cmpuint (theirs->moves, ==, 0);
  small_host_run (host, MINUTE - EVERY - 5);
  g_assert_cmpuint (theirs->moves, ==, 0);
  small_host_run (host, MINUTE);
  g_assert_cmpint (theirs->decision.status, ==, MC_VM_MANAGED);
  g_assert_cmpfloat (guest_usable (theirs), >, 100);
  /* It is still known who that was. */
  theirs->target = theirs->balloon - 100;
  small_host_run (host, EVERY);
  g_assert_true (is_foreign (theirs));
}

static void
test_host_at_its_reserve (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  theirs->target = 1800;
  small_host_run (host, EVERY);
  guest_touch_all (theirs);
  small_host_leave (host, 150);
  small_host_run (host, MINUTE - EVERY - 5);
  g_assert_true (is_foreign (theirs));
  small_host_run (host, 2 * MINUTE);
  g_assert_cmpfloat (theirs->balloon, <, 1800);
  g_assert_cmpfloat (small_host_available (host), >, 200);
}

static void
test_claimed (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  theirs->claimed = TRUE;
  small_host_run (host, 4);
  g_assert_cmpint (theirs->decision.status, ==, MC_VM_MANAGED);
  set_times (host, theirs, 2);
  g_assert_false (is_foreign (theirs));
  set_times (host, theirs, 1);
  g_assert_true (is_foreign (theirs));
}

/* Whoever pauses a VM to set its balloon may do so as often as they like. */
static void
test_paused (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  theirs->paused = TRUE;
  set_times (host, theirs, 5);
  g_assert_cmpint (theirs->decision.status, ==, MC_VM_PAUSED);
  theirs->paused = FALSE;
  small_host_run (host, 4);
  g_assert_cmpint (theirs->decision.status, ==, MC_VM_MANAGED);
}

/* A guest that starts anew does not switch off who manages it. */
static void
test_rebooted (void)
{
  g_autofree SmallHost *host = host_with_foreign ();
  Guest *theirs = &host->guests[0];

  theirs->started = host->now;
  theirs->gone = TRUE;
  small_host_run (host, 5);
  theirs->gone = FALSE;
  small_host_run (host, 20);
  g_assert_true (is_foreign (theirs));
  g_assert_cmpuint (theirs->moves, ==, 0);
}

/* No hands */

static void
unload_driver_for (SmallHost *host, Guest *guest, guint seconds)
{
  guest->gone = TRUE;
  small_host_run (host, seconds);
  guest->gone = FALSE;
}

static void
reload_driver (SmallHost *host, Guest *guest)
{
  unload_driver_for (host, guest, 3);
}

static void
reload_slow_driver (SmallHost *host, Guest *guest)
{
  guest->inflate = 15;
  reload_driver (host, guest);
}

static void
unload_driver (SmallHost *host, Guest *guest)
{
  unload_driver_for (host, guest, 90);
}

static void
reboot (SmallHost *host, Guest *guest)
{
  guest->started = host->now;
  reload_driver (host, guest);
}

static void
sleep_and_wake (SmallHost *host, Guest *guest)
{
  guest->sleeps = TRUE;
  small_host_run (host, 20);
  guest->sleeps = FALSE;
}

static void
wake_with_all (SmallHost *host, Guest *guest)
{
  sleep_and_wake (host, guest);
  guest->target = guest->capacity;
}

static void
take_back (SmallHost *host, Guest *guest)
{
  guest->autodeflate = TRUE;
  guest->target = guest->balloon + 300;
}

static void
plug (SmallHost *host, Guest *guest)
{
  double more = guest->capacity == 2048 ? 512 : -512;

  guest->capacity += more;
  guest->maximum += more;
  guest->target -= more / 2;
}

/* An inflating balloon that rests on its way, for want of what it could take. */
static void
stop_inflating (SmallHost *host, Guest *guest)
{
  guest->inflate = 20;
  guest->comes_to = guest->comes_to > 600 ? 300 : 900;
  small_host_run (host, 20);
  guest->inflate = 0.001;
  small_host_run (host, 10);
  guest->inflate = 20;
}

static void
lag (SmallHost *host, Guest *guest)
{
  guest->lags = TRUE;
  guest->comes_to = guest->comes_to > 600 ? 300 : guest->capacity - 200;
}

static void
lose_sets (SmallHost *host, Guest *guest)
{
  guest->deaf = !guest->deaf;
  guest->comes_to = guest->comes_to > 600 ? 300 : guest->capacity - 200;
}

static void
test_nobody (void)
{
  static void (*const disturb[]) (SmallHost *, Guest *)
      = { reload_driver, reload_slow_driver, unload_driver, reboot,         sleep_and_wake,
          wake_with_all, take_back,          plug,          stop_inflating, lag,
          lose_sets };

  for (guint i = 0; i < G_N_ELEMENTS (disturb); i++)
    for (gboolean tight = FALSE; tight <= TRUE; tight++)
      {
        g_autofree SmallHost *host = host_of_two ();
        Guest *guest = &host->guests[0];

        if (tight)
          small_host_leave (host, 700);
        for (guint times = 0; times < 8; times++)
          {
            disturb[i](host, guest);
            for (guint s = 0; s < 100; s++)
              {
                small_host_run (host, 1);
                g_test_message ("%u, time %u, second %u", i, times, s);
                g_assert_false (is_foreign (guest));
              }
          }
      }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/foreign/third-set-makes-it-theirs", test_third_set_makes_it_theirs);
  g_test_add_func ("/foreign/every-few-seconds", test_every_few_seconds);
  g_test_add_func ("/foreign/old-target-is-no-promise", test_old_target_is_no_promise);
  g_test_add_func ("/foreign/a-person", test_a_person);
  g_test_add_func ("/foreign/quiet-for-an-hour", test_quiet_for_an_hour);
  g_test_add_func ("/foreign/in-distress", test_in_distress);
  g_test_add_func ("/foreign/host-at-its-reserve", test_host_at_its_reserve);
  g_test_add_func ("/foreign/claimed", test_claimed);
  g_test_add_func ("/foreign/paused", test_paused);
  g_test_add_func ("/foreign/rebooted", test_rebooted);
  g_test_add_func ("/foreign/nobody", test_nobody);
  return g_test_run ();
}
