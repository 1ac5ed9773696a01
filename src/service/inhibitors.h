/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whoever keeps balancing paused by keeping a descriptor open: one end of a pipe, whose other end
 * shows when the last copy of it was closed, by whoever had it or by the kernel. Emits MC_PART's
 * signals: setting "Inhibited". Main thread.
 */
#pragma once

#include <gio/gunixfdlist.h>

#include "context.h"
#include "part.h"

G_BEGIN_DECLS

typedef struct
{
  char *who; /* as the caller calls itself */
  char *why;
  guint uid;
  guint pid;
  guint64 since; /* µs since the epoch */
} McInhibitor;

#define MC_TYPE_INHIBITORS (mc_inhibitors_get_type ())
G_DECLARE_FINAL_TYPE (McInhibitors, mc_inhibitors, MC, INHIBITORS, McPart)

McInhibitors *mc_inhibitors_new (McContext *context);

/* Returns: (transfer full): a list of one descriptor, for the caller. */
GUnixFDList *mc_inhibitors_add (McInhibitors *self,
                                const char *who,
                                const char *why,
                                const char *origin,
                                guint uid,
                                guint pid,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (element-type McInhibitor): the oldest first. */
GPtrArray *mc_inhibitors_list (McInhibitors *self);
gboolean mc_inhibitors_is_empty (McInhibitors *self);

G_END_DECLS
