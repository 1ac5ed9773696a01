/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which guests need not be asked, and that none of them comes to need meanwhile. */
#include "config.h"

#include "asked.h"
#include "policy-settings.h"
#include "sleep.h"

#define INTERVAL_S 2
#define SELDOM_S   10
#define TICK_US    10000
#define FILLS      (16 * MC_GIB) /* in a second of CPU time: asked.c */

/* A VM on a host of 64 GiB, as the service would see it: its guest's figures are those of when it
 * was last asked. */
typedef struct
{
  McPolicySettings settings;
  McHostFigures host;
  McVmFacts now;      /* as it really is */
  McVmFacts reported; /* as its guest said last: every second, or seldom where it sleeps */
  McVmFacts known;
  McVmHistory history;
  McVmDecision decision;
  gint64 t_s;
  gint64 period_since_s; /* its period counts from then: QEMU begins anew when it is set */
  gboolean tells_age;    /* of the newest report */
  guint looks, asked;
} Bed;

static void
bed_report (Bed *self)
{
  self->reported = self->now;
  self->reported.stats_time_s = self->t_s;
}

static McTuning tuning;

static void
bed_init (Bed *self, guint64 usable_mib)
{
  tuning = mc_tuning_default;
  tuning.sleep_turn_s = 30;
  *self = (Bed){
    .settings = mc_policy_settings_default (),
    .host = { .total = 64 * MC_GIB, .available = 56 * MC_GIB },
    .now = { .running = TRUE,
             .has_balloon = TRUE,
             .capacity = 4 * MC_GIB,
             .balloon = 4 * MC_GIB,
             .target = MC_UNKNOWN,
             .resident = 4 * MC_GIB,
             .available = 4 * MC_GIB - 64 * MC_MIB,
             .unused = usable_mib * MC_MIB,
             .usable = usable_mib * MC_MIB,
             .policy = {
               .maximum = 4 * MC_GIB,
               .low_watermark = 100 * MC_MIB,
               .high_watermark = 150 * MC_MIB,
               .weight = 100,
             },
             .cpu_time_us = 5000000 },
    .t_s = 1000,
    .tells_age = TRUE,
  };
  self->settings.tuning = &tuning;
  bed_report (self);
}

/* What its processors do in a second: they need so much time for what they fill, and use more. */
static void
bed_pass_second (Bed *self, guint64 filled, guint64 idle_us)
{
  filled = MIN (filled, self->now.usable);
  self->now.usable -= filled;
  self->now.unused = self->now.usable;
  self->now.cpu_time_us += idle_us + (guint64)((double)filled / FILLS * 1e6);
  self->t_s++;
  if (self->decision.attention != MC_ATTENTION_AWAKE && self->t_s - self->period_since_s < SELDOM_S)
    return;
  bed_report (self);
  self->period_since_s = self->t_s;
}

static gboolean
bed_is_asked (const Bed *self)
{
  return self->decision.attention != MC_ATTENTION_ASLEEP;
}

static void
bed_decide (Bed *self)
{
  McVmHistory *history = &self->history;
  McHostDecision host_decision;
  gboolean was_awake = self->decision.attention == MC_ATTENTION_AWAKE;

  mc_policy_decide (&self->settings, &self->host, self->t_s * G_USEC_PER_SEC, 1, &self->known,
                    &history, &self->decision, &host_decision);
  if (was_awake != (self->decision.attention == MC_ATTENTION_AWAKE))
    self->period_since_s = self->t_s;
}

/* One cycle. */
static void
bed_look (Bed *self)
{
  gboolean asked = bed_is_asked (self);

  self->looks++;
  self->asked += asked;
  if (asked)
    {
      self->known = self->now;
      self->known.stats_time_s = self->reported.stats_time_s;
      self->known.unused = self->reported.unused;
      self->known.usable = self->reported.usable;
      self->known.stats_age_us
          = self->tells_age ? MAX ((self->t_s - self->reported.stats_time_s) * G_USEC_PER_SEC, 1)
                            : 0;
    }
  self->known.asleep = !asked;
  if (self->now.cpu_time_us != MC_UNKNOWN) /* told in whole hundredths of a second, twice */
    self->known.cpu_time_us
        = (self->now.cpu_time_us - MIN (self->now.cpu_time_us, 9999)) / TICK_US * TICK_US;
  else
    self->known.cpu_time_us = MC_UNKNOWN;
  self->known.balloon = self->now.balloon;
  self->known.policy.maximum = self->now.policy.maximum;
  bed_decide (self);
}

