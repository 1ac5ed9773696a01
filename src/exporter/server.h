/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP: GET / and GET /metrics, by libmicrohttpd in the main context. The library parses what
 * strangers send, with a bound on what each may send and how many there may be. Main thread.
 */
#pragma once

#include "metrics.h"

G_BEGIN_DECLS

typedef struct _McServer McServer;

typedef struct
{
  /* Somebody waits for metrics: mc_server_answer() is to be called, later. */
  void (*wanted) (gpointer user_data);
  /* Somebody has come. */
  void (*visited) (gpointer user_data);
} McServerListener;

/* @fd: a listening socket, which is the server's from then on. @listener outlives the server. */
McServer *mc_server_new (int fd,
                         const McServerListener *listener,
                         gpointer user_data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whoever waits for metrics then gets those of a service that is away. */
void mc_server_free (McServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McServer, mc_server_free)

/* Answers all who wait for metrics. */
void mc_server_answer (McServer *self, const McMetrics *metrics);

/* Whether anybody is connected. */
gboolean mc_server_is_busy (const McServer *self);

G_END_DECLS
