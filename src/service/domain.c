/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM as libvirt reports it. */
#include "config.h"

#include "domain.h"

#include "events.h"

/* Entries about one VM: so many at once, one more in each so long, and one now and then that counts
 * what was left out: 60 in the first hour at the most. */
#define ENTRIES_AT_ONCE   18
#define ENTRY_EVERY_US    (100 * G_USEC_PER_SEC)
#define LEFT_OUT_EVERY_US (600 * G_USEC_PER_SEC)

/* Less is what a clock drifts, or is slewed by, from one question to the next. */
#define CLOCK_STEP_US (G_USEC_PER_SEC / 2)

static void
parse_uuid (const char *text, guint8 uuid[16])
{
  guint digits = 0;

  for (; *text != '\0' && digits < 32; text++)
    {
      int digit = g_ascii_xdigit_value (*text);

      if (digit < 0)
        continue;
      uuid[digits / 2] = (guint8)(uuid[digits / 2] << 4 | digit);
      digits++;
    }
}

void
mc_domain_init (McDomain *self, GObject *vm, const McVmSample *sample, gint64 started_us)
{
  *self = (McDomain){
    .vm = vm,
    .uuid = g_strdup (sample->uuid),
    .name = g_strdup (sample->name),
    .id = sample->id,
    .facts = { .target = MC_UNKNOWN, .started_us = started_us, .cpu_time_us = MC_UNKNOWN },
    .was_busy = TRUE,
  };
  parse_uuid (sample->uuid, self->facts.uuid);
}

void
mc_domain_clear (McDomain *self)
{
  g_free (self->uuid);
  g_free (self->name);
}

/* Its host tells the time of a report by the clock on the wall, in whole seconds, and that may have
 * been set since; but the report was not there when it was last asked. */
static gint64
find_report_age (const McDomain *self, gint64 report_s, gint64 now_us, gint64 wall_us)
{
  gint64 since_us = now_us - self->asked_us;
  gboolean was_set = ABS (wall_us - now_us - self->clock_offset_us) > CLOCK_STEP_US;

  if (was_set || report_s > wall_us / G_USEC_PER_SEC)
    return since_us;
  return MIN (wall_us - report_s * G_USEC_PER_SEC, since_us);
}

static void
note_report (McDomain *self, gint64 report_s, gint64 now_us, gint64 wall_us)
{
  gint64 age_us;

  if (!self->looked)
    {
      /* It may be of hours ago. Nobody knows whether the clock was set since. */
      self->report_wall_us
          = report_s < wall_us / G_USEC_PER_SEC ? (report_s + 1) * G_USEC_PER_SEC : wall_us;
      return;
    }
  age_us = find_report_age (self, report_s, now_us, wall_us);
  self->reported_us = now_us - age_us;
  /* It may be a second younger than it is at the most. */
  self->report_wall_us = wall_us - MAX (age_us - G_USEC_PER_SEC, 0);
}

static void
take_sizes (McVmFacts *facts, const McVmSample *sample)
{
  if (mc_vm_sample_is_unheard (sample))
    return;
  facts->balloon = sample->balloon;
  facts->capacity = sample->capacity;
}

void
mc_domain_update_from_sample (McDomain *self,
                              const McVmSample *sample,
                              gint64 began_us,
                              gint64 now_us,
                              gint64 wall_us,
                              guint64 n_sample)
{
  McVmFacts *facts = &self->facts;
  gboolean sleeps_on = facts->asleep && !self->was_busy && mc_vm_sample_is_unheard (sample);

  self->n_sample = n_sample;
  self->sampled_us = g_get_monotonic_time ();
  if (g_strcmp0 (self->name, sample->name) != 0)
    {
      g_free (self->name);
      self->name = g_strdup (sample->name);
    }
  /* Nobody would have asked it: a part of a sample that was late wakes nobody. */
  if (sleeps_on)
    {
      self->was_busy = TRUE;
      return;
    }
  /* Once is nothing: somebody else asked for its figures at that moment. */
  facts->busy = sample->busy && self->was_busy;
  self->was_busy = sample->busy;
  take_sizes (facts, sample);
  facts->cpu_time_us = sample->cpu_time_us;
  facts->asleep = sample->asleep;
  facts->unanswered = sample->busy;
  if (sample->busy)
    return; /* the rest is as old as it was */

  if (began_us > self->state_us) /* else an event has said since */
    facts->running = sample->running && !self->crashed;
  if (sample->asleep)
    return;
  self->stirred = FALSE;
  facts->resident = sample->resident;
  facts->unused = sample->unused;
  facts->usable = sample->usable;
  facts->available = sample->available;
  facts->swap_in = sample->swap_in;
  facts->swap_out = sample->swap_out;
  if (sample->stats_time_s != facts->stats_time_s)
    note_report (self, sample->stats_time_s, now_us, wall_us);
  self->looked = TRUE;
  self->asked_us = now_us;
  self->clock_offset_us = wall_us - now_us;
  facts->stats_time_s = sample->stats_time_s;
  facts->stats_age_us = self->reported_us > 0 ? now_us - self->reported_us : 0;
}

void
mc_domain_set_started (McDomain *self, gint64 now_us)
{
  self->stirred = TRUE;
  self->crashed = FALSE;
  self->facts.started_us = now_us;
}

gboolean
mc_domain_set_running (McDomain *self, gboolean running, gint64 now_us)
{
  if (self->facts.running == running)
    return FALSE;
  if (running && self->crashed)
    mc_domain_set_started (self, now_us);
  self->facts.running = running;
  self->stirred = TRUE;
  self->state_us = g_get_monotonic_time ();
  return TRUE;
}

/* A kernel that dumps itself, or waits to be looked at, is no guest to be judged by its figures. */
gboolean
mc_domain_set_crashed (McDomain *self)
{
  if (self->crashed)
    return FALSE;
  self->crashed = self->stirred = TRUE;
  self->facts.running = FALSE;
  return TRUE;
}

void
mc_domain_set_announced (McDomain *self)
{
  self->announced = TRUE;
}

void
mc_domain_set_gone (McDomain *self)
{
  self->gone = TRUE;
}

void
mc_domain_set_balloon (McDomain *self, guint64 bytes)
{
  self->facts.balloon = bytes;
  self->stirred = TRUE;
}

void
mc_domain_stir (McDomain *self)
{
  self->stirred = TRUE;
}

gboolean
mc_domain_may_log (McDomain *self, gint64 now_us)
{
  McDomainEntries *entries = &self->entries;
  gint64 again = (now_us - entries->counted_us) / ENTRY_EVERY_US;

  entries->n -= (guint)MIN (entries->n, again);
  entries->counted_us = entries->n == 0 ? now_us : entries->counted_us + again * ENTRY_EVERY_US;
  if (entries->left_out > 0 && now_us - entries->left_out_us >= LEFT_OUT_EVERY_US)
    {
      mc_event_left_out (self->name, self->uuid, entries->left_out);
      entries->left_out = 0;
    }
  if (entries->n < ENTRIES_AT_ONCE)
    {
      entries->n++;
      return TRUE;
    }
  if (entries->left_out++ == 0)
    entries->left_out_us = now_us;
  return FALSE;
}
