/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thresholds of the host and of a VM. */
#include "config.h"

#include "threshold.h"

#include "duration.h"

#include <glib/gi18n.h>

#define TIB (1024 * MC_GIB)

#define HOST(field) G_STRUCT_OFFSET (McHostThresholds, field)
#define VM(field)   G_STRUCT_OFFSET (McVmPolicy, field)

G_DEFINE_QUARK (mc_threshold_error_quark, mc_threshold_error)

/* clang-format off */
const McThreshold mc_host_thresholds[] = {
  { "LowWatermark", "low-watermark", N_ ("low %s"), MC_UNIT_BYTES, 16 * MC_MIB, 64 * MC_GIB, 100 * MC_MIB, HOST (low_watermark) },
  { "HighWatermark", "high-watermark", N_ ("high %s"), MC_UNIT_BYTES, 32 * MC_MIB, 128 * MC_GIB, 150 * MC_MIB, HOST (high_watermark) },
  { "HostReserve", "host-reserve", N_ ("host reserve %s"), MC_UNIT_BYTES, 64 * MC_MIB, 64 * TIB, 200 * MC_MIB, HOST (host_reserve) },
  { "HostUsageLimit", "host-usage-limit", N_ ("host usage limit %s"), MC_UNIT_PERCENT, 10, 100, 75, HOST (host_usage_limit) },
  { "StepLimit", "step-limit", N_ ("step limit %s"), MC_UNIT_PERCENT, 1, 50, 20, HOST (step_limit) },
  { "Interval", "interval", N_ ("interval %s"), MC_UNIT_SECONDS, 1, 3600, 2, HOST (interval_s) },
  { NULL },
};

const McThreshold mc_vm_thresholds[] = {
  { "LowWatermark", "low-watermark", N_ ("Low watermark"), MC_UNIT_BYTES, 16 * MC_MIB, 64 * MC_GIB, MC_UNSET, VM (low_watermark) },
  { "HighWatermark", "high-watermark", N_ ("High watermark"), MC_UNIT_BYTES, 32 * MC_MIB, 128 * MC_GIB, MC_UNSET, VM (high_watermark) },
  { "Minimum", "minimum", N_ ("Minimum"), MC_UNIT_BYTES, 0, 64 * TIB, MC_UNSET, VM (minimum) },
  { "Maximum", "maximum", N_ ("Maximum"), MC_UNIT_BYTES, 32 * MC_MIB, 64 * TIB, MC_UNSET, VM (maximum) },
  { "Weight", "weight", N_ ("Weight"), MC_UNIT_SHARES, 1, 10000, MC_UNSET, VM (weight) },
  { NULL },
};
/* clang-format on */

/* A field without a threshold would be one that nobody can set. */
G_STATIC_ASSERT (sizeof (McHostThresholds) / sizeof (guint64)
                 == G_N_ELEMENTS (mc_host_thresholds) - 1);
G_STATIC_ASSERT (sizeof (McVmPolicy) / sizeof (guint64) == G_N_ELEMENTS (mc_vm_thresholds) - 1);

/* Which */

const McThreshold *
mc_threshold_find (const McThreshold *thresholds, const char *name)
{
  for (; thresholds->name != NULL; thresholds++)
    if (g_strcmp0 (thresholds->name, name) == 0)
      return thresholds;
  return NULL;
}

/* Returns: (transfer full): "LowWatermark, HighWatermark and Weight". */
static char *
list (const McThreshold *thresholds)
{
  GString *names = g_string_new (thresholds->name);

  for (thresholds++; thresholds->name != NULL; thresholds++)
    {
      gboolean last = thresholds[1].name == NULL;

      g_string_append_printf (names, "%s%s", last ? " and " : ", ", thresholds->name);
    }
  return g_string_free (names, FALSE);
}

const McThreshold *
mc_threshold_require (const McThreshold *thresholds, const char *name, GError **error)
{
  const McThreshold *threshold = mc_threshold_find (thresholds, name);
  g_autofree char *names = NULL;

  if (threshold != NULL)
    return threshold;
  names = list (thresholds);
  g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_UNKNOWN,
               thresholds == mc_vm_thresholds ? "A VM has no threshold \"%s\"; it has %s"
                                              : "There is no threshold \"%s\"; there are %s",
               name, names);
  return NULL;
}

