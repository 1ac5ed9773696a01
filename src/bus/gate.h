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

/* Puts @skeleton, whose class has mc_gate_get_vtable(), behind the gate that @authority keeps. */
void mc_gate_guard (GDBusInterfaceSkeleton *skeleton, McAuthority *authority);

/* The get_vtable of a class that is derived directly from a generated skeleton's. */
GDBusInterfaceVTable *mc_gate_get_vtable (GDBusInterfaceSkeleton *skeleton);

/* Returns: (transfer none): who made a call that needed an authorisation. */
const McCaller *mc_gate_get_caller (GDBusMethodInvocation *invocation);

/* Returns: (transfer none): the same, for people. */
const char *mc_gate_get_origin (GDBusMethodInvocation *invocation);

G_END_DECLS
