/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold on every host: the classes of the wide world, each judged by what is so in it, not
 * by what guests report. What each property allows is told where it is judged; sizes are MiB.
 *
 * A property that does not hold yet is listed in not_yet, with how many worlds of a class show it.
 * Worlds are those of tuning; from WORLDS on their settings vary, and the coordinator is started
 * anew halfway. Each that shows something is told in a message, with its class and number.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "classes.h"
#include "parts.h"
#include "policy-settings.h"
#include "world.h"

#define WORLDS 24 /* of each class, as they are … */
#define VARIED 12 /* … and so many more with other settings */
#define RECENT 4  /* seconds by which what is reported may be late */

#define SMALL         500 /* MiB: the watermarks of smaller VMs are a part of them */
#define SMALL_LOW     0.2
#define SMALL_HIGH    0.3
#define HEADROOM_PART 0.2  /* of a capacity: what a VM wants beside its high watermark */
#define MARGIN        64   /* MiB: what the host keeps beside its reserve */
#define STRANGE_PART  0.02 /* of a host: less untouched memory of nobody's is not worth a look */
#define UNMET_S       60
#define PEAK_S        90 /* a use that was so long ago may come back */
#define TIGHT_KEEPS_S 90 /* what was given stays so long when the host is tight */
#define CAUSED_S      30 /* a grant is touched within this time */
#define MOVES_IN_HOUR 60
#define WARM_UP_S     120
#define ORDER_EVERY   16  /* cycles */
#define UNKNOWN_OWN   300 /* what a process may occupy beside its guest's memory */
#define HELD_BACK     4   /* a part of untouched memory may be kept for who may touch it */
#define TOUCH_S       5
#define FREEZE_STEPS  3
#define CLOSE_TO_LOW  0.75 /* below so much of it a VM is not just at its low watermark */
#define TRIFLE_PART   0.01
#define TRIFLE_OF_LOW 4
#define LEAST_COUNTS  1.0 /* MiB: less than this is rounding */

typedef enum
{
  UNTOUCHED,  /* nobody is brought to swap by memory that nobody granted and nobody touched */
  SPARED,     /* nor far below its low watermark */
  ENOUGH,     /* nobody stays in need where there is enough for all */
  UNMET,      /* nobody stays in need while others hold more than they could wish for */
  TIGHT,      /* a tight host comes to its limit */
  OVERSHOT,   /* and not far beyond */
  CALM,       /* VMs of constant need are left alone beside one that toggles */
  FLOOR,      /* the host's reserve is there whatever VMs do with what they were granted */
  AT_RESERVE, /* and is never lost by it */
  UNCHANGED,  /* nothing is believed that has not changed since the start */
  STEPS,      /* no step is larger than the limit, whoever set what before */
  SURVIVAL,   /* nothing is taken that is in use */
  ORDER,      /* the order of VMs does not matter, and equals are treated alike */
  N_PROPERTIES,
} Property;

static const char *const property_names[N_PROPERTIES]
    = { "untouched", "spared",     "enough",    "unmet", "tight",    "overshot", "calm",
        "floor",     "at-reserve", "unchanged", "steps", "survival", "order" };

typedef struct
{
  guint times;
  char *first; /* what was seen first, for people */
} Finding;

/* Of one VM. */
typedef struct
{
  double used[RECENT + PEAK_S]; /* by second, modulo */
  double used_now, used_before, least, peak;
  double occupied[CAUSED_S], granted[CAUSED_S];
  gint64 first_report_s; /* what it had reported when the coordinator first looked; 0 = nothing */
  guint seen_from;
  double level; /* up to which it was granted, less what was taken since */
  double level_before, told_before;
  double frozen_at;
  guint unmet, kept_out;
  guint moves;
  gboolean dead;
} Watch;