/* Idle for so long. */
static void
bed_rest (Bed *self, guint seconds, guint64 idle_us)
{
  for (guint s = 0; s < seconds; s += INTERVAL_S)
    {
      bed_look (self);
      for (guint i = 0; i < INTERVAL_S; i++)
        bed_pass_second (self, 0, idle_us);
    }
}

static void
bed_fall_asleep_with (Bed *self, guint64 usable_mib)
{
  bed_init (self, usable_mib);
  bed_rest (self, 60, 1000);
  bed_look (self);
  while (self->decision.attention != MC_ATTENTION_ASLEEP)
    bed_rest (self, INTERVAL_S, 1000);
}

static void
bed_fall_asleep (Bed *self)
{
  bed_fall_asleep_with (self, 1200);
}

static void
test_idle_guest_is_asked_seldom (void)
{
  Bed bed;

  bed_init (&bed, 1200);
  bed_rest (&bed, 20, 1000);
  bed.looks = bed.asked = 0;
  bed_rest (&bed, 600, 1000);
  g_assert_cmpuint (bed.asked * 6, <=, bed.looks);
  g_assert_cmpuint (bed.asked, >=, 600 / 36);
}

/* What its process has used since a report counts from that, where it is known how old that is, and
 * else from when its guest was asked before: one that sleeps little is left to sleep on. */
static void
test_age_of_its_report_counts (void)
{
  guint asked[2];

  for (guint tells_age = 0; tells_age < G_N_ELEMENTS (asked); tells_age++)
    {
      Bed bed;

      bed_init (&bed, 1200);
      bed.tells_age = tells_age != 0;
      bed_rest (&bed, 20, 1700);
      bed.asked = 0;
      bed_rest (&bed, 600, 1700);
      asked[tells_age] = bed.asked;
    }
  g_assert_cmpuint (asked[FALSE], >, 2 * asked[TRUE]);
  g_assert_cmpuint (asked[TRUE], <=, 600 / INTERVAL_S / 5);
}

/* Whoever sleeps has reported when its turn comes, whatever CPU time it uses. */
static void
test_no_turn_is_in_vain (void)
{
  guint turns = 0;

  for (guint64 idle_us = 0; idle_us <= 4500; idle_us += 25)
    {
      Bed bed;

      bed_init (&bed, 1200);
      for (guint s = 0; s < 400; s += INTERVAL_S)
        {
          gboolean is_turn = bed.decision.attention == MC_ATTENTION_TURN;

          bed_look (&bed);
          turns += is_turn;
          if (is_turn)
            g_assert_false (bed.history.slept);
          for (guint i = 0; i < INTERVAL_S; i++)
            bed_pass_second (&bed, 0, idle_us);
        }
    }
  g_assert_cmpuint (turns, >, 200);
}

/* A report of when it slept may be ten seconds old: what it can have filled since is not taken. */
static void
test_report_of_one_that_slept_is_not_of_now (void)
{
  Bed bed;

  bed_fall_asleep (&bed);
  while (bed.t_s - bed.reported.stats_time_s != 6)
    bed_pass_second (&bed, 0, 0);
  bed.decision.attention = MC_ATTENTION_AWAKE; /* as when somebody else is in need */
  bed_look (&bed);
  g_assert_false (bed.history.slept);
  g_assert_cmpuint (mc_asked_filled_meanwhile (&bed.known, &bed.history), >, 0);
  bed.decision.attention = MC_ATTENTION_AWAKE;
  for (guint i = 0; i < INTERVAL_S; i++)
    bed_pass_second (&bed, 0, 0);
  bed_look (&bed);
  g_assert_cmpuint (mc_asked_filled_meanwhile (&bed.known, &bed.history), ==, 0);
}

