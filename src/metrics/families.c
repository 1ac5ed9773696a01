/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: memcoord_ for the service, memcoord_host_ and memcoord_vm_ for memory, with the unit last.
 * They are an interface: dashboards and alerts have them. */
#include "config.h"

#include "families.h"

#define HOST(name) "memcoord_host_" name
#define VM(name)   "memcoord_vm_" name

const McFamily mc_host_families[] = {
  { { "memcoord_dry_run", MC_FAMILY_GAUGE, NULL, "Whether it decides, but moves nothing." },
    "DryRun",
    MC_SCALE_FLAG,
    MC_FAMILY_ALWAYS },
  { { "memcoord_hypervisor_connected", MC_FAMILY_GAUGE, NULL,
      "Whether there is a connection to the hypervisor." },
    "HypervisorConnected",
    MC_SCALE_FLAG,
    MC_FAMILY_ALWAYS },
  { { "memcoord_reload_refused", MC_FAMILY_GAUGE, NULL,
      "Whether the last reload of the configuration was refused." },
    "ReloadError",
    MC_SCALE_FLAG,
    MC_FAMILY_ALWAYS },
  { { HOST ("memory_bytes"), MC_FAMILY_GAUGE, "bytes",
      "Memory of the host, without its pool of huge pages." },
    "HostTotal",
    MC_SCALE_NONE,
    MC_FAMILY_ZERO_UNKNOWN },
  { { HOST ("available_bytes"), MC_FAMILY_GAUGE, "bytes",
      "What the host could still allocate without swapping, with what ZFS would give up." },
    "HostAvailable",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE | MC_FAMILY_ZERO_UNKNOWN },
  { { HOST ("promised_bytes"), MC_FAMILY_GAUGE, "bytes",
      "Granted to VMs and not touched by them yet: available, but counted as used." },
    "HostPromised",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE },
  { { HOST ("reserve_bytes"), MC_FAMILY_GAUGE, "bytes",
      "No grant reduces the host's available memory to this." },
    "HostReserve",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { HOST ("reservations_bytes"), MC_FAMILY_GAUGE, "bytes",
      "Held for VMs that are about to start." },
    "Reserved",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { HOST ("free_for_new_vm_bytes"), MC_FAMILY_GAUGE, "bytes",
      "What a new VM could have without taking what others need." },
    "FreeForNewVM",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE },
  { { HOST ("used_ratio"), MC_FAMILY_GAUGE, "ratio", "Part of the host's memory that is used." },
    "HostUsedPercent",
    MC_SCALE_PERCENT,
    MC_FAMILY_LIVE },
  { { HOST ("usage_limit_ratio"), MC_FAMILY_GAUGE, "ratio",
      "Above this part VMs give memory back to the host." },
    "HostUsageLimit",
    MC_SCALE_PERCENT,
    MC_FAMILY_ALWAYS },
  { { HOST ("reclaimed_bytes"), MC_FAMILY_GAUGE, "bytes",
      "What managed VMs have less than their maximum." },
    "Reclaimed",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE },
  { { "memcoord_moves", MC_FAMILY_COUNTER, NULL, "Targets that were set." },
    "Moves",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { "memcoord_failed_moves", MC_FAMILY_COUNTER, NULL, "Targets that could not be set." },
    "FailedMoves",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { "memcoord_granted_bytes", MC_FAMILY_COUNTER, "bytes", "By how much targets were raised." },
    "GrantedBytes",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { "memcoord_reclaimed_bytes", MC_FAMILY_COUNTER, "bytes", "By how much targets were lowered." },
    "ReclaimedBytes",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { "memcoord_need_seconds", MC_FAMILY_COUNTER, "seconds",
      "Time that VMs were in need of memory, summed over VMs." },
    "NeedSeconds",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { "memcoord_critical_seconds", MC_FAMILY_COUNTER, "seconds",
      "Time that the host was critical." },
    "CriticalSeconds",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { NULL }, NULL, MC_SCALE_NONE, MC_FAMILY_ALWAYS },
};

