/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The gate that every method call passes on its way to its handler: who calls, what that method
 * needs, and whether the caller has it. A method that the gate does not know is denied. Main
 * thread; a caller who waits at the gate holds up nobody else.
 */
#pragma once

#include <gio/gio.h>

#include "authority.h"
#include "caller.h"

G_BEGIN_DECLS

/* What a call asks of the service. */
typedef enum
{
  MC_CALL_READS,   /* a look at what is there */
  MC_CALL_COSTS,   /* a look at all of it, with an answer that is as long as there are VMs */
  MC_CALL_CHANGES, /* waits for an authorisation first, and maybe for libvirt or a disk */
} McCallKind;

#define MC_N_CALL_KINDS (MC_CALL_CHANGES + 1)

/* @interface, @method: (nullable): of a call that may not be one of this service. Any thread. */
McCallKind mc_gate_judge (const char *interface, const char *method);

/* Whether something comes of that call where its answer does not arrive. Any thread. */
gboolean mc_gate_acts (const char *interface, const char *method);

/* Puts @skeleton, whose class has mc_gate_get_vtable(), behind the gate that @authority keeps. */
void mc_gate_guard (GDBusInterfaceSkeleton *skeleton, McAuthority *authority);

/* The get_vtable of a class that is derived directly from a generated skeleton's. */
GDBusInterfaceVTable *mc_gate_get_vtable (GDBusInterfaceSkeleton *skeleton);

/* Returns: (transfer none): who made a call that needed an authorisation. */
const McCaller *mc_gate_get_caller (GDBusMethodInvocation *invocation);

/* Returns: (transfer none): the same, for people. */
const char *mc_gate_get_origin (GDBusMethodInvocation *invocation);

G_END_DECLS