typedef struct
{
  SimLoad *load;
  SimWorld world;
  McPolicySettings settings;
  McVmFacts facts[SIM_VMS_MOST];
  McVmHistory history[SIM_VMS_MOST];
  McVmHistory before[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  McHostFigures figures;
  Watch watches[SIM_VMS_MOST];
  Finding findings[N_PROPERTIES];
  SimRandom random;
  gint64 now_us;
  guint n, cycles, interval, next, started;
  guint tight_since, tight_for; /* seconds */
  double excess_most;
  gboolean decided;
} Run;

/* What is so */

static double
mib (guint64 bytes)
{
  return (double)bytes / MC_MIB;
}

static double
low_of (const SimPlan *plan)
{
  return plan->capacity < SMALL ? MIN (plan->low, SMALL_LOW * plan->capacity) : plan->low;
}

static double
high_of (const SimPlan *plan)
{
  return plan->capacity < SMALL ? MIN (plan->high, SMALL_HIGH * plan->capacity) : plan->high;
}

static double
told_to (const SimGuest *guest)
{
  return guest->told < 0 ? guest->target : guest->told;
}

static double
held_by (const SimGuest *guest)
{
  return MAX (guest->balloon, told_to (guest));
}

/* Of its guest's memory, what the host has backed. */
static double
touched (const SimGuest *guest)
{
  return guest->plan->kind & SIM_HUGE ? guest->plan->capacity : guest->occupied + guest->out;
}

/* What it may touch because the coordinator granted it: its kernel lets nobody have the rest. */
static double
promised (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  return MAX (0, run->watches[i].level - guest->bias - touched (guest));
}

/* What it may touch and nobody of ours ever granted: its balloon was full from the start, or
 * somebody else has set it. */
static double
strange (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  return MAX (0, held_by (guest) - guest->bias - MAX (touched (guest), run->watches[i].level));
}

/* Its balloon is on its way to what it was told, or there. */
static gboolean
obeys (const SimGuest *guest)
{
  return !guest->unloaded && (guest->told < 0 || fabs (guest->target - guest->told) < 1);
}

static gboolean
is_sound (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  return sim_world_is_alive (&run->world, i) && !guest->frozen && !guest->unloaded;
}

static gboolean
is_honest (const SimPlan *plan)
{
  return (plan->kind & (SIM_LYING | SIM_TOGGLING | SIM_FREE_ONLY | SIM_AUTODEFLATE)) == 0;
}

static gboolean
moves_well (const SimPlan *plan)
{
  return (plan->kind & (SIM_STUCK | SIM_PARTIAL | SIM_SLOW | SIM_PINNED | SIM_HUGE)) == 0;
}

static gboolean
is_managed (const Run *run, guint i)
{
  return run->decided && run->world.guests[i].running && run->decisions[i].status == MC_VM_MANAGED;
}

static gboolean
shares (const Run *run, guint i)
{
  McVmStatus status = run->decisions[i].status;

  return run->world.guests[i].running
         && (status == MC_VM_MANAGED || status == MC_VM_STUCK || status == MC_VM_INEFFECTIVE);
}

static double
desired (const Run *run, guint i, double used)
{
  const SimPlan *plan = run->world.guests[i].plan;

  return MAX (plan->minimum, used + high_of (plan) + HEADROOM_PART * plan->capacity);
}

static gboolean
can_give (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  return is_managed (run, i) && is_sound (run, i) && is_honest (guest->plan)
         && moves_well (guest->plan) && obeys (guest) && guest->sets == SIM_SETS_WORK
         && guest->reported_at + RECENT >= run->world.t;
}

static double
surplus (const Run *run, guint i, double used)
{
  const SimGuest *guest = &run->world.guests[i];

  if (!can_give (run, i))
    return 0;
  return MAX (0, MIN (guest->balloon, told_to (guest)) - desired (run, i, used));
}

static double
step_of (const Run *run, guint i)
{
  return run->load->vms[i].capacity * run->settings.thresholds.step_limit / 100;
}

static double
reserve_of (const Run *run)
{
  return mib (run->settings.thresholds.host_reserve);
}

/* A VM that has just started is about to touch what it was started with. */
static double
strange_of_all (const Run *run)
{
  double sum = 0;

  for (guint i = 0; i < run->n; i++)
    if (run->world.guests[i].running && run->decisions[i].status != MC_VM_BOOTING)
      sum += strange (run, i);
  return sum;
}

/* Findings */

static void
    G_GNUC_PRINTF (4, 5) found (Run *run, Property property, guint vm, const char *format, ...)
{
  Finding *finding = &run->findings[property];
  g_autofree char *text = NULL;
  va_list args;

  if (finding->times++ > 0)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (vm >= run->n)
    finding->first = g_strdup_printf ("second %u: %s", run->world.t, text);
  else
    finding->first = g_strdup_printf ("second %u, VM %u of %.0f MiB: %s", run->world.t, vm,
                                      run->load->vms[vm].capacity, text);
}

/* Watching */

static void
watch_use (Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];
  Watch *watch = &run->watches[i];
  guint t = run->world.t, seen = MIN (t - watch->seen_from + 1, RECENT + PEAK_S);
  guint late = CLAMP (t + 1 - MIN (guest->reported_at, t), 2, RECENT + PEAK_S - 1);

  if (t > 0 && guest->booted == t)
    {
      watch->seen_from = t;
      seen = 1;
    }
  watch->used_before = watch->used_now;
  watch->used_now = guest->balloon - sim_world_usable (&run->world, i);
  watch->used[t % G_N_ELEMENTS (watch->used)] = watch->used_now;
  watch->least = watch->peak = watch->used_now;
  for (guint back = 0; back < seen; back++)
    {
      double used = watch->used[(t - back) % G_N_ELEMENTS (watch->used)];

      watch->peak = back <= PEAK_S ? MAX (watch->peak, used) : watch->peak;
      watch->least = back <= MAX (late, RECENT) ? MIN (watch->least, used) : watch->least;
    }
  if (!guest->frozen)
    watch->frozen_at = told_to (guest);
  if (guest->booted == t)
    watch->level = 0;
  /* A set that has failed was no grant. */
  if (watch->level > watch->level_before && guest->told < watch->level - LEAST_COUNTS
      && guest->told == watch->told_before)
    watch->level = watch->level_before;
}

/* What is not worth a move. */
static double
trifle_of (const SimPlan *plan)
{
  return MIN (TRIFLE_PART * plan->capacity, low_of (plan) / TRIFLE_OF_LOW);
}

