/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has the main context run an event loop of systemd's. Main thread. */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

G_BEGIN_DECLS

/* Returns: (transfer full): attached to the default context; it has a reference of @event. */
GSource *mc_event_source_new (sd_event *event);

G_END_DECLS
