/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thresholds by name, with the unit in which people write them. Which value is right is for the
 * service to judge: a name that is not here is passed on as it is.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MC_UNIT_SIZE,
  MC_UNIT_PERCENT,
  MC_UNIT_SECONDS,
  MC_UNIT_NUMBER,
} McUnit;

typedef struct
{
  const char *name; /* on the bus: "LowWatermark" */
  const char *key;  /* as the configuration writes it: "low-watermark" */
  McUnit unit;
} McThreshold;

/* Both end with a threshold whose name is NULL. */
extern const McThreshold mc_host_thresholds[];
extern const McThreshold mc_vm_thresholds[];

/* @name: in either spelling, in any case. Returns: (nullable). */
const McThreshold *mc_threshold_find (const McThreshold *thresholds, const char *name);

/* Returns: (transfer full): the name on the bus of @name, whether known or not. */
char *mc_threshold_bus_name (const McThreshold *thresholds, const char *name);

/* @self: (nullable): a threshold that is not known takes a size. FALSE where @text is no such
 * value. */
gboolean mc_threshold_parse (const McThreshold *self,
                             const char *text,
                             guint64 *value) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): @value for people. */
char *mc_threshold_format (const McThreshold *self, guint64 value);

G_END_DECLS
