/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file is called while it is written, beside the one whose place it takes: whenever the
 * process is killed one of them is there, and whole. That is the other's name, ".memcoord-" and six
 * letters, as no copy is called that an admin makes. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: (transfer full): for g_mkstemp_full() */
char *mc_new_file_name (const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a killed process began that file for the one called @final. Neither is a path. */
gboolean mc_new_file_is_unfinished (const char *name, const char *final);

G_END_DECLS
