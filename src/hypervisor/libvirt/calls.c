/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of libvirt, one function for each kind of call. */
#include "config.h"

#include "calls.h"

#include <libvirt/virterror.h>

#include "libvirt-error.h"
#include "memory-groups.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, virDomainFree)

McDomainXml *
mc_libvirt_read_xml (virDomainPtr domain, GError **error)
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
read_ceiling (const McMemoryCeilings *ceilings,
              const char *system,
              int id,
              const McMemoryDevices *devices,
              McVmDescription *description)
{
  description->ceiling_name = mc_memory_ceilings_find (ceilings, system, id, &description->ceiling);
  description->ceiling = saturating_sub (description->ceiling, devices->plugged);
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
  g_autoptr (McMemoryCeilings) ceilings = NULL;

  if (domain == NULL)
    return NULL;
  xml = mc_libvirt_read_xml (domain, error);
  if (xml == NULL)
    return NULL;
  description = g_new0 (McVmDescription, 1);
  description->persistent = virDomainIsPersistent (domain) > 0;
  if (!read_stored_metadata (domain, description, error))
    return NULL;
  mc_domain_xml_read (xml, description);
  *devices = mc_domain_xml_get_devices (xml);
  ceilings = mc_domain_xml_get_ceilings (xml);
  read_ceiling (ceilings, system, (int)virDomainGetID (domain), devices, description);
  *groups = mc_memory_groups_new (ceilings, system);
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

static gboolean
set_period (virDomainPtr domain, guint seconds, GError **error)
{
  return check (virDomainSetMemoryStatsPeriod (domain, (int)seconds, VIR_DOMAIN_AFFECT_LIVE), error,
                "set the VM's statistics period");
}

/* QEMU asks at once where it did not ask at all before; else only when the period is over. */
gboolean
mc_libvirt_set_stats_period (
    virConnectPtr connection, const char *uuid, guint seconds, gboolean at_once, GError **error)
{
  g_autoptr (virDomain) domain = look_up (connection, uuid, error);

  return domain != NULL && (!at_once || set_period (domain, 0, error))
         && set_period (domain, seconds, error);
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