static gboolean
is_in_need (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];
  double trifle = trifle_of (guest->plan), most = guest->plan->maximum - trifle;

  return is_managed (run, i) && is_sound (run, i) && is_honest (guest->plan) && obeys (guest)
         && guest->sets == SIM_SETS_WORK && held_by (guest) < most
         && sim_world_usable (&run->world, i) + trifle <= low_of (guest->plan);
}

/* What all that are in need lack to be above their low watermark. */
static double
lacks_of (const Run *run)
{
  double sum = 0;

  for (guint i = 0; i < run->n; i++)
    if (is_in_need (run, i))
      sum += MAX (LEAST_COUNTS, run->watches[i].used_now + low_of (run->world.guests[i].plan)
                                    - told_to (&run->world.guests[i]));
  return sum;
}

/* What nobody has a claim to; below 0 where more was promised than there is. */
static double
free_of (const Run *run)
{
  double left = run->world.available - reserve_of (run) - MARGIN;

  for (guint i = 0; i < run->n; i++)
    if (run->world.guests[i].running)
      left -= MAX (0, held_by (&run->world.guests[i]) - touched (&run->world.guests[i]));
  return left;
}

/* What its guest needs to be above its low watermark, growth and what it swapped out included. */
static double
claim_of (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];
  const Watch *watch = &run->watches[i];
  double grows = MAX (0, watch->used_now - watch->used_before) * (run->interval + 1);

  if (run->decisions[i].status != MC_VM_MANAGED || !is_honest (guest->plan))
    return held_by (guest);
  return MAX (guest->plan->minimum, watch->used_now + MIN (grows, guest->plan->capacity / 4)
                                        + guest->swapped + low_of (guest->plan));
}

/* What is left of what is free and what those who share have touched, when each has its claim. */
static double
left_for_all (const Run *run)
{
  double left = run->world.available - reserve_of (run) - MARGIN;

  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];

      if (!guest->running)
        continue;
      if (shares (run, i) && obeys (guest) && moves_well (guest->plan))
        left += touched (guest) - claim_of (run, i);
      else
        left -= promised (run, i);
    }
  return left;
}

/* What may be kept for who may touch it, and for what processes may occupy. */
static double
kept_back (const Run *run)
{
  double sum = strange_of_all (run) / HELD_BACK;

  for (guint i = 0; i < run->n; i++)
    if (run->world.guests[i].running)
      sum += MAX (0, UNKNOWN_OWN - run->load->vms[i].own);
  return sum;
}

static void
judge_need (Run *run)
{
  double lacks = lacks_of (run), all = 0, left = free_of (run);
  gboolean could = left_for_all (run) > kept_back (run);

  for (guint i = 0; i < run->n; i++)
    all += surplus (run, i, run->watches[i].used_now);
  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      Watch *watch = &run->watches[i];
      gboolean needs = is_in_need (run, i);

      watch->unmet = needs && all > lacks + MAX (0, -left) ? watch->unmet + 1 : 0;
      watch->kept_out = needs && could ? watch->kept_out + 1 : 0;
      if (watch->unmet > UNMET_S)
        found (run, UNMET, i,
               "%u s with %.0f usable, told %.0f, all in need lack %.0f; others hold %.0f beyond "
               "what they wish, %.0f free; reason %s, lambda %.2f",
               watch->unmet, sim_world_usable (&run->world, i), told_to (guest), lacks, all, left,
               mc_reason_nick (run->decisions[i].reason), run->host.lambda);
      if (watch->kept_out > UNMET_S)
        found (run, ENOUGH, i,
               "%u s with %.0f usable, told %.0f; %.0f would be left if all had what they need, "
               "%.0f untouched; %.0f available; reason %s, lambda %.2f",
               watch->kept_out, sim_world_usable (&run->world, i), told_to (guest),
               left_for_all (run), strange_of_all (run), run->world.available,
               mc_reason_nick (run->decisions[i].reason), run->host.lambda);
    }
}

static double
largest_step (const Run *run)
{
  double most = 0;

  for (guint i = 0; i < run->n; i++)
    if (is_managed (run, i))
      most = MAX (most, step_of (run, i));
  return most;
}

static double
excess_of (const Run *run)
{
  double total = run->load->total;

  return total - run->world.available - total * run->settings.thresholds.host_usage_limit / 100;
}

/* What the host would gain if all were brought down to what they wish; at what speed. */
static double
gain_of (const Run *run, double *speed)
{
  double sum = 0;

  *speed = 0;
  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      double gain = MIN (guest->occupied - desired (run, i, run->watches[i].peak),
                         surplus (run, i, run->watches[i].peak));

      if (gain <= 0.08 * guest->plan->capacity)
        continue;
      sum += gain;
      *speed += MIN (guest->plan->inflate, 60);
    }
  if (run->load->inflate_at_once > 0)
    *speed = MIN (*speed, run->load->inflate_at_once);
  return sum;
}

static void
judge_host (Run *run)
{
  double excess = excess_of (run), speed, gain = gain_of (run, &speed);

  if (!run->decided || excess <= largest_step (run) || gain <= excess || lacks_of (run) > 0)
    {
      run->tight_since = run->world.t;
      run->excess_most = 0;
      return;
    }
  /* What is read meanwhile has to be taken, too. */
  if (excess > run->excess_most)
    {
      run->excess_most = excess;
      run->tight_for
          = run->world.t - run->tight_since + TIGHT_KEEPS_S + 10 + (guint)(2 * excess / speed);
    }
  if (run->world.t - run->tight_since > run->tight_for)
    found (run, TIGHT, run->n,
           "%u s used %.0f beyond the limit; VMs hold %.0f beyond what they wish, balloons move "
           "%.0f a second, the largest step is %.0f; lambda %.2f",
           run->world.t - run->tight_since, excess, gain, speed, largest_step (run),
           run->host.lambda);
}

