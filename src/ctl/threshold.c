/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thresholds by name, with the unit in which people write them. */
#include "config.h"

#include "threshold.h"

#include "size.h"
#include "units.h"

const McThreshold mc_host_thresholds[] = {
  { "LowWatermark", "low-watermark", MC_UNIT_SIZE },
  { "HighWatermark", "high-watermark", MC_UNIT_SIZE },
  { "HostReserve", "host-reserve", MC_UNIT_SIZE },
  { "HostUsageLimit", "host-usage-limit", MC_UNIT_PERCENT },
  { "StepLimit", "step-limit", MC_UNIT_PERCENT },
  { "Interval", "interval", MC_UNIT_SECONDS },
  { NULL },
};

const McThreshold mc_vm_thresholds[] = {
  { "LowWatermark", "low-watermark", MC_UNIT_SIZE },
  { "HighWatermark", "high-watermark", MC_UNIT_SIZE },
  { "Minimum", "minimum", MC_UNIT_SIZE },
  { "Maximum", "maximum", MC_UNIT_SIZE },
  { "Weight", "weight", MC_UNIT_NUMBER },
  { NULL },
};

const McThreshold *
mc_threshold_find (const McThreshold *thresholds, const char *name)
{
  const McThreshold *threshold;

  for (threshold = thresholds; threshold->name != NULL; threshold++)
    {
      if (g_ascii_strcasecmp (threshold->name, name) == 0
          || g_ascii_strcasecmp (threshold->key, name) == 0)
        return threshold;
    }
  return NULL;
}

char *
mc_threshold_bus_name (const McThreshold *thresholds, const char *name)
{
  const McThreshold *threshold = mc_threshold_find (thresholds, name);

  return g_strdup (threshold != NULL ? threshold->name : name);
}

gboolean
mc_threshold_parse (const McThreshold *self, const char *text, guint64 *value)
{
  switch (self != NULL ? self->unit : MC_UNIT_SIZE)
    {
    case MC_UNIT_PERCENT:
      return mc_units_parse_number (text, "%", value);
    case MC_UNIT_SECONDS:
      return mc_units_parse_seconds (text, value);
    case MC_UNIT_NUMBER:
      return mc_units_parse_number (text, "", value);
    case MC_UNIT_SIZE:
    default:
      return mc_size_parse (text, value);
    }
}

char *
mc_threshold_format (const McThreshold *self, guint64 value)
{
  switch (self != NULL ? self->unit : MC_UNIT_SIZE)
    {
    case MC_UNIT_PERCENT:
      return g_strdup_printf ("%" G_GUINT64_FORMAT " %%", value);
    case MC_UNIT_SECONDS:
      return mc_units_format_seconds (value);
    case MC_UNIT_NUMBER:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, value);
    case MC_UNIT_SIZE:
    default:
      return mc_size_format (value);
    }
}
