/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that carry requests out: some for each kind, so that those of one kind never wait
 * behind those of another. Main thread.
 */
#pragma once

#include "request.h"

G_BEGIN_DECLS

typedef struct _McThreadPool McThreadPool;

/* Returns: (transfer full). @on_idle gets @user_data whenever the last request has ended. */
McThreadPool *mc_thread_pool_new (void (*on_idle) (gpointer user_data), gpointer user_data);

/* No request may be on its way. */
void mc_thread_pool_free (McThreadPool *self);

/* @request: (transfer full): it begins at once where it is a sample, and otherwise when a thread of
 * its kind is free. */
void mc_thread_pool_push (McThreadPool *self, McRequest *request);

/* Returns: how many samples may be pushed: there are threads for them, also such as others do not
 * need. */
guint mc_thread_pool_count_room_for_samples (McThreadPool *self);

/* Whether no request is on its way, late ones among them. */
gboolean mc_thread_pool_is_idle (McThreadPool *self);

G_END_DECLS
