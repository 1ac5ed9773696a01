/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy's settings, and how thresholds bind each other. */
#include "config.h"

#include "policy-settings.h"

/* Closer together than this, a guest that does nothing crosses from one to the other. */
#define DEAD_BAND (16 * MC_MIB)

#define DEFAULT_MINIMUM_DIVISOR 8
#define DEFAULT_MINIMUM_MOST    (64 * MC_MIB)

guint64
mc_policy_default_minimum (guint64 capacity)
{
  return MIN (capacity / DEFAULT_MINIMUM_DIVISOR, DEFAULT_MINIMUM_MOST);
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
  g_autofree char *band = NULL, *relation = NULL;

  if (low >= high)
    return conflict (error, "LowWatermark", low, "is not below HighWatermark", high);
  if (high - low >= DEAD_BAND)
    return TRUE;
  band = mc_size_format_exact (DEAD_BAND);
  relation = g_strdup_printf ("is closer than %s to HighWatermark", band);
  return conflict (error, "LowWatermark", low, relation, high);
}

gboolean
mc_policy_settings_check (const McPolicySettings *settings,
                          const McThreshold *culprits[2],
                          GError **error)
{
  const McHostThresholds *thresholds = &settings->thresholds;
  const McThreshold *nobody[2];
  gint64 period_s = settings->stats_period_us / G_USEC_PER_SEC;

  if (culprits == NULL)
    culprits = nobody;
  culprits[0] = mc_threshold_find (mc_host_thresholds, "LowWatermark");
  culprits[1] = mc_threshold_find (mc_host_thresholds, "HighWatermark");
  if (!watermarks_fit (thresholds->low_watermark, thresholds->high_watermark, error))
    return FALSE;
  culprits[0] = mc_threshold_find (mc_host_thresholds, "Interval");
  culprits[1] = NULL;
  if (mc_policy_interval_us (settings) >= settings->stats_period_us)
    return TRUE;
  g_set_error (error, MC_THRESHOLD_ERROR, MC_THRESHOLD_ERROR_CONFLICT,
               "Interval %" G_GUINT64_FORMAT
               " s is shorter than the statistics period of %" G_GINT64_FORMAT " s",
               thresholds->interval_s, period_s);
  return FALSE;
}

gboolean
mc_vm_policy_check (const McVmPolicy *policy,
                    const McPolicySettings *settings,
                    guint64 capacity,
                    GError **error)
{
  const McHostThresholds *host = &settings->thresholds;
  guint64 low = policy->low_watermark != MC_UNSET ? policy->low_watermark : host->low_watermark;
  guint64 high = policy->high_watermark != MC_UNSET ? policy->high_watermark : host->high_watermark;

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
  McPolicySettings settings = {
    .stats_period_us = 1 * G_USEC_PER_SEC,
    .cache_growth = MC_CACHE_GROWTH_COMFORTABLE,
  };

  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    *mc_host_threshold_field (&settings.thresholds, threshold) = threshold->fallback;
  return settings;
}
