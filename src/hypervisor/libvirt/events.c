/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's events, as the port's signals. A callback copies what it is given, and asks libvirt for
 * nothing. */
#include "config.h"

#include "events.h"

typedef struct
{
  GWeakRef hypervisor;
} Watch;

static void
watch_free (void *data)
{
  Watch *watch = data;

  g_weak_ref_clear (&watch->hypervisor);
  g_free (watch);
}

typedef char Uuid[VIR_UUID_STRING_BUFLEN];

/* Returns: (transfer full) (nullable): who emits the signal. */
static McHypervisor *
prepare (virDomainPtr domain, void *data, Uuid uuid)
{
  Watch *watch = data;

  if (virDomainGetUUIDString (domain, uuid) < 0)
    return NULL;
  return g_weak_ref_get (&watch->hypervisor);
}

static int
on_lifecycle (virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
  Uuid uuid;
  g_autoptr (McHypervisor) hypervisor = prepare (domain, data, uuid);

  if (hypervisor == NULL)
    return 0;
  switch ((virDomainEventType)event)
    {
    case VIR_DOMAIN_EVENT_STARTED:
      mc_hypervisor_emit_vm_started (hypervisor, uuid);
      break;
    case VIR_DOMAIN_EVENT_STOPPED:
      mc_hypervisor_emit_vm_stopped (hypervisor, uuid);
      break;
    case VIR_DOMAIN_EVENT_SUSPENDED:
    case VIR_DOMAIN_EVENT_PMSUSPENDED:
      mc_hypervisor_emit_vm_state (hypervisor, uuid, FALSE);
      break;
    case VIR_DOMAIN_EVENT_CRASHED:
      mc_hypervisor_emit_vm_crashed (hypervisor, uuid);
      break;
    case VIR_DOMAIN_EVENT_RESUMED:
      mc_hypervisor_emit_vm_state (hypervisor, uuid, TRUE);
      break;
    case VIR_DOMAIN_EVENT_DEFINED:
    case VIR_DOMAIN_EVENT_UNDEFINED:
      mc_hypervisor_emit_vm_changed (hypervisor, uuid);
      break;
    case VIR_DOMAIN_EVENT_SHUTDOWN:
    default:
      break;
    }
  return 0;
}

static void
on_reboot (virConnectPtr connection, virDomainPtr domain, void *data)
{
  Uuid uuid;
  g_autoptr (McHypervisor) hypervisor = prepare (domain, data, uuid);

  if (hypervisor != NULL)
    mc_hypervisor_emit_vm_rebooted (hypervisor, uuid);
}

static void
on_balloon (virConnectPtr connection,
            virDomainPtr domain,
            unsigned long long actual_kib,
            void *data)
{
  Uuid uuid;
  g_autoptr (McHypervisor) hypervisor = prepare (domain, data, uuid);

  if (hypervisor != NULL && actual_kib < G_MAXUINT64 / 1024)
    mc_hypervisor_emit_balloon_changed (hypervisor, uuid, actual_kib * 1024);
}

static void
emit_changed (virDomainPtr domain, void *data)
{
  Uuid uuid;
  g_autoptr (McHypervisor) hypervisor = prepare (domain, data, uuid);

  if (hypervisor != NULL)
    mc_hypervisor_emit_vm_changed (hypervisor, uuid);
}

static void
on_device (virConnectPtr connection, virDomainPtr domain, const char *alias, void *data)
{
  emit_changed (domain, data);
}

static void
on_memory_device (virConnectPtr connection,
                  virDomainPtr domain,
                  const char *alias,
                  unsigned long long size_kib,
                  void *data)
{
  emit_changed (domain, data);
}

static void
on_metadata (virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *data)
{
  if (type == VIR_DOMAIN_METADATA_ELEMENT && g_strcmp0 (uri, MC_METADATA_NAMESPACE) == 0)
    emit_changed (domain, data);
}

GArray *
mc_libvirt_watch (virConnectPtr connection, GWeakRef *hypervisor)
{
  static const struct
  {
    int event;
    virConnectDomainEventGenericCallback callback;
  } events[] = {
    { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle) },
    { VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK (on_reboot) },
    { VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (on_balloon) },
    { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK (on_device) },
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK (on_device) },
    { VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (on_memory_device) },
    { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (on_metadata) },
  };
  GArray *watches = g_array_new (FALSE, FALSE, sizeof (int));

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_autoptr (McHypervisor) self = g_weak_ref_get (hypervisor);
      Watch *watch = g_new0 (Watch, 1);
      int id;

      g_weak_ref_init (&watch->hypervisor, self);
      /* A driver that lacks one of them has cycles by the clock, and is looked at again in each. */
      id = virConnectDomainEventRegisterAny (connection, NULL, events[i].event, events[i].callback,
                                             watch, watch_free);
      if (id < 0)
        watch_free (watch);
      else
        g_array_append_val (watches, id);
    }
  return watches;
}

void
mc_libvirt_unwatch (virConnectPtr connection, const GArray *watches)
{
  for (guint i = 0; i < watches->len; i++)
    virConnectDomainEventDeregisterAny (connection, g_array_index (watches, int, i));
}