/* The law: at whatever growth its CPU time allows, nobody is at the low watermark for longer than
 * from one look to the next without being asked. */
static void
test_nobody_comes_to_need_unasked (void)
{
  guint slept = 0;

  for (guint world = 0; world < 2000; world++)
    {
      GRand *rand = g_rand_new_with_seed (world);
      guint64 idle_us = (guint64)g_rand_int_range (rand, 0, 1500);
      guint64 burst = (guint64)g_rand_int_range (rand, 1, 4000) * MC_MIB;
      guint begins = (guint)g_rand_int_range (rand, 0, 120);
      guint every = (guint)g_rand_int_range (rand, 1, 30);
      Bed bed;

      bed_init (&bed, (guint64)g_rand_int_range (rand, 101, 1290));
      bed.tells_age = world % 2 == 0;
      for (guint s = 0; s < 180; s++)
        {
          if (s % INTERVAL_S == 0)
            {
              bed_look (&bed);
              if (bed.now.usable <= bed.now.policy.low_watermark)
                g_assert_cmpint (bed.decision.attention, ==, MC_ATTENTION_AWAKE);
              slept += bed.known.asleep;
            }
          bed_pass_second (&bed, s >= begins && (s - begins) % every == 0 ? burst : 0, idle_us);
        }
      g_rand_free (rand);
    }
  g_assert_cmpuint (slept, >, 10000);
}

static void
wake_by_cpu_time (Bed *bed)
{
  bed->now.cpu_time_us += 400000;
}

static void
wake_by_nothing (Bed *bed)
{
}

static void
wake_by_a_tight_host (Bed *bed)
{
  bed->host.available = 15 * MC_GIB;
}

static void
wake_by_a_reservation (Bed *bed)
{
  bed->settings.reserved = MC_GIB;
}

static void
wake_by_a_lowered_maximum (Bed *bed)
{
  bed->now.policy.maximum = 2 * MC_GIB;
}

static void
wake_by_a_moved_balloon (Bed *bed)
{
  bed->now.balloon = 3 * MC_GIB;
}

static void
wake_by_losing_the_cpu_time (Bed *bed)
{
  bed->now.cpu_time_us = MC_UNKNOWN;
}

