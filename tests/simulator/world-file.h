/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A world file: somebody's host, for anybody to try a coordinator on it before installing one.
 *
 * A key file. [host] has total=, base= and length=; each [vm NAME] has maximum=, and may have
 * start=, hold=, cache=, own=, inflate=, deflate=, weight=, minimum=, low-watermark=, managed=,
 * kernel=, foreign= and count=. README.md tells what each is. What is not known is refused.
 */
#pragma once

#include "load.h"

/* Returns: (transfer full) (nullable): free with g_free(). Errors name file, group, key and value.
 */
SimLoad *sim_world_file_load (const char *path, GError **error);