/* Whether the host would not be at its reserve without what was granted lately. */
static void
judge_reserve (Run *run)
{
  double granted = 0, other = 0, deficit = reserve_of (run) - run->world.available;
  gboolean starts = FALSE;
  guint t = run->world.t, then = t > CAUSED_S ? (t + 1) % CAUSED_S : 0;

  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      Watch *watch = &run->watches[i];
      double grown = touched (guest) - watch->occupied[then], given = 0;

      for (guint s = 0; s < CAUSED_S; s++)
        given += watch->granted[s];
      if (grown > 0)
        {
          granted += MIN (grown, given);
          other += MAX (0, grown - given);
        }
      starts |= guest->booted > 0 && t < guest->booted + 2 * CAUSED_S;
      watch->occupied[t % CAUSED_S] = guest->running ? touched (guest) : 0;
      watch->granted[t % CAUSED_S] = 0;
    }
  if (t < CAUSED_S || deficit < 0 || run->load->base[t] > run->load->base[t - CAUSED_S + 1] + 70)
    return;
  if (granted > deficit && !starts)
    found (run, AT_RESERVE, run->n,
           "%.0f available; %.0f of what was granted in %d s was touched, %.0f of other memory",
           run->world.available, granted, CAUSED_S, other);
}

/* Nobody is taken so much that its kernel is silent for good. */
static void
judge_life (Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  if (guest->dead && !run->watches[i].dead && obeys (guest))
    found (run, SURVIVAL, i, "dead with a balloon of %.0f, told %.0f", guest->balloon, guest->told);
  run->watches[i].dead = guest->dead;
}

static void
watch (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      watch_use (run, i);
      judge_life (run, i);
    }
  judge_need (run);
  judge_host (run);
  judge_reserve (run);
}

/* Cycles */

static gboolean
is_told_what_it_has (const Run *run, guint i)
{
  const McVmDecision *decision = &run->decisions[i];

  return decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN
         || decision->reason == MC_REASON_REPEATED;
}

static void
describe (const Run *run, guint i, char *text, gsize size)
{
  const SimGuest *guest = &run->world.guests[i];
  const McVmDecision *decision = &run->decisions[i];

  g_snprintf (text, size,
              "%.0f -> %.0f, balloon %.0f, used %.0f (%.0f at least of late), reason %s, lambda "
              "%.2f, %.0f available, %.0f promised",
              mib (decision->before), mib (decision->target), guest->balloon,
              run->watches[i].used_now, run->watches[i].least, mc_reason_nick (decision->reason),
              run->host.lambda, run->world.available, mib (run->host.promised));
}

static gboolean
has_sets_that_fail (const SimPlan *plan)
{
  for (guint e = 0; e < plan->n_events; e++)
    if (plan->events[e].what == SIM_SETS_FAIL_LATE || plan->events[e].what == SIM_SETS_ARE_LOST)
      return TRUE;
  return FALSE;
}

/* It may have all that it holds taken where somebody else has set it, but by steps. */
static void
judge_step (Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];
  const McVmDecision *decision = &run->decisions[i];
  double target = mib (decision->target), before = mib (decision->before), from = before;
  char text[256];

  if (is_told_what_it_has (run, i)
      || (decision->reason == MC_REASON_EMERGENCY && target >= mib (run->facts[i].balloon) - 1)
      || has_sets_that_fail (guest->plan) || guest->unloaded)
    return;
  if (guest->told < 0 || !obeys (guest))
    from = CLAMP (target, MIN (before, guest->balloon), MAX (before, guest->balloon));
  /* What it holds beyond what it was told is taken, too. */
  if (!obeys (guest) && target < guest->balloon)
    from = MAX (before, MIN (guest->balloon, guest->balloon_before));
  if (fabs (target - from) <= step_of (run, i) + LEAST_COUNTS)
    return;
  describe (run, i, text, sizeof text);
  found (run, STEPS, i, "%s", text);
}

/* What would be decided if all were touched that nobody granted, and the host had as much left. */
static void
decide_with_all_touched (const Run *run, McVmDecision *decisions)
{
  g_autofree McVmHistory *history = g_memdup2 (run->before, run->n * sizeof *history);
  g_autofree McVmFacts *facts = g_memdup2 (run->facts, run->n * sizeof *facts);
  McVmHistory *histories[SIM_VMS_MOST];
  McHostDecision host;

  for (guint i = 0; i < run->n; i++)
    {
      histories[i] = &history[i];
      if (run->decisions[i].status != MC_VM_BOOTING)
        facts[i].resident += (guint64)(strange (run, i) * MC_MIB);
    }
  mc_policy_decide (&run->settings, &run->figures, run->now_us, run->n, facts, histories, decisions,
                    &host);
}

