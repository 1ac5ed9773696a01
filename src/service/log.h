/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the log goes and how much of it: to the journal where standard error is connected to it,
 * else to standard error. Nobody who logs waits for either: a thread of its own writes. Levels are
 * syslog's names: "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug".
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the journal's entries carry. */
#define MC_LOG_IDENTIFIER "memcoordd"

/* To be called once, before anything is logged. Main thread. */
void mc_log_init (void);

/* Waits until everything is written, but no longer than a second; done by itself when the process
 * ends. Any thread. */
void mc_log_flush (void);

/* The least important level that is still written. "info" at first. Any thread. */
const char *mc_log_get_level (void);

/* FALSE, with nothing changed, where there is no such level. Any thread. */
gboolean mc_log_set_level (const char *name);

/* "journal" or "console". Any thread. */
const char *mc_log_get_target (void);

G_END_DECLS
