/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept over a restart of the service, such as what was set at run time: a key file, written
 * whole, to a new file that takes the old one's place. A thread of its own writes, so that no disk
 * delays the main loop; the newest content wins. Main thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_TYPE_STORE (mc_store_get_type ())
/* Freeing it waits until everything is written. */
G_DECLARE_FINAL_TYPE (McStore, mc_store, MC, STORE, GObject)

/* What is kept in one file of the state directory. */
typedef struct
{
  const char *file_name;
  const char *title; /* for people, as a sentence begins with it: "Runtime settings" */

  /* (nullable): whether the keys that were read are of this kind */
  gboolean (*check) (GKeyFile *keys, GError **error);
} McStoreKind;

/*
 * @kind: for ever; @directory: (nullable): NULL keeps nothing. Reads what is there; waits for the
 * disk, as a start may. A file that cannot be read, or is not of this kind, is logged and set
 * aside, as FILE.damaged in the place of an earlier one: there is nothing in the keys then.
 */
McStore *mc_store_new (const McStoreKind *kind, const char *directory);

/* Returns: (transfer none): to read and change; mc_store_save() makes a change last. */
GKeyFile *mc_store_get_keys (McStore *self);

/* Writes in the background. A failure is logged; what is in the keys is tried again with the next
 * save. */
void mc_store_save (McStore *self);

/*
 * Somebody waits for how the last save ends: where it does not get to the disk, nor one before it,
 * @undo takes it back, and what came after it before that. It puts the keys right, and saves them.
 * It is forgotten when they are on the disk.
 * @data: (transfer full)
 */
typedef void (*McStoreUndo) (gpointer data);
void mc_store_undo_with (McStore *self, McStoreUndo undo, gpointer data, GDestroyNotify free_data);

/* Nothing is taken back any more. */
void mc_store_forget_undos (McStore *self);

/* Calls back when everything that was saved so far is on the disk, or has failed to get there and
 * was taken back. Returns: whether it is there. */
void mc_store_sync_async (McStore *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean mc_store_sync_finish (McStore *self, GAsyncResult *result, GError **error);

/* The process ends, and the disk hangs: nobody waits for it any more, also not to free @self. */
void mc_store_abandon (McStore *self);

G_END_DECLS