static void
judge_untouched (Run *run)
{
  McVmDecision decisions[SIM_VMS_MOST];
  gboolean known = FALSE;

  if (strange_of_all (run) < STRANGE_PART * run->load->total || left_for_all (run) < 0)
    return;
  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      double target = mib (run->decisions[i].target), least = run->watches[i].least;
      char text[256];

      if (!run->decisions[i].move || run->decisions[i].target >= run->decisions[i].before
          || !is_sound (run, i) || !is_honest (guest->plan) || !obeys (guest)
          || target >= least + low_of (guest->plan) * CLOSE_TO_LOW)
        continue;
      if (!known)
        decide_with_all_touched (run, decisions);
      known = TRUE;
      if (mib (decisions[i].target) <= target + trifle_of (guest->plan))
        continue;
      describe (run, i, text, sizeof text);
      found (run, target + LEAST_COUNTS < least ? UNTOUCHED : SPARED, i,
             "%s; it would be told %.0f if %.0f untouched that nobody granted were touched, %.0f "
             "would be left if all had what they need",
             text, mib (decisions[i].target), strange_of_all (run), left_for_all (run));
    }
}

static void
judge_survival (Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];
  const McVmDecision *decision = &run->decisions[i];
  const Watch *watch = &run->watches[i];
  double target = mib (decision->target);
  gboolean scarce = run->host.lambda < 0 || decision->reason == MC_REASON_EMERGENCY;
  char text[256];

  if (decision->target >= decision->before && target >= guest->balloon - 1)
    return;
  if (guest->frozen && target < watch->frozen_at - FREEZE_STEPS * step_of (run, i))
    {
      describe (run, i, text, sizeof text);
      found (run, SURVIVAL, i, "its figures stand still since it was told %.0f: %s",
             watch->frozen_at, text);
    }
  if (!is_sound (run, i) || decision->target >= decision->before)
    return;
  describe (run, i, text, sizeof text);
  if (!scarce && target + LEAST_COUNTS < watch->least)
    found (run, SURVIVAL, i, "%s", text);
}

static void
judge_report (Run *run, guint i)
{
  const Watch *watch = &run->watches[i];
  char text[256];

  if (run->facts[i].stats_time_s != watch->first_report_s || is_told_what_it_has (run, i))
    return;
  describe (run, i, text, sizeof text);
  found (run, UNCHANGED, i, "%s", text);
}

static double
grant_of (const Run *run, guint i)
{
  const SimGuest *guest = &run->world.guests[i];

  if (!run->decisions[i].move)
    return 0;
  return MAX (0, mib (run->decisions[i].target)
                     - MAX (touched (guest) + guest->bias, held_by (guest)));
}

static void
judge_grants (Run *run)
{
  double granted = 0, left = run->world.available;
  guint last = 0;

  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      double grant = grant_of (run, i);

      last = grant > 0 ? i : last;
      granted += grant;
      run->watches[i].granted[run->world.t % CAUSED_S] = grant;
      if (guest->running && !(guest->plan->kind & SIM_AUTODEFLATE) && obeys (guest)
          && guest->booted == 0)
        left -= promised (run, i);
    }
  if (granted > LEAST_COUNTS && left - granted < reserve_of (run) - LEAST_COUNTS)
    found (run, FLOOR, last,
           "%.0f granted in all, this one has %.0f; %.0f available, of which %.0f were not "
           "promised by us; reason %s",
           granted, told_to (&run->world.guests[last]), run->world.available, left,
           mc_reason_nick (run->decisions[last].reason));
}

/* What is on its way to the host brings it below its limit by no more than a step. */
static void
judge_taking (Run *run)
{
  double coming = 0, excess = excess_of (run), lacks = 0;
  gboolean takes = FALSE;

  for (guint i = 0; i < run->n; i++)
    {
      const SimGuest *guest = &run->world.guests[i];
      const McVmDecision *decision = &run->decisions[i];
      gboolean tight = decision->move && decision->reason == MC_REASON_HOST_TIGHT;
      double target = decision->move ? mib (decision->target) : told_to (guest);

      takes |= tight;
      if (guest->running && can_give (run, i))
        coming += MAX (0, guest->occupied - target);
      lacks += grant_of (run, i);
      if (is_in_need (run, i) || !is_honest (guest->plan))
        lacks += step_of (run, i);
    }
  if (takes && coming > MAX (0, excess) + lacks + largest_step (run))
    found (run, OVERSHOT, run->n,
           "%.0f beyond the limit, %.0f on its way, the largest step is %.0f, %.0f wanted", excess,
           coming, largest_step (run), lacks);
}

/* Order */

static void
decide_in_order (
    const Run *run, const guint *order, guint n, McVmHistory *history, McVmDecision *decisions)
{
  g_autofree McVmHistory **histories = g_new (McVmHistory *, n);
  g_autofree McVmFacts *facts = g_new (McVmFacts, n);
  g_autofree McVmDecision *results = g_new (McVmDecision, n);
  McHostDecision host;

  for (guint i = 0; i < n; i++)
    {
      facts[i] = run->facts[order[i]];
      facts[i].uuid[15] = i == run->n;
      histories[i] = &history[i];
    }
  mc_policy_decide (&run->settings, &run->figures, run->now_us, n, facts, histories, results,
                    &host);
  for (guint i = 0; i < n; i++)
    decisions[i] = results[i];
}

