/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One forecast, on a copy of what the service knows now: it takes long where there are many VMs, so
 * another thread makes it.
 */
#pragma once

#include "forecast.h"
#include "host-parts.h"

G_BEGIN_DECLS

typedef struct _McForecastRun McForecastRun;

/* Main thread: takes the copy. Empty where nothing may be moved, as the plan is. */
McForecastRun *mc_forecast_run_new (const McHostParts *host);
void mc_forecast_run_free (McForecastRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McForecastRun, mc_forecast_run_free)

/* Any thread: makes the forecast. What follows is for after that. */
void mc_forecast_run_carry_out (McForecastRun *self);

/* Returns: (nullable): NULL where nothing may be moved. */
const McForecast *mc_forecast_run_get_sum (const McForecastRun *self);
gsize mc_forecast_run_count_vms (const McForecastRun *self);
const McVmForecast *mc_forecast_run_get_vm (const McForecastRun *self, gsize i, const char **uuid);

G_END_DECLS
