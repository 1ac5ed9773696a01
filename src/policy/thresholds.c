/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every threshold that can be set: one table for the host's, one for a VM's. */
#include "config.h"

#include "thresholds.h"

#include "size.h"

#define TIB (1024 * MC_GIB)

/* Closer together than this, a guest that does nothing crosses from one to the other. */
#define DEAD_BAND (16 * MC_MIB)

G_DEFINE_QUARK (mc_threshold_error_quark, mc_threshold_error)

const McThreshold mc_host_thresholds[] = {
  { "LowWatermark", "low-watermark", MC_UNIT_BYTES, 16 * MC_MIB, 64 * MC_GIB },
  { "HighWatermark", "high-watermark", MC_UNIT_BYTES, 32 * MC_MIB, 128 * MC_GIB },
  { "HostReserve", "host-reserve", MC_UNIT_BYTES, 64 * MC_MIB, 64 * TIB },
  { "HostUsageLimit", "host-usage-limit", MC_UNIT_PERCENT, 10, 100 },
  { "StepLimit", "step-limit", MC_UNIT_PERCENT, 1, 50 },
  { "Interval", "interval", MC_UNIT_SECONDS, 1, 3600 },
  { NULL },
};

const McThreshold mc_vm_thresholds[] = {
  { "LowWatermark", "low-watermark", MC_UNIT_BYTES, 16 * MC_MIB, 64 * MC_GIB },
  { "HighWatermark", "high-watermark", MC_UNIT_BYTES, 32 * MC_MIB, 128 * MC_GIB },
  { "Minimum", "minimum", MC_UNIT_BYTES, 0, 64 * TIB },
  { "Maximum", "maximum", MC_UNIT_BYTES, 32 * MC_MIB, 64 * TIB },
  { "Weight", "weight", MC_UNIT_SHARES, 1, 10000 },
  { NULL },
};

#define DEFAULT_MINIMUM_DIVISOR 8
#define DEFAULT_MINIMUM_MOST    (64 * MC_MIB)

guint64
mc_policy_default_minimum (guint64 capacity)
{
  return MIN (capacity / DEFAULT_MINIMUM_DIVISOR, DEFAULT_MINIMUM_MOST);
}

static const McThreshold *
find (const McThreshold *table, const char *name)
{
  for (; table->name != NULL; table++)
    if (g_strcmp0 (table->name, name) == 0)
      return table;
  return NULL;
}

const McThreshold *
mc_host_threshold_find (const char *name)
{
  return find (mc_host_thresholds, name);
}

const McThreshold *
mc_vm_threshold_find (const char *name)
{
  return find (mc_vm_thresholds, name);
}

/* Returns: (transfer full): @value with its unit, for people. */
static char *
format (const McThreshold *threshold, guint64 value)
{
  switch (threshold->unit)
    {
    case MC_UNIT_BYTES:
      return mc_size_format_exact (value);
    case MC_UNIT_PERCENT:
      return g_strdup_printf ("%" G_GUINT64_FORMAT " %%", value);
    case MC_UNIT_SECONDS:
      return g_strdup_printf ("%" G_GUINT64_FORMAT " s", value);
    case MC_UNIT_SHARES:
    default:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, value);
    }
}

static gboolean
in_range (const McThreshold *threshold, guint64 value, GError **error)
{
  g_autofree char *given = NULL, *limit = NULL;
  gboolean low = value < threshold->least;

  if (!low && value <= threshold->most)
    return TRUE;
  given = format (threshold, value);
  limit = format (threshold, low ? threshold->least : threshold->most);
  g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_OUT_OF_RANGE,
               "%s %s is %s its %s of %s", threshold->name, given, low ? "below" : "above",
               low ? "least" : "most", limit);
  return FALSE;
}

guint64
mc_host_threshold_get (const McPolicySettings *settings, const McThreshold *threshold)
{
  switch (threshold - mc_host_thresholds)
    {
    case 0:
      return settings->low_watermark;
    case 1:
      return settings->high_watermark;
    case 2:
      return settings->host_reserve;
    case 3:
      return settings->host_usage_limit;
    case 4:
      return settings->step_limit;
    case 5:
      return (guint64)(settings->interval_us / G_USEC_PER_SEC);
    default:
      g_return_val_if_reached (0);
    }
}

