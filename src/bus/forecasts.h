/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answers to Forecast(): one forecast at a time, by a thread of its own, is for all who have
 * asked by then, however many they are. Main thread.
 */
#pragma once

#include "coordinator.h"
#include "mc-dbus.h"

G_BEGIN_DECLS

typedef struct _McForecasts McForecasts;

/* @coordinator: (unowned) */
McForecasts *mc_forecasts_new (McCoordinator *coordinator);

/* Who still waits gets an error. */
void mc_forecasts_free (McForecasts *self);

/* @invocation: (transfer full): is answered when the forecast is there */
void mc_forecasts_ask (McForecasts *self, GDBusMethodInvocation *invocation);

G_END_DECLS
