/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the service would end, as it forecasts it: for those who plan. Main thread. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

typedef struct
{
  GVariant *sums;   /* a{sv}; empty where the service plans nothing */
  GHashTable *ends; /* path of a VM → guint64: its balloon at the end; of those that are known */
  guint n_vms;      /* that are active */
  guint n_silent;   /* of those: whose guests report nothing yet, or no longer */
  gboolean is_late; /* the service did not answer in time: nothing is known */
} McForecast;

/* Returns: (transfer full): without anything in it where the service is too old for forecasts,
 * or is late. */
McForecast *mc_forecast_load (McClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mc_forecast_free (McForecast *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McForecast, mc_forecast_free)

/* Returns: whether it is known where the VM's balloon ends. */
gboolean mc_forecast_lookup (const McForecast *self, const char *path, guint64 *end);

/* Returns: (transfer full) (nullable): what it comes to in a few words, for the status. */
char *mc_forecast_summarize (const McForecast *self);

/* Prints what it comes to in all, in whole sentences. */
void mc_forecast_print (const McForecast *self);

G_END_DECLS
