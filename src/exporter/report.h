/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io.systemd.Metrics for systemd-report(1), by sd-varlink in the main context: one client on the
 * connection that systemd has accepted and passed. The program is that client's alone, so whatever
 * it sends or does not read is at the cost of nobody else. Main thread.
 */
#pragma once

#include "metrics.h"

G_BEGIN_DECLS

typedef struct _McReport McReport;

typedef struct
{
  /* The client waits for metrics: mc_report_answer() is to be called, later. */
  void (*wanted) (gpointer user_data);
  /* The client is gone, or had its time. */
  void (*over) (gpointer user_data);
} McReportListener;

/* Whether such a connection was passed; never, where libsystemd does not have what it takes. */
gboolean mc_report_is_asked (void);

/* Once, where it is asked. @listener outlives the report. */
McReport *mc_report_new (const McReportListener *listener,
                         gpointer user_data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The client is disconnected. */
void mc_report_free (McReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McReport, mc_report_free)

/* Nothing where the client does not wait any more. */
void mc_report_answer (McReport *self, const McMetrics *metrics);

G_END_DECLS