static void
judge_order (Run *run)
{
  guint n = run->n, order[SIM_VMS_MOST + 1];
  g_autofree McVmHistory *history = g_new (McVmHistory, n + 1);
  g_autofree McVmDecision *decisions = g_new (McVmDecision, n + 1);

  for (guint i = 0; i < n; i++)
    order[i] = i;
  for (guint i = n - 1; i > 0; i--)
    {
      guint j = sim_random_below (&run->random, i + 1), was = order[i];

      order[i] = order[j];
      order[j] = was;
    }
  order[n] = order[sim_random_below (&run->random, n)];
  for (guint i = 0; i <= n; i++)
    memcpy (&history[i], &run->before[order[i]], sizeof *history); /* padding and all */
  decide_in_order (run, order, n, history, decisions);
  for (guint i = 0; i < n; i++)
    if (decisions[i].target != run->decisions[order[i]].target
        || decisions[i].reason != run->decisions[order[i]].reason
        || memcmp (&history[i], &run->history[order[i]], sizeof *history) != 0)
      found (run, ORDER, order[i], "in another order it is told %.0f, not %.0f",
             mib (decisions[i].target), mib (run->decisions[order[i]].target));
  for (guint i = 0; i <= n; i++)
    memcpy (&history[i], &run->before[order[i]], sizeof *history);
  decide_in_order (run, order, n + 1, history, decisions);
  for (guint i = 0; i < n; i++)
    if (order[i] == order[n] && decisions[i].target != decisions[n].target)
      found (run, ORDER, order[n], "of two that are equal one is told %.0f, the other %.0f",
             mib (decisions[i].target), mib (decisions[n].target));
}

static void
remember_first_reports (Run *run)
{
  for (guint i = 0; i < run->n; i++)
    {
      Watch *watch = &run->watches[i];

      if (run->world.t == run->started || (run->facts[i].started_us > 0 && !run->facts[i].running))
        watch->first_report_s = run->facts[i].stats_time_s;
    }
}

static void
decide (Run *run)
{
  McVmHistory *histories[SIM_VMS_MOST];

  for (guint i = 0; i < run->n; i++)
    histories[i] = &run->history[i];
  memcpy (run->before, run->history, run->n * sizeof *run->before);
  mc_policy_decide (&run->settings, &run->figures, run->now_us, run->n, run->facts, histories,
                    run->decisions, &run->host);
  run->decided = TRUE;
}

static void
tell (Run *run, guint i)
{
  if (!run->decisions[i].move || !run->world.guests[i].running || run->world.guests[i].fails_at > 0)
    return;
  run->watches[i].level_before = run->watches[i].level;
  run->watches[i].told_before = run->world.guests[i].told;
  /* Who is told what it has, or to give, is granted nothing, wherever its balloon goes. */
  if (grant_of (run, i) > 0 && run->decisions[i].target > run->decisions[i].before
      && !is_told_what_it_has (run, i))
    run->watches[i].level = mib (run->decisions[i].target);
  else
    run->watches[i].level = MIN (run->watches[i].level, mib (run->decisions[i].target));
  sim_world_tell (&run->world, i, mib (run->decisions[i].target));
  run->watches[i].moves += run->world.t >= WARM_UP_S;
}

static void
cycle (Run *run)
{
  gboolean pressing;

  run->now_us = (gint64)(run->world.t + 1) * G_USEC_PER_SEC;
  run->figures = sim_world_host (&run->world);
  sim_world_facts (&run->world, run->facts);
  remember_first_reports (run);
  decide (run);
  if (run->cycles++ % ORDER_EVERY == 0)
    judge_order (run);
  judge_grants (run);
  judge_taking (run);
  judge_untouched (run);
  pressing = run->host.pressing;
  for (guint i = 0; i < run->n; i++)
    {
      pressing |= run->decisions[i].pressing;
      if (!run->decisions[i].move || !run->world.guests[i].running)
        continue;
      judge_step (run, i);
      judge_survival (run, i);
      judge_report (run, i);
    }
  for (guint i = 0; i < run->n; i++)
    tell (run, i);
  run->next = run->world.t + (pressing ? 1 : run->interval);
}

static void
start_anew (Run *run)
{
  run->next = run->started = run->world.t + run->load->restart_takes;
  memset (run->history, 0, sizeof run->history);
  run->decided = FALSE;
  for (guint i = 0; i < run->n; i++)
    run->watches[i].level = 0;
  sim_world_forget (&run->world, run->next);
}

static void
live (Run *run)
{
  sim_world_init (&run->world, run->load);
  for (run->world.t = 0; run->world.t < run->load->seconds; run->world.t++)
    {
      sim_world_tick (&run->world);
      watch (run);
      if (run->load->restarts_at > 0 && run->world.t == run->load->restarts_at)
        start_anew (run);
      if (run->world.t >= run->next)
        cycle (run);
    }
}

/* Worlds */

static Run *
run_new (SimLoad *load)
{
  Run *run = g_new0 (Run, 1);

  run->load = load;
  run->n = load->n;
  run->settings = mc_policy_settings_default ();
  run->interval = 2;
  run->random.state = load->seed ^ 0x70726f70;
  return run;
}

