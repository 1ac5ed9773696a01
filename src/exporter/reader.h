/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what the service shows, over the bus. Never waits, never starts the service, and has an
 * answer within a few seconds whatever the service and the bus do. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "metrics.h"

G_BEGIN_DECLS

typedef struct _McReader McReader;

/* @metrics: (transfer none): of a service that is away where it could not be read. */
typedef void (*McReaderDone) (const McMetrics *metrics, gpointer user_data);

McReader *mc_reader_new (GBusType type, McReaderDone done, gpointer user_data);

/* What is being read is given up, and reported no more. */
void mc_reader_free (McReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McReader, mc_reader_free)

/* Reads once and reports, later. Whoever asks while it reads has that report, too. */
void mc_reader_read (McReader *self);

G_END_DECLS
