/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to GetHistory() and GetMoves(): read from the disk by the recorder's thread. Main
 * thread. */
#pragma once

#include "coordinator.h"

G_BEGIN_DECLS

/* @since_us, @until_us: since the epoch; 0 = all that there is, and now. @points: the most rows; 0
 * = all. @invocation: (transfer full) */
void mc_history_answers_get (McCoordinator *coordinator,
                             GDBusMethodInvocation *invocation,
                             const char *object,
                             guint64 since_us,
                             guint64 until_us,
                             guint points);
void mc_history_answers_get_moves (McCoordinator *coordinator,
                                   GDBusMethodInvocation *invocation,
                                   const char *object,
                                   guint64 since_us,
                                   guint64 until_us);

G_END_DECLS
