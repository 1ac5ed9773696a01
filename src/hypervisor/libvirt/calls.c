/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of libvirt, one function for each kind of call. */
#include "config.h"

#include "calls.h"

#include <libvirt/virterror.h>

#include "domain-xml.h"
#include "libvirt-error.h"
#include "memory-groups.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, virDomainFree)

/*
 * No machine has so much of anything, bytes or others. A guest whose own question failed reports a
 * negative number, as Windows' balloon service does for each counter that it cannot read: QEMU
 * hands it on as bytes without a sign, and libvirt divides it.
 */
#define MOST ((guint64)1 << 62)

/* libvirt's figures are KiB; one that cannot be is none. */
static guint64
from_kib (guint64 value)
{
  return value > MOST / 1024 ? MC_HYPERVISOR_UNKNOWN : value * 1024;
}

static gint64
to_time (guint64 seconds)
{
  return seconds > MOST ? 0 : (gint64)seconds;
}

static gboolean
is_running (int state)
{
  return state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED;
}

static McVmSample *
sample_new (virDomainPtr domain)
{
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  McVmSample *sample;

  virDomainGetUUIDString (domain, uuid);
  sample = mc_vm_sample_new (uuid, virDomainGetName (domain));
  sample->id = (int)virDomainGetID (domain);
  return sample;
}

static void
read_figure (virDomainStatsRecordPtr record, const char *field, guint64 *figure)
{
  unsigned long long value;

  if (virTypedParamsGetULLong (record->params, record->nparams, field, &value) > 0)
    *figure = from_kib (value);
}

static McVmSample *
read_record (virDomainStatsRecordPtr record)
{
  McVmSample *sample = sample_new (record->dom);
  unsigned long long updated = 0;
  int state = VIR_DOMAIN_NOSTATE;

  virTypedParamsGetInt (record->params, record->nparams, "state.state", &state);
  sample->running = is_running (state);
  read_figure (record, "balloon.current", &sample->balloon);
  read_figure (record, "balloon.maximum", &sample->capacity);
  read_figure (record, "balloon.rss", &sample->resident);
  read_figure (record, "balloon.unused", &sample->unused);
  read_figure (record, "balloon.usable", &sample->usable);
  read_figure (record, "balloon.available", &sample->available);
  read_figure (record, "balloon.swap_in", &sample->swap_in);
  read_figure (record, "balloon.swap_out", &sample->swap_out);
  virTypedParamsGetULLong (record->params, record->nparams, "balloon.last-update", &updated);
  sample->stats_time_s = to_time (updated);
  /* libvirtd reads it from /proc once it holds the VM: where it is missing, somebody else waits for
   * the VM. */
  sample->busy = sample->resident == MC_HYPERVISOR_UNKNOWN;
  return sample;
}

/* Drivers without balloon figures in the bulk call have them VM by VM. */
static void
read_alone (virDomainPtr domain, McVmSample *sample)
{
  virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
  virDomainInfo info;
  int n_stats = virDomainMemoryStats (domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

  sample->busy = FALSE;
  if (virDomainGetInfo (domain, &info) == 0)
    {
      sample->balloon = from_kib (info.memory);
      sample->capacity = from_kib (info.maxMem);
    }
  for (int i = 0; i < n_stats; i++)
    {
      guint64 *figures[VIR_DOMAIN_MEMORY_STAT_NR] = {
        [VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON] = &sample->balloon,
        [VIR_DOMAIN_MEMORY_STAT_UNUSED] = &sample->unused,
        [VIR_DOMAIN_MEMORY_STAT_AVAILABLE] = &sample->available,
        [VIR_DOMAIN_MEMORY_STAT_USABLE] = &sample->usable,
        [VIR_DOMAIN_MEMORY_STAT_RSS] = &sample->resident,
        [VIR_DOMAIN_MEMORY_STAT_SWAP_IN] = &sample->swap_in,
        [VIR_DOMAIN_MEMORY_STAT_SWAP_OUT] = &sample->swap_out,
      };

      if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE)
        sample->stats_time_s = to_time (stats[i].val);
      else if (stats[i].tag >= 0 && stats[i].tag < VIR_DOMAIN_MEMORY_STAT_NR
               && figures[stats[i].tag] != NULL)
        *figures[stats[i].tag] = from_kib (stats[i].val);
    }
}

