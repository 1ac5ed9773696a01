/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One forecast, on a copy of what the service knows now. */
#include "config.h"

#include "forecast-run.h"

#include "decision-table.h"

struct _McForecastRun
{
  gboolean ready;
  McDecisionTable *table; /* detached */
  McVmHistory *histories;
  char **uuids;
  McVmForecast *ends;
  McForecast sum;
};

McForecastRun *
mc_forecast_run_new (const McHostParts *host)
{
  McForecastRun *self = g_new0 (McForecastRun, 1);
  const GPtrArray *vms = host->fleet.vms;

  self->ready = mc_host_state_is_ready (&host->state);
  if (!self->ready)
    return self;
  self->table = mc_decision_table_new (host);
  self->histories = mc_decision_table_copy_histories (self->table);
  self->uuids = g_new0 (char *, vms->len + 1);
  self->ends = g_new (McVmForecast, vms->len + 1);
  for (guint i = 0; i < vms->len; i++)
    self->uuids[i] = g_strdup (mc_vm_get_uuid (vms->pdata[i]));
  mc_decision_table_detach (self->table);
  return self;
}

void
mc_forecast_run_free (McForecastRun *self)
{
  g_clear_pointer (&self->table, mc_decision_table_free);
  g_free (self->histories);
  g_strfreev (self->uuids);
  g_free (self->ends);
  g_free (self);
}

void
mc_forecast_run_carry_out (McForecastRun *self)
{
  const McDecisionTable *table = self->table;

  if (self->ready)
    self->sum = mc_forecast_make (&table->settings, &table->figures, table->now_us, table->n_vms,
                                  table->facts, self->histories, self->ends);
}

const McForecast *
mc_forecast_run_get_sum (const McForecastRun *self)
{
  return self->ready ? &self->sum : NULL;
}

gsize
mc_forecast_run_count_vms (const McForecastRun *self)
{
  return self->ready ? self->table->n_vms : 0;
}

const McVmForecast *
mc_forecast_run_get_vm (const McForecastRun *self, gsize i, const char **uuid)
{
  *uuid = self->uuids[i];
  return &self->ends[i];
}
