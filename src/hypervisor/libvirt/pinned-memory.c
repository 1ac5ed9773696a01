/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What keeps the host from getting a VM's memory back.
 *
 * Two kinds: a device that works on the guest's memory by itself (VFIO, vDPA), for which all of it
 * is pinned, so that QEMU ignores the balloon; and memory whose pages the host does not take back
 * one by one (locked, encrypted, huge pages). Devices whose driver says that it pins only what it
 * uses at the moment (vfio-ap, vfio-ccw) leave the balloon in force.
 */
#include "config.h"

#include "pinned-memory.h"

#include <string.h>
#include <unistd.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

#define BY_VFIO "(VFIO), which pins it"
#define BY_VDPA "is a vDPA device, which pins it"
#define IS_HUGE "made of huge pages, of which the host gets none back"

static char *
explain (const char *what, const char *name, const char *why)
{
  return g_strjoin (" ", what, name != NULL ? name : why, name != NULL ? why : NULL, NULL);
}

/* Names of devices, as an admin looks for them */

static char *
get_pci_address (const McXmlNode *device)
{
  static const char *const parts[] = { "domain", "bus", "slot", "function" };
  const McXmlNode *address = mc_xml_node_child (mc_xml_node_child (device, "source"), "address");
  guint64 numbers[G_N_ELEMENTS (parts)] = { 0 };

  if (address == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *text = mc_xml_node_get (address, parts[i]);

      numbers[i] = text != NULL ? g_ascii_strtoull (text, NULL, 0) : 0;
    }
  return g_strdup_printf ("%04x:%02x:%02x.%x", (guint)numbers[0], (guint)numbers[1],
                          (guint)numbers[2], (guint)numbers[3]);
}

static char *
get_mdev_uuid (const McXmlNode *device)
{
  return mc_xml_node_get (mc_xml_node_child (mc_xml_node_child (device, "source"), "address"),
                          "uuid");
}

static char *
get_mac (const McXmlNode *device)
{
  return mc_xml_node_get (mc_xml_node_child (device, "mac"), "address");
}

static char *
get_target (const McXmlNode *device)
{
  return mc_xml_node_get (mc_xml_node_child (device, "target"), "dev");
}

static char *
get_alias (const McXmlNode *device)
{
  return mc_xml_node_get (mc_xml_node_child (device, "alias"), "name");
}

/* Whether a device is of the kind: most say so in their type */

static gboolean
is_of_type (const McXmlNode *device, const char *type)
{
  return mc_xml_node_has (device, "type", type);
}

static gboolean
is_mdev (const McXmlNode *device, const char *type)
{
  return is_of_type (device, type) && !mc_xml_node_has (device, "model", "vfio-ap")
         && !mc_xml_node_has (device, "model", "vfio-ccw");
}

/* One of a network's pool is shown as what it is, and kept by libvirt with the network's name. */
static gboolean
is_interface (const McXmlNode *device, const char *type)
{
  return is_of_type (device, type) || is_of_type (mc_xml_node_child (device, "actual"), type);
}

/* An image may keep its data in another one (qcow2's data file, from libvirt 10.10 on). */
static gboolean
is_image (const McXmlNode *image, const char *type)
{
  const McXmlNode *source = mc_xml_node_child (image, "source");

  return is_of_type (image, type) || is_of_type (mc_xml_node_child (source, "dataStore"), type);
}

static gboolean
is_disk (const McXmlNode *device, const char *type)
{
  if (is_image (mc_xml_node_child (device, "mirror"), type))
    return TRUE;
  for (; device != NULL; device = mc_xml_node_child (device, "backingStore"))
    if (is_image (device, type))
      return TRUE;
  return FALSE;
}

static gboolean
is_huge (guint64 page)
{
  return page > (guint64)sysconf (_SC_PAGESIZE);
}

/* The balloon takes the guest's pages wherever they lie, those of the device first. Where the guest
 * has nothing of the device, there are none. */
static gboolean
is_huge_memory (const McXmlNode *device, const char *model)
{
  const McXmlNode *target = mc_xml_node_child (device, "target");
  const McXmlNode *page = mc_xml_node_child (mc_xml_node_child (device, "source"), "pagesize");

  return mc_xml_node_has (device, "model", model) && is_huge (mc_xml_node_get_size (page, NULL))
         && (strcmp (model, "virtio-mem") != 0
             || mc_xml_node_get_size (mc_xml_node_child (target, "requested"), NULL) > 0
             || mc_xml_node_get_size (mc_xml_node_child (target, "current"), NULL) > 0);
}

static const struct
{
  const char *element;
  gboolean (*is) (const McXmlNode *device, const char *kind);
  const char *kind;
  const char *what;
  char *(*get_name) (const McXmlNode *device);
  const char *why;
} devices_that_pin[] = {
  { "hostdev", is_of_type, "pci", "the host's PCI device", get_pci_address,
    "is passed through to it " BY_VFIO },
  { "hostdev", is_mdev, "mdev", "the mediated device", get_mdev_uuid,
    "is passed through to it " BY_VFIO },
  { "interface", is_interface, "hostdev", "its network interface", get_mac,
    "is a device of the host " BY_VFIO },
  { "interface", is_interface, "vdpa", "its network interface", get_mac, BY_VDPA },
  { "disk", is_disk, "nvme", "its disk", get_target, "is an NVMe device of the host " BY_VFIO },
  { "disk", is_disk, "vhostvdpa", "its disk", get_target, BY_VDPA },
  { "memory", is_huge_memory, "dimm", "its memory device", get_alias, "is " IS_HUGE },
  { "memory", is_huge_memory, "virtio-mem", "its memory device", get_alias, "is " IS_HUGE },
};