/* The host's own figures are asked for each time: they cost next to nothing, and memory can be
 * hot-plugged. */
static void
read_host (virConnectPtr connection, McSample *sample)
{
  int n_stats = 0;
  g_autofree virNodeMemoryStats *stats = NULL;
  guint64 available = 0;

  if (virNodeGetMemoryStats (connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n_stats, 0) < 0
      || n_stats == 0)
    return;
  stats = g_new0 (virNodeMemoryStats, n_stats);
  if (virNodeGetMemoryStats (connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n_stats, 0) < 0)
    return;
  for (int i = 0; i < n_stats; i++)
    if (g_str_equal (stats[i].field, VIR_NODE_MEMORY_STATS_TOTAL))
      sample->host_total = from_kib (stats[i].value);
    else if (g_str_equal (stats[i].field, VIR_NODE_MEMORY_STATS_FREE)
             || g_str_equal (stats[i].field, VIR_NODE_MEMORY_STATS_BUFFERS)
             || g_str_equal (stats[i].field, VIR_NODE_MEMORY_STATS_CACHED))
      available += stats[i].value;
  sample->host_available = from_kib (available);
}

/* Returns: (transfer full) */
static McDomainXml *
read_xml (virDomainPtr domain, GError **error)
{
  char *text = virDomainGetXMLDesc (domain, 0);
  McDomainXml *xml;

  if (text == NULL)
    {
      mc_libvirt_set_error (error, "describe the VM");
      return NULL;
    }
  xml = mc_domain_xml_new (text, error);
  free (text);
  return xml;
}

/*
 * What is plugged as virtio-mem changes by itself. The bulk figures have it in them, and do not
 * say how much: the description has both, and waits for nobody, but since libvirt 11.0 for a VM
 * that hangs.
 */
static void
read_devices (virDomainPtr domain, McMemoryDevices *devices, McVmSample *sample)
{
  g_autoptr (McDomainXml) xml = read_xml (domain, NULL);

  if (xml == NULL)
    return;
  *devices = mc_domain_xml_get_devices (xml);
  sample->capacity = devices->total;
  sample->balloon = devices->current;
}

McSample *
mc_libvirt_sample (virConnectPtr connection, GHashTable *devices, GError **error)
{
  virDomainStatsRecordPtr *records = NULL;
  gint64 began_us = g_get_monotonic_time ();
  McSample *sample;
  int n_records = virConnectGetAllDomainStats (
      connection, VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BALLOON, &records,
      VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

  if (n_records < 0)
    {
      mc_libvirt_set_error (error, "read the VMs' statistics");
      return NULL;
    }
  sample = mc_sample_new ();
  for (int i = 0; i < n_records; i++)
    {
      McVmSample *of_vm = read_record (records[i]);
      McMemoryDevices *of_it = g_hash_table_lookup (devices, of_vm->uuid);

      if (of_vm->balloon == MC_HYPERVISOR_UNKNOWN)
        read_alone (records[i]->dom, of_vm);
      if (of_it != NULL && !of_vm->busy)
        read_devices (records[i]->dom, of_it, of_vm);
      g_ptr_array_add (sample->vms, of_vm);
    }
  virDomainStatsRecordListFree (records);
  read_host (connection, sample);
  sample->began_us = began_us;
  return sample;
}

static virDomainPtr
look_up (virConnectPtr connection, const char *uuid, GError **error)
{
  virDomainPtr domain = virDomainLookupByUUIDString (connection, uuid);

  if (domain == NULL)
    mc_libvirt_set_error (error, "find the VM");
  return domain;
}

/* What is plugged beside the balloon's part is the process's, too. */
static void
read_ceiling (const McMemoryLimits *limits,
              const char *system,
              int id,
              const McMemoryDevices *devices,
              McVmDescription *description)
{
  description->ceiling_name = mc_memory_limits_find (limits, system, id, &description->ceiling);
  description->ceiling -= MIN (description->ceiling, devices->plugged);
}

/* What somebody wrote for its next start alone is not in the running VM's XML. */
static gboolean
read_stored_metadata (virDomainPtr domain, McVmDescription *description, GError **error)
{
  char *element;
  int code;

  if (!description->persistent)
    return TRUE;
  element = virDomainGetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT, MC_METADATA_NAMESPACE,
                                  VIR_DOMAIN_AFFECT_CONFIG);
  code = element == NULL ? virGetLastErrorCode () : VIR_ERR_OK;
  description->stored_metadata = g_strdup (element);
  free (element);
  if (code == VIR_ERR_OK || code == VIR_ERR_NO_DOMAIN_METADATA || code == VIR_ERR_NO_SUPPORT)
    return TRUE;
  mc_libvirt_set_error (error, "read the VM's stored metadata");
  return FALSE;
}

