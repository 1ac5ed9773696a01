/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's clock, only quicker. */
#include "config.h"

#include "quick-clock.h"

struct _McQuickClock
{
  GObject parent;

  McClock *system;
  gint64 speed;
  gint64 began_us;      /* when this was made, */
  gint64 wall_began_us; /* by both clocks */
};

static void mc_quick_clock_iface_init (McClockInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (McQuickClock,
                               mc_quick_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MC_TYPE_CLOCK, mc_quick_clock_iface_init))

static gint64
passed_us (McQuickClock *self)
{
  return (mc_clock_now (self->system) - self->began_us) * self->speed;
}

static gint64
mc_quick_clock_now (McClock *clock)
{
  McQuickClock *self = MC_QUICK_CLOCK (clock);

  return self->began_us + passed_us (self);
}

static gint64
mc_quick_clock_wall (McClock *clock)
{
  McQuickClock *self = MC_QUICK_CLOCK (clock);

  return self->wall_began_us + passed_us (self);
}

static guint
mc_quick_clock_call_at (McClock *clock,
                        gint64 when_us,
                        GSourceOnceFunc function,
                        gpointer user_data)
{
  McQuickClock *self = MC_QUICK_CLOCK (clock);
  gint64 after_us = (when_us - self->began_us) / self->speed;

  return mc_clock_call_at (self->system, self->began_us + after_us + 1, function, user_data);
}

static void
mc_quick_clock_cancel (McClock *clock, guint id)
{
  mc_clock_cancel (MC_QUICK_CLOCK (clock)->system, &id);
}

static void
mc_quick_clock_iface_init (McClockInterface *iface)
{
  iface->now = mc_quick_clock_now;
  iface->wall = mc_quick_clock_wall;
  iface->call_at = mc_quick_clock_call_at;
  iface->cancel = mc_quick_clock_cancel;
}

static void
mc_quick_clock_finalize (GObject *object)
{
  g_object_unref (MC_QUICK_CLOCK (object)->system);
  G_OBJECT_CLASS (mc_quick_clock_parent_class)->finalize (object);
}

static void
mc_quick_clock_class_init (McQuickClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_quick_clock_finalize;
}

static void
mc_quick_clock_init (McQuickClock *self)
{
  self->system = mc_system_clock_new ();
  self->began_us = mc_clock_now (self->system);
  self->wall_began_us = mc_clock_wall (self->system);
}

McClock *
mc_quick_clock_new (guint speed, int later_s)
{
  McQuickClock *self = g_object_new (MC_TYPE_QUICK_CLOCK, NULL);

  self->speed = speed;
  self->wall_began_us += (gint64)later_s * G_USEC_PER_SEC;
  return MC_CLOCK (self);
}
