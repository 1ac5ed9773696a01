/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each method needs, and whether its caller has it: every call is checked on its way to its
 * handler, and one of a method without a rule is denied. authority.h asks polkit. Main thread; a
 * caller who waits for an authorisation holds up nobody else.
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
  MC_CALL_COSTS,   /* a look at all of it, or at the past: the answer is long */
  MC_CALL_CHANGES, /* waits for an authorisation first, and maybe for libvirt or a disk */
} McCallKind;

#define MC_N_CALL_KINDS (MC_CALL_CHANGES + 1)

/* @interface, @method: (nullable): of a call that may not be one of this service. Any thread. */
McCallKind mc_access_judge (const char *interface, const char *method);

/* Whether something comes of that call where its answer does not arrive. Any thread. */
gboolean mc_access_acts (const char *interface, const char *method);

/* Answers a call that may be made. @invocation: (transfer full). */
typedef void (*McAccessHandler) (GDBusMethodInvocation *invocation, gpointer user_data);

/*
 * Hands @invocation to @handle if its caller may make it, at once or later, or denies it.
 * @invocation: (transfer full); @user_data: freed in either case, when @handle has returned.
 */
void mc_access_pass (McAuthority *authority,
                     GDBusMethodInvocation *invocation,
                     McAccessHandler handle,
                     gpointer user_data,
                     GDestroyNotify free_user_data);

/* Has each call of @skeleton, whose class has mc_access_get_vtable(), checked by @authority. */
void mc_access_guard (GDBusInterfaceSkeleton *skeleton, McAuthority *authority);

/* The get_vtable of a class that is derived directly from a generated skeleton's. */
GDBusInterfaceVTable *mc_access_get_vtable (GDBusInterfaceSkeleton *skeleton);

/* Returns: (transfer none): who made a call that needed an authorisation. */
const McCaller *mc_access_get_caller (GDBusMethodInvocation *invocation);

/* Returns: (transfer none): the same, for people. */
const char *mc_access_get_origin (GDBusMethodInvocation *invocation);

G_END_DECLS
