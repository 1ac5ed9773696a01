/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that were refused, and wait for the answer that says so. Who is refused calls again at
 * once, and there may be as many at the bus as it has clients: others would wait behind them there.
 * So rejections are sent no faster than a thousand in a second, and those beyond the most are never
 * sent. Any one thread.
 */
#pragma once

#include "frame.h"

G_BEGIN_DECLS

/* How often some are sent. */
#define MC_REJECTIONS_MS 10

typedef struct
{
  GQueue waiting; /* (element-type GBytes) */
  gint64 sent_us;
} McRejections;

void mc_rejections_init (McRejections *self);
void mc_rejections_clear (McRejections *self);

/* Refuses @call with org.freedesktop.DBus.Error.LimitsExceeded. @why: for its sender */
void mc_rejections_add (McRejections *self, const McFrame *call, const char *why);

gboolean mc_rejections_are_waiting (const McRejections *self);

/* Puts those whose time has come behind what @stream has, which is to be whole messages. */
void mc_rejections_send (McRejections *self, GByteArray *stream);

G_END_DECLS
