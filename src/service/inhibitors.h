/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whoever keeps balancing paused by keeping a descriptor open: one end of a pipe, whose other end
 * shows when the last copy of it was closed, by whoever had it or by the kernel. Emits the
 * setting "Inhibited". Main thread.
 */
#pragma once

#include <gio/gunixfdlist.h>

#include "context.h"

G_BEGIN_DECLS

typedef struct
{
  char *who; /* as the caller calls itself */
  char *why;
  guint uid;
  guint pid;
  guint64 since; /* µs since the epoch */
} McInhibitor;

/* To be read by others. */
typedef struct
{
  McContext *context;
  GPtrArray *list; /* (element-type McInhibitor) the oldest first */
} McInhibitors;

void mc_inhibitors_init (McInhibitors *self, McContext *context);
void mc_inhibitors_clear (McInhibitors *self);

/* Returns: (transfer full): a list of one descriptor, for the caller. */
GUnixFDList *mc_inhibitors_add (McInhibitors *self,
                                const char *who,
                                const char *why,
                                const char *origin,
                                guint uid,
                                guint pid,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