gboolean
mc_host_threshold_set (McPolicySettings *settings,
                       const McThreshold *threshold,
                       guint64 value,
                       GError **error)
{
  if (!in_range (threshold, value, error))
    return FALSE;
  switch (threshold - mc_host_thresholds)
    {
    case 0:
      settings->low_watermark = value;
      return TRUE;
    case 1:
      settings->high_watermark = value;
      return TRUE;
    case 2:
      settings->host_reserve = value;
      return TRUE;
    case 3:
      settings->host_usage_limit = (guint)value;
      return TRUE;
    case 4:
      settings->step_limit = (guint)value;
      return TRUE;
    case 5:
      settings->interval_us = (gint64)value * G_USEC_PER_SEC;
      return TRUE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

static guint64 *
field_of (McVmPolicy *policy, const McThreshold *threshold)
{
  guint64 *fields[] = {
    &policy->low_watermark, &policy->high_watermark, &policy->minimum,
    &policy->maximum,       &policy->weight,
  };
  gsize index = (gsize)(threshold - mc_vm_thresholds);

  g_return_val_if_fail (index < G_N_ELEMENTS (fields), fields[0]);
  return fields[index];
}

guint64
mc_vm_threshold_get (const McVmPolicy *policy, const McThreshold *threshold)
{
  McVmPolicy copy = *policy;

  return *field_of (&copy, threshold);
}

gboolean
mc_vm_threshold_set (McVmPolicy *policy,
                     const McThreshold *threshold,
                     guint64 value,
                     GError **error)
{
  if (!in_range (threshold, value, error))
    return FALSE;
  *field_of (policy, threshold) = value;
  return TRUE;
}

static gboolean
conflict (
    GError **error, const char *name, guint64 value, const char *relation, guint64 other_value)
{
  g_autofree char *given = mc_size_format_exact (value);
  g_autofree char *against = mc_size_format_exact (other_value);

  g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_CONFLICT, "%s %s %s %s", name, given,
               relation, against);
  return FALSE;
}

static gboolean
watermarks_fit (guint64 low, guint64 high, GError **error)
{
  if (low >= high)
    return conflict (error, "LowWatermark", low, "is not below HighWatermark", high);
  if (high - low < DEAD_BAND)
    return conflict (error, "LowWatermark", low, "is closer than 16M to HighWatermark", high);
  return TRUE;
}

gboolean
mc_policy_settings_check (const McPolicySettings *settings, GError **error)
{
  if (!watermarks_fit (settings->low_watermark, settings->high_watermark, error))
    return FALSE;
  if (settings->interval_us < settings->stats_period_us)
    {
      g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_CONFLICT,
                   "Interval %" G_GINT64_FORMAT
                   " s is shorter than the statistics period of %" G_GINT64_FORMAT " s",
                   settings->interval_us / G_USEC_PER_SEC,
                   settings->stats_period_us / G_USEC_PER_SEC);
      return FALSE;
    }
  return TRUE;
}

gboolean
mc_vm_policy_check (const McVmPolicy *policy,
                    const McPolicySettings *settings,
                    guint64 capacity,
                    GError **error)
{
  guint64 low = policy->low_watermark != MC_UNSET ? policy->low_watermark : settings->low_watermark;
  guint64 high
      = policy->high_watermark != MC_UNSET ? policy->high_watermark : settings->high_watermark;

  /* Two inherited ones were judged where they were set. */
  if ((policy->low_watermark != MC_UNSET || policy->high_watermark != MC_UNSET)
      && !watermarks_fit (low, high, error))
    return FALSE;
  if (policy->minimum == MC_UNSET)
    return TRUE;
  if (policy->maximum != MC_UNSET && policy->minimum > policy->maximum)
    return conflict (error, "Minimum", policy->minimum, "is above Maximum", policy->maximum);
  if (capacity != MC_UNKNOWN && policy->minimum > capacity)
    return conflict (error, "Minimum", policy->minimum, "is above the VM's memory of", capacity);
  return TRUE;
}

McPolicySettings
mc_policy_settings_default (void)
{
  return (McPolicySettings){
    .low_watermark = 100 * MC_MIB,
    .high_watermark = 150 * MC_MIB,
    .host_reserve = 200 * MC_MIB,
    .host_usage_limit = 75,
    .step_limit = 20,
    .interval_us = 2 * G_USEC_PER_SEC,
    .stats_period_us = 1 * G_USEC_PER_SEC,
    .cache_growth = MC_CACHE_GROWTH_COMFORTABLE,
  };
}

GVariant *
mc_threshold_to_variant (const McThreshold *threshold, guint64 value)
{
  return threshold->unit == MC_UNIT_BYTES ? g_variant_new_uint64 (value)
                                          : g_variant_new_uint32 ((guint32)value);
}
