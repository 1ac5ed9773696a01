/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sample of the VMs and their host: whoever is awake is asked, the others are looked at. */
#include "config.h"

#include "calls.h"

#include <libvirt/virterror.h>

#include "libvirt-error.h"

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
  return value > MOST / 1024 ? MC_UNKNOWN : value * 1024;
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
  sample->busy = sample->resident == MC_UNKNOWN;
  return sample;
}

/* libvirtd asks no process for this, and waits for none. */
static gboolean
look_at (virDomainPtr domain, McVmSample *sample)
{
  virDomainInfo info;

  if (virDomainGetInfo (domain, &info) != 0)
    return FALSE;
  sample->running = is_running (info.state);
  sample->balloon = from_kib (info.memory);
  sample->capacity = from_kib (info.maxMem);
  sample->cpu_time_us = info.cpuTime / 1000;
  return TRUE;
}

/* Drivers without balloon figures in the bulk call have them VM by VM. */
static void
read_alone (virDomainPtr domain, McVmSample *sample)
{
  virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
  int n_stats = virDomainMemoryStats (domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

  sample->busy = FALSE;
  look_at (domain, sample);
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

/*
 * What is plugged as virtio-mem changes by itself. The bulk figures have it in them, and do not
 * say how much: the description has both, and waits for nobody, but since libvirt 11.0 for a VM
 * that hangs.
 */
static void
read_devices (virDomainPtr domain, McMemoryDevices *devices, McVmSample *sample)
{
  g_autoptr (McDomainXml) xml = mc_libvirt_read_xml (domain, NULL);

  if (xml == NULL)
    return;
  *devices = mc_domain_xml_get_devices (xml);
  sample->capacity = devices->total;
  sample->balloon = devices->current;
}

/* The active domains, and those of them that are asked. */
typedef struct
{
  virDomainPtr *all; /* owned */
  int n;
  virDomainPtr *awake; /* (unowned elements) ends with NULL */
  int n_awake;
  GHashTable *cpu_times; /* UUID → guint64 *, of those */
  GPtrArray *others;     /* (unowned) (element-type McVmSample): those of other subsets */
} Active;

static void
active_clear (Active *self)
{
  for (int i = 0; i < self->n; i++)
    virDomainFree (self->all[i]);
  free (self->all);
  g_free (self->awake);
  g_clear_pointer (&self->cpu_times, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Active, active_clear)

/* One that sleeps goes into @sample; of those that are asked the CPU time is remembered. */
static void
find_one (
    virDomainPtr domain, McSubset subset, GHashTable *asleep, Active *active, McSample *sample)
{
  g_autoptr (McVmSample) of_vm = sample_new (domain);
  gboolean looked;

  if (!mc_subset_has (subset, of_vm->uuid))
    {
      of_vm->busy = TRUE;
      g_ptr_array_add (active->others, g_steal_pointer (&of_vm));
      return;
    }
  looked = asleep != NULL && look_at (domain, of_vm);
  if (looked && g_hash_table_contains (asleep, of_vm->uuid))
    {
      of_vm->asleep = TRUE;
      g_ptr_array_add (sample->vms, g_steal_pointer (&of_vm));
      return;
    }
  active->awake[active->n_awake++] = domain;
  if (looked)
    g_hash_table_insert (active->cpu_times, g_strdup (of_vm->uuid),
                         g_memdup2 (&of_vm->cpu_time_us, sizeof of_vm->cpu_time_us));
}

/*
 * Finds those of @subset. Where some may sleep, what each process has used is looked at before its
 * guest's report is: the report is the newer of the two.
 */
static gboolean
find_active (virConnectPtr connection,
             McSubset subset,
             GHashTable *asleep,
             Active *active,
             McSample *sample,
             GError **error)
{
  int n = virConnectListAllDomains (connection, &active->all, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

  if (n < 0)
    {
      mc_libvirt_set_error (error, "list the VMs");
      return FALSE;
    }
  active->n = n;
  active->awake = g_new0 (virDomainPtr, n + 1);
  active->cpu_times = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 0; i < n; i++)
    find_one (active->all[i], subset, asleep, active, sample);
  return TRUE;
}

/* Returns: how many there are; -1: an error. */
static int
ask (virConnectPtr connection, const Active *active, virDomainStatsRecordPtr **records)
{
  unsigned int stats = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BALLOON;

  if (active->n_awake == active->n)
    return virConnectGetAllDomainStats (connection, stats, records,
                                        VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
                                            | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
  if (active->n_awake == 0)
    return 0;
  return virDomainListGetStats (active->awake, stats, records,
                                VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
}

static guint64
cpu_time_of (const Active *active, const char *uuid)
{
  const guint64 *cpu_time_us
      = active->cpu_times != NULL ? g_hash_table_lookup (active->cpu_times, uuid) : NULL;

  return cpu_time_us != NULL ? *cpu_time_us : MC_UNKNOWN;
}

/* One that has stopped since it was listed is there all the same, without an id. */
static void
add_one (virDomainStatsRecordPtr record,
         GHashTable *devices,
         const Active *active,
         McSample *sample)
{
  McVmSample *of_vm = read_record (record);
  McMemoryDevices *of_it = g_hash_table_lookup (devices, of_vm->uuid);

  if (of_vm->id < 0)
    {
      mc_vm_sample_free (of_vm);
      return;
    }
  of_vm->cpu_time_us = cpu_time_of (active, of_vm->uuid);
  if (of_vm->balloon == MC_UNKNOWN)
    read_alone (record->dom, of_vm);
  if (of_it != NULL && !of_vm->busy)
    read_devices (record->dom, of_it, of_vm);
  g_ptr_array_add (sample->vms, of_vm);
}

guint
mc_libvirt_count_vms (virConnectPtr connection)
{
  return (guint)MAX (virConnectNumOfDomains (connection), 0);
}

McSample *
mc_libvirt_sample (virConnectPtr connection,
                   McSubset subset,
                   GHashTable *asleep,
                   GHashTable *devices,
                   GPtrArray *others,
                   GError **error)
{
  g_autoptr (McSample) sample = mc_sample_new ();
  g_auto (Active) active = { .others = others };
  virDomainStatsRecordPtr *records = NULL;
  gint64 began_us = g_get_monotonic_time ();
  int n_records;

  if ((asleep != NULL || subset.of > 1)
      && !find_active (connection, subset, asleep, &active, sample, error))
    return NULL;
  n_records = ask (connection, &active, &records);
  if (n_records < 0)
    {
      mc_libvirt_set_error (error, "read the VMs' statistics");
      return NULL;
    }
  for (int i = 0; i < n_records; i++)
    add_one (records[i], devices, &active, sample);
  virDomainStatsRecordListFree (records);
  read_host (connection, sample);
  sample->began_us = began_us;
  return g_steal_pointer (&sample);
}