McVmDescription *
mc_libvirt_describe (virConnectPtr connection,
                     const char *uuid,
                     const char *system,
                     McMemoryDevices *devices,
                     GPtrArray **groups,
                     GError **error)
{
  g_autoptr (virDomain) domain = look_up (connection, uuid, error);
  g_autoptr (McVmDescription) description = NULL;
  g_autoptr (McDomainXml) xml = NULL;
  g_autoptr (McMemoryLimits) limits = NULL;

  if (domain == NULL)
    return NULL;
  xml = read_xml (domain, error);
  if (xml == NULL)
    return NULL;
  description = g_new0 (McVmDescription, 1);
  description->persistent = virDomainIsPersistent (domain) > 0;
  if (!read_stored_metadata (domain, description, error))
    return NULL;
  mc_domain_xml_read (xml, description);
  *devices = mc_domain_xml_get_devices (xml);
  limits = mc_domain_xml_get_limits (xml);
  read_ceiling (limits, system, (int)virDomainGetID (domain), devices, description);
  *groups = mc_memory_groups_new (limits, system);
  if (*groups != NULL)
    description->groups = mc_memory_groups_list_names (*groups);
  return g_steal_pointer (&description);
}

static gboolean
check (int result, GError **error, const char *what)
{
  if (result >= 0)
    return TRUE;
  mc_libvirt_set_error (error, what);
  return FALSE;
}

gboolean
mc_libvirt_set_target (virConnectPtr connection, const char *uuid, guint64 bytes, GError **error)
{
  g_autoptr (virDomain) domain = look_up (connection, uuid, error);

  return domain != NULL
         && check (virDomainSetMemoryFlags (domain, bytes / 1024, VIR_DOMAIN_AFFECT_LIVE), error,
                   "set the VM's memory");
}

gboolean
mc_libvirt_set_stats_period (virConnectPtr connection,
                             const char *uuid,
                             guint seconds,
                             GError **error)
{
  g_autoptr (virDomain) domain = look_up (connection, uuid, error);

  return domain != NULL
         && check (virDomainSetMemoryStatsPeriod (domain, (int)seconds, VIR_DOMAIN_AFFECT_LIVE),
                   error, "set the VM's statistics period");
}

static gboolean
set_element (virDomainPtr domain, const char *element, unsigned int flags, GError **error)
{
  return check (virDomainSetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT, element,
                                      MC_METADATA_PREFIX, MC_METADATA_NAMESPACE, flags),
                error, "write the VM's metadata");
}

gboolean
mc_libvirt_set_metadata (virConnectPtr connection,
                         const char *uuid,
                         const char *element,
                         const char *stored,
                         GError **error)
{
  g_autoptr (virDomain) domain = look_up (connection, uuid, error);

  if (domain == NULL)
    return FALSE;
  if (virDomainIsPersistent (domain) <= 0)
    return set_element (domain, element, VIR_DOMAIN_AFFECT_LIVE, error);
  if (g_strcmp0 (element, stored) == 0)
    return set_element (domain, element, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG, error);
  /* That which goes to a disk fails sooner: nothing has changed then. */
  return set_element (domain, stored, VIR_DOMAIN_AFFECT_CONFIG, error)
         && set_element (domain, element, VIR_DOMAIN_AFFECT_LIVE, error);
}
