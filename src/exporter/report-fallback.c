/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For a libsystemd without io.systemd.Metrics: nobody asks. */
#include "config.h"

#include "report.h"

gboolean
mc_report_is_asked (void)
{
  return FALSE;
}

McReport *
mc_report_new (const McReportListener *listener, gpointer user_data, GError **error)
{
  g_return_val_if_reached (NULL);
}

void
mc_report_free (McReport *self)
{
  g_return_if_reached ();
}

void
mc_report_answer (McReport *self, const McMetrics *metrics)
{
  g_return_if_reached ();
}
