/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recorded run, decided again.
 *
 * The file is CSV with a line of column names, as the test bed's recorder writes it: one row for
 * each guest in each sample. Needed are "t" (seconds), "guest", "balloon", "unused" and
 * "host_available"; "usable", "available", "resident", "swap_in", "swap_out", "target",
 * "last_update" (seconds), "maximum", "minimum", "weight" and "host_total" are used where they are
 * there. Sizes are bytes; an empty field is unknown; other columns are ignored.
 */
#pragma once

#include <stdio.h>

#include "policy.h"

/* Prints each move that was done or is decided, and a summary. The default settings hold. */
gboolean sim_replay (const char *path, FILE *out, GError **error);