const McFamily mc_vm_families[] = {
  { { VM ("short"), MC_FAMILY_GAUGE, NULL,
      "Whether it needs memory and is given none, as the host or a shared limit has none left." },
    "ShortSince",
    MC_SCALE_FLAG,
    MC_FAMILY_LIVE },
  { { VM ("balloon_bytes"), MC_FAMILY_GAUGE, "bytes", "Memory that the guest has now." },
    "Balloon",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE | MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("target_bytes"), MC_FAMILY_GAUGE, "bytes", "What its balloon was last set to." },
    "Target",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE | MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("unused_bytes"), MC_FAMILY_GAUGE, "bytes", "The guest's free memory." },
    "Unused",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE | MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("usable_bytes"), MC_FAMILY_GAUGE, "bytes", "What the guest could use without swapping." },
    "Usable",
    MC_SCALE_NONE,
    MC_FAMILY_LIVE | MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("minimum_bytes"), MC_FAMILY_GAUGE, "bytes", "The least memory that it is left with." },
    "Minimum",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { VM ("maximum_bytes"), MC_FAMILY_GAUGE, "bytes", "The most memory that it may get." },
    "Maximum",
    MC_SCALE_NONE,
    MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("low_watermark_bytes"), MC_FAMILY_GAUGE, "bytes",
      "With no more unused memory than this it gets more." },
    "LowWatermark",
    MC_SCALE_NONE,
    MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("high_watermark_bytes"), MC_FAMILY_GAUGE, "bytes",
      "With at least this much unused memory it can give some." },
    "HighWatermark",
    MC_SCALE_NONE,
    MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("stats_timestamp_seconds"), MC_FAMILY_GAUGE, "seconds",
      "When the guest made its last report, since the epoch." },
    "StatsTime",
    MC_SCALE_MICROSECONDS,
    MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("last_change_timestamp_seconds"), MC_FAMILY_GAUGE, "seconds",
      "When its balloon was last moved, or could not be though it was in need, since the epoch." },
    "LastChange",
    MC_SCALE_MICROSECONDS,
    MC_FAMILY_ZERO_UNKNOWN },
  { { VM ("need_seconds"), MC_FAMILY_COUNTER, "seconds", "Time that it was in need of memory." },
    "NeedSeconds",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { VM ("granted_bytes"), MC_FAMILY_COUNTER, "bytes", "By how much its target was raised." },
    "GrantedBytes",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { VM ("reclaimed_bytes"), MC_FAMILY_COUNTER, "bytes", "By how much its target was lowered." },
    "ReclaimedBytes",
    MC_SCALE_NONE,
    MC_FAMILY_ALWAYS },
  { { NULL }, NULL, MC_SCALE_NONE, MC_FAMILY_ALWAYS },
};

/* Exact for all but large sizes, of which it is only asked whether they are 0. FALSE where @value
 * is nothing that counts. */
static gboolean
read_number (GVariant *value, double *number)
{
  const GVariantType *type = g_variant_get_type (value);

  if (g_variant_type_equal (type, G_VARIANT_TYPE_UINT64))
    *number = (double)g_variant_get_uint64 (value);
  else if (g_variant_type_equal (type, G_VARIANT_TYPE_UINT32))
    *number = g_variant_get_uint32 (value);
  else if (g_variant_type_equal (type, G_VARIANT_TYPE_DOUBLE))
    *number = g_variant_get_double (value);
  else if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    *number = g_variant_get_boolean (value) ? 1 : 0;
  else if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING))
    *number = *g_variant_get_string (value, NULL) != '\0' ? 1 : 0;
  else
    return FALSE;
  return TRUE;
}

/* With as many digits as it takes to read it back. */
static char *
format_double (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_dtostr (text, sizeof text, number));
}

static char *
format_microseconds (GVariant *value)
{
  guint64 time_us = g_variant_get_uint64 (value);

  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%06u", time_us / G_USEC_PER_SEC,
                          (guint)(time_us % G_USEC_PER_SEC));
}

char *
mc_family_format (const McFamily *self, GVariant *value, gboolean live)
{
  gboolean large = g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64);
  double number;

  if ((self->flags & MC_FAMILY_LIVE) != 0 && !live)
    return NULL;
  if (!read_number (value, &number) || ((self->flags & MC_FAMILY_ZERO_UNKNOWN) != 0 && number <= 0))
    return NULL;
  switch (self->scale)
    {
    case MC_SCALE_FLAG:
      return g_strdup (number > 0 ? "1" : "0");
    case MC_SCALE_PERCENT:
      return format_double (number / 100);
    case MC_SCALE_MICROSECONDS:
      return large ? format_microseconds (value) : NULL;
    case MC_SCALE_NONE:
    default:
      return large ? g_strdup_printf ("%" G_GUINT64_FORMAT, g_variant_get_uint64 (value))
                   : format_double (number);
    }
}
