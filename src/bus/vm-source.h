/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where each property of a VM comes from. Names, types, order and what is signalled are those of
 * the interface's description. Main thread.
 */
#pragma once

#include "coordinator.h"
#include "wire.h"

G_BEGIN_DECLS

typedef enum
{
  MC_VM_SOURCE_NAME, /* a name is what it is, for programs to compare; but the bus takes UTF-8 */
  MC_VM_SOURCE_TEXT, /* for people */
  MC_VM_SOURCE_TEXTS,
  MC_VM_SOURCE_BOOLEAN,
  MC_VM_SOURCE_NUMBER, /* a guint64 in the view; on the bus it may be a uint32 */
  MC_VM_SOURCE_FIGURE, /* a guint64 that moves all the time */

  /* each of one property */
  MC_VM_SOURCE_UUID,
  MC_VM_SOURCE_ID,
  MC_VM_SOURCE_STATUS,
  MC_VM_SOURCE_REASON,
} McVmSourceKind;

typedef struct
{
  const char *name; /* of the property */
  McVmSourceKind kind;
  gsize offset;     /* in McVmView */
  const char *type; /* on the bus */
  gboolean silent;  /* it changes all the time, and is not signalled */
} McVmSource;

/* Returns: (transfer none) (array length=n): those of all properties, @n of them. */
const McVmSource *mc_vm_sources_get (guint *n);

/* Writes its value. @uuid: the VM's */
void
mc_vm_source_write (const McVmSource *self, const McVmView *view, const char *uuid, McWire *wire);

G_END_DECLS