static void
run_free (Run *run)
{
  for (guint p = 0; p < N_PROPERTIES; p++)
    g_free (run->findings[p].first);
  g_free (run->load);
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static void
vary_guest (Run *run, SimPlan *plan)
{
  if (sim_random_below (&run->random, 3) == 0)
    plan->minimum = plan->capacity * sim_random_between (&run->random, 0.01, 0.25);
  if (sim_random_below (&run->random, 4) == 0)
    plan->maximum = MAX (plan->minimum, plan->capacity * sim_random_between (&run->random, 0.5, 1));
  if (sim_random_below (&run->random, 4) == 0)
    {
      plan->low = sim_random_between (&run->random, 50, 300);
      plan->high = plan->low + sim_random_between (&run->random, 16, 200);
    }
  if (sim_random_below (&run->random, 3) == 0)
    plan->weight = 1 + sim_random_below (&run->random, 10000);
}

static void
vary (Run *run)
{
  const guint steps[] = { 5, 10, 20, 50 }, intervals[] = { 1, 2, 5, 10 };

  run->settings.thresholds.step_limit
      = steps[sim_random_below (&run->random, G_N_ELEMENTS (steps))];
  run->settings.thresholds.host_usage_limit = 50 + sim_random_below (&run->random, 45);
  run->settings.thresholds.host_reserve = (100 + sim_random_below (&run->random, 400)) * MC_MIB;
  run->settings.cache_growth = (McCacheGrowth)sim_random_below (&run->random, 3);
  run->interval = intervals[sim_random_below (&run->random, G_N_ELEMENTS (intervals))];
  run->settings.thresholds.interval_s = run->interval;
  for (guint i = 0; i < run->n; i++)
    vary_guest (run, &run->load->vms[i]);
  if (run->load->restarts_at > 0)
    return;
  run->load->restarts_at = 200 + sim_random_below (&run->random, 200);
  run->load->restart_takes = 1 + sim_random_below (&run->random, 20);
}

/* What does not hold yet */

typedef struct
{
  Property property;
  const char *name; /* of the class */
  guint worlds;     /* that show it, at most */
} NotYet;

/* Of CALM all but one, toggling-22 with 12 moves in 8 minutes, are on hosts that have not room for
 * all: who swaps there is given what the other leaves. Without the law of togglers it does not hold
 * in 9 of the class, where 6 are known. */
static const NotYet not_yet[] = {
  { SPARED, "crowd", 1 },  { SPARED, "drivers", 6 },  { SPARED, "free-only", 1 },
  { SPARED, "idle", 1 },   { SPARED, "kernels", 2 },  { SPARED, "restart", 2 },
  { SPARED, "pools", 1 },  { SPARED, "small", 1 },    { CALM, "togglers", 6 },
  { CALM, "toggling", 6 }, { N_PROPERTIES, NULL, 0 },
};

static guint
expected (Property property, const char *name)
{
  for (guint i = 0; not_yet[i].name != NULL; i++)
    if (not_yet[i].property == property && g_str_equal (not_yet[i].name, name))
      return not_yet[i].worlds;
  return 0;
}

static void
report (const Run *run, const char *name, guint number, guint *failed)
{
  for (guint p = 0; p < N_PROPERTIES; p++)
    if (run->findings[p].times > 0)
      {
        failed[p]++;
        g_test_message ("%s does not hold in %s-%u, %u times; first %s", property_names[p], name,
                        number, run->findings[p].times, run->findings[p].first);
      }
}

static void
judge_class (const char *name, const guint *failed)
{
  for (guint p = 0; p < N_PROPERTIES; p++)
    {
      guint most = expected (p, name);

      if (failed[p] > most)
        {
          g_test_message ("%s: %s does not hold in %u worlds; %u are known", property_names[p],
                          name, failed[p], most);
          g_test_fail ();
        }
      if (failed[p] < most)
        g_test_message ("%s: %s does not hold in %u worlds now: not_yet may say so",
                        property_names[p], name, failed[p]);
    }
}

/* All but @toggler are of constant need. */
static void
judge_calm (Run *run, guint toggler)
{
  double most = (double)MOVES_IN_HOUR * (run->load->seconds - WARM_UP_S) / 3600;

  for (guint i = 0; i < run->n; i++)
    if (i != toggler && run->watches[i].moves > most)
      found (run, CALM, i, "%u moves in %u s, %.0f an hour", run->watches[i].moves,
             run->load->seconds - WARM_UP_S,
             run->watches[i].moves * 3600.0 / (run->load->seconds - WARM_UP_S));
}

static void
test_class (gconstpointer data)
{
  guint load_class = GPOINTER_TO_UINT (data), failed[N_PROPERTIES] = { 0 };
  const char *name = sim_class_names[load_class];

  for (guint number = 0; number < WORLDS + VARIED; number++)
    {
      g_autoptr (Run) run = run_new (sim_load_of_class (SIM_TUNING, load_class, number));

      if (number >= WORLDS)
        vary (run);
      live (run);
      if (g_str_equal (name, "toggling") && number < WORLDS)
        judge_calm (run, run->n - 1);
      report (run, name, number, failed);
    }
  judge_class (name, failed);
}

/* Togglers */

typedef struct
{
  guint kind;   /* of its reports, … */
  guint period; /* … or of its need, seconds */
  double part;  /* of what all need at the most that the host has */
} Toggler;

static const Toggler togglers[] = {
  { SIM_TOGGLING, 0, 1.3 },   { SIM_TOGGLING, 0, 1.05 },  { SIM_TOGGLING, 0, 0.85 },
  { SIM_ORDINARY, 2, 1.3 },   { SIM_ORDINARY, 2, 1.05 },  { SIM_ORDINARY, 2, 0.85 },
  { SIM_ORDINARY, 4, 1.05 },  { SIM_ORDINARY, 4, 0.85 },  { SIM_ORDINARY, 10, 1.3 },
  { SIM_ORDINARY, 10, 1.05 }, { SIM_ORDINARY, 10, 0.85 }, { SIM_ORDINARY, 30, 1.3 },
  { SIM_ORDINARY, 30, 1.05 }, { SIM_ORDINARY, 30, 0.85 }, { SIM_ORDINARY, 60, 1.05 },
  { SIM_ORDINARY, 60, 0.85 }, { SIM_LYING, 0, 1.05 },     { SIM_LYING, 0, 0.85 },
};

static SimLoad *
toggling_load (const Toggler *toggler, guint number)
{
  SimLoad *load = g_new0 (SimLoad, 1);
  SimRandom random = { .state = 0x746f6767 + number };
  guint n = 4 + sim_random_below (&random, 5);

  load->seed = random.state;
  load->seconds = 1800;
  sim_part_host (load, &random, 800);
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = sim_part_vm (load, 1024 << sim_random_below (&random, 4));

      plan->kernel = sim_random_below (&random, 2) ? SIM_KERNEL_6_1 : SIM_KERNEL_6_12;
      plan->minimum = sim_default_minimum (plan->capacity);
      plan->own = sim_random_between (&random, 30, 110);
      plan->lags = sim_random_below (&random, 3) == 0;
      sim_part_constant (load, plan, sim_random_between (&random, 0.2, 0.8) * sim_part_most (plan));
    }
  load->vms[0].kind = toggler->kind;
  for (guint t = 0; toggler->period > 0 && t < load->seconds; t++)
    load->vms[0].demand[t]
        = (float)((t / (toggler->period / 2) % 2 ? 0.8 : 0.2) * sim_part_most (&load->vms[0]));
  sim_part_settle (load, sim_part_peak (load, 0) * toggler->part);
  return load;
}

