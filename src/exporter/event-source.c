/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One descriptor becomes readable for all that such a loop waits for, timers included. */
#include "config.h"

#include "event-source.h"

typedef struct
{
  GSource source;
  sd_event *event;
} EventSource;

static gboolean
prepare (GSource *source, int *timeout_ms)
{
  *timeout_ms = -1;
  return sd_event_prepare (((EventSource *)source)->event) > 0;
}

static gboolean
check (GSource *source)
{
  return sd_event_wait (((EventSource *)source)->event, 0) > 0;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return sd_event_dispatch (((EventSource *)source)->event) > 0 ? G_SOURCE_CONTINUE
                                                                : G_SOURCE_REMOVE;
}

static void
finalize (GSource *source)
{
  sd_event_unref (((EventSource *)source)->event);
}

static GSourceFuncs source_funcs = { prepare, check, dispatch, finalize, NULL, NULL };

GSource *
mc_event_source_new (sd_event *event)
{
  GSource *source = g_source_new (&source_funcs, sizeof (EventSource));

  ((EventSource *)source)->event = sd_event_ref (event);
  g_source_set_static_name (source, "sd-event");
  g_source_add_unix_fd (source, sd_event_get_fd (event), G_IO_IN);
  g_source_attach (source, NULL);
  return source;
}
