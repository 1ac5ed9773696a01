/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was set at run time, kept over a restart: a key file, written whole, to a new file that
 * takes the old one's place. A thread of its own writes, so that no disk delays the main loop; the
 * newest content wins. Main thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_TYPE_STORE (mc_store_get_type ())
G_DECLARE_FINAL_TYPE (McStore, mc_store, MC, STORE, GObject)

/* @directory: (nullable): NULL keeps nothing. Reads what is there; waits for the disk, as a start
 * may. */
McStore *mc_store_new (const char *directory);

/* Returns: (transfer none): to read and change; mc_store_save() makes a change last. */
GKeyFile *mc_store_get_keys (McStore *self);

/* Writes in the background. A failure is logged, and what was set holds until the service ends. */
void mc_store_save (McStore *self);

/* Calls back when everything that was saved so far is on the disk, or has failed to get there. */
void mc_store_sync_async (McStore *self, GAsyncReadyCallback callback, gpointer user_data);
void mc_store_sync_finish (McStore *self, GAsyncResult *result);

/* Waits until everything is written. For the end of the service. */
void mc_store_flush (McStore *self);

G_END_DECLS
