/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls: a connection to the bus, and the user and process behind it, as the bus knows it. Main
 * thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *name;   /* of the connection, such as ":1.42" */
  char *origin; /* who it is, for people: ":1.42 uid 1000" */
  guint uid;
  guint pid; /* 0 where the bus does not know */
} McCaller;

void mc_caller_free (McCaller *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McCaller, mc_caller_free)

/* Asks the bus who @name is. Fails where the caller has left. */
void mc_caller_identify_async (GDBusConnection *connection,
                               const char *name,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* Returns: (transfer full) */
McCaller *mc_caller_identify_finish (GDBusConnection *connection,
                                     GAsyncResult *result,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): cancelled when @name has left the bus; it is watched as long as there
 * is a reference to this. */
GCancellable *mc_caller_watch (GDBusConnection *connection, const char *name);

/* Whether it is root or the user that this process runs as. */
gboolean mc_caller_is_trusted (const McCaller *self);

G_END_DECLS
