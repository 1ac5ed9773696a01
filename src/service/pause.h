/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pause of everything or of one VM, with or without an end, which outlives a restart of the
 * service. Emits the settings "Paused" and "PausedUntil". Main thread.
 */
#pragma once

#include "context.h"

G_BEGIN_DECLS

/* To be read by others. */
typedef struct
{
  McContext *context;
  McDomain *domain; /* NULL for the pause of everything */

  gboolean active;
  guint seconds; /* that it was asked for; 0 = until it is ended */
  char *reason;
  guint64 until_us; /* wall clock, µs since the epoch; 0 = until it is ended, or not active */
  gint64 ends_us;   /* of the clock */
  guint timer;      /* of the clock */
} McPause;

void mc_pause_init (McPause *self, McContext *context, McDomain *domain);
void mc_pause_clear (McPause *self);

/* Takes up what an earlier run of the service has kept. */
void mc_pause_restore (McPause *self);

/* Returns: (transfer none): empty where it has none, or is not active */
const char *mc_pause_get_reason (const McPause *self);

/* @seconds: 0 = until mc_pause_end(). Where it cannot be kept, it is taken back. */
void mc_pause_begin (McPause *self, const char *reason, guint seconds, const char *origin);

/* @name: whose pause it is, for the error NOT_PAUSED */
gboolean mc_pause_end (McPause *self, const char *name, const char *origin, GError **error);

/* A pause lasts as long as it was meant to, whatever the wall clock does: notes again when it ends.
 * To be called now and then. */
void mc_pause_follow_clock (McPause *self);

/* What it is for is gone: it does not end any more. */
void mc_pause_close (McPause *self);

G_END_DECLS
