/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time as the service sees it: the system's, or a test's own. Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_TYPE_CLOCK (mc_clock_get_type ())
G_DECLARE_INTERFACE (McClock, mc_clock, MC, CLOCK, GObject)

struct _McClockInterface
{
  GTypeInterface parent;

  gint64 (*now) (McClock *self);
  gint64 (*wall) (McClock *self);
  guint (*call_at) (McClock *self, gint64 when_us, GSourceOnceFunc function, gpointer user_data);
  void (*cancel) (McClock *self, guint id);
};

/* Microseconds that never step back; only differences mean something. */
gint64 mc_clock_now (McClock *self);

/* Microseconds since the epoch. */
gint64 mc_clock_wall (McClock *self);

/* Calls @function once when mc_clock_now() has reached @when_us. Returns an id for
 * mc_clock_cancel(), never 0. */
guint
mc_clock_call_at (McClock *self, gint64 when_us, GSourceOnceFunc function, gpointer user_data);

/* Cancels a call that is still to come; sets *@id to 0. Does nothing where it is 0. */
void mc_clock_cancel (McClock *self, guint *id);

/* Returns: (transfer full): the system's clock, with GLib timeouts on the default main context. */
McClock *mc_system_clock_new (void);

G_END_DECLS
