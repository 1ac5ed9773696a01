/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pause of everything or of one VM, with or without an end, which outlives a restart of the
 * service. Emits MC_PART's signals: settings "Paused" and "PausedUntil". Main thread.
 */
#pragma once

#include "context.h"
#include "part.h"

G_BEGIN_DECLS

#define MC_TYPE_PAUSE (mc_pause_get_type ())
G_DECLARE_FINAL_TYPE (McPause, mc_pause, MC, PAUSE, McPart)

/* @uuid: (nullable): of a VM in its life @id; NULL for everything */
McPause *mc_pause_new (McContext *context, const char *uuid, int id);

/* Takes up what an earlier run of the service has kept. */
void mc_pause_restore (McPause *self);

gboolean mc_pause_is_active (McPause *self);

/* Returns: (transfer none): empty where it has none, or is not active */
const char *mc_pause_get_reason (McPause *self);

/* Wall clock, µs since the epoch; 0 = until it is ended, or not active. */
guint64 mc_pause_get_until (McPause *self);

/* @seconds: 0 = until mc_pause_end(). Where it cannot be kept, it is taken back. */
void mc_pause_begin (McPause *self, const char *reason, guint seconds, const char *origin);

/* @name: whose pause it is, for the error NOT_PAUSED */
gboolean mc_pause_end (McPause *self, const char *name, const char *origin, GError **error);

/* A pause lasts as long as it was meant to, whatever the wall clock does: notes anew when it ends.
 * To be called now and then. */
void mc_pause_follow_clock (McPause *self);

/* What it is for is gone, or the service is: it neither ends nor is taken back any more. */
void mc_pause_close (McPause *self);

G_END_DECLS
