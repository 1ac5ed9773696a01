/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every name that the service has on the bus, each written down once. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MC_BUS_NAME       "org.example.MemCoord"
#define MC_ROOT_PATH      "/org/example/MemCoord"
#define MC_VM_PATH_PREFIX MC_ROOT_PATH "/vm/_"
#define MC_ROOT_INTERFACE "org.example.MemCoord1"
#define MC_VM_INTERFACE   "org.example.MemCoord1.VM"
#define MC_ERROR_PREFIX   "org.example.MemCoord1.Error."

#define MC_ACTION_CONFIGURE "org.example.MemCoord1.configure"
#define MC_ACTION_PAUSE     "org.example.MemCoord1.pause"

/* Returns: (transfer full): the path of a VM's object */
char *mc_vm_path (const char *uuid);

G_END_DECLS
