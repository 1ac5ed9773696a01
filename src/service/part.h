/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A part of the service whose state others see: it knows nobody above it, and says by two signals
 * what has changed. Main thread.
 *
 * Signals:
 *   "changed"          ()  something of it that is published, and that the next cycle goes by
 *   "setting-changed"  (setting, GVariant old, GVariant new, origin)  after "changed"
 *
 * An origin says who asked, for people: ":1.42 uid 1000", "configuration", "metadata", "timer",
 * "disk".
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_TYPE_PART (mc_part_get_type ())
G_DECLARE_DERIVABLE_TYPE (McPart, mc_part, MC, PART, GObject)

struct _McPartClass
{
  GObjectClass parent;
};

/* For the parts themselves. */
void mc_part_emit_changed (McPart *self);

/* Where the two values differ. Both are consumed where they are floating. */
void mc_part_emit_setting_changed (
    McPart *self, const char *setting, GVariant *before, GVariant *after, const char *origin);

/* Emits on @self what @part, which is one of its own, emits. */
void mc_part_forward (McPart *self, McPart *part);

G_END_DECLS
