/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that were refused, and wait for the answer that says so. Who is refused calls again at
 * once, and there may be as many at the bus as it has clients: others would wait behind them there.
 * So refusals are sent no faster than a thousand in a second, and those beyond the most are never
 * sent. Any one thread.
 */
#pragma once

#include "frame.h"

G_BEGIN_DECLS

/* How often some are sent. */
#define MC_REFUSALS_MS 10

typedef struct
{
  GQueue waiting; /* (element-type GBytes) */
  gint64 sent_us;
} McRefusals;

void mc_refusals_init (McRefusals *self);
void mc_refusals_clear (McRefusals *self);

/* Refuses @call with org.freedesktop.DBus.Error.LimitsExceeded. @why: for its sender */
void mc_refusals_add (McRefusals *self, const McFrame *call, const char *why);

gboolean mc_refusals_are_waiting (const McRefusals *self);

/* Puts those whose time has come behind what @stream has, which is to be whole messages. */
void mc_refusals_send (McRefusals *self, GByteArray *stream);

G_END_DECLS
