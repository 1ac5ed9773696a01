/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the service knows of the host, copied to what the bus shows; changes are signalled at once.
 * Figures that move all the time are left as they are until they have moved by enough to matter, so
 * that rest is silent.
 */
#pragma once

#include "coordinator.h"
#include "mc-dbus.h"

G_BEGIN_DECLS

void mc_publish_host (const McHostView *view, McDbusMemCoord1 *skeleton);

G_END_DECLS