static void
test_togglers (void)
{
  guint failed[N_PROPERTIES] = { 0 };

  for (guint number = 0; number < G_N_ELEMENTS (togglers); number++)
    {
      g_autoptr (Run) run = run_new (toggling_load (&togglers[number], number));

      live (run);
      judge_calm (run, 0);
      report (run, "togglers", number, failed);
    }
  judge_class ("togglers", failed);
}

/* Tight hosts */

/* Everybody once used much, and now little: much of the host is used for nothing. */
static SimLoad *
tight_load (double speed, double at_once, double cache, guint number)
{
  SimLoad *load = g_new0 (SimLoad, 1);
  SimRandom random = { .state = 0x74696768 + number };
  guint n = 6 + sim_random_below (&random, 7);
  double most = 0;

  load->seed = random.state;
  load->seconds = 1500;
  load->inflate_at_once = at_once;
  sim_part_host (load, &random, 800);
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = sim_part_vm (load, 1024 << sim_random_below (&random, 4));
      double least = sim_part_most (plan) * sim_random_between (&random, 0.1, 0.3);

      plan->kernel = sim_random_below (&random, 2) ? SIM_KERNEL_6_1 : SIM_KERNEL_6_12;
      plan->minimum = sim_default_minimum (plan->capacity);
      plan->inflate = speed;
      plan->begins = plan->capacity;
      for (guint t = 0; t < load->seconds; t++)
        {
          plan->demand[t] = (float)(t < 60 && cache <= 0 ? 0.9 * sim_part_most (plan) : least);
          plan->cold_cache[t] = (float)(cache * plan->capacity);
        }
      most += plan->capacity + plan->own;
    }
  sim_part_settle (load, (most + load->base[0]) * sim_random_between (&random, 0.95, 1.1));
  return load;
}

static void
test_tight_hosts (void)
{
  const double speeds[] = { 20, 60, 120, 350 }, at_once[] = { 0, 40, 350 },
               caches[] = { 0, 0.3, 0.8 };
  guint failed[N_PROPERTIES] = { 0 }, number = 0;

  for (guint s = 0; s < G_N_ELEMENTS (speeds); s++)
    for (guint a = 0; a < G_N_ELEMENTS (at_once); a++)
      for (guint c = 0; c < G_N_ELEMENTS (caches); c++)
        {
          g_autoptr (Run) run = run_new (tight_load (speeds[s], at_once[a], caches[c], number));

          live (run);
          report (run, "tight-hosts", number++, failed);
        }
  judge_class ("tight-hosts", failed);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; sim_class_names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/policy/properties/wide/", sim_class_names[i], NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_class);
    }
  g_test_add_func ("/policy/properties/wide/togglers", test_togglers);
  g_test_add_func ("/policy/properties/wide/tight-hosts", test_tight_hosts);
  return g_test_run ();
}
