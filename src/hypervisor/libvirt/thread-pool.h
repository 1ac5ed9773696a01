/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that carry requests out: some for each kind, so that those of one kind never wait
 * behind those of another. Main thread.
 */
#pragma once

#include "request.h"

G_BEGIN_DECLS

typedef struct _McThreadPool McThreadPool;

/* Returns: (transfer full). @on_idle is called with @user_data whenever the last request has ended.
 */
McThreadPool *mc_thread_pool_new (void (*on_idle) (gpointer user_data), gpointer user_data);

/* No request may be on its way. */
void mc_thread_pool_free (McThreadPool *self);

/* @request: (transfer full): it begins at once where it is a sample, and otherwise when a thread of
 * its kind is free. */
void mc_thread_pool_push (McThreadPool *self, McRequest *request);

/* Whether a sample may be pushed: there is a thread for it, also one that others do not need. */
gboolean mc_thread_pool_has_room_for_sample (McThreadPool *self);

/* Whether no request is on its way, late ones among them. */
gboolean mc_thread_pool_is_idle (McThreadPool *self);

G_END_DECLS
