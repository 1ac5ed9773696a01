/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The history of a service that a test runs with a state directory of its own. Main thread. */
#pragma once

#include "recorder.h"

G_BEGIN_DECLS

/* Until all that was seen is on the disk. Runs the main context meanwhile. */
void mc_test_wait_for_recorder (McRecorder *recorder);

/* Removes what is kept of it below @state_dir. */
void mc_test_remove_history (const char *state_dir);

G_END_DECLS