const McThreshold *
mc_threshold_find_key (const McThreshold *thresholds, const char *key)
{
  for (; thresholds->name != NULL; thresholds++)
    if (g_strcmp0 (thresholds->key, key) == 0)
      return thresholds;
  return NULL;
}

const McThreshold *
mc_threshold_find_typed (const McThreshold *thresholds, const char *typed)
{
  for (; thresholds->name != NULL; thresholds++)
    if (g_ascii_strcasecmp (thresholds->name, typed) == 0
        || g_ascii_strcasecmp (thresholds->key, typed) == 0)
      return thresholds;
  return NULL;
}

/* Its value */

guint64 *
mc_host_threshold_field (McHostThresholds *values, const McThreshold *threshold)
{
  return &G_STRUCT_MEMBER (guint64, values, threshold->offset);
}

guint64
mc_host_threshold_get (const McHostThresholds *values, const McThreshold *threshold)
{
  return G_STRUCT_MEMBER (const guint64, values, threshold->offset);
}

guint64
mc_vm_threshold_get (const McVmPolicy *values, const McThreshold *threshold)
{
  return G_STRUCT_MEMBER (const guint64, values, threshold->offset);
}

/* Returns: (transfer full): @value as it is, with its unit: what a refusal names. */
static char *
format_exact (const McThreshold *threshold, guint64 value)
{
  g_autofree char *text = mc_threshold_write (threshold, value);

  return g_strconcat (text,
                      threshold->unit == MC_UNIT_PERCENT   ? " %"
                      : threshold->unit == MC_UNIT_SECONDS ? " s"
                                                           : "",
                      NULL);
}

gboolean
mc_threshold_check (const McThreshold *threshold, guint64 value, GError **error)
{
  g_autofree char *given = NULL, *limit = NULL;
  gboolean low = value < threshold->least;

  if (!low && value <= threshold->most)
    return TRUE;
  given = format_exact (threshold, value);
  limit = format_exact (threshold, low ? threshold->least : threshold->most);
  g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_OUT_OF_RANGE,
               "%s %s is %s its %s of %s", threshold->name, given, low ? "below" : "above",
               low ? "least" : "most", limit);
  return FALSE;
}

gboolean
mc_host_threshold_set (McHostThresholds *values,
                       const McThreshold *threshold,
                       guint64 value,
                       GError **error)
{
  if (!mc_threshold_check (threshold, value, error))
    return FALSE;
  *mc_host_threshold_field (values, threshold) = value;
  return TRUE;
}

gboolean
mc_vm_threshold_set (McVmPolicy *values,
                     const McThreshold *threshold,
                     guint64 value,
                     GError **error)
{
  if (!mc_threshold_check (threshold, value, error))
    return FALSE;
  G_STRUCT_MEMBER (guint64, values, threshold->offset) = value;
  return TRUE;
}

/* Its value in words */

gboolean
mc_threshold_read (const McThreshold *threshold, const char *text, guint64 *value)
{
  if (threshold->unit == MC_UNIT_BYTES)
    return mc_size_parse (text, value);
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, value, NULL);
}

char *
mc_threshold_write (const McThreshold *threshold, guint64 value)
{
  return threshold->unit == MC_UNIT_BYTES ? mc_size_format_exact (value)
                                          : g_strdup_printf ("%" G_GUINT64_FORMAT, value);
}

gboolean
mc_threshold_parse (const McThreshold *threshold, const char *text, guint64 *value)
{
  g_autofree char *number = NULL;

  if (threshold == NULL)
    return mc_size_parse (text, value);
  if (threshold->unit == MC_UNIT_SECONDS)
    return mc_duration_parse (text, value);
  if (threshold->unit != MC_UNIT_PERCENT || !g_str_has_suffix (text, "%"))
    return mc_threshold_read (threshold, text, value);
  number = g_strchomp (g_strndup (text, strlen (text) - 1));
  return mc_threshold_read (threshold, number, value);
}

char *
mc_threshold_format (const McThreshold *threshold, guint64 value)
{
  if (threshold == NULL || threshold->unit == MC_UNIT_BYTES)
    return mc_size_format (value);
  if (threshold->unit == MC_UNIT_SECONDS)
    return mc_duration_format (value);
  return format_exact (threshold, value);
}

GVariant *
mc_threshold_to_variant (const McThreshold *threshold, guint64 value)
{
  return threshold->unit == MC_UNIT_BYTES ? g_variant_new_uint64 (value)
                                          : g_variant_new_uint32 ((guint32)value);
}
