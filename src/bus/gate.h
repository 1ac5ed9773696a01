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

/*
 * Answers @invocation with an error, or hands it to @vtable's handler.
 * @invocation: (transfer full)
 */
void mc_gate_pass (McAuthority *authority,
                   GDBusMethodInvocation *invocation,
                   const GDBusInterfaceVTable *vtable,
                   GDBusInterfaceSkeleton *skeleton);

/* Returns: (transfer none): who made a call that needed an authorisation. */
const McCaller *mc_gate_get_caller (GDBusMethodInvocation *invocation);

G_END_DECLS
