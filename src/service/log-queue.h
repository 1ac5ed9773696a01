/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log entries on their way to where the log goes: a thread of its own writes them, in the order in
 * which they came, so that nobody who logs waits for a journal that is stopped or a pipe that is
 * full. What is waiting is bounded. When the bound is reached entries are dropped until all that
 * waited is written, and then their number is logged.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _McLogQueue McLogQueue;

/* Both are called in the queue's thread. The first may block for as long as it wants to. The second
 * may log. */
typedef void (*McLogWrite) (GLogLevelFlags level, const GLogField *fields, gsize n_fields);
typedef void (*McLogLost) (guint64 n_entries);

/* @most_bytes: of entries that wait. */
McLogQueue *mc_log_queue_new (McLogWrite write, McLogLost lost, gsize most_bytes);

/* Writes what is left, and waits for it: for as long as writing takes. */
void mc_log_queue_free (McLogQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McLogQueue, mc_log_queue_free)

/* Copies the fields. Any thread; a process that was forked off has no thread to write for it, and
 * writes itself. */
void
mc_log_queue_push (McLogQueue *self, GLogLevelFlags level, const GLogField *fields, gsize n_fields);

/* Waits until everything is written, but no longer than @at_most_us. Returns: whether it is. */
gboolean mc_log_queue_flush (McLogQueue *self, gint64 at_most_us);

G_END_DECLS
