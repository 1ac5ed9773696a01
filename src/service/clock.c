/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time as the service sees it: the system's, or a test's own. */
#include "config.h"

#include "clock.h"

G_DEFINE_INTERFACE (McClock, mc_clock, G_TYPE_OBJECT)

static void
mc_clock_default_init (McClockInterface *iface)
{
}

gint64
mc_clock_now (McClock *self)
{
  return MC_CLOCK_GET_IFACE (self)->now (self);
}

gint64
mc_clock_wall (McClock *self)
{
  return MC_CLOCK_GET_IFACE (self)->wall (self);
}

guint
mc_clock_call_at (McClock *self, gint64 when_us, GSourceOnceFunc function, gpointer user_data)
{
  return MC_CLOCK_GET_IFACE (self)->call_at (self, when_us, function, user_data);
}

void
mc_clock_cancel (McClock *self, guint *id)
{
  if (*id == 0)
    return;
  MC_CLOCK_GET_IFACE (self)->cancel (self, *id);
  *id = 0;
}

#define MC_TYPE_SYSTEM_CLOCK (mc_system_clock_get_type ())
G_DECLARE_FINAL_TYPE (McSystemClock, mc_system_clock, MC, SYSTEM_CLOCK, GObject)

struct _McSystemClock
{
  GObject parent;
};

static gint64
system_now (McClock *clock)
{
  return g_get_monotonic_time ();
}

static gint64
system_wall (McClock *clock)
{
  return g_get_real_time ();
}

/* A call at a time, of 64 bits: g_timeout_add() is at an end after seven weeks. */
static gboolean
dispatch (GSource *source, GSourceFunc function, gpointer user_data)
{
  ((GSourceOnceFunc)G_CALLBACK (function)) (user_data);
  return G_SOURCE_REMOVE;
}

static GSourceFuncs call_funcs = { .dispatch = dispatch };

static guint
system_call_at (McClock *clock, gint64 when_us, GSourceOnceFunc function, gpointer user_data)
{
  g_autoptr (GSource) source = g_source_new (&call_funcs, sizeof (GSource));

  g_source_set_callback (source, G_SOURCE_FUNC (function), user_data, NULL);
  g_source_set_ready_time (source, MAX (when_us, 0));
  return g_source_attach (source, NULL);
}

static void
system_cancel (McClock *clock, guint id)
{
  g_source_remove (id);
}

static void
system_clock_iface_init (McClockInterface *iface)
{
  iface->now = system_now;
  iface->wall = system_wall;
  iface->call_at = system_call_at;
  iface->cancel = system_cancel;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (McSystemClock,
                               mc_system_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MC_TYPE_CLOCK, system_clock_iface_init))

static void
mc_system_clock_init (McSystemClock *self)
{
}

static void
mc_system_clock_class_init (McSystemClockClass *klass)
{
}

McClock *
mc_system_clock_new (void)
{
  return g_object_new (MC_TYPE_SYSTEM_CLOCK, NULL);
}
