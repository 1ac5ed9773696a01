/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hypervisor does not do for a VM: asked for again, less and less often, and logged once
 * while its words are the same. A job that keeps libvirt from it (a save, a dump) passes; what is
 * denied or not supported is so until somebody changes it. Any thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Zero-initialised: nothing was refused. */
typedef struct
{
  char *words;          /* the hypervisor's for the last of these; NULL = it was done */
  guint times;          /* in a row */
  gint64 not_before_us; /* it is not asked again before that */
  gboolean lasts;       /* until somebody changes something */
} McRefusal;

/* Notes @error as the last refusal. Returns: whether it is to be logged: it was not before, and it
 * is no mere delay. */
gboolean mc_refusal_note (McRefusal *self, const GError *error, gint64 now_us);
void mc_refusal_clear (McRefusal *self);

/* Something may have changed: it is asked again at once. */
void mc_refusal_retry (McRefusal *self);

/* Nobody asks any more whether it lasts. */
void mc_refusal_stop_lasting (McRefusal *self);

G_END_DECLS
