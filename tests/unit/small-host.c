/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host and a few guests, second by second. */
#include "config.h"

#include "small-host.h"

#include "policy-settings.h"

#define DEFLATE       1000.0
#define FROM_CACHE    60.0
#define THROUGH_SWAP  20.0
#define SWAP_IN       30.0
#define READS         100.0
#define DRAINS        8.0
#define ATTENTIVE     1.0
#define DEFAULT_OWN   100.0
#define DEFAULT_SPEED 200.0

/* What a guest's kernel has before MemTotal, as measured at 128 to 4096 MiB: page descriptors, and
 * from 3 GiB on a bounce buffer. */
#define OUTSIDE_LEAST 35.0
#define OUTSIDE_PART  64.0
#define BOUNCE_FROM   3072.0
#define BOUNCE        64.0

static guint64
bytes (double mib)
{
  return (guint64)(MAX (mib, 0) * MC_MIB);
}

SmallHost *
small_host_new (double total)
{
  SmallHost *host = g_new0 (SmallHost, 1);

  host->settings = mc_policy_settings_default ();
  host->total = total;
  host->now = 1000;
  host->trace = g_test_verbose ();
  return host;
}

Guest *
small_host_add (SmallHost *host, double capacity, double balloon, double uses)
{
  Guest *guest = &host->guests[host->n++];

  g_assert_cmpuint (host->n, <=, GUESTS_MOST);
  *guest = (Guest){ .capacity = capacity,
                    .minimum = (double)mc_policy_default_minimum (bytes (capacity)) / MC_MIB,
                    .maximum = capacity,
                    .own = DEFAULT_OWN,
                    .outside = OUTSIDE_LEAST + capacity / OUTSIDE_PART
                               + (capacity > BOUNCE_FROM ? BOUNCE : 0),
                    .inflate = DEFAULT_SPEED,
                    .weight = 100,
                    .uses = uses,
                    .comes_to = uses,
                    .ramp = capacity,
                    .claims = -1,
                    .balloon = balloon,
                    .balloon_before = balloon,
                    .target = balloon,
                    .told = -1,
                    .resident = MIN (uses, balloon),
                    .touched = MIN (uses, balloon) };
  return guest;
}

double
small_host_available (const SmallHost *host)
{
  double available = host->total - host->base;

  for (guint i = 0; i < host->n; i++)
    available -= host->guests[i].touched + host->guests[i].own;
  return available;
}

double
small_host_grouped (const SmallHost *host)
{
  double occupied = 0;

  for (guint i = 0; i < host->n; i++)
    if (host->guests[i].grouped)
      occupied += host->guests[i].touched + host->guests[i].own;
  return occupied;
}

void
small_host_leave (SmallHost *host, double available)
{
  host->base += small_host_available (host) - available;
  g_assert_cmpfloat (host->base, >=, 0);
}

void
small_host_watch (SmallHost *host)
{
  host->least_available = small_host_available (host);
  host->most_grouped = small_host_grouped (host);
  for (guint i = 0; i < host->n; i++)
    {
      Guest *guest = &host->guests[i];

      guest->moves = guest->grants = guest->takings = guest->statuses = 0;
      guest->largest_step = guest->swap_in = guest->swap_out = 0;
      guest->least_usable = guest_usable (guest);
      guest->most_balloon = guest->least_balloon = guest->balloon;
    }
}

void
guest_touch_all (Guest *guest)
{
  guest->touched = guest->balloon;
}

void
guest_was_told (Guest *guest)
{
  guest->told = guest->balloon;
}

double
guest_swapped (const Guest *guest)
{
  return guest->uses - guest->resident;
}

static double
room_in (const Guest *guest)
{
  return MAX (0, guest->balloon - guest->resident - guest->cache);
}

double
guest_usable (const Guest *guest)
{
  return room_in (guest) - guest->unseen + guest->cache;
}

/* Takes up to @amount of what is free, then of files, then of what it uses. */
static double
make_room (Guest *guest, double amount)
{
  double from_free = MIN (amount, MIN (room_in (guest), guest->inflate));
  double second = 1 - from_free / guest->inflate;
  double from_cache
      = MIN (MIN (amount - from_free, guest->cache), MIN (FROM_CACHE, guest->inflate) * second);
  double from_use = MIN (MIN (amount - from_free - from_cache, guest->resident),
                         MIN (THROUGH_SWAP, guest->inflate) * second);

  if (room_in (guest) > from_free + 1 || guest->cache > from_cache + 1)
    from_use = 0;
  guest->cache -= from_cache;
  guest->resident -= from_use;
  guest->swap_out += from_use;
  return from_free + from_cache + from_use;
}

