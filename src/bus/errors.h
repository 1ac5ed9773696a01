/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors, by their names on the bus. */
#pragma once

#include <gio/gio.h>

#include "coordinator.h"

G_BEGIN_DECLS

/* Lets GDBus send MC_SERVICE_ERROR as org.example.MemCoord1.Error.<Name>. May be called again. Main
 * thread. */
void mc_errors_register (void);

/*
 * The answer to a call that returns nothing: empty, or @error, which is consumed.
 * @invocation: (transfer full)
 * Returns: TRUE, as a handler that has answered does.
 */
gboolean mc_answer (GDBusMethodInvocation *invocation, GError *error);

/* Answers with @error, which is consumed, in plain text. */
void mc_answer_error (GDBusMethodInvocation *invocation, GError *error);

/* The same for what outlives the service: answers when it is on the disk. */
gboolean
mc_answer_when_kept (McCoordinator *coordinator, GDBusMethodInvocation *invocation, GError *error);

G_END_DECLS
