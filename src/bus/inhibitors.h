/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rest for as long as somebody keeps a descriptor open: one end of a pipe, whose other end tells
 * when the last copy of it was closed, by whoever had it or by the kernel. Main thread.
 */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "caller.h"
#include "coordinator.h"

G_BEGIN_DECLS

typedef struct _McInhibitors McInhibitors;

McInhibitors *mc_inhibitors_new (McCoordinator *coordinator);

/* Every inhibitor ends. */
void mc_inhibitors_free (McInhibitors *self);

/* Returns: (transfer full): a list of one descriptor, for the caller. */
GUnixFDList *mc_inhibitors_add (McInhibitors *self,
                                const char *who,
                                const char *why,
                                const McCaller *caller,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