static void
move_balloon (Guest *guest)
{
  double target = guest->gone || guest->sleeps ? guest->capacity : guest->target;

  guest->balloon_before = guest->balloon;
  guest->unseen = MAX (0, guest->unseen - DRAINS);
  if (guest->hangs)
    return;
  if (target > guest->balloon)
    {
      double given = MIN (target - guest->balloon, DEFLATE);

      guest->balloon += given;
      guest->unseen = MIN (guest->hides, guest->unseen + given / 3);
    }
  else
    {
      guest->balloon -= make_room (guest, guest->balloon - target);
      guest->unseen = MIN (guest->unseen, room_in (guest));
    }
  if (!guest->pinned)
    guest->touched = MIN (guest->touched, guest->balloon);
}

static void
work (Guest *guest)
{
  double missing, from_cache;

  guest->uses += CLAMP (guest->comes_to - guest->uses, -guest->capacity, guest->ramp);
  guest->resident = MIN (guest->resident, guest->uses);
  missing = guest->uses - guest->resident;
  from_cache = MIN (guest->cache, MAX (0, missing - room_in (guest)));
  guest->cache -= from_cache;
  /* What has no room goes out as fast as it comes in. */
  if (room_in (guest) < missing)
    {
      double turned = MIN (SWAP_IN, missing - room_in (guest));

      guest->swap_in += turned;
      guest->swap_out += turned;
    }
  guest->resident += MIN (missing, room_in (guest));
  guest->unseen = MIN (guest->unseen, room_in (guest));
  guest->cache += CLAMP (guest->reads_to - guest->cache, 0, MIN (READS, room_in (guest)));
  guest->touched
      = MIN (MAX (guest->touched, guest->resident + guest->cache - guest->out), guest->balloon);
  if (guest->pinned)
    guest->touched = guest->capacity;
}

static void
report (const SmallHost *host, Guest *guest)
{
  McVmFacts *figures = &guest->report;
  double seen = guest->claims >= 0 ? guest->claims : room_in (guest) - guest->unseen;

  if (guest->silent || guest->gone || guest->hangs || guest->sleeps)
    return;
  if (guest->started > 0 && host->now < guest->started + 5)
    return;
  figures->stats_time_s = (gint64)host->now;
  if (guest->frozen)
    return;
  figures->unused = bytes (seen);
  figures->usable = guest->blind         ? MC_UNKNOWN
                    : guest->claims >= 0 ? bytes (guest->claims)
                                         : bytes (guest_usable (guest));
  figures->available = bytes (guest->balloon - guest->outside);
  figures->swap_in = bytes (guest->swap_in);
  figures->swap_out = bytes (guest->swap_out);
  if (!guest->dumps)
    return;
  figures->available = bytes (200);
  figures->unused = bytes (120);
  figures->usable = bytes (110);
  figures->swap_in = figures->swap_out = 0;
}

static McVmFacts
facts_of (const SmallHost *host, guint i)
{
  const Guest *guest = &host->guests[i];
  gboolean reported = guest->report.stats_time_s > 0;

  return (McVmFacts){
    .uuid = { (guint8)i },
    .running = !guest->sleeps,
    .paused = guest->paused,
    .claimed = guest->claimed,
    .autodeflate = guest->autodeflate,
    .has_balloon = TRUE,
    .started_us = (gint64)(guest->started * G_USEC_PER_SEC),
    .capacity = bytes (guest->capacity),
    .balloon = bytes (guest->lags ? guest->balloon_before : guest->balloon),
    .target = guest->told < 0 ? MC_UNKNOWN : bytes (guest->told),
    .resident = bytes (guest->touched + guest->own),
    .unused = reported ? guest->report.unused : MC_UNKNOWN,
    .usable = reported ? guest->report.usable : MC_UNKNOWN,
    .available = reported ? guest->report.available : MC_UNKNOWN,
    .swap_in = reported ? guest->report.swap_in : MC_UNKNOWN,
    .swap_out = reported ? guest->report.swap_out : MC_UNKNOWN,
    .stats_time_s = guest->report.stats_time_s,
    .policy = {
      .minimum = bytes (guest->minimum),
      .maximum = bytes (guest->maximum),
      .low_watermark = host->settings.thresholds.low_watermark,
      .high_watermark = host->settings.thresholds.high_watermark,
      .weight = guest->weight,
    },
  };
}