static char *
explain_devices (const McXmlNode *devices)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices_that_pin); i++)
    for (const McXmlNode *device = mc_xml_node_child (devices, devices_that_pin[i].element);
         device != NULL; device = mc_xml_node_next (device, devices_that_pin[i].element))
      if (devices_that_pin[i].is (device, devices_that_pin[i].kind))
        {
          g_autofree char *name = devices_that_pin[i].get_name (device);

          return explain (devices_that_pin[i].what, name, devices_that_pin[i].why);
        }
  return NULL;
}

/* The memory itself */

/* Without a size they are the host's default ones. A page of the system's own size is none. */
static gboolean
has_huge_pages (const McXmlNode *pages)
{
  const McXmlNode *page = mc_xml_node_child (pages, "page");

  if (page == NULL)
    return pages != NULL;
  for (; page != NULL; page = mc_xml_node_next (page, "page"))
    if (is_huge (mc_xml_node_get_size (page, "size")))
      return TRUE;
  return FALSE;
}

static char *
explain_backing (const McXmlNode *domain)
{
  const McXmlNode *security = mc_xml_node_child (domain, "launchSecurity");
  const McXmlNode *backing = mc_xml_node_child (domain, "memoryBacking");

  if (security != NULL)
    {
      g_autofree char *type = mc_xml_node_get (security, "type");

      return g_strdup_printf ("it is encrypted by the processor (%s), which pins it",
                              type != NULL ? type : "launchSecurity");
    }
  if (has_huge_pages (mc_xml_node_child (backing, "hugepages")))
    return g_strdup ("it is " IS_HUGE);
  if (mc_xml_node_child (backing, "locked") != NULL)
    return g_strdup ("it is locked in the host's memory");
  return NULL;
}

/* What QEMU is given past libvirt */

/* As "key=value" in both of QEMU's ways of writing: driver,key=value and {"key": "value"}. */
static char **
split_argument (const char *argument)
{
  GString *plain = g_string_new (NULL);
  g_autofree char *all = NULL;

  for (; *argument != '\0'; argument++)
    if (strchr ("\"{}[] \t\n", *argument) == NULL)
      g_string_append_c (plain, *argument == ':' ? '=' : *argument);
  if (strcspn (plain->str, "=") >= strcspn (plain->str, ","))
    g_string_prepend (plain, "driver=");
  all = g_string_free (plain, FALSE);
  return g_strsplit (all, ",", -1);
}

/* A trailing '*' stands for anything. */
static gboolean
matches (const char *part, const char *pattern)
{
  gsize length = strcspn (pattern, "*");

  return pattern[length] == '*' ? strncmp (part, pattern, length) == 0
                                : strcmp (part, pattern) == 0;
}

static gboolean
argument_pins (const char *option, const char *part)
{
  static const struct
  {
    const char *option;
    const char *part;
    gboolean pins;
  } arguments[] = {
    { "device", "driver=vfio-ap", FALSE },    { "device", "driver=vfio-ccw", FALSE },
    { "device", "driver=vfio-user*", FALSE }, { "device", "driver=vfio-*", TRUE },
    { "device", "driver=vhost-vdpa*", TRUE }, { "netdev", "driver=vhost-vdpa", TRUE },
    { "netdev", "type=vhost-vdpa", TRUE },    { "blockdev", "driver=nvme", TRUE },
    { "blockdev", "file.driver=nvme", TRUE }, { "blockdev", "driver=virtio-blk-vhost-vdpa", TRUE },
    { "drive", "driver=nvme", TRUE },         { "drive", "file.driver=nvme", TRUE },
    { "drive", "file=nvme=//*", TRUE },       { "overcommit", "mem-lock=on", TRUE },
    { "realtime", "mlock=on", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    if (strcmp (option, arguments[i].option) == 0 && matches (part, arguments[i].part))
      return arguments[i].pins;
  return FALSE;
}

static char *
explain_argument (const char *option, const char *argument)
{
  g_auto (GStrv) parts = split_argument (argument);

  if (*option != '-')
    return NULL;
  option += strspn (option, "-");
  for (char **part = parts; *part != NULL; part++)
    if (argument_pins (option, *part))
      return g_strdup_printf ("its QEMU was given -%s with %s past libvirt, which pins it", option,
                              *part);
  return NULL;
}

static char *
explain_arguments (const McXmlNode *domain)
{
  const McXmlNode *line = mc_xml_node_child (domain, "commandline");
  g_autofree char *option = g_strdup ("");

  if (line == NULL || !mc_xml_node_is_in (line, QEMU_NAMESPACE))
    return NULL;
  for (line = mc_xml_node_child (line, "arg"); line != NULL; line = mc_xml_node_next (line, "arg"))
    {
      char *argument = mc_xml_node_get (line, "value");
      char *why = argument != NULL ? explain_argument (option, argument) : NULL;

      g_free (option);
      option = argument != NULL ? argument : g_strdup ("");
      if (why != NULL)
        return why;
    }
  return NULL;
}

char *
mc_pinned_memory_explain (const McXmlNode *domain)
{
  char *why = explain_backing (domain);

  if (why == NULL)
    why = explain_devices (mc_xml_node_child (domain, "devices"));
  return why != NULL ? why : explain_arguments (domain);
}
