/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the service shows at one moment, for monitoring systems: from properties as they came over
 * the bus to text. Knows no bus itself. Any thread, one at a time.
 */
#pragma once

#include "exposition.h"

G_BEGIN_DECLS

typedef struct _McMetrics McMetrics;

/* Of a service that is away, until mc_metrics_set_host(). */
McMetrics *mc_metrics_new (void);
void mc_metrics_free (McMetrics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McMetrics, mc_metrics_free)

/* @properties: a{sv}, all of the root object. */
void mc_metrics_set_host (McMetrics *self, GVariant *properties);

/* @properties: a{sv}, all of a VM's object. */
void mc_metrics_add_vm (McMetrics *self, GVariant *properties);

/* Returns: (transfer full): UTF-8; memcoord_up alone where the service is away. */
char *mc_metrics_format (const McMetrics *self, McFormat format);

G_END_DECLS
