/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the command that "inhibit" and "reserve" are for. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As the shells have it. */
#define MC_CHILD_NOT_EXECUTABLE 126
#define MC_CHILD_NOT_FOUND      127
#define MC_CHILD_SIGNALLED      128

/*
 * Runs @argv and waits for it. It has the terminal and the signals of the terminal; SIGTERM and
 * SIGHUP are forwarded. It inherits none of the descriptors that were opened here. Returns: its
 * exit code; 128 and the signal's number where a signal ended it; 126 or 127 where it could not be
 * started, and why was printed.
 */
int mc_child_run (char **argv);

G_END_DECLS
