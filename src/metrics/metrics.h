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

/* The VM that a sample is of. */
typedef struct
{
  const char *name; /* the same for two, for a moment */
  const char *uuid;
  const char *labels; /* both, for mc_exposition_add() */
} McMetricsVm;

/* Of whoever is shown each sample. @vm: (nullable): NULL = it is the host's. */
typedef struct
{
  /* @number: as JSON and the formats of Prometheus have it. */
  void (*number) (gpointer user_data,
                  const McFamilyHead *head,
                  const McMetricsVm *vm,
                  const char *number);
  void (*text) (gpointer user_data,
                const McFamilyHead *head,
                const McMetricsVm *vm,
                const char *text);
} McMetricsVisitor;

/* Shows all samples, those of a family one after the other: memcoord_up alone where the service is
 * away. */
void mc_metrics_visit (const McMetrics *self, const McMetricsVisitor *visitor, gpointer user_data);

/* Every family that there may be, in that order. */
void mc_metrics_foreach_family (void (*family) (const McFamilyHead *head, gpointer user_data),
                                gpointer user_data);

/* Returns: (transfer full): UTF-8, of what mc_metrics_visit() shows. */
char *mc_metrics_format (const McMetrics *self, McFormat format);

G_END_DECLS
