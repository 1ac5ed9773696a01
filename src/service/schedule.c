/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When cycles begin. */
#include "config.h"

#include "schedule.h"

/* Events come in bursts: a host that starts twenty VMs is looked at five times a second, not
 * twenty. */
#define CLOSEST_US (G_USEC_PER_SEC / 5)

/* Cycles for the sake of VMs that wake, beyond so many at once: of a thousand with a burst a minute
 * sixteen wake in a second. None is heard of later than where it wakes alone: there a cycle that
 * finds it comes later. */
#define FOR_WOKEN_US      (G_USEC_PER_SEC / 2)
#define FOR_WOKEN_AT_ONCE 2

/* A cycle that is this late, beyond its interval and a sample's longest, means that the loop does
 * not turn. */
#define SLACK_US (20 * G_USEC_PER_SEC)

struct _McSchedule
{
  McContext *context;
  GSourceOnceFunc begin;
  gpointer user_data;

  gboolean running;
  gboolean under_way;
  gint64 again_us;     /* when a cycle is wanted, after this one has ended; 0 = none is */
  guint tick;          /* of the clock */
  gint64 tick_us;      /* when that is */
  gint64 began_us;     /* when the last cycle began */
  gboolean for_woken;  /* a cycle for them is on its way */
  gint64 for_woken_us; /* when the next of these is due, if they follow each other */
  guint missed;        /* ticks in a row while one was under way */
};

static gint64
interval_of (McSchedule *self)
{
  return mc_policy_interval_us (mc_context_get_policy (self->context));
}

static void on_tick (gpointer user_data);

static void
arm (McSchedule *self, gint64 when_us)
{
  mc_clock_cancel (self->context->clock, &self->tick);
  self->tick_us = when_us;
  self->tick = mc_clock_call_at (self->context->clock, when_us, on_tick, self);
}

static void
schedule_begin (McSchedule *self)
{
  gint64 now_us = mc_context_now (self->context);

  arm (self, now_us + interval_of (self));
  if (self->under_way)
    {
      self->missed++;
      g_debug ("%u cycles were missed while a sample is under way", self->missed);
      return;
    }
  self->missed = 0;
  self->for_woken = FALSE;
  self->began_us = now_us;
  self->under_way = TRUE;
  self->begin (self->user_data);
}

static void
on_tick (gpointer user_data)
{
  McSchedule *self = user_data;

  self->tick = 0;
  schedule_begin (self);
}

void
mc_schedule_start (McSchedule *self)
{
  self->running = TRUE;
  schedule_begin (self);
}

void
mc_schedule_stop (McSchedule *self)
{
  self->running = FALSE;
  mc_clock_cancel (self->context->clock, &self->tick);
}

/* No later than then. */
static void
wake_at (McSchedule *self, gint64 then_us)
{
  gint64 when_us = MAX (MAX (then_us, mc_context_now (self->context)), self->began_us + CLOSEST_US);

  if (!self->running)
    return;
  if (self->under_way)
    {
      self->again_us = self->again_us > 0 ? MIN (self->again_us, when_us) : when_us;
      return;
    }
  if (self->tick == 0 || self->tick_us > when_us)
    arm (self, when_us);
}

void
mc_schedule_wake (McSchedule *self)
{
  wake_at (self, 0);
}

void
mc_schedule_wake_for_woken (McSchedule *self)
{
  gint64 now_us = mc_context_now (self->context);
  gint64 when_us = CLAMP (self->for_woken_us, now_us - (FOR_WOKEN_AT_ONCE - 1) * FOR_WOKEN_US,
                          now_us + FOR_WOKEN_US);

  if (self->for_woken || !self->running)
    return;
  self->for_woken = TRUE;
  self->for_woken_us = when_us + FOR_WOKEN_US;
  wake_at (self, when_us);
}

void
mc_schedule_end_cycle (McSchedule *self, gboolean pressing)
{
  const McPolicySettings *policy = mc_context_get_policy (self->context);
  gint64 when_us = self->began_us + mc_policy_pace_us (policy, pressing);

  if (self->again_us > 0)
    when_us = MIN (when_us, self->again_us);
  self->under_way = FALSE;
  self->again_us = 0;
  if (self->running)
    arm (self, MAX (when_us, mc_context_now (self->context)));
}

gboolean
mc_schedule_is_on_time (McSchedule *self)
{
  return !self->running
         || mc_context_now (self->context) - self->began_us < interval_of (self) + SLACK_US;
}

McSchedule *
mc_schedule_new (McContext *context, GSourceOnceFunc begin_cycle, gpointer user_data)
{
  McSchedule *self = g_new0 (McSchedule, 1);

  self->context = mc_context_ref (context);
  self->begin = begin_cycle;
  self->user_data = user_data;
  return self;
}

void
mc_schedule_free (McSchedule *self)
{
  mc_schedule_stop (self);
  mc_context_unref (self->context);
  g_free (self);
}