static void
test_what_wakes (void)
{
  const struct
  {
    void (*happens) (Bed *bed);
    McAttention attention;
  } rows[] = {
    { wake_by_nothing, MC_ATTENTION_ASLEEP },
    { wake_by_cpu_time, MC_ATTENTION_AWAKE },
    { wake_by_a_tight_host, MC_ATTENTION_AWAKE },
    { wake_by_a_reservation, MC_ATTENTION_AWAKE },
    { wake_by_a_lowered_maximum, MC_ATTENTION_AWAKE },
    { wake_by_a_moved_balloon, MC_ATTENTION_AWAKE },
    { wake_by_losing_the_cpu_time, MC_ATTENTION_AWAKE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Bed bed;

      bed_fall_asleep (&bed);
      rows[i].happens (&bed);
      bed_look (&bed);
      g_assert_true (bed.known.asleep);
      g_assert_cmpint (bed.decision.attention, ==, rows[i].attention);
      g_assert_cmpint (bed.decision.pressing, ==, rows[i].attention == MC_ATTENTION_AWAKE);
    }
}

/* Its figures are of an earlier cycle: of what it reported then, it keeps what it can have filled
 * since. */
static void
test_what_it_can_have_filled_is_not_taken (void)
{
  const guint64 filled_mib[] = { 0, 200, 400, 800 };

  for (gsize i = 0; i < G_N_ELEMENTS (filled_mib); i++)
    {
      Bed bed;

      bed_fall_asleep_with (&bed, 900);
      bed_pass_second (&bed, filled_mib[i] * MC_MIB, 0);
      bed.now.policy.maximum = 3300 * MC_MIB;
      bed_look (&bed);
      g_assert_true (bed.known.asleep);
      g_assert_cmpint (bed.decision.attention, ==, MC_ATTENTION_AWAKE);
      g_assert_cmpuint (bed.decision.target, >, bed.now.balloon - bed.now.usable);
    }
}

/* Silence counts from when it was asked, and one that misses its turn is asked in every cycle. */
static void
test_silence_counts_while_it_is_asked (void)
{
  Bed bed;
  gint64 since_s;

  bed_fall_asleep (&bed);
  while (bed.decision.attention == MC_ATTENTION_ASLEEP)
    bed_rest (&bed, INTERVAL_S, 1000);
  g_assert_cmpint (bed.decision.attention, ==, MC_ATTENTION_TURN);
  since_s = bed.t_s;
  while (bed.decision.status == MC_VM_MANAGED)
    { /* it reports nothing any more */
      bed_pass_second (&bed, 0, 1000);
      bed.known.asleep = FALSE;
      bed.known.cpu_time_us = bed.now.cpu_time_us;
      bed_decide (&bed);
      g_assert_cmpint (bed.decision.attention, ==, MC_ATTENTION_AWAKE);
      g_assert_cmpint (bed.t_s - since_s, <=, 60);
    }
  g_assert_cmpint (bed.decision.status, ==, MC_VM_STALE);
  g_assert_cmpint (bed.t_s - since_s, >=, 9);
  g_assert_cmpint (bed.t_s - since_s, <=, 15);
}

/* A report that comes after a long sleep is no sign of slow growth, nor of a slow guest. */
static void
test_burst_that_wakes_is_as_fast_as_it_was (void)
{
  Bed bed;

  bed_fall_asleep (&bed);
  bed_rest (&bed, 10, 1000);
  bed_pass_second (&bed, 1090 * MC_MIB, 1000);
  bed_look (&bed);
  g_assert_cmpint (bed.decision.attention, ==, MC_ATTENTION_AWAKE);
  bed_pass_second (&bed, 0, 1000);
  bed_look (&bed);
  g_assert_cmpint (bed.history.velocity, >, (gint64)(200 * MC_MIB));
  g_assert_cmpint (bed.history.stats_interval_us, <=, INTERVAL_S * G_USEC_PER_SEC);
}

/* What only somebody looks at is asked for at its turn. */
static void
test_who_is_not_managed_is_asked_at_its_turn (void)
{
  Bed bed;

  bed_init (&bed, 50);
  bed.now.opted_out = TRUE;
  bed_rest (&bed, 20, 500000);
  bed.looks = bed.asked = 0;
  bed_rest (&bed, 240, 500000);
  g_assert_cmpint (bed.decision.status, ==, MC_VM_OPTED_OUT);
  g_assert_cmpuint (bed.asked, >=, 240 / 36);
  g_assert_cmpuint (bed.asked, <=, 240 / 20);
}

static void
test_emulated_processors_fill_less (void)
{
  for (guint emulated = 0; emulated < 2; emulated++)
    {
      Bed bed;

      bed_init (&bed, 600);
      bed.now.emulated = emulated;
      bed_rest (&bed, 20, 8000);
      bed.looks = bed.asked = 0;
      bed_rest (&bed, 240, 8000);
      if (emulated)
        g_assert_cmpuint (bed.asked * 3, <, bed.looks);
      else
        g_assert_cmpuint (bed.asked, ==, bed.looks);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sleep/idle", test_idle_guest_is_asked_seldom);
  g_test_add_func ("/sleep/law", test_nobody_comes_to_need_unasked);
  g_test_add_func ("/sleep/what-wakes", test_what_wakes);
  g_test_add_func ("/sleep/taking", test_what_it_can_have_filled_is_not_taken);
  g_test_add_func ("/sleep/silence", test_silence_counts_while_it_is_asked);
  g_test_add_func ("/sleep/burst", test_burst_that_wakes_is_as_fast_as_it_was);
  g_test_add_func ("/sleep/no-turn-in-vain", test_no_turn_is_in_vain);
  g_test_add_func ("/sleep/report-of-one-that-slept", test_report_of_one_that_slept_is_not_of_now);
  g_test_add_func ("/sleep/age-of-its-report", test_age_of_its_report_counts);
  g_test_add_func ("/sleep/not-managed", test_who_is_not_managed_is_asked_at_its_turn);
  g_test_add_func ("/sleep/emulated", test_emulated_processors_fill_less);
  return g_test_run ();
}