static void
dump (const SmallHost *host)
{
  g_printerr ("%6.0f host available %.0f promised %.0f free %.0f grantable %.0f lambda %.2f\n",
              host->now, small_host_available (host), (double)host->decision.promised / MC_MIB,
              (double)host->decision.free / MC_MIB, (double)host->decision.grantable / MC_MIB,
              host->decision.lambda);
  for (guint i = 0; i < host->n; i++)
    {
      const Guest *guest = &host->guests[i];
      g_autofree char *sentence = mc_decision_describe (&guest->decision);

      g_printerr ("       . guest %u: %s told %.0f balloon %.0f uses %.0f (%.0f out) usable %.0f "
                  "touched %.0f: %s\n",
                  i, mc_vm_status_nick (guest->decision.status), guest->told, guest->balloon,
                  guest->uses, guest_swapped (guest), guest_usable (guest), guest->touched,
                  sentence);
    }
}

static void
tell (const SmallHost *host, guint i)
{
  const McVmDecision *decision = &host->guests[i].decision;
  Guest *guest = (Guest *)&host->guests[i];
  double target = (double)decision->target / MC_MIB, before = (double)decision->before / MC_MIB;

  if (host->trace)
    {
      g_autofree char *sentence = mc_decision_describe (decision);

      g_printerr ("%6.0f guest %u: %.0f -> %.0f (balloon %.0f, uses %.0f, usable %.0f): %s\n",
                  host->now, i, before, target, guest->balloon, guest->uses, guest_usable (guest),
                  sentence);
    }
  guest->moves++;
  guest->grants += target > before;
  guest->takings += target < before;
  guest->largest_step = MAX (guest->largest_step, before - target);
  guest->told = target;
  if (!guest->deaf)
    guest->target = target;
}

static void
cycle (SmallHost *host)
{
  McHostFigures figures
      = { .total = bytes (host->total), .available = bytes (small_host_available (host)) };
  guint members[GUESTS_MOST];
  McGroup group = { .name = "memory.max of prod.slice",
                    .left = bytes (host->group_limit - small_host_grouped (host)),
                    .members = members };
  McVmFacts facts[GUESTS_MOST];
  McVmHistory *histories[GUESTS_MOST];
  McVmDecision decisions[GUESTS_MOST];
  gboolean pressing;

  for (guint i = 0; i < host->n; i++)
    {
      facts[i] = facts_of (host, i);
      histories[i] = &host->guests[i].history;
      if (host->guests[i].grouped)
        members[group.n_members++] = i;
    }
  if (group.n_members > 0)
    {
      figures.groups = &group;
      figures.n_groups = 1;
    }
  mc_policy_decide (&host->settings, &figures, (gint64)(host->now * G_USEC_PER_SEC), host->n, facts,
                    histories, decisions, &host->decision);
  pressing = host->decision.pressing;
  for (guint i = 0; i < host->n; i++)
    {
      pressing |= decisions[i].pressing;
      host->guests[i].statuses += decisions[i].status != host->guests[i].decision.status;
      host->guests[i].decision = decisions[i];
      host->guests[i].claimed = FALSE;
      if (decisions[i].move)
        tell (host, i);
    }
  if (host->trace && ((guint)host->now % 20 == 0))
    dump (host);
  host->due = host->now + (pressing ? ATTENTIVE : (double)host->settings.thresholds.interval_s);
}

static void
look (SmallHost *host)
{
  host->least_available = MIN (host->least_available, small_host_available (host));
  host->most_grouped = MAX (host->most_grouped, small_host_grouped (host));
  for (guint i = 0; i < host->n; i++)
    {
      Guest *guest = &host->guests[i];

      guest->least_usable = MIN (guest->least_usable, guest_usable (guest));
      guest->most_balloon = MAX (guest->most_balloon, guest->balloon);
      guest->least_balloon = MIN (guest->least_balloon, guest->balloon);
    }
}

void
small_host_run (SmallHost *host, guint seconds)
{
  for (guint s = 0; s < seconds; s++)
    {
      host->now++;
      for (guint i = 0; i < host->n; i++)
        {
          move_balloon (&host->guests[i]);
          work (&host->guests[i]);
          report (host, &host->guests[i]);
        }
      look (host);
      if (!host->away && host->now >= host->due)
        cycle (host);
    }
}

void
small_host_restart (SmallHost *host)
{
  for (guint i = 0; i < host->n; i++)
    {
      host->guests[i].history = (McVmHistory){ 0 };
      host->guests[i].told = -1;
      host->guests[i].started = 0;
    }
}
