/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every name that the service has or asks for on the bus, each written down once. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_BUS_NAME       "org.example.MemCoord"
#define MC_ROOT_PATH      "/org/example/MemCoord"
#define MC_VM_PATH_PREFIX MC_ROOT_PATH "/vm/_"
#define MC_ROOT_INTERFACE "org.example.MemCoord1"
#define MC_VM_INTERFACE   "org.example.MemCoord1.VM"

/* Whether a VM is managed, where it is reported or set by name beside thresholds */
#define MC_SETTING_MANAGED "Managed"

#define MC_ACTION_CONFIGURE "org.example.MemCoord1.configure"
#define MC_ACTION_PAUSE     "org.example.MemCoord1.pause"

#define MC_ERROR_PREFIX              "org.example.MemCoord1.Error."
#define MC_ERROR_UNKNOWN_THRESHOLD   MC_ERROR_PREFIX "UnknownThreshold"
#define MC_ERROR_OUT_OF_RANGE        MC_ERROR_PREFIX "OutOfRange"
#define MC_ERROR_CONFLICT            MC_ERROR_PREFIX "Conflict"
#define MC_ERROR_UNKNOWN_VM          MC_ERROR_PREFIX "UnknownVM"
#define MC_ERROR_NOT_PAUSED          MC_ERROR_PREFIX "NotPaused"
#define MC_ERROR_NOT_CONNECTED       MC_ERROR_PREFIX "NotConnected"
#define MC_ERROR_NO_MEMORY           MC_ERROR_PREFIX "NoMemory"
#define MC_ERROR_UNKNOWN_RESERVATION MC_ERROR_PREFIX "UnknownReservation"
#define MC_ERROR_INVALID_ARGUMENT    MC_ERROR_PREFIX "InvalidArgument"
#define MC_ERROR_FAILED              MC_ERROR_PREFIX "Failed"

/* What D-Bus itself names, for objects of the service. */
#define MC_PROPERTIES_INTERFACE     "org.freedesktop.DBus.Properties"
#define MC_OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

#define MC_SYSTEMD_NAME "org.freedesktop.systemd1"
#define MC_SYSTEMD_PATH "/org/freedesktop/systemd1"

/* Returns: (transfer full): the path of a VM's object */
char *mc_vm_path (const char *uuid);

/* Returns: (transfer full) (nullable): the UUID of the VM whose object would be @path; NULL: it is
 * no such path */
char *mc_vm_path_get_uuid (const char *path);

G_END_DECLS
