/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every threshold that can be set: its names, its unit, its limits, its default, and where its
 * value is. Whoever reads, sets, keeps, publishes or shows thresholds walks these tables.
 * CONTRIBUTING.md says what else a new one needs. Any thread.
 */
#pragma once

#include <string.h>

#include "size.h"

G_BEGIN_DECLS

typedef enum
{
  MC_THRESHOLD_ERROR_UNKNOWN,      /* no threshold of that name */
  MC_THRESHOLD_ERROR_OUT_OF_RANGE, /* the message names the value and the limit */
  MC_THRESHOLD_ERROR_CONFLICT,     /* with another threshold: the message names both */
} McThresholdError;

#define MC_THRESHOLD_ERROR (mc_threshold_error_quark ())
GQuark mc_threshold_error_quark (void);

typedef enum
{
  MC_UNIT_BYTES,
  MC_UNIT_PERCENT,
  MC_UNIT_SECONDS,
  MC_UNIT_SHARES,
} McUnit;

typedef struct
{
  const char *name;  /* on the bus: "LowWatermark" */
  const char *key;   /* in the configuration, in metadata and of a GObject: "low-watermark" */
  const char *shown; /* to people, to be translated: with the value within, or a label before it */
  McUnit unit;
  guint64 least, most; /* inclusive */
  guint64 fallback;    /* where nothing is set; MC_UNSET: as for all VMs */
  gsize offset;        /* of its guint64 in McHostThresholds or McVmPolicy */
} McThreshold;

/* A value that follows the configuration, the host's or the default; a struct in which all do. */
#define MC_UNSET           G_MAXUINT64
#define MC_ALL_UNSET(Type) (*(Type *)memset (&(Type){ 0 }, 0xff, sizeof (Type)))

/* The host's values, each in its threshold's unit. */
typedef struct
{
  guint64 low_watermark;    /* unused at which a VM is running out */
  guint64 high_watermark;   /* unused at which a VM may release */
  guint64 host_reserve;     /* the host's floor */
  guint64 host_usage_limit; /* percent used above which memory goes back to the host */
  guint64 step_limit;       /* percent of a VM's capacity that one step moves at most */
  guint64 interval_s;       /* between cycles when nothing presses */
} McHostThresholds;

/* What a VM's own policy says. */
typedef struct
{
  guint64 minimum, maximum;
  guint64 low_watermark, high_watermark;
  guint64 weight;
} McVmPolicy;

/* In the order of the bus; each ends with a threshold whose name is NULL. */
extern const McThreshold mc_host_thresholds[];
extern const McThreshold mc_vm_thresholds[];

/* Returns: (nullable): by the bus's name. */
const McThreshold *mc_threshold_find (const McThreshold *thresholds, const char *name);

/* The same, of one of the two tables. Fails with UNKNOWN, which names those that there are. */
const McThreshold *
mc_threshold_require (const McThreshold *thresholds, const char *name, GError **error);

/* Returns: (nullable): by its key. */
const McThreshold *mc_threshold_find_key (const McThreshold *thresholds, const char *key);

/* Returns: (nullable): by its name or its key, in any case, as people type them. */
const McThreshold *mc_threshold_find_typed (const McThreshold *thresholds, const char *typed);

/* Returns: (transfer none): where the value of @threshold is in @values. */
guint64 *mc_host_threshold_field (McHostThresholds *values, const McThreshold *threshold);

guint64 mc_host_threshold_get (const McHostThresholds *values, const McThreshold *threshold);
guint64 mc_vm_threshold_get (const McVmPolicy *values, const McThreshold *threshold);

/* Whether @value is one that @threshold can have, beside all others. Fails with OUT_OF_RANGE. */
gboolean mc_threshold_check (const McThreshold *threshold, guint64 value, GError **error);

/* Sets one value, judged alone: fails with OUT_OF_RANGE. Judge the whole afterwards. */
gboolean mc_host_threshold_set (McHostThresholds *values,
                                const McThreshold *threshold,
                                guint64 value,
                                GError **error);
gboolean mc_vm_threshold_set (McVmPolicy *values,
                              const McThreshold *threshold,
                              guint64 value,
                              GError **error);

/* As files have it: a size, or a whole number. FALSE, with *@value untouched, for all else. */
gboolean mc_threshold_read (const McThreshold *threshold,
                            const char *text,
                            guint64 *value) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): what mc_threshold_read() reads back exactly. */
char *mc_threshold_write (const McThreshold *threshold, guint64 value);

/* As people type it, with or without its unit: "150M", "75%", "1m". @threshold: (nullable): one
 * that is not known takes a size. FALSE, with *@value untouched, for all else. */
gboolean mc_threshold_parse (const McThreshold *threshold,
                             const char *text,
                             guint64 *value) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): @value for people: "150 MiB", "75 %", "1m". @threshold: (nullable): one
 * that is not known has sizes. */
char *mc_threshold_format (const McThreshold *threshold, guint64 value);

/* Returns: floating: in the type that it has on the bus: sizes are uint64, all else uint32. */
GVariant *mc_threshold_to_variant (const McThreshold *threshold, guint64 value);

G_END_DECLS
